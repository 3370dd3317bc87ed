//! The rules of `services/catalog/demo/README.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::{Product, Variant, categories, front_page, products, shelves, vendors};

fn assert_unique<'a>(what: &str, values: impl Iterator<Item = &'a str>) {
    let mut seen = BTreeSet::new();
    for value in values {
        assert!(
            seen.insert(value.to_lowercase()),
            "{what} {value:?} appears twice"
        );
    }
}

fn is_slug(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-')
}

/// Cents, when the text is an amount with two decimals.
fn cents(price: &str) -> Option<u32> {
    let (euros, cents) = price.split_once('.')?;
    (cents.len() == 2 && !euros.starts_with('0')).then_some(())?;
    euros
        .parse::<u32>()
        .ok()?
        .checked_mul(100)?
        .checked_add(cents.parse().ok()?)
}

#[test]
fn there_are_at_least_64_products_in_at_least_8_categories() {
    let shelves = shelves();
    assert!(shelves.len() >= 8, "{} categories", shelves.len());
    let count: usize = shelves.iter().map(|(_, products)| products.len()).sum();
    assert!(count >= 64, "{count} products");
    for (category, products) in &shelves {
        assert!(
            products.len() >= 6,
            "{} has only {} products",
            category.slug,
            products.len()
        );
    }
    assert!(
        shelves
            .iter()
            .any(|(category, _)| category.slug == "electronics")
    );
}

#[test]
fn everything_has_an_identifier_of_its_own() {
    let (categories, vendors, products) = (categories(), vendors(), products());
    assert_unique(
        "category",
        categories.iter().map(|category| category.slug.as_str()),
    );
    assert_unique("vendor", vendors.iter().map(|vendor| vendor.slug.as_str()));
    assert_unique(
        "product",
        products.iter().map(|product| product.slug.as_str()),
    );
    assert_unique(
        "product name",
        products.iter().map(|product| product.name.as_str()),
    );
    assert_unique(
        "sku",
        products
            .iter()
            .flat_map(|product| &product.variants)
            .map(|variant| variant.sku.as_str()),
    );
    for slug in categories
        .iter()
        .map(|category| &category.slug)
        .chain(vendors.iter().map(|vendor| &vendor.slug))
        .chain(products.iter().map(|product| &product.slug))
    {
        assert!(is_slug(slug), "{slug:?} is not a slug");
    }
}

#[test]
fn every_vendor_exists_and_sells_something() {
    let vendors: BTreeSet<_> = vendors().into_iter().map(|vendor| vendor.slug).collect();
    let used: BTreeSet<_> = products()
        .into_iter()
        .map(|product| product.vendor)
        .collect();
    assert_eq!(vendors, used);
}

#[test]
fn every_price_is_an_amount_above_zero() {
    for product in products() {
        let prices = product
            .variants
            .iter()
            .filter_map(|variant| variant.price.as_ref())
            .chain([&product.price]);
        for price in prices {
            assert!(
                cents(price).is_some_and(|cents| cents > 0),
                "{}: price {price:?}",
                product.slug
            );
        }
    }
}

#[test]
fn texts_are_neither_missing_nor_endless_nor_repeated() {
    let products = products();
    assert_unique(
        "description",
        products.iter().map(|product| product.description.as_str()),
    );
    assert_unique(
        "summary",
        products.iter().map(|product| product.summary.as_str()),
    );
    for Product {
        slug,
        name,
        summary,
        description,
        tags,
        rank,
        ..
    } in &products
    {
        assert!((3..=60).contains(&name.chars().count()), "{slug}: name");
        assert!(
            (15..=90).contains(&summary.chars().count()),
            "{slug}: summary {summary:?}"
        );
        assert!(
            (120..=600).contains(&description.chars().count()),
            "{slug}: description of {}",
            description.len()
        );
        let sentences = description.matches(['.', '!', '?']).count();
        assert!(
            (2..=8).contains(&sentences),
            "{slug}: {sentences} sentences"
        );
        assert!((1..=6).contains(&tags.len()), "{slug}: tags");
        assert!(
            tags.iter()
                .all(|tag| tag.to_lowercase() == *tag && !tag.is_empty()),
            "{slug}: tags {tags:?}"
        );
        assert!((1..=100).contains(rank), "{slug}: rank {rank}");
    }
    for category in categories() {
        assert!(
            !category.name.is_empty() && (15..=90).contains(&category.summary.len()),
            "{}",
            category.slug
        );
    }
    for vendor in vendors() {
        assert!(
            !vendor.name.is_empty() && !vendor.place.is_empty() && vendor.about.len() > 40,
            "{}",
            vendor.slug
        );
    }
    let front = front_page();
    assert!(!front.headline.is_empty() && !front.tagline.is_empty());
}

#[test]
fn all_products_of_a_category_have_exactly_its_attributes() {
    for (category, products) in shelves() {
        let declared: BTreeSet<_> = category
            .attributes
            .iter()
            .map(|attribute| attribute.key.as_str())
            .collect();
        assert_eq!(
            declared.len(),
            category.attributes.len(),
            "{}: an attribute is declared twice",
            category.slug
        );
        assert!(
            category
                .attributes
                .iter()
                .all(|attribute| !attribute.label.is_empty())
        );
        for product in &products {
            let present: BTreeSet<_> = product.attributes.keys().map(String::as_str).collect();
            assert_eq!(declared, present, "{}", product.slug);
            assert!(
                product
                    .attributes
                    .values()
                    .all(|value| !value.trim().is_empty()),
                "{}",
                product.slug
            );
        }
        // A filter with one value, or with a value for each product, filters nothing.
        for facet in category
            .attributes
            .iter()
            .filter(|attribute| attribute.facet && attribute.key != "origin")
        {
            let values: BTreeSet<_> = products
                .iter()
                .map(|product| &product.attributes[&facet.key])
                .collect();
            assert!(
                values.len() > 1,
                "{}: facet {} has one value",
                category.slug,
                facet.key
            );
        }
    }
}

#[test]
fn variants_of_a_product_differ_in_the_same_options() {
    for Product { slug, variants, .. } in products() {
        let first = variants
            .first()
            .unwrap_or_else(|| panic!("{slug} has no variant"));
        let keys = |variant: &Variant| variant.options.keys().cloned().collect::<Vec<_>>();
        let mut seen = BTreeMap::new();
        for variant in &variants {
            assert_eq!(keys(first), keys(variant), "{slug}: {}", variant.sku);
            assert!(!variant.name.is_empty());
            let twin = seen.insert(variant.options.clone(), &variant.sku);
            assert!(
                twin.is_none(),
                "{slug}: {} has the options of {twin:?}",
                variant.sku
            );
        }
    }
}
