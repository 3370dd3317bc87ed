//! Products as the templates show them.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    catalog::{self, Image},
    links, price,
};

/// A picture with its three widths.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Picture {
    small: String,
    medium: String,
    large: String,
    alt: String,
    width: u32,
    height: u32,
}

impl Picture {
    /// `name` stands in where the picture has no description of its own.
    pub(crate) fn new(image: &Image, name: &str) -> Self {
        let alt = if image.alt.is_empty() {
            name
        } else {
            &image.alt
        };
        Self {
            small: image.small.clone(),
            medium: image.medium.clone(),
            large: image.large.clone(),
            alt: alt.to_owned(),
            width: image.width,
            height: image.height,
        }
    }
}

/// A product in a grid.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Card {
    name: String,
    url: String,
    summary: String,
    price: String,
    picture: Option<Picture>,
}

impl From<&catalog::ProductCard> for Card {
    fn from(product: &catalog::ProductCard) -> Self {
        Self {
            name: product.name.clone(),
            url: links::product_path(&product.slug),
            summary: product.summary.clone(),
            price: price::text(product.price),
            picture: product
                .images
                .first()
                .map(|image| Picture::new(image, &product.name)),
        }
    }
}

pub(crate) fn cards(products: &[catalog::ProductCard]) -> Vec<Card> {
    products.iter().map(Card::from).collect()
}

/// `1 product`, `2,300 products`.
pub(crate) fn products_counted(count: u64) -> String {
    match count {
        1 => "1 product".to_owned(),
        more => format!("{} products", price::grouped(&more.to_string())),
    }
}

/// `1 thing`, `12 things`: what is in a cart.
pub(crate) fn things_counted(count: u32) -> String {
    match count {
        1 => "1 thing".to_owned(),
        more => format!("{} things", price::grouped(&more.to_string())),
    }
}

/// `21 November 2026`, and for machines `2026-11-21T12:05:00Z`.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Moment {
    day: String,
    time: String,
    machine: String,
}

impl From<DateTime<Utc>> for Moment {
    fn from(at: DateTime<Utc>) -> Self {
        Self {
            day: at.format("%-d %B %Y").to_string(),
            time: at.format("%H:%M UTC").to_string(),
            machine: at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        }
    }
}
