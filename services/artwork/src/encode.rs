//! From a vector document to the bytes that a browser is sent.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use resvg::{tiny_skia, usvg};

use crate::{Error, compose::Document};

/// How wide a rendition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Size {
    /// 320 pixels: cards in a grid.
    Small,
    /// 640 pixels: cards on dense screens, the product page on a phone.
    Medium,
    /// 1280 pixels: the product page.
    Large,
}

impl Size {
    /// Smallest first.
    pub const ALL: [Self; 3] = [Self::Small, Self::Medium, Self::Large];

    /// Pixels.
    pub const fn width(self) -> u16 {
        match self {
            Self::Small => 320,
            Self::Medium => 640,
            Self::Large => 1280,
        }
    }

    /// JPEG quality (1 to 100). Rings around edges are seen in proportion to the picture, so small ones may have more of them.
    const fn quality(self) -> u8 {
        match self {
            Self::Small => 76,
            Self::Medium => 80,
            Self::Large => 84,
        }
    }

    /// `small`, `medium` or `large`, for object keys and field names.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Small => "small",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

/// One encoded image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendition {
    /// Which of the three.
    pub size: Size,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// `image/jpeg`.
    pub content_type: &'static str,
    /// `jpg`: the file name's ending that goes with the type.
    pub extension: &'static str,
    /// The encoded file.
    pub bytes: Vec<u8>,
}

/// A picture in every size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renditions {
    /// 320 pixels wide.
    pub small: Rendition,
    /// 640 pixels wide.
    pub medium: Rendition,
    /// 1280 pixels wide.
    pub large: Rendition,
}

impl Renditions {
    /// Smallest first.
    pub fn iter(&self) -> impl Iterator<Item = &Rendition> {
        [&self.small, &self.medium, &self.large].into_iter()
    }
}

/// Pixels, three bytes each, row by row.
struct Raster {
    width: u16,
    height: u16,
    bytes: Vec<u8>,
}

/// Rasterises once at the largest size and halves twice: a mean of four pixels is exact at these ratios and cheap.
pub(crate) fn renditions(document: &Document) -> Result<Renditions, Error> {
    let large = rasterise(document)?;
    let medium = halved(&large);
    let small = halved(&medium);
    Ok(Renditions {
        small: encoded(document, Size::Small, &small)?,
        medium: encoded(document, Size::Medium, &medium)?,
        large: encoded(document, Size::Large, &large)?,
    })
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "pixel counts between 0 and 2000")]
fn rasterise(document: &Document) -> Result<Raster, Error> {
    let tree = usvg::Tree::from_str(&document.svg, &usvg::Options::default())
        .map_err(|source| Error::Svg { drawing: document.drawing.clone(), source })?;
    let width = Size::Large.width();
    let scale = f32::from(width) / document.view.0;
    let height = (document.view.1 * scale).round() as u16;
    let mut pixels = tiny_skia::Pixmap::new(u32::from(width), u32::from(height))
        .expect("BUG: the sizes are constants above zero");
    pixels.fill(tiny_skia::Color::WHITE);
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    // The backdrop is opaque, so premultiplied is the same as straight.
    let mut bytes = Vec::with_capacity(pixels.data().len() / 4 * 3);
    for pixel in pixels.data().chunks_exact(4) {
        bytes.extend_from_slice(&pixel[..3]);
    }
    Ok(Raster { width, height, bytes })
}

#[expect(clippy::cast_possible_truncation, reason = "the mean of four bytes is a byte")]
fn halved(image: &Raster) -> Raster {
    let (width, height) = (image.width / 2, image.height / 2);
    let stride = usize::from(image.width) * 3;
    let mut bytes = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for rows in image.bytes.chunks_exact(stride * 2) {
        let (upper, lower) = rows.split_at(stride);
        for (above, below) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let sum = [above[channel], above[channel + 3], below[channel], below[channel + 3]];
                bytes.push(((sum.into_iter().map(u16::from).sum::<u16>() + 2) / 4) as u8);
            }
        }
    }
    Raster { width, height, bytes }
}

/// JPEG with what makes it small without being seen: Huffman tables of its own, progressive, half the colour resolution.
fn encoded(document: &Document, size: Size, image: &Raster) -> Result<Rendition, Error> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, size.quality());
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_optimized_huffman_tables(true);
    encoder.set_progressive(true);
    encoder
        .encode(&image.bytes, image.width, image.height, ColorType::Rgb)
        .map_err(|source| Error::Encode { drawing: document.drawing.clone(), source })?;
    Ok(Rendition {
        size,
        width: u32::from(image.width),
        height: u32::from(image.height),
        content_type: "image/jpeg",
        extension: "jpg",
        bytes,
    })
}
