//! `GET /categories/{slug}`: one department, narrowed down and ordered as the address says.

use axum::{
    extract::{Path, RawQuery, State},
    response::Response,
};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    catalog::Category,
    filters::Filters,
    flags,
    links::{self, Link},
    listing::{self, Listing},
    render::Head,
};

#[derive(Debug, Serialize)]
struct CategoryPage {
    crumbs: Vec<Link>,
    category: CategoryView,
    listing: listing::View,
}

#[derive(Debug, Serialize)]
struct CategoryView {
    name: String,
    description: String,
    letter: &'static str,
}

/// `GET /categories/{slug}`
pub(crate) async fn category(
    State(storefront): State<Storefront>,
    Path(slug): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let departments = storefront.departments().current().await?;
    let category = departments
        .iter()
        .find(|category| category.slug == slug)
        .ok_or(Failure::NO_SUCH_DEPARTMENT)?;
    let mut filters = Filters::read(&query.unwrap_or_default()).within_a_department();
    let path = links::category_path(&category.slug);
    let listing = Listing {
        path: &path,
        fixed: &[("category".to_owned(), category.slug.clone())],
        offers_departments: false,
        default_sort: "featured",
    };
    let page = listing
        .ask(storefront.catalog(), &mut filters)
        .await
        .map_err(Failure::of_a_department)?;

    let view = CategoryPage {
        crumbs: vec![Link::home(), Link::here(&category.name)],
        category: CategoryView::from(category),
        listing: listing.view(&filters, &page),
    };
    let head = Head {
        title: format!("{} · Argosy", category.name),
        description: description(category),
        canonical_url: filters
            .pairs()
            .is_empty()
            .then(|| storefront.public_url(&path)),
        path,
        search_text: String::new(),
    };
    Ok(storefront.page("category.html", &head, &departments, view)?)
}

fn description(category: &Category) -> String {
    if category.description.is_empty() {
        format!("{} at Argosy.", category.name)
    } else {
        category.description.clone()
    }
}

impl From<&Category> for CategoryView {
    fn from(category: &Category) -> Self {
        Self {
            name: category.name.clone(),
            description: category.description.clone(),
            letter: flags::letter_for(&category.name),
        }
    }
}
