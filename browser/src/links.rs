//! What a page leads to, read from its HTML.

use std::collections::BTreeSet;

use reqwest::Url;
use scraper::{Html, Selector};

/// What an address is used as, and so what must come from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Use {
    Page,
    Stylesheet,
    Script,
    Picture,
}

/// Everything that one page leads to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Links {
    /// Without fragments, each once.
    pub(crate) addresses: BTreeSet<(Use, String)>,
    /// Address and id of places within pages.
    pub(crate) places: BTreeSet<(String, String)>,
    /// Ids that can be linked to.
    pub(crate) ids: BTreeSet<String>,
}

impl Links {
    /// Of the page at this address.
    pub(crate) fn read(html: &str, page: &Url) -> Self {
        let document = Html::parse_document(html);
        let mut links = Self::default();
        for (selector, attribute, used_as) in [
            ("a[href], area[href]", "href", Use::Page),
            ("link[rel~=stylesheet][href]", "href", Use::Stylesheet),
            ("link[rel~=icon][href]", "href", Use::Picture),
            ("script[src]", "src", Use::Script),
            ("img[src]", "src", Use::Picture),
        ] {
            for reference in values(&document, selector, attribute) {
                links.add(&reference, page, used_as);
            }
        }
        links.ids = values(&document, "[id]", "id").into_iter().collect();
        links
    }

    fn add(&mut self, reference: &str, page: &Url, used_as: Use) {
        let Ok(mut url) = page.join(reference) else {
            self.addresses.insert((used_as, reference.to_owned()));
            return;
        };
        if !["http", "https"].contains(&url.scheme()) {
            return;
        }
        let place = url.fragment().map(str::to_owned);
        url.set_fragment(None);
        if let Some(place) = place.filter(|place| !place.is_empty()) {
            self.places.insert((url.to_string(), place));
        }
        self.addresses.insert((used_as, url.to_string()));
    }
}

fn values(document: &Html, selector: &str, attribute: &str) -> Vec<String> {
    let selector = Selector::parse(selector).expect("BUG: a fixed selector can be read");
    document
        .select(&selector)
        .filter_map(|element| element.attr(attribute).map(str::to_owned))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_page_leads_to_is_found_once() {
        let page = Url::parse("http://shop/products/kettle?variant=1").unwrap();
        let html = r##"<link rel="stylesheet" href="/a.css"><a href="/">x</a><a href="/#new">y</a><a href="#details">z</a>
            <a href="mailto:a@b">m</a><img src="/1.jpg"><h2 id="details">D</h2>"##;
        let links = Links::read(html, &page);
        let addresses: Vec<(Use, &str)> = links
            .addresses
            .iter()
            .map(|(used_as, address)| (*used_as, address.as_str()))
            .collect();
        assert_eq!(
            addresses,
            [
                (Use::Page, "http://shop/"),
                (Use::Page, "http://shop/products/kettle?variant=1"),
                (Use::Stylesheet, "http://shop/a.css"),
                (Use::Picture, "http://shop/1.jpg"),
            ]
        );
        assert_eq!(links.places.len(), 2);
        assert!(links.ids.contains("details"));
    }
}
