//! Draws the shop's demo goods, so that the catalogue has pictures that belong to nobody else and can be made again from text.
//!
//! A [`Picture`] names a drawing (a template in `drawings/`) and gives it colours and details. [`render`] turns it into
//! three encoded sizes. The same picture gives the same bytes on every run and machine, so that an unchanged
//! catalogue uploads nothing.

mod colour;
mod compose;
mod encode;
mod error;
mod geometry;
mod gradients;
mod library;
mod paint;
mod picture;
mod raster;

pub use compose::svg;
pub use encode::{Rendition, Renditions, Size};
pub use error::Error;
pub use library::{drawings, scenes};
pub use picture::{Detail, Picture};

/// Draws `picture` in all three sizes.
///
/// Goods are square (320, 640 and 1280 pixels wide), scenes are 16:9 in the same widths.
///
/// # Errors
/// When the drawing does not exist, or does not know one of the colours or details that it was given.
pub fn render(picture: &Picture) -> Result<Renditions, Error> {
    let document = compose::compose(picture)?;
    encode::renditions(&document)
}
