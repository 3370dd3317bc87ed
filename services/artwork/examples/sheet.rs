//! Draws the whole demo catalogue onto contact sheets, because whether a picture is any good can only be seen.

use std::{
    fs,
    io::{Write, stdout},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use artwork::{Picture, Renditions, render};
use clap::Parser;
use image::{RgbImage, imageops};

/// Draws contact sheets.
#[derive(Parser)]
struct Arguments {
    /// Where the sheets go.
    out: PathBuf,
    /// Only pictures whose name contains one of these.
    #[arg(long)]
    only: Vec<String>,
    /// Width of one picture on the sheet.
    #[arg(long, default_value_t = 320)]
    width: u32,
    /// Pictures in a row.
    #[arg(long, default_value_t = 6)]
    columns: u32,
    /// Rows on a sheet.
    #[arg(long, default_value_t = 4)]
    rows: u32,
    /// Draw the catalogue's products with their own colours in place of the bare drawings.
    #[arg(long)]
    products: bool,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    fs::create_dir_all(&arguments.out)?;
    let mut pictures = if arguments.products {
        products()?
    } else {
        drawings()
    };
    if !arguments.only.is_empty() {
        pictures.retain(|(name, _)| arguments.only.iter().any(|part| name.contains(part)));
    }

    let mut drawn = Vec::new();
    let mut spent = Duration::ZERO;
    for (name, picture) in &pictures {
        let started = Instant::now();
        drawn.push(render(picture).with_context(|| format!("picture of {name}"))?);
        spent += started.elapsed();
    }
    report(&drawn, spent)?;

    let on_a_sheet = (arguments.columns * arguments.rows).max(1) as usize;
    for (index, (sheet, names)) in drawn
        .chunks(on_a_sheet)
        .zip(pictures.chunks(on_a_sheet))
        .enumerate()
    {
        let path = arguments.out.join(format!("sheet-{}.png", index + 1));
        grid(sheet, &arguments)?.save(&path)?;
        let names: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        writeln!(stdout(), "{}: {}", path.display(), names.join(", "))?;
    }
    Ok(())
}

/// What the pictures cost.
fn report(drawn: &[Renditions], spent: Duration) -> Result<()> {
    let count = drawn.len().max(1);
    let each = spent / u32::try_from(count)?;
    writeln!(stdout(), "{count} pictures, {} ms each", each.as_millis())?;
    let mean = |of: fn(&Renditions) -> usize| drawn.iter().map(of).sum::<usize>() / count;
    let [small, medium, large] = [
        mean(|all| all.small.bytes.len()),
        mean(|all| all.medium.bytes.len()),
        mean(|all| all.large.bytes.len()),
    ];
    writeln!(
        stdout(),
        "mean bytes: small {small}, medium {medium}, large {large}"
    )?;
    Ok(())
}

/// All pictures side by side, with a white gap.
fn grid(drawn: &[Renditions], arguments: &Arguments) -> Result<RgbImage> {
    const GAP: u32 = 6;
    let width = arguments.width;
    let mut tiles = Vec::new();
    for renditions in drawn {
        let source = if width <= 320 {
            &renditions.medium
        } else {
            &renditions.large
        };
        let height = source.height * width / source.width;
        let tile = image::load_from_memory(&source.bytes)?.to_rgb8();
        tiles.push(imageops::resize(&tile, width, height, imageops::Triangle));
    }
    let height = tiles.iter().map(RgbImage::height).max().unwrap_or(1);
    let columns = arguments.columns.max(1).min(u32::try_from(tiles.len())?);
    let rows = u32::try_from(tiles.len())?.div_ceil(columns);
    let mut sheet = RgbImage::from_pixel(
        (width + GAP) * columns,
        (height + GAP) * rows,
        image::Rgb([255; 3]),
    );
    for (index, tile) in (0_u32..).zip(&tiles) {
        let (left, top) = (
            (index % columns) * (width + GAP),
            (index / columns) * (height + GAP),
        );
        imageops::replace(&mut sheet, tile, i64::from(left), i64::from(top));
    }
    Ok(sheet)
}

fn drawings() -> Vec<(String, Picture)> {
    artwork::drawings()
        .chain(artwork::scenes())
        .map(|name| (name.to_owned(), Picture::new(name)))
        .collect()
}

fn products() -> Result<Vec<(String, Picture)>> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog/demo"));
    let read = |file: &str| -> Result<serde_yaml::Value> {
        let path = folder.join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        serde_yaml::from_str(&text).with_context(|| path.display().to_string())
    };
    let mut pictures = Vec::new();
    for category in read("categories.yaml")?
        .as_sequence()
        .context("categories.yaml is not a list")?
    {
        let file = category["file"]
            .as_str()
            .context("a category without a file")?;
        for product in read(file)?
            .as_sequence()
            .with_context(|| format!("{file} is not a list"))?
        {
            let slug = product["slug"]
                .as_str()
                .with_context(|| format!("{file}: a product without a slug"))?;
            let picture = serde_yaml::from_value(product["picture"].clone())
                .with_context(|| slug.to_owned())?;
            pictures.push((slug.to_owned(), picture));
        }
    }
    Ok(pictures)
}
