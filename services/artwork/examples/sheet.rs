//! Draws the whole demo catalogue onto contact sheets, because whether a picture is any good can only be seen.

use std::{collections::BTreeMap, fs, path::PathBuf, time::{Duration, Instant}};

use anyhow::{Context, Result};
use artwork::{Picture, render};
use clap::Parser;
use image::{RgbImage, imageops};

/// Draws contact sheets.
#[derive(Parser)]
struct Arguments {
    /// Where the sheets go.
    out: PathBuf,
    /// Only drawings whose name contains one of these.
    #[arg(long)]
    only: Vec<String>,
    /// Width of one picture on the sheet.
    #[arg(long, default_value_t = 320)]
    width: u32,
    /// Pictures in a row.
    #[arg(long, default_value_t = 6)]
    columns: usize,
    /// Rows on a sheet.
    #[arg(long, default_value_t = 4)]
    rows: usize,
    /// Draw the catalogue's products with their own colours in place of the bare drawings.
    #[arg(long)]
    products: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.out)?;
    let pictures = if arguments.products { products()? } else { drawings() };
    let wanted = |name: &str| arguments.only.is_empty() || arguments.only.iter().any(|part| name.contains(part));
    let pictures: Vec<_> = pictures.into_iter().filter(|(name, _)| wanted(name)).collect();

    let mut tiles = Vec::new();
    let mut bytes = BTreeMap::<&str, usize>::new();
    let (mut composing, mut drawing) = (Duration::ZERO, Duration::ZERO);
    for (name, picture) in &pictures {
        let started = Instant::now();
        artwork::svg(picture).with_context(|| format!("picture of {name}"))?;
        composing += started.elapsed();
        let started = Instant::now();
        let renditions = render(picture).with_context(|| format!("picture of {name}"))?;
        drawing += started.elapsed();
        for rendition in renditions.iter() {
            *bytes.entry(rendition.size.name()).or_default() += rendition.bytes.len();
        }
        let source = if arguments.width <= 320 { &renditions.medium } else { &renditions.large };
        tiles.push(image::load_from_memory(&source.bytes)?.to_rgb8());
    }
    let count = tiles.len().max(1);
    let each = |total: Duration| total.as_secs_f64() * 1000.0 / count as f64;
    println!("{count} pictures, each {:.1} ms, of which the template {:.1} ms", each(drawing), each(composing));
    println!("mean bytes:");
    for (size, total) in bytes {
        println!("  {size} {}", total / count);
    }
    for (number, sheet) in tiles.chunks(arguments.columns * arguments.rows).enumerate() {
        let path = arguments.out.join(format!("sheet-{}.png", number + 1));
        grid(sheet, &arguments).save(&path)?;
        let first = number * arguments.columns * arguments.rows;
        let names: Vec<_> = pictures[first..first + sheet.len()].iter().map(|(name, _)| name.as_str()).collect();
        println!("{}: {}", path.display(), names.join(", "));
    }
    Ok(())
}

fn grid(tiles: &[RgbImage], arguments: &Arguments) -> RgbImage {
    let width = arguments.width;
    let height = tiles.iter().map(|tile| tile.height() * width / tile.width()).max().unwrap_or(width);
    let columns = arguments.columns.min(tiles.len());
    let rows = tiles.len().div_ceil(columns.max(1));
    let gap = 6;
    let mut sheet =
        RgbImage::from_pixel((width + gap) * columns as u32, (height + gap) * rows as u32, image::Rgb([255; 3]));
    for (index, tile) in tiles.iter().enumerate() {
        let scaled = imageops::resize(tile, width, tile.height() * width / tile.width(), imageops::Triangle);
        let (column, row) = ((index % columns) as i64, (index / columns) as i64);
        imageops::replace(&mut sheet, &scaled, column * i64::from(width + gap), row * i64::from(height + gap));
    }
    sheet
}

fn drawings() -> Vec<(String, Picture)> {
    artwork::drawings().chain(artwork::scenes()).map(|name| (name.to_owned(), Picture::new(name))).collect()
}

fn products() -> Result<Vec<(String, Picture)>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog/demo"));
    let read = |file: &str| -> Result<serde_yaml::Value> {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        serde_yaml::from_str(&text).with_context(|| path.display().to_string())
    };
    let mut pictures = Vec::new();
    for category in read("categories.yaml")?.as_sequence().context("categories.yaml is not a list")? {
        let file = category["file"].as_str().context("a category without a file")?;
        for product in read(file)?.as_sequence().with_context(|| format!("{file} is not a list"))? {
            let slug = product["slug"].as_str().with_context(|| format!("{file}: a product without a slug"))?;
            let picture = serde_yaml::from_value(product["picture"].clone()).with_context(|| slug.to_owned())?;
            pictures.push((slug.to_owned(), picture));
        }
    }
    Ok(pictures)
}
