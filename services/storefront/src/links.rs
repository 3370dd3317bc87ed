//! Where things are: the addresses of pages, written in one place.

use serde::Serialize;

use crate::{
    catalog::{Category, ItemCategory},
    filters::Filters,
};

/// Something to click: where it leads and what it says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    pub name: String,
    /// `None` for the page one is on.
    pub url: Option<String>,
}

pub(crate) const HOME: &str = "/";
pub(crate) const SEARCH: &str = "/search";
pub(crate) const ABOUT: &str = "/about";

impl Link {
    pub(crate) fn new(name: &str, url: impl Into<String>) -> Self {
        Self {
            name: name.to_owned(),
            url: Some(url.into()),
        }
    }

    pub(crate) fn here(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            url: None,
        }
    }

    pub(crate) fn home() -> Self {
        Self::new("Home", HOME)
    }
}

pub(crate) fn category_path(slug: &str) -> String {
    format!("/categories/{slug}")
}

pub(crate) fn product_path(slug: &str) -> String {
    format!("/products/{slug}")
}

pub(crate) fn to_category(category: &Category) -> Link {
    Link::new(&category.name, category_path(&category.slug))
}

pub(crate) fn to_item_category(category: &ItemCategory) -> Link {
    Link::new(&category.name, category_path(&category.slug))
}

pub(crate) fn to_search(words: &str) -> Link {
    Link::new(words, Filters::default().with_words(words).url(SEARCH))
}
