//! The categories that a product can be filed under, as choices.

use serde::Deserialize;

use super::{answers::CategoryRef, outcome::fail, parts::Choice, staff::Staff};
use crate::{Storefront, pages::failure::Failure};

#[derive(Debug, Deserialize)]
struct Categories {
    items: Vec<CategoryRef>,
}

/// All of them, in the order of the shop's navigation.
pub(super) async fn all(storefront: &Storefront, staff: &Staff) -> Result<Vec<Choice>, Failure> {
    let catalog = &storefront.office().catalog;
    let all: Categories = catalog
        .get(&staff.visit, "/api/categories")
        .await
        .map_err(fail)?;
    let choice = |category: CategoryRef| Choice::new(category.slug, category.name);
    Ok(all.items.into_iter().map(choice).collect())
}
