//! The demo catalogue and its pictures, as the shop gets them.
//!
//! The data belongs to the catalog service, but what can be wrong with it is mostly a picture that cannot be drawn.

mod catalogue;
mod demo_data;
mod descriptions_of_pictures;
mod pictures;
