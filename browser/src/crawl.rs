//! Follows every link of the shop, as somebody who is signed in or not, and says which lead nowhere.
//!
//! Lists can be filtered and sorted in more ways than anybody could visit, and there are more orders than anybody could look
//! at: of the addresses that differ only in what their query says, or in a number, a few are followed.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use futures::{StreamExt as _, stream};
use reqwest::{Url, header};

use crate::{
    links::{Links, Use},
    platform::Platform,
};

/// Addresses that are alike and are followed.
const ALIKE: usize = 6;
/// Different values of one part of a path, from which on it is taken for the name of one of many things.
const MANY: usize = 10;
/// More than the shop has: where a crawl ends that would never end.
const MOST: usize = 2_000;
const AT_ONCE: usize = 4;

/// A page of the shop as it came.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    /// Path and query.
    pub(crate) path: String,
    pub(crate) html: String,
}

#[derive(Debug, Default)]
pub(crate) struct Crawl {
    pub(crate) pages: Vec<Page>,
    /// Links that lead nowhere, with the page on which each stands.
    pub(crate) broken: Vec<String>,
    /// How many addresses were asked for.
    pub(crate) asked: usize,
}

/// One address that is still to be asked for.
#[derive(Debug, Clone)]
struct Open {
    used_as: Use,
    url: String,
    found_on: String,
}

/// From these paths on, with these cookies. Pages outside of `within` are asked for, and not gone on from; without it every
/// page is.
pub(crate) async fn run(
    platform: &Platform,
    cookies: &str,
    starts: &[&str],
    within: &[&str],
) -> Result<Crawl> {
    let mut crawler = Crawler {
        platform,
        within,
        crawl: Crawl::default(),
        known: BTreeSet::new(),
        alike: BTreeMap::new(),
        places: Vec::new(),
        ids: BTreeMap::new(),
    };
    let start = |path: &&str| Open {
        used_as: Use::Page,
        url: platform.url(path),
        found_on: "the start".to_owned(),
    };
    let mut open: Vec<Open> = starts
        .iter()
        .map(start)
        .filter_map(|lead| crawler.worth_following(lead))
        .collect();
    while !open.is_empty() && crawler.crawl.asked < MOST {
        crawler.crawl.asked += open.len();
        let answers: Vec<(Open, Result<Found, String>)> = stream::iter(open.drain(..))
            .map(|one| async {
                let answer = get(platform, cookies, &one).await;
                (one, answer)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        for (one, answer) in answers {
            for lead in crawler.take(one, answer)? {
                open.extend(crawler.worth_following(lead));
            }
        }
    }
    Ok(crawler.finish())
}

/// What is known while links are followed.
struct Crawler<'a> {
    platform: &'a Platform,
    within: &'a [&'a str],
    crawl: Crawl,
    known: BTreeSet<String>,
    /// How many addresses of each kind are followed.
    alike: BTreeMap<String, usize>,
    /// Page, id within it, and the page that links there.
    places: Vec<(String, String, String)>,
    /// The ids of each page.
    ids: BTreeMap<String, BTreeSet<String>>,
}

impl Crawler<'_> {
    /// Notes what came from an address; where it leads comes back.
    fn take(&mut self, one: Open, answer: Result<Found, String>) -> Result<Vec<Open>> {
        let html = match answer {
            Ok(Found::Page(html)) => html,
            Ok(Found::Redirect(url)) => {
                return Ok(vec![Open {
                    used_as: Use::Page,
                    found_on: one.url,
                    url,
                }]);
            }
            Ok(Found::Other) => return Ok(Vec::new()),
            Err(problem) => {
                let broken = format!("{} on {}: {problem}", one.url, one.found_on);
                self.crawl.broken.push(broken);
                return Ok(Vec::new());
            }
        };
        let url = Url::parse(&one.url)?;
        let links = Links::read(&html, &url);
        let path = path_of(&url);
        self.ids.insert(one.url, links.ids);
        if !self.within.is_empty() && !self.within.iter().any(|start| path.starts_with(start)) {
            return Ok(Vec::new());
        }
        for (page, id) in links.places {
            self.places.push((page, id, path.clone()));
        }
        let leads = links.addresses.into_iter().map(|(used_as, url)| Open {
            used_as,
            url,
            found_on: path.clone(),
        });
        let leads = leads.collect();
        self.crawl.pages.push(Page { path, html });
        Ok(leads)
    }

    /// The same address, unless it has been asked for or need not be.
    fn worth_following(&mut self, lead: Open) -> Option<Open> {
        let is_new = !self.known.contains(&lead.url)
            && is_followed(self.platform, lead.used_as, &lead.url, &mut self.alike);
        if !is_new {
            return None;
        }
        self.known.insert(lead.url.clone());
        Some(lead)
    }

    /// Also says which links lead to a place that its page does not have.
    fn finish(mut self) -> Crawl {
        for (page, id, found_on) in &self.places {
            if self.ids.get(page).is_some_and(|ids| !ids.contains(id)) {
                let broken = format!("{page}#{id} on {found_on}: the page has no such place");
                self.crawl.broken.push(broken);
            }
        }
        self.crawl
            .pages
            .sort_by(|one, other| one.path.cmp(&other.path));
        self.crawl
    }
}

/// What came from an address.
enum Found {
    /// A page of the shop.
    Page(String),
    /// The way to another address.
    Redirect(String),
    /// Something that leads nowhere, as it should.
    Other,
}

/// The error says what is wrong with the answer.
async fn get(platform: &Platform, cookies: &str, open: &Open) -> Result<Found, String> {
    let asked = platform
        .http
        .get(&open.url)
        .header(header::COOKIE, cookies)
        .header(header::ACCEPT, "text/html,*/*")
        .send()
        .await;
    let answer = asked.map_err(|error| format!("no answer: {error}"))?;
    let status = answer.status();
    if status.as_u16() >= 400 {
        return Err(format!("answers with {status}"));
    }
    let media_type = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let expected = match open.used_as {
        Use::Page => return page(answer, &media_type).await,
        Use::Stylesheet => "text/css",
        Use::Script => "text/javascript",
        Use::Picture => "image/",
    };
    if media_type.starts_with(expected) {
        Ok(Found::Other)
    } else {
        Err(format!("comes as {media_type}, expected {expected}"))
    }
}

async fn page(answer: reqwest::Response, media_type: &str) -> Result<Found, String> {
    if answer.status().is_redirection() {
        let target = answer
            .headers()
            .get(header::LOCATION)
            .and_then(|value| answer.url().join(value.to_str().ok()?).ok());
        return target
            .map(|url| Found::Redirect(url.to_string()))
            .ok_or_else(|| "is a redirect to nowhere".to_owned());
    }
    if !media_type.starts_with("text/html") {
        return Ok(Found::Other);
    }
    let text = answer.text().await;
    text.map(Found::Page)
        .map_err(|error| format!("breaks off: {error}"))
}

/// Whether an address is asked for: those of other sites are not, nor are the consoles beside the shop.
fn is_followed(
    platform: &Platform,
    used_as: Use,
    address: &str,
    alike: &mut BTreeMap<String, usize>,
) -> bool {
    const CONSOLES: [&str; 5] = [
        "/alertmanager/",
        "/docs",
        "/grafana/",
        "/mail/",
        "/prometheus/",
    ];
    let Ok(url) = Url::parse(address) else {
        // Asked for, so that it is found broken.
        return true;
    };
    if used_as == Use::Page
        && (url.origin() != platform.place.shop_url.origin()
            || CONSOLES
                .iter()
                .any(|console| url.path().starts_with(console)))
    {
        return false;
    }
    let has_identifier = url.path().split('/').any(is_identifier);
    if used_as != Use::Page || (url.query().is_none() && !has_identifier) {
        return true;
    }
    let number = alike.entry(kind(&url)).or_default();
    *number += 1;
    *number <= ALIKE
}

/// What addresses have in common that differ only in a filter's value, or in the number of an order.
fn kind(url: &Url) -> String {
    let parts: Vec<&str> = url
        .path()
        .split('/')
        .map(|part| if is_identifier(part) { "*" } else { part })
        .collect();
    match url.query() {
        Some(query) => format!("{}?{}", parts.get(1).unwrap_or(&""), names(query)),
        None => parts.join("/"),
    }
}

/// What a query speaks of, whatever it says: attributes of products are all alike.
fn names(query: &str) -> String {
    let names: BTreeSet<&str> = query
        .split('&')
        .map(|pair| pair.split('=').next().unwrap_or_default())
        .map(|name| {
            if name.starts_with("attr.") {
                "attr"
            } else {
                name
            }
        })
        .collect();
    names.into_iter().collect::<Vec<_>>().join("&")
}

fn path_of(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

/// One or two of each kind of page: where a part of the path is the name of one of many, only some are taken.
pub(crate) fn kinds(pages: &[Page]) -> Vec<&Page> {
    const OF_EACH: usize = 2;
    let parts = |page: &Page| -> Vec<String> {
        let path = page.path.split('?').next().unwrap_or_default();
        path.split('/').map(str::to_owned).collect()
    };
    let mut siblings: BTreeMap<Vec<String>, BTreeSet<String>> = BTreeMap::new();
    for page in pages {
        let parts = parts(page);
        for (at, part) in parts.iter().enumerate().skip(2) {
            siblings
                .entry(parts[..at].to_vec())
                .or_default()
                .insert(part.clone());
        }
    }
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut is_taken = |page: &&Page| {
        let parts = parts(page);
        let mut kind: Vec<&str> = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let is_one_of_many = is_identifier(part)
                || siblings
                    .get(&parts[..at])
                    .is_some_and(|others| others.len() > MANY);
            kind.push(if is_one_of_many { "*" } else { part });
        }
        let (name, limit) = match page.path.split_once('?') {
            None => (kind.join("/"), OF_EACH),
            Some((_, query)) => (
                format!("{}?{}", kind.get(1).unwrap_or(&""), names(query)),
                1,
            ),
        };
        let number = taken.entry(name).or_default();
        *number += 1;
        *number <= limit
    };
    pages.iter().filter(|page| is_taken(page)).collect()
}

/// A UUID or an order's number; a file's name may have its digest in it.
fn is_identifier(part: &str) -> bool {
    !part.contains('.') && part.chars().filter(char::is_ascii_digit).count() > 2
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(path: &str) -> Page {
        Page {
            path: path.to_owned(),
            html: String::new(),
        }
    }

    #[test]
    fn of_many_products_some_are_taken_and_of_few_sections_all() {
        let mut pages: Vec<Page> = (b'a'..=b'z')
            .map(|letter| page(&format!("/products/{}", char::from(letter))))
            .collect();
        pages.extend(
            [
                "/",
                "/account/orders",
                "/account/profile",
                "/account/addresses",
            ]
            .map(page),
        );
        let taken: Vec<&str> = kinds(&pages)
            .iter()
            .map(|page| page.path.as_str())
            .collect();
        assert_eq!(
            taken,
            [
                "/products/a",
                "/products/b",
                "/",
                "/account/orders",
                "/account/profile",
                "/account/addresses"
            ]
        );
    }

    #[test]
    fn lists_that_differ_in_a_filter_are_of_one_kind() {
        let pages = [
            "/categories/home?attr.colour=red",
            "/categories/home?attr.colour=blue",
            "/categories/desk?attr.size=xl",
            "/categories/home?sort=price",
        ]
        .map(page);
        let taken: Vec<&str> = kinds(&pages)
            .iter()
            .map(|page| page.path.as_str())
            .collect();
        assert_eq!(
            taken,
            [
                "/categories/home?attr.colour=red",
                "/categories/home?sort=price"
            ]
        );
    }

    #[test]
    fn orders_are_known_by_their_numbers() {
        assert!(is_identifier("ARG-2026-000123"));
        assert!(!is_identifier("dead-letters"));
    }
}
