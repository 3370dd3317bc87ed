//! From bytes that somebody sent to three sizes that a browser can be given.
//!
//! Every picture is decoded and encoded again: what comes out holds pixels and nothing else, whatever came in.

use std::io::Cursor;

use image::{
    DynamicImage, ImageDecoder as _, ImageEncoder as _, ImageFormat, ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, webp::WebPEncoder},
    imageops::FilterType,
};
use sha2::{Digest as _, Sha256};

/// Pixels on a side.
const MAX_SIDE: u32 = 8_000;
/// Pixels in all; four bytes each when decoded.
const MAX_PIXELS: u64 = 40_000_000;
/// Widths of the three sizes in pixels.
const WIDTHS: [u32; 3] = [320, 640, 1280];
/// Of 100: no visible loss on photographs.
const JPEG_QUALITY: u8 = 82;

/// Why a picture is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("it is not a PNG, JPEG or WebP file")]
    UnknownFormat,
    #[error("it has {width} × {height} pixels; at most {MAX_SIDE} on a side and {} million in all are taken", MAX_PIXELS / 1_000_000)]
    TooLarge { width: u32, height: u32 },
    #[error("it cannot be decoded")]
    Broken(#[source] image::ImageError),
}

/// One size, ready to be stored.
#[derive(Debug)]
pub(crate) struct Rendition {
    /// Named after its own content: the same bytes have the same key, for ever.
    pub(crate) key: String,
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

impl Rendition {
    pub(crate) fn new(bytes: Vec<u8>, content_type: &'static str, extension: &str) -> Self {
        let digest = hex::encode(&Sha256::digest(&bytes)[..16]);
        Self {
            key: format!("{digest}.{extension}"),
            content_type,
            bytes,
        }
    }
}

/// A picture in three sizes, the smallest first.
#[derive(Debug)]
pub(crate) struct Scaled {
    pub(crate) renditions: [Rendition; 3],
    /// Pixels of the largest.
    pub(crate) width: u32,
    /// Pixels of the largest.
    pub(crate) height: u32,
}

/// Decodes `bytes` within limits and makes the three sizes. Takes as long as a core needs: not for an async thread.
pub(crate) fn scale(bytes: &[u8]) -> Result<Scaled, Refusal> {
    let picture = decode(bytes)?;
    let transparent = picture.color().has_alpha();
    let sizes = WIDTHS.map(|width| fit(&picture, width));
    let (width, height) = (sizes[2].width(), sizes[2].height());
    let [small, medium, large] = sizes;
    let encode = |picture: DynamicImage| encode(&picture, transparent).map_err(Refusal::Broken);
    Ok(Scaled {
        renditions: [encode(small)?, encode(medium)?, encode(large)?],
        width,
        height,
    })
}

fn decode(bytes: &[u8]) -> Result<DynamicImage, Refusal> {
    let format = image::guess_format(bytes).map_err(|_| Refusal::UnknownFormat)?;
    if !matches!(
        format,
        ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP
    ) {
        return Err(Refusal::UnknownFormat);
    }
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_PIXELS * 8);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(Refusal::Broken)?;
    let (width, height) = decoder.dimensions();
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(Refusal::TooLarge { width, height });
    }
    // A camera stores how it was held beside the pixels; encoding again would lose that.
    let orientation = decoder.orientation().map_err(Refusal::Broken)?;
    let mut picture = DynamicImage::from_decoder(decoder).map_err(Refusal::Broken)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// As wide as asked for, but never enlarged.
fn fit(picture: &DynamicImage, width: u32) -> DynamicImage {
    if picture.width() <= width {
        return picture.clone();
    }
    picture.resize(width, MAX_SIDE, FilterType::Lanczos3)
}

/// JPEG for what is opaque; lossless WebP where pixels shine through.
fn encode(picture: &DynamicImage, transparent: bool) -> image::ImageResult<Rendition> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width(), picture.height());
    if transparent {
        WebPEncoder::new_lossless(&mut bytes).write_image(
            picture.to_rgba8().as_raw(),
            width,
            height,
            image::ExtendedColorType::Rgba8,
        )?;
        return Ok(Rendition::new(bytes, "image/webp", "webp"));
    }
    JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY).write_image(
        picture.to_rgb8().as_raw(),
        width,
        height,
        image::ExtendedColorType::Rgb8,
    )?;
    Ok(Rendition::new(bytes, "image/jpeg", "jpg"))
}

#[cfg(test)]
mod tests {
    use image::{Rgb, RgbImage, RgbaImage};
    use proptest::prelude::*;

    use super::*;

    fn png(picture: impl Into<DynamicImage>) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture
            .into()
            .write_to(&mut bytes, ImageFormat::Png)
            .unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_picture_comes_in_three_widths_and_is_never_enlarged() {
        let scaled = scale(&png(RgbImage::from_pixel(1000, 500, Rgb([200, 10, 10])))).unwrap();
        let widths = scaled.renditions.map(|rendition| {
            assert_eq!(rendition.content_type, "image/jpeg");
            image::load_from_memory(&rendition.bytes).unwrap().width()
        });
        assert_eq!(widths, [320, 640, 1000]);
        assert_eq!((scaled.width, scaled.height), (1000, 500));
    }

    #[test]
    fn transparency_is_kept() {
        let scaled = scale(&png(RgbaImage::new(400, 400))).unwrap();
        assert!(
            scaled
                .renditions
                .iter()
                .all(|rendition| rendition.content_type == "image/webp")
        );
    }

    #[test]
    fn a_picture_with_too_many_pixels_is_refused_before_it_is_decoded() {
        let huge = png(RgbImage::new(8_001, 1));
        assert!(matches!(
            scale(&huge),
            Err(Refusal::TooLarge {
                width: 8_001,
                height: 1
            })
        ));
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(bytes: Vec<u8>) {
            let _ = scale(&bytes);
        }

        #[test]
        fn no_broken_file_makes_the_decoder_panic(position in 8_usize..60, value: u8) {
            let mut bytes = png(RgbImage::new(4, 4));
            let position = position % bytes.len();
            bytes[position] = value;
            let _ = scale(&bytes);
        }
    }
}
