//! What the catalogue answers, as much of it as the pages show. Fields that are not listed here may come and go.

use std::collections::BTreeMap;

use contracts::{Money, ProductId, VariantId};
use serde::Deserialize;

/// One picture in three widths (320, 640, 1280 pixels); `width` and `height` are those of the largest.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Image {
    pub small: String,
    pub medium: String,
    pub large: String,
    #[serde(default)]
    pub alt: String,
    pub width: u32,
    pub height: u32,
}

/// The category of a product.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemCategory {
    pub slug: String,
    pub name: String,
}

/// A product in a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductCard {
    pub slug: String,
    pub name: String,
    #[serde(default)]
    pub summary: String,
    pub price: Money,
    #[serde(default)]
    pub images: Vec<Image>,
}

/// A page of a list or of search results.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page {
    pub items: Vec<ProductCard>,
    pub total_count: u64,
    #[serde(default)]
    pub next: Option<String>,
    /// The categories of what was found. This and what follows is only in search results.
    #[serde(default)]
    pub categories: Vec<CategoryCount>,
    #[serde(default)]
    pub price_range: Option<PriceRange>,
    #[serde(default)]
    pub facets: Vec<Facet>,
    /// Names that are nearly the words for which nothing was found.
    #[serde(default)]
    pub suggestions: Vec<String>,
    /// Whether nothing contains the words and what comes nearest is shown.
    #[serde(default)]
    pub approximate: bool,
}

/// How many of the found products are in a category.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CategoryCount {
    pub slug: String,
    pub name: String,
    pub count: u64,
}

/// What the cheapest and the dearest of the found products cost.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PriceRange {
    pub min: Money,
    pub max: Money,
}

/// An attribute by which what was found can be narrowed down.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Facet {
    pub key: String,
    pub label: String,
    pub values: Vec<FacetValue>,
}

/// One value of an attribute and how many of the found products have it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FacetValue {
    pub value: String,
    pub count: u64,
}

/// A category of the shop.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Category {
    pub slug: String,
    pub name: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub product_count: u64,
    #[serde(default)]
    pub image: Option<Image>,
    /// What its products are described by, in display order.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
}

/// What products of a category are described by.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Attribute {
    pub key: String,
    pub label: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Categories {
    pub items: Vec<Category>,
}

/// One buyable form of a product.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Variant {
    pub id: VariantId,
    pub sku: String,
    pub name: String,
    pub price: Money,
    #[serde(default)]
    pub options: BTreeMap<String, String>,
    #[serde(default)]
    pub images: Vec<Image>,
}

/// Everything about one product.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub id: ProductId,
    pub slug: String,
    pub name: String,
    #[serde(default)]
    pub summary: String,
    #[serde(default)]
    pub description: String,
    pub price: Money,
    pub category: ItemCategory,
    #[serde(default)]
    pub vendor: Vendor,
    #[serde(default)]
    pub images: Vec<Image>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default)]
    pub variants: Vec<Variant>,
}

/// Who sells a product. One who has not introduced themselves has no name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Vendor {
    #[serde(default)]
    pub name: Option<String>,
}

/// The part of an RFC 9457 problem that a form can show.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Problem {
    #[serde(default)]
    pub errors: Vec<FieldError>,
}

/// One field that the catalogue did not accept.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct FieldError {
    pub field: String,
    pub message: String,
}
