//! From a vector document to the bytes that a browser is sent.

use jpeg_encoder::{ColorType, Encoder, SamplingFactor};

use crate::{
    Error,
    compose::Document,
    raster::{Raster, halved, rasterise},
};

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

    /// JPEG quality (1 to 100). Rings around edges are seen in proportion to the picture, so small ones may have more of them:
    /// a page that shows sixteen of them stays below 150 kB.
    const fn quality(self) -> u8 {
        match self {
            Self::Small => 60,
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

/// Rasterises once at the largest size and halves twice: a mean of four pixels is exact at these ratios and cheap.
pub(crate) fn renditions(document: &Document) -> Result<Renditions, Error> {
    let large = rasterise(document, Size::Large.width())?;
    let medium = halved(&large);
    let small = halved(&medium);
    Ok(Renditions {
        small: encoded(document, Size::Small, &small)?,
        medium: encoded(document, Size::Medium, &medium)?,
        large: encoded(document, Size::Large, &large)?,
    })
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
        .map_err(|source| Error::Encode {
            drawing: document.drawing.clone(),
            source,
        })?;
    Ok(Rendition {
        size,
        width: u32::from(image.width),
        height: u32::from(image.height),
        content_type: "image/jpeg",
        extension: "jpg",
        bytes,
    })
}
