//! What else could have been chosen: the values of a facet that is in use.
//!
//! The catalogue counts facets among what was found, where only the chosen values are left. A shopper who chose blue still
//! wants to see that there is green, so each facet in use is asked for once more without its own choice.

use std::collections::BTreeSet;

use futures::future::join_all;

use crate::{
    catalog::{Catalog, CategoryCount, Facet, Kind, Page, Pair},
    filters::Filters,
};

/// More than this many facets in use are somebody's experiment.
const MOST_IN_USE: usize = 6;

/// Adds the alternatives to `page`. Where the catalogue does not answer, what it counted before stays: the numbers are a
/// convenience.
pub(crate) async fn add(catalog: &Catalog, filters: &Filters, fixed: &[Pair], page: &mut Page) {
    let keys: BTreeSet<&str> = filters
        .attributes
        .iter()
        .map(|(key, _)| key.as_str())
        .collect();
    let facets = join_all(
        keys.into_iter()
            .take(MOST_IN_USE)
            .map(|key| without_key(catalog, filters, fixed, key)),
    );
    let (facets, categories) = tokio::join!(facets, without_category(catalog, filters, fixed));
    for facet in facets.into_iter().flatten() {
        match page
            .facets
            .iter_mut()
            .find(|counted| counted.key == facet.key)
        {
            Some(counted) => *counted = facet,
            None => page.facets.push(facet),
        }
    }
    page.categories = categories.unwrap_or_else(|| std::mem::take(&mut page.categories));
}

async fn without_key(
    catalog: &Catalog,
    filters: &Filters,
    fixed: &[Pair],
    key: &str,
) -> Option<Facet> {
    let page = ask(catalog, &filters.without_key(key), fixed).await?;
    page.facets.into_iter().find(|facet| facet.key == key)
}

async fn without_category(
    catalog: &Catalog,
    filters: &Filters,
    fixed: &[Pair],
) -> Option<Vec<CategoryCount>> {
    filters.category.as_ref()?;
    Some(
        ask(catalog, &filters.with_category(None), fixed)
            .await?
            .categories,
    )
}

/// The facets are wanted, not the products.
async fn ask(catalog: &Catalog, filters: &Filters, fixed: &[Pair]) -> Option<Page> {
    let mut question = filters.question(1);
    question.extend_from_slice(fixed);
    catalog.find(Kind::Search, &question).await.ok()
}
