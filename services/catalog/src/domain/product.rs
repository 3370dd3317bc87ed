//! A product as it is stored.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use contracts::{CategoryId, Money, ProductId, VariantId, VendorId};

/// Facts by name: `material` → `Stoneware`.
pub(crate) type Attributes = BTreeMap<String, String>;
/// All values by name, of the product and of its variants: `colour` → `Blue`, `Green`.
pub(crate) type Facets = BTreeMap<String, BTreeSet<String>>;

/// Whether a product can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Active,
    /// Kept for those who refer to it, and shown to nobody else.
    Archived,
}

impl Status {
    pub(crate) const ALL: [Self; 2] = [Self::Active, Self::Archived];

    /// As it stands in the database and in answers.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Archived => "archived",
        }
    }
}

/// Where a product is filed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CategoryRef {
    pub(crate) id: CategoryId,
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// One buyable form of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Variant {
    pub(crate) id: VariantId,
    pub(crate) sku: String,
    pub(crate) name: String,
    /// Where it differs from the product's.
    pub(crate) price_minor: Option<i64>,
    pub(crate) options: Attributes,
    pub(crate) picture: Option<Picture>,
}

/// A picture in three sizes: keys in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Picture {
    pub(crate) small: String,
    pub(crate) medium: String,
    pub(crate) large: String,
    /// Pixels of the large one.
    pub(crate) width: i32,
    pub(crate) height: i32,
    pub(crate) alt: String,
}

/// Everything about a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Product {
    pub(crate) id: ProductId,
    pub(crate) slug: String,
    pub(crate) vendor_id: VendorId,
    pub(crate) vendor_name: Option<String>,
    pub(crate) category: CategoryRef,
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) status: Status,
    pub(crate) price: Money,
    pub(crate) attributes: Attributes,
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    pub(crate) variants: Vec<Variant>,
    pub(crate) pictures: Vec<Picture>,
}

/// What a change makes of a product.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Revision {
    pub(crate) version: i64,
    pub(crate) updated_at: DateTime<Utc>,
}

impl Product {
    /// Takes on what storing a change made of it.
    pub(crate) fn revise(&mut self, revision: Revision) {
        self.version = revision.version;
        self.updated_at = revision.updated_at;
    }
}

/// What filters and facets see: the product's own facts and the options of every variant.
pub(crate) fn facets<'a>(
    attributes: &'a Attributes,
    options: impl Iterator<Item = &'a Attributes>,
) -> Facets {
    let mut facets = Facets::new();
    for (key, value) in attributes.iter().chain(options.flatten()) {
        facets.entry(key.clone()).or_default().insert(value.clone());
    }
    facets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facets_hold_what_any_variant_has() {
        let map = |pairs: &[(&str, &str)]| {
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect::<Attributes>()
        };
        let own = map(&[("material", "Steel"), ("colour", "Black")]);
        let options = [map(&[("colour", "Black")]), map(&[("colour", "Green")])];
        let facets = facets(&own, options.iter());
        assert_eq!(
            serde_json::to_string(&facets).unwrap(),
            r#"{"colour":["Black","Green"],"material":["Steel"]}"#
        );
    }
}
