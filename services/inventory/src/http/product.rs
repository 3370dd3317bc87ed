//! Which variant a vendor means, and whether it is theirs: looked up here, and in the catalogue where no event has told of
//! it yet.

use chassis::{Database, FieldError, Problem, auth::Principal, problem::NOT_FOUND};
use contracts::{ProductId, VariantId};

use super::body::require_own;
use crate::{
    assembly::State,
    catalog::Catalog,
    db::{self, facts::VariantFacts},
    problems::PRODUCT_ARCHIVED,
};

/// The variant, if whoever asks may fill its shelves.
pub(super) async fn own_variant(
    state: &State,
    principal: Principal,
    product: ProductId,
    variant: Option<VariantId>,
) -> Result<VariantFacts, Problem> {
    let variants = variants(state, product, variant).await?;
    let Some(first) = variants.first() else {
        return Err(unknown(
            "productId",
            format!("There is no product {product}."),
        ));
    };
    require_own(principal, first.vendor_id)?;
    let chosen = choose(variants, variant)?;
    if chosen.is_archived {
        let detail = "Nothing more is sold of this product: it takes no new stock.";
        return Err(Problem::new(&PRODUCT_ARCHIVED, detail));
    }
    Ok(chosen)
}

/// What is known here, or what the catalogue says where this is not enough.
async fn variants(
    state: &State,
    product: ProductId,
    variant: Option<VariantId>,
) -> Result<Vec<VariantFacts>, Problem> {
    let known = known(&state.database, product).await?;
    let is_there = match variant {
        Some(variant) => known.iter().any(|facts| facts.variant_id == variant),
        None => !known.is_empty(),
    };
    if is_there {
        return Ok(known);
    }
    learn(&state.database, &state.catalog, product).await?;
    self::known(&state.database, product).await
}

async fn known(database: &Database, product: ProductId) -> Result<Vec<VariantFacts>, Problem> {
    let mut connection = database.acquire().await?;
    Ok(db::facts::of_product(&mut connection, product).await?)
}

/// Stores what the catalogue says. Its event will come, and replaces this.
async fn learn(database: &Database, catalog: &Catalog, product: ProductId) -> Result<(), Problem> {
    let facts = catalog.variants(&[product]).await?;
    if facts.is_empty() {
        return Ok(());
    }
    let facts: Vec<_> = facts.into_iter().map(|facts| (facts, 0)).collect();
    let mut tx = database.begin().await?;
    db::facts::insert_products(&mut tx, &[product]).await?;
    db::facts::upsert_variants(&mut tx, &facts).await?;
    tx.commit().await?;
    Ok(())
}

fn choose(
    variants: Vec<VariantFacts>,
    variant: Option<VariantId>,
) -> Result<VariantFacts, Problem> {
    if let Some(id) = variant {
        let named = variants.into_iter().find(|facts| facts.variant_id == id);
        return named
            .ok_or_else(|| unknown("variantId", format!("The product has no variant {id}.")));
    }
    let names: Vec<String> = variants
        .iter()
        .filter(|facts| !facts.is_archived)
        .map(|facts| format!("{} ({})", facts.variant_id, facts.sku))
        .collect();
    if names.len() > 1 {
        let message = format!(
            "the product has several variants, name one of {}",
            names.join(", ")
        );
        return Err(Problem::invalid(vec![FieldError::new(
            "variantId",
            message,
        )]));
    }
    let mut variants = variants;
    variants.sort_by_key(|facts| facts.is_archived);
    variants
        .into_iter()
        .next()
        .ok_or_else(|| unknown("productId", "There is no such product.".to_owned()))
}

fn unknown(field: &str, detail: String) -> Problem {
    Problem {
        errors: vec![FieldError::new(field, detail.clone())],
        ..Problem::new(&NOT_FOUND, detail)
    }
}
