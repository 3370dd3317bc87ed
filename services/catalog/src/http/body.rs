//! The shapes that several operations answer with.

use std::collections::BTreeMap;

use chassis::FieldError;
use chrono::{DateTime, Utc};
use contracts::{Currency, Money, ProductId, VariantId, VendorId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    db,
    domain::{
        Violation,
        product::{Picture, Product},
    },
    pictures::Pictures,
};

pub(crate) use chassis::problem::ProblemBody;

/// A picture in three widths.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ImageBody {
    /// Address of the one 320 pixels wide.
    small: String,
    /// Address of the one 640 pixels wide.
    medium: String,
    /// Address of the one 1280 pixels wide.
    large: String,
    /// What it shows, for those who do not see it.
    alt: String,
    /// Pixels of the largest.
    width: i32,
    /// Pixels of the largest.
    height: i32,
}

impl ImageBody {
    /// `alt` stands in where the picture has none of its own.
    pub(crate) fn new(picture: &Picture, alt: &str, pictures: &Pictures) -> Self {
        Self {
            small: pictures.address(&picture.small),
            medium: pictures.address(&picture.medium),
            large: pictures.address(&picture.large),
            alt: if picture.alt.is_empty() {
                alt.to_owned()
            } else {
                picture.alt.clone()
            },
            width: picture.width,
            height: picture.height,
        }
    }
}

/// Where a product is filed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CategoryRefBody {
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// A product in a list.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemBody {
    id: ProductId,
    /// Its name in URLs.
    slug: String,
    name: String,
    /// One line for a card.
    summary: String,
    price: Money,
    category: CategoryRefBody,
    vendor_id: VendorId,
    /// The first one is shown first.
    images: Vec<ImageBody>,
    created_at: DateTime<Utc>,
}

impl ItemBody {
    pub(crate) fn new(item: db::products::Item, images: &[Picture], pictures: &Pictures) -> Self {
        Self {
            id: item.id,
            images: images
                .iter()
                .map(|image| ImageBody::new(image, &item.name, pictures))
                .collect(),
            slug: item.slug,
            name: item.name,
            summary: item.summary,
            price: money(item.price_minor, &item.currency),
            category: CategoryRefBody {
                slug: item.category_slug,
                name: item.category_name,
            },
            vendor_id: item.vendor_id,
            created_at: item.created_at,
        }
    }
}

/// A stored price. The database holds only currencies that we wrote; the default is what an unknown one would be shown in.
pub(crate) fn money(minor: i64, currency: &str) -> Money {
    Money::from_minor(minor, currency.parse::<Currency>().unwrap_or_default())
}

/// Who sells a product.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VendorBody {
    pub(crate) id: VendorId,
    /// Missing until the vendor has introduced themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
}

/// One buyable form of a product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VariantBody {
    id: VariantId,
    /// The stock keeping unit, unique in the shop.
    sku: String,
    name: String,
    /// What this form costs.
    price: Money,
    /// What distinguishes it from its siblings: `colour` → `Green`.
    options: BTreeMap<String, String>,
    /// Where it looks different.
    images: Vec<ImageBody>,
}

/// Everything about one product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProductBody {
    id: ProductId,
    /// Its name in URLs.
    slug: String,
    name: String,
    /// One line for a card.
    summary: String,
    description: String,
    /// What it costs where no variant says otherwise.
    price: Money,
    category: CategoryRefBody,
    vendor: VendorBody,
    /// `active` or `archived`.
    status: &'static str,
    /// Facts: `material` → `Stoneware`.
    attributes: BTreeMap<String, String>,
    /// At least one; the first is shown first.
    variants: Vec<VariantBody>,
    images: Vec<ImageBody>,
    /// Rises by one with each change; a change must name the one that it was made from.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl ProductBody {
    pub(crate) fn new(product: Product, pictures: &Pictures) -> Self {
        let currency = product.price.currency;
        let price = |minor: Option<i64>| {
            minor.map_or(product.price, |minor| Money::from_minor(minor, currency))
        };
        let variants = product.variants.into_iter().map(|variant| VariantBody {
            id: variant.id,
            price: price(variant.price_minor),
            images: variant
                .picture
                .iter()
                .map(|image| ImageBody::new(image, &product.name, pictures))
                .collect(),
            sku: variant.sku,
            name: variant.name,
            options: variant.options,
        });
        Self {
            id: product.id,
            variants: variants.collect(),
            images: product
                .pictures
                .iter()
                .map(|image| ImageBody::new(image, &product.name, pictures))
                .collect(),
            slug: product.slug,
            name: product.name,
            summary: product.summary,
            description: product.description,
            price: product.price,
            category: CategoryRefBody {
                slug: product.category.slug,
                name: product.category.name,
            },
            vendor: VendorBody {
                id: product.vendor_id,
                name: product.vendor_name,
            },
            status: product.status.name(),
            attributes: product.attributes,
            version: product.version,
            created_at: product.created_at,
            updated_at: product.updated_at,
        }
    }
}

/// A product's version as an entity tag.
pub(crate) fn entity_tag(version: i64) -> String {
    format!("\"v{version}\"")
}

/// What the domain found wrong, as the client is told.
pub(crate) fn field_errors(violations: Vec<Violation>) -> Vec<FieldError> {
    violations
        .into_iter()
        .map(|violation| FieldError::new(violation.field, violation.message))
        .collect()
}
