//! `inventory seed`: stock for every variant of the catalogue that has none yet, in quantities that look like a shop's.
//!
//! They follow from each variant's stock keeping unit, so that every machine has the same shop. A variant with any shelf is
//! left alone, so running it again changes nothing.

use std::collections::BTreeSet;

use anyhow::Context as _;
use chassis::{Database, Process, auth::InternalToken};
use contracts::{ProductId, StockId};
use uuid::Uuid;

use crate::{
    bookkeeping,
    catalog::{Catalog, MAX_PRODUCTS},
    config::SeedConfig,
    db::{self, facts::VariantFacts, stock::NewShelf},
    domain::shelf::{Movement, Reason, Shelves},
};

/// Made once, at random; every demo shelf's id depends on it.
const NAMESPACE: Uuid = Uuid::from_u128(0x1b0e_52f6_90c4_4d1a_8a53_7be2_64d9_03fc);
/// Where nearly everything lies.
const MAIN_WAREHOUSE: &str = "Rotterdam";
/// Where some of it lies, too.
const SECOND_WAREHOUSE: &str = "Leipzig";
const THRESHOLD: i64 = 5;

/// A shelf with what comes onto it.
#[derive(Debug, PartialEq, Eq)]
struct Delivery {
    warehouse: &'static str,
    quantity: i64,
}

/// Stocks the shelves.
pub(crate) async fn run(config: &SeedConfig, process: &Process) -> anyhow::Result<()> {
    let database = Database::new(config.database.options()?, &process.metrics);
    let token = InternalToken::new(config.catalog.internal_token_file.clone());
    let catalog = Catalog::new(&config.catalog.catalog_url, token, &process.metrics);
    let (mut products, mut shelves) = (0, 0);
    let mut after: Option<String> = None;
    loop {
        let page = catalog.products(after.as_deref()).await;
        let (ids, next) = page.context("cannot read the catalogue's list of products")?;
        products += ids.len();
        for ids in ids.chunks(MAX_PRODUCTS) {
            let facts = catalog.variants(ids).await;
            let facts = facts.context("cannot read the variants of products")?;
            shelves += stock(&database, ids, facts).await?;
        }
        after = next;
        if after.is_none() {
            break;
        }
    }
    tracing::info!(products, shelves, "every variant has stock");
    Ok(())
}

/// Fills the shelves of variants that have none; says how many shelves that were.
async fn stock(
    database: &Database,
    products: &[ProductId],
    facts: Vec<VariantFacts>,
) -> anyhow::Result<usize> {
    let mut planned: Vec<(NewShelf, i64)> = Vec::new();
    for variant in facts.iter().filter(|variant| !variant.is_archived) {
        for delivery in deliveries(&variant.sku, variant.position) {
            let name = format!("{}:{}", variant.variant_id, delivery.warehouse);
            let shelf = NewShelf {
                id: StockId(Uuid::new_v5(&NAMESPACE, name.as_bytes())),
                variant_id: variant.variant_id,
                warehouse: delivery.warehouse,
                threshold: THRESHOLD,
            };
            planned.push((shelf, delivery.quantity));
        }
    }
    let mut tx = database.begin().await?;
    db::facts::insert_products(&mut tx, products).await?;
    let known: Vec<_> = facts.into_iter().map(|facts| (facts, 0)).collect();
    db::facts::upsert_variants(&mut tx, &known).await?;
    let new: Vec<&NewShelf> = planned.iter().map(|(shelf, _)| shelf).collect();
    let made: BTreeSet<StockId> = db::stock::insert_first(&mut tx, &new)
        .await?
        .into_iter()
        .collect();
    let made_ids: Vec<StockId> = made.iter().copied().collect();
    let mut shelves = Shelves::new(db::stock::lock(&mut tx, &made_ids, &[]).await?);
    let filled = planned
        .iter()
        .filter(|(shelf, quantity)| *quantity > 0 && made.contains(&shelf.id));
    for (shelf, quantity) in filled {
        shelves.apply(Movement {
            shelf: shelf.id,
            on_hand: *quantity,
            reserved: 0,
            reason: Reason::Restock,
            reference: shelf.id.0,
            note: Some("Opening stock".to_owned()),
        })?;
    }
    bookkeeping::post(&mut tx, shelves).await?;
    tx.commit().await?;
    Ok(made.len())
}

/// What lies where of a variant. The first variant of a product can always be had: it is the one that most people want.
fn deliveries(sku: &str, position: i32) -> Vec<Delivery> {
    // The word decides which of the demo shop's variants are sold out: two of them.
    let seed = hash(&format!("unit {sku}"));
    let of = |share: u64, from: i64, upto: i64| {
        let span = u64::try_from(upto - from + 1).unwrap_or(1);
        from + i64::try_from((seed / share) % span).unwrap_or(0)
    };
    let main = |quantity| Delivery {
        warehouse: MAIN_WAREHOUSE,
        quantity,
    };
    let second = |quantity| Delivery {
        warehouse: SECOND_WAREHOUSE,
        quantity,
    };
    match (seed % 61, position) {
        (0, 1..) => vec![main(0)],
        (1..=5, 1..) => vec![main(of(61, 1, 4))],
        (6..=18, _) => vec![main(of(61, 20, 60)), second(of(3_721, 8, 30))],
        _ => vec![main(of(61, 24, 180))],
    }
}

/// FNV-1a, 64 bits: unlike the standard library's hasher it is specified, so every build makes the same shop.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_look_like_a_shops_and_are_the_same_everywhere() {
        let total = |sku: &str, position| -> i64 {
            let deliveries = deliveries(sku, position);
            deliveries.iter().map(|delivery| delivery.quantity).sum()
        };
        let totals: Vec<i64> = (0..1000)
            .map(|number| total(&format!("SKU-{number}"), 1))
            .collect();
        let count = |range: std::ops::RangeInclusive<i64>| {
            totals.iter().filter(|total| range.contains(total)).count()
        };
        assert!((5..=40).contains(&count(0..=0)), "{}", count(0..=0));
        assert!((40..=150).contains(&count(1..=THRESHOLD)));
        assert!(count(20..=i64::MAX) > 800);
        assert_eq!(total("COF-GNK-BLK", 0), total("COF-GNK-BLK", 0));
        assert!((0..1000).all(|number| total(&format!("SKU-{number}"), 0) >= 20));
    }
}
