//! Reads `services/catalog/demo` as its README describes it: unknown and missing fields are errors.

use std::{collections::BTreeMap, fs, path::PathBuf};

use artwork::Picture;
use serde::{Deserialize, de::DeserializeOwned};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Category {
    pub(crate) slug: String,
    pub(crate) file: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) picture: Picture,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attribute {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) facet: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Vendor {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) place: String,
    pub(crate) about: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FrontPage {
    pub(crate) headline: String,
    pub(crate) tagline: String,
    pub(crate) picture: Picture,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Product {
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) vendor: String,
    pub(crate) price: String,
    pub(crate) rank: u8,
    pub(crate) tags: Vec<String>,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) picture: Picture,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Variant {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) options: BTreeMap<String, String>,
    pub(crate) price: Option<String>,
    #[serde(default)]
    pub(crate) colours: BTreeMap<String, String>,
}

pub(crate) fn categories() -> Vec<Category> {
    read("categories.yaml")
}

pub(crate) fn vendors() -> Vec<Vendor> {
    read("vendors.yaml")
}

pub(crate) fn front_page() -> FrontPage {
    read("front-page.yaml")
}

/// Every category with its products.
pub(crate) fn shelves() -> Vec<(Category, Vec<Product>)> {
    categories()
        .into_iter()
        .map(|category| {
            let products = read(&category.file);
            (category, products)
        })
        .collect()
}

/// Every product of every category.
pub(crate) fn products() -> Vec<Product> {
    shelves()
        .into_iter()
        .flat_map(|(_, products)| products)
        .collect()
}

fn read<T: DeserializeOwned>(file: &str) -> T {
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../catalog/demo")).join(file);
    let text =
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
