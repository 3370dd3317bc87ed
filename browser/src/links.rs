//! What a page leads to, read from its HTML.

use std::{cell::RefCell, collections::BTreeSet};

use html5ever::{
    TokenizerResult,
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, StartTag, Tag, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::RawKind,
    },
};
use reqwest::Url;

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
        let mut links = Self::default();
        for tag in tags(html) {
            let attribute = |name: &str| {
                let found = tag.attrs.iter().find(|found| &*found.name.local == name);
                found.map(|found| found.value.to_string())
            };
            links.ids.extend(attribute("id"));
            let relation = attribute("rel").unwrap_or_default();
            let relation: Vec<&str> = relation.split_ascii_whitespace().collect();
            let (attribute_name, used_as) = match &*tag.name {
                "a" | "area" => ("href", Use::Page),
                "link" if relation.contains(&"stylesheet") => ("href", Use::Stylesheet),
                "link" if relation.contains(&"icon") => ("href", Use::Picture),
                "script" => ("src", Use::Script),
                "img" => ("src", Use::Picture),
                _ => continue,
            };
            if let Some(reference) = attribute(attribute_name) {
                links.add(&reference, page, used_as);
            }
        }
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

/// Every start tag, in order.
fn tags(html: &str) -> Vec<Tag> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from_slice(html));
    let tokenizer = Tokenizer::new(Tags::default(), TokenizerOpts::default());
    // It may pause where somebody could want to do something.
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    tokenizer.sink.0.into_inner()
}

#[derive(Default)]
struct Tags(RefCell<Vec<Tag>>);

impl TokenSink for Tags {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        let Token::TagToken(tag) = token else {
            return TokenSinkResult::Continue;
        };
        if tag.kind != StartTag {
            return TokenSinkResult::Continue;
        }
        // What looks like a tag in a script, a style or a title is none (HTML, 13.2.6.4.4).
        let inside = match &*tag.name {
            "script" => TokenSinkResult::RawData(RawKind::ScriptData),
            "style" | "noframes" => TokenSinkResult::RawData(RawKind::Rawtext),
            "title" | "textarea" => TokenSinkResult::RawData(RawKind::Rcdata),
            _ => TokenSinkResult::Continue,
        };
        self.0.borrow_mut().push(tag);
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_a_page_leads_to_is_found_once() {
        let page = Url::parse("http://shop/products/kettle?variant=1").unwrap();
        let html = r##"<link rel="stylesheet" href="/a.css"><a href="/">x</a><a href="/#new">y</a><a href="#details">z</a>
            <a href="mailto:a@b">m</a><img src="/1.jpg"><h2 id="details">D</h2>
            <script type="application/json">{"html": "<a href='/none'>"}</script>"##;
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
