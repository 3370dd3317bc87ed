//! What the products that a filter finds have in common: counted once, remembered for a moment.

use std::{collections::HashMap, time::Duration};

use contracts::Money;
use sqlx::PgConnection;

use crate::{
    db::{
        self,
        categories::{AttributeKind, Category},
        facets::{CategoryCount, ValueCount},
    },
    domain::filter::Filter,
    listing::Found,
    memory::Memory,
};

/// How long numbers may be old. They are a guide, not a promise.
const TTL: Duration = Duration::from_secs(30);
/// Filters whose facets are remembered.
const MAX_FILTERS: u64 = 500;
/// Among more products than this, attributes are not counted: it takes too long, and it helps nobody to know that of
/// a hundred thousand things nine thousand are blue. Categories and prices narrow it down first.
const MAX_COUNTED: i64 = 20_000;
/// Attributes that are offered at once.
const MAX_ATTRIBUTES: usize = 8;

/// An attribute with how many of the found products have which value, the most frequent first.
#[derive(Debug)]
pub(crate) struct Facet {
    pub(crate) key: String,
    pub(crate) label: String,
    pub(crate) values: Vec<(String, i64)>,
}

/// How what was found can be narrowed down.
#[derive(Debug, Default)]
pub(crate) struct Facets {
    pub(crate) categories: Vec<CategoryCount>,
    /// The lowest and the highest.
    pub(crate) prices: Option<(Money, Money)>,
    pub(crate) attributes: Vec<Facet>,
}

/// The facets of what filters find, as of a moment ago.
pub(crate) fn memory() -> Memory<Filter, Facets> {
    Memory::new(MAX_FILTERS, TTL)
}

/// The facets of what `filter` found.
pub(crate) async fn count(
    connection: &mut PgConnection,
    filter: &Filter,
    found: &Found,
) -> sqlx::Result<Facets> {
    if found.total == 0 {
        return Ok(Facets::default());
    }
    let categories = db::facets::by_category(connection, &found.matching).await?;
    let range = db::facets::price_range(connection, &found.matching).await?;
    let money = |minor| Money::from_minor(minor, filter.currency);
    let prices = range
        .min_minor
        .zip(range.max_minor)
        .map(|(min, max)| (money(min), money(max)));
    let attributes = if found.total > MAX_COUNTED {
        Vec::new()
    } else {
        attributes(connection, &categories, found).await?
    };
    Ok(Facets {
        categories,
        prices,
        attributes,
    })
}

async fn attributes(
    connection: &mut PgConnection,
    counts: &[CategoryCount],
    found: &Found,
) -> sqlx::Result<Vec<Facet>> {
    let categories = db::categories::list(connection).await?;
    let kinds = offered(&categories, counts);
    let keys: Vec<String> = kinds.iter().map(|kind| kind.key.clone()).collect();
    let counted = db::facets::by_value(connection, &found.matching, &keys).await?;
    Ok(in_order(kinds, counted))
}

/// The attributes that the found products' categories offer as filters: in the order of the category that has the most
/// of them, then of the next.
fn offered(categories: &[Category], counts: &[CategoryCount]) -> Vec<AttributeKind> {
    let mut counts: Vec<&CategoryCount> = counts.iter().collect();
    counts.sort_by_key(|count| std::cmp::Reverse(count.count));
    let mut kinds: Vec<AttributeKind> = Vec::new();
    for count in counts {
        let category = categories
            .iter()
            .find(|category| category.slug == count.slug);
        for kind in category
            .into_iter()
            .flat_map(|category| category.attributes.0.iter())
        {
            if kind.facet
                && kinds.len() < MAX_ATTRIBUTES
                && kinds.iter().all(|known| known.key != kind.key)
            {
                kinds.push(kind.clone());
            }
        }
    }
    kinds
}

fn in_order(kinds: Vec<AttributeKind>, counted: Vec<ValueCount>) -> Vec<Facet> {
    let mut values: HashMap<String, Vec<(String, i64)>> = HashMap::new();
    for ValueCount { key, value, count } in counted {
        values.entry(key).or_default().push((value, count));
    }
    let facets = kinds
        .into_iter()
        .filter_map(|AttributeKind { key, label, .. }| {
            let values = values.remove(&key)?;
            Some(Facet { key, label, values })
        });
    facets.collect()
}
