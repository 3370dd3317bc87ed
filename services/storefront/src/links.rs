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
pub(crate) const CART: &str = "/cart";
pub(crate) const CHECKOUT: &str = "/checkout";
pub(crate) const LOGIN: &str = "/login";
pub(crate) const REGISTER: &str = "/register";
pub(crate) const FORGOTTEN_PASSWORD: &str = "/forgotten-password";
pub(crate) const RESET_PASSWORD: &str = "/reset-password";
pub(crate) const ACCOUNT: &str = "/account";
pub(crate) const ADDRESSES: &str = "/account/addresses";
pub(crate) const ORDERS: &str = "/orders";
pub(crate) const CONTACT: &str = "/contact";

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

pub(crate) fn order_path(order: impl std::fmt::Display) -> String {
    format!("{ORDERS}/{order}")
}

/// The log-in page that leads on to `next`.
pub(crate) fn login_path(next: &str) -> String {
    with_next(LOGIN, next)
}

/// `path` with where to go on afterwards.
pub(crate) fn with_next(path: &str, next: &str) -> String {
    let query =
        serde_urlencoded::to_string([("next", next)]).expect("BUG: a string always encodes");
    format!("{path}?{query}")
}

/// Where to go on, if that is a page of ours. A browser reads a backslash as a slash and leaves out tabs and line ends, so
/// that `/\t/evil.example` would be somebody else's.
pub(crate) fn own_page(next: &str) -> Option<&str> {
    let is_own = next.starts_with('/')
        && !next.starts_with("//")
        && next.len() < 1000
        && next
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    is_own.then_some(next)
}

/// The page on which the form of this address is: `/orders/…/cancel` is asked for on `/orders/…`.
pub(crate) fn page_of(address: &str) -> &str {
    let path = address.split('?').next().unwrap_or_default();
    match path
        .strip_prefix("/orders/")
        .and_then(|rest| rest.split_once('/'))
    {
        Some((_, last)) => &path[..path.len() - last.len() - 1],
        None if path.starts_with("/account") => ACCOUNT,
        None if path.starts_with("/cart") => CART,
        None => path,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_ours_are_gone_on_to() {
        for own in ["/", "/checkout", "/orders/1?after=x"] {
            assert_eq!(own_page(own), Some(own));
        }
        for foreign in [
            "",
            "//evil.example",
            "https://evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            "evil.example",
        ] {
            assert_eq!(own_page(foreign), None, "{foreign:?}");
        }
    }

    #[test]
    fn a_form_of_an_order_is_on_the_page_of_the_order() {
        for (address, page) in [
            ("/orders/1/cancel", "/orders/1"),
            ("/account/addresses/7/remove", "/account"),
            ("/cart/items/3", "/cart"),
            ("/checkout?x=1", "/checkout"),
        ] {
            assert_eq!(page_of(address), page);
        }
    }
}
