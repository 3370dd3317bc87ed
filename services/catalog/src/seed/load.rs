//! Writes the demo's categories, vendors and products, where they differ from what is there, and tells of it.

use sqlx::{Postgres, Transaction};

use super::{
    demo::{Demo, Product},
    ids,
    pictures::{self, Drawn},
};
use crate::{
    db::{
        self,
        bulk::{SeedCategory, SeedProduct, SeedVariant, Written},
    },
    domain::product::facets,
    events,
    http::load_product,
};

pub(super) async fn load(
    tx: &mut Transaction<'_, Postgres>,
    demo: &Demo,
    drawn: &Drawn,
) -> anyhow::Result<()> {
    for (digest, picture) in drawn.iter() {
        db::pictures::upsert(tx, digest, picture).await?;
    }
    for (category, position) in demo.categories.iter().zip(0..) {
        let row = SeedCategory {
            id: ids::category(&category.slug),
            slug: &category.slug,
            name: &category.name,
            summary: &category.summary,
            position,
            attributes: &category.attributes,
            cover: pictures::digest(&category.picture)?,
        };
        db::bulk::upsert_category(tx, &row).await?;
    }
    for vendor in &demo.vendors {
        let id = ids::vendor(&vendor.slug);
        db::bulk::upsert_vendor(
            tx,
            id,
            &vendor.slug,
            &vendor.name,
            &vendor.place,
            &vendor.about,
        )
        .await?;
    }
    let mut changed = 0_u32;
    for ((category, product), age_h) in demo.products.iter().zip(0..) {
        changed += u32::from(load_one(tx, category, product, age_h).await?);
    }
    tracing::info!(
        products = demo.products.len(),
        changed,
        "the demo products are loaded"
    );
    Ok(())
}

/// Writes a product with its variants; says whether anything was different.
async fn load_one(
    tx: &mut Transaction<'_, Postgres>,
    category: &str,
    product: &Product,
    age_h: i32,
) -> anyhow::Result<bool> {
    let id = ids::product(&product.slug);
    let facets = facets(
        &product.attributes,
        product.variants.iter().map(|variant| &variant.options),
    );
    let row = SeedProduct {
        id,
        slug: &product.slug,
        category: ids::category(category),
        vendor: ids::vendor(&product.vendor),
        name: &product.name,
        summary: &product.summary,
        description: product.description.trim(),
        keywords: product.tags.join(" "),
        price_minor: product.price.0.minor,
        currency: product.price.0.currency.code(),
        attributes: &product.attributes,
        facets: &facets,
        rank: product.rank,
        age_h,
    };
    let written = db::bulk::upsert_product(tx, &row).await?;
    let mut differs = written != Written::Unchanged;
    for (variant, position) in product.variants.iter().zip(0..) {
        let row = SeedVariant {
            id: ids::variant(&variant.sku),
            product: id,
            position,
            sku: &variant.sku,
            name: &variant.name,
            price_minor: variant.price.map(|price| price.0.minor),
            options: &variant.options,
            picture: product
                .picture_of(variant)
                .map(|picture| pictures::digest(&picture))
                .transpose()?,
        };
        differs |= db::bulk::upsert_variant(tx, &row).await?;
    }
    differs |= db::bulk::show_first(tx, id, &pictures::digest(&product.picture)?).await?;
    if !differs {
        return Ok(false);
    }
    if written == Written::Unchanged {
        db::products::touch(tx, id).await?;
    }
    let stored = db::products::get(tx, Some(id), None)
        .await?
        .ok_or(sqlx::Error::RowNotFound)?;
    let stored = load_product(tx, stored).await?;
    match written {
        Written::Inserted => events::publish_created(tx, &stored).await?,
        Written::Updated | Written::Unchanged => events::publish_updated(tx, &stored).await?,
    }
    Ok(true)
}
