//! The demo catalogue's files, as `demo/README.md` describes them.

use std::collections::BTreeMap;

use anyhow::Context as _;
use artwork::Picture;
use contracts::{Currency, Money};
use serde::{Deserialize, de::DeserializeOwned};

use crate::{db::categories::AttributeKind, domain::product::Attributes};

const CATEGORIES: &str = include_str!("../../demo/categories.yaml");
const VENDORS: &str = include_str!("../../demo/vendors.yaml");
/// The files that `categories.yaml` names.
const PRODUCTS: [(&str, &str); 8] = [
    ("clothing.yaml", include_str!("../../demo/clothing.yaml")),
    ("coffee.yaml", include_str!("../../demo/coffee.yaml")),
    ("desk.yaml", include_str!("../../demo/desk.yaml")),
    (
        "electronics.yaml",
        include_str!("../../demo/electronics.yaml"),
    ),
    ("garden.yaml", include_str!("../../demo/garden.yaml")),
    (
        "home-light.yaml",
        include_str!("../../demo/home-light.yaml"),
    ),
    ("kitchen.yaml", include_str!("../../demo/kitchen.yaml")),
    ("outdoor.yaml", include_str!("../../demo/outdoor.yaml")),
];

/// All of it.
#[derive(Debug)]
pub(super) struct Demo {
    pub(super) categories: Vec<Category>,
    pub(super) vendors: Vec<Vendor>,
    /// With the slug of their category.
    pub(super) products: Vec<(String, Product)>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Category {
    pub(super) slug: String,
    file: String,
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) attributes: Vec<AttributeKind>,
    pub(super) picture: Picture,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Vendor {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) place: String,
    pub(super) about: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Product {
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) summary: String,
    pub(super) description: String,
    pub(super) vendor: String,
    pub(super) price: Price,
    pub(super) rank: i32,
    pub(super) tags: Vec<String>,
    pub(super) attributes: Attributes,
    pub(super) variants: Vec<Variant>,
    pub(super) picture: Picture,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Variant {
    pub(super) sku: String,
    pub(super) name: String,
    pub(super) options: Attributes,
    #[serde(default)]
    pub(super) price: Option<Price>,
    #[serde(default)]
    colours: BTreeMap<String, String>,
}

/// Euros as text.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Price(pub(super) Money);

impl TryFrom<String> for Price {
    type Error = contracts::MoneyError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Money::parse(&text, Currency::Eur).map(Self)
    }
}

impl Product {
    /// How this form looks, where it looks different.
    pub(super) fn picture_of(&self, variant: &Variant) -> Option<Picture> {
        (!variant.colours.is_empty()).then(|| self.picture.recoloured(&variant.colours))
    }
}

impl Demo {
    /// What was compiled in.
    pub(super) fn embedded() -> anyhow::Result<Self> {
        let categories: Vec<Category> = parse("categories.yaml", CATEGORIES)?;
        let mut products = Vec::new();
        for category in &categories {
            let file = PRODUCTS.iter().find(|(name, _)| *name == category.file);
            let (name, text) =
                file.with_context(|| format!("{} is not compiled in", category.file))?;
            products.extend(
                parse::<Vec<Product>>(name, text)?
                    .into_iter()
                    .map(|product| (category.slug.clone(), product)),
            );
        }
        Ok(Self {
            categories,
            vendors: parse("vendors.yaml", VENDORS)?,
            products,
        })
    }

    /// Every picture that the shop shows, some of them several times.
    pub(super) fn pictures(&self) -> impl Iterator<Item = Picture> {
        let covers = self
            .categories
            .iter()
            .map(|category| category.picture.clone());
        let goods = self.products.iter().flat_map(|(_, product)| {
            let variants = product
                .variants
                .iter()
                .filter_map(|variant| product.picture_of(variant));
            std::iter::once(product.picture.clone()).chain(variants)
        });
        covers.chain(goods)
    }
}

fn parse<T: DeserializeOwned>(name: &str, text: &str) -> anyhow::Result<T> {
    serde_yaml::from_str(text).with_context(|| format!("demo/{name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalogue_is_the_shop_that_was_promised() {
        let demo = Demo::embedded().unwrap();
        assert!(
            demo.products.len() >= 60,
            "{} products",
            demo.products.len()
        );
        assert!(demo.categories.len() >= 8);
        let vendors: Vec<&str> = demo
            .vendors
            .iter()
            .map(|vendor| vendor.slug.as_str())
            .collect();
        for (_, product) in &demo.products {
            assert!(
                vendors.contains(&product.vendor.as_str()),
                "{} is sold by nobody",
                product.slug
            );
            assert!(
                !product.variants.is_empty(),
                "{} has no variant",
                product.slug
            );
        }
    }
}
