//! `GET /search`: what was found for some words, or everything when there are none.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    filters::Filters,
    links::{self, Link},
    listing::{self, Listing},
    render::Head,
};

#[derive(Debug, Serialize)]
struct SearchPage {
    crumbs: Vec<Link>,
    heading: String,
    suggestions: Vec<Link>,
    /// Whether nothing contains the words and what comes nearest is shown.
    approximate: bool,
    nothing_found: String,
    listing: listing::View,
}

/// `GET /search`
pub(crate) async fn search(
    State(storefront): State<Storefront>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let mut filters = Filters::read(&query.unwrap_or_default());
    let typed = filters.words.clone();
    let listing = Listing {
        path: links::SEARCH,
        fixed: &[],
        offers_departments: true,
        default_sort: default_sort(&filters),
    };
    let (departments, page) = tokio::join!(
        storefront.departments().current(),
        listing.ask(storefront.catalog(), &mut filters)
    );
    let page = page?;

    let heading = heading(&filters);
    let view = SearchPage {
        crumbs: vec![
            Link::home(),
            Link::here(if filters.words.is_empty() {
                "Everything"
            } else {
                "Search"
            }),
        ],
        suggestions: page
            .suggestions
            .iter()
            .map(|words| links::to_search(words))
            .collect(),
        approximate: page.approximate,
        nothing_found: nothing_found(&filters),
        listing: listing.view(&filters, &page),
        heading: heading.clone(),
    };
    let head = Head {
        title: format!("{heading} · Argosy"),
        description: format!("{heading} at Argosy."),
        path: links::SEARCH.to_owned(),
        search_text: typed,
        canonical_url: None,
    };
    Ok(storefront.page("search.html", &head, &departments.unwrap_or_default(), view)?)
}

/// With words the best match comes first, without them what the shop recommends.
fn default_sort(filters: &Filters) -> &'static str {
    if filters.words.is_empty() {
        "featured"
    } else {
        "relevance"
    }
}

fn heading(filters: &Filters) -> String {
    if filters.words.is_empty() {
        "Everything we carry".to_owned()
    } else {
        format!("“{}”", filters.words)
    }
}

fn nothing_found(filters: &Filters) -> String {
    match (filters.words.is_empty(), filters.narrows()) {
        (true, _) => "Nothing matches these filters.".to_owned(),
        (false, true) => format!("Nothing for “{}” with these filters.", filters.words),
        (false, false) => format!("We carry nothing for “{}”.", filters.words),
    }
}
