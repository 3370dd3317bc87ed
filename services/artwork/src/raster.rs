//! From a vector document to pixels.

use resvg::{tiny_skia, usvg};

use crate::{Error, compose::Document};

/// Pixels, three bytes each, row by row.
pub(crate) struct Raster {
    pub(crate) width: u16,
    pub(crate) height: u16,
    pub(crate) bytes: Vec<u8>,
}

/// Draws the document `width` pixels wide.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "pixel counts between 0 and 2000"
)]
pub(crate) fn rasterise(document: &Document, width: u16) -> Result<Raster, Error> {
    let tree =
        usvg::Tree::from_str(&document.svg, &usvg::Options::default()).map_err(|source| {
            Error::Svg {
                drawing: document.drawing.clone(),
                source,
            }
        })?;
    let scale = f32::from(width) / document.view.0;
    let height = (document.view.1 * scale).round() as u16;
    let mut pixels = tiny_skia::Pixmap::new(u32::from(width), u32::from(height))
        .expect("BUG: the sizes are constants above zero");
    pixels.fill(tiny_skia::Color::WHITE);
    if let (Some(backdrop), Some(art)) = (tree.node_by_id("backdrop"), tree.node_by_id("art")) {
        enlarged(backdrop, scale, &mut pixels);
        part(art, scale, &mut pixels.as_mut());
    } else {
        resvg::render(
            &tree,
            tiny_skia::Transform::from_scale(scale, scale),
            &mut pixels.as_mut(),
        );
    }
    // The backdrop is opaque, so premultiplied is the same as straight.
    let mut bytes = Vec::with_capacity(pixels.data().len() / 4 * 3);
    for pixel in pixels.data().chunks_exact(4) {
        bytes.extend_from_slice(&pixel[..3]);
    }
    Ok(Raster {
        width,
        height,
        bytes,
    })
}

/// Draws one node where it belongs; resvg on its own would move it to the corner.
fn part(node: &usvg::Node, scale: f32, pixels: &mut tiny_skia::PixmapMut<'_>) {
    if let Some(bounds) = node.abs_layer_bounding_box() {
        let transform =
            tiny_skia::Transform::from_scale(scale, scale).pre_translate(bounds.x(), bounds.y());
        resvg::render_node(node, transform, pixels);
    }
}

/// How many times smaller the backdrop is drawn.
const COARSE: u8 = 4;

/// Draws a node that has no edges, only soft light, small, and spreads it over `pixels`: three layers of gradient at
/// full size would cost more than everything else in the picture.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a weighted mean of bytes is a byte"
)]
fn enlarged(node: &usvg::Node, scale: f32, pixels: &mut tiny_skia::Pixmap) {
    let mut coarse = tiny_skia::Pixmap::new(
        pixels.width() / u32::from(COARSE),
        pixels.height() / u32::from(COARSE),
    )
    .expect("BUG: a quarter of a constant above zero");
    part(node, scale / f32::from(COARSE), &mut coarse.as_mut());
    let (width, height) = (coarse.width() as usize, coarse.height() as usize);
    let (source, stride) = (coarse.data(), width * 4);
    let mut row = vec![0_u16; stride];
    for (y, target) in pixels
        .data_mut()
        .chunks_exact_mut(stride * usize::from(COARSE))
        .enumerate()
    {
        let (above, below, share) = neighbours(y, height);
        let (upper, lower) = (
            &source[above * stride..][..stride],
            &source[below * stride..][..stride],
        );
        for ((value, upper), lower) in row.iter_mut().zip(upper).zip(lower) {
            *value = u16::from(*upper) * (8 - share) + u16::from(*lower) * share;
        }
        for (x, pixel) in target.chunks_exact_mut(4).enumerate() {
            let (left, right, share) = neighbours(x, width);
            for (channel, byte) in pixel.iter_mut().enumerate() {
                let sum = row[left * 4 + channel] * (8 - share) + row[right * 4 + channel] * share;
                *byte = ((sum + 32) / 64) as u8;
            }
        }
    }
}

/// Between which two of `count` coarse pixels the middle of a fine one lies, and how many eighths it takes of the second.
fn neighbours(fine: usize, count: usize) -> (usize, usize, u16) {
    let whole = fine / usize::from(COARSE);
    let next = (whole + 1).min(count - 1);
    match fine % usize::from(COARSE) {
        0 => (whole.saturating_sub(1), whole, 5),
        1 => (whole.saturating_sub(1), whole, 7),
        2 => (whole, next, 1),
        _ => (whole, next, 3),
    }
}

/// Half as wide and high: a mean of four pixels is exact at this ratio, and cheap.
#[expect(
    clippy::cast_possible_truncation,
    reason = "the mean of four bytes is a byte"
)]
pub(crate) fn halved(image: &Raster) -> Raster {
    let (width, height) = (image.width / 2, image.height / 2);
    let stride = usize::from(image.width) * 3;
    let mut bytes = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for rows in image.bytes.chunks_exact(stride * 2) {
        let (upper, lower) = rows.split_at(stride);
        for (above, below) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for channel in 0..3 {
                let sum = [
                    above[channel],
                    above[channel + 3],
                    below[channel],
                    below[channel + 3],
                ];
                bytes.push(((sum.into_iter().map(u16::from).sum::<u16>() + 2) / 4) as u8);
            }
        }
    }
    Raster {
        width,
        height,
        bytes,
    }
}
