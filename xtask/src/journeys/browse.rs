//! A shopper finds a product: home, a department found there, a product found in it, its picture, and a search with a
//! slip of the finger.

use std::time::Instant;

use super::{
    PAGES_ARE_FRESH, World,
    page::Page,
    trip::{Found, POLL, Trip},
};
use crate::http::{Answer, encode};

const SHOP: [&str; 4] = ["caddy", "storefront", "catalog", "postgres"];

pub(super) async fn travel(trip: &mut Trip<'_>) {
    let world = trip.world;
    let Some(category) = trip
        .hop(
            "home → a department",
            &SHOP,
            first_link(world, "/", "/categories/"),
        )
        .await
    else {
        return;
    };
    let Some(product) = trip
        .hop(
            "department → a product",
            &SHOP,
            first_link(world, &category, "/products/"),
        )
        .await
    else {
        return;
    };
    let Some(page) = trip
        .hop("product page", &SHOP, product_page(world, &product))
        .await
    else {
        return;
    };
    trip.hop(
        "product picture: caddy → object-store",
        &["caddy", "object-store"],
        pictures(world, &page),
    )
    .await;
    trip.hop("search with a typo", &SHOP, search(world, &page))
        .await;
}

/// The first link of a kind on a page. The pages may be some seconds older than the catalogue: a link that is missing
/// is looked for again, while an answer that is no page at all fails at once.
async fn first_link(world: &World, path: &str, prefix: &str) -> Found<String> {
    let deadline = Instant::now() + PAGES_ARE_FRESH;
    loop {
        let page = Page::open(world, path).await?;
        let links = page.links();
        let found = links
            .iter()
            .find(|link| link.starts_with(prefix) && link.len() > prefix.len());
        if let Some(found) = found {
            return Ok((found.clone(), found.clone()));
        }
        if Instant::now() > deadline {
            let seed = world.command("seed");
            return Err(format!(
                "no link to {prefix}… on {path}: is the catalogue empty? {seed} fills it"
            ));
        }
        tokio::time::sleep(POLL).await;
    }
}

struct ProductPage {
    path: String,
    name: String,
    pictures: Vec<String>,
}

async fn product_page(world: &World, path: &str) -> Found<ProductPage> {
    let page = Page::open(world, path).await?;
    let text = page.answer.text();
    let name = between(&text, "<h1", "</h1>")
        .and_then(|heading| heading.split_once('>'))
        .map(|(_, name)| plain(name));
    let name = name
        .filter(|name| !name.is_empty())
        .ok_or_else(|| format!("{path} has no heading"))?;
    let pictures: Vec<String> = page
        .assets()
        .into_iter()
        .filter(|asset| asset.starts_with("/images/"))
        .collect();
    if pictures.is_empty() {
        return Err(format!("{path} shows no picture of the product"));
    }
    let detail = format!("{name}, {} pictures", pictures.len());
    Ok((
        ProductPage {
            path: path.to_owned(),
            name,
            pictures,
        },
        detail,
    ))
}

async fn pictures(world: &World, page: &ProductPage) -> Found<()> {
    let mut bytes = 0;
    for path in &page.pictures {
        let answer = world.get_ok(path).await?;
        bytes += answer.body.len();
        is_picture(&answer).map_err(|fault| format!("{path} {fault}"))?;
    }
    Ok((
        (),
        format!("{} pictures, {bytes} bytes", page.pictures.len()),
    ))
}

/// The bytes must be what the header says: an error page with an image's type would show as a broken picture.
fn is_picture(answer: &Answer) -> Result<(), String> {
    let body = &answer.body;
    let found = match body.as_ref() {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xff, 0xd8, 0xff, ..] => "image/jpeg",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        _ => {
            return Err(format!(
                "is no picture: `{}` with {} bytes",
                answer.media_type(),
                body.len()
            ));
        }
    };
    if answer.media_type() == found {
        return Ok(());
    }
    Err(format!("is {found}, but says `{}`", answer.media_type()))
}

async fn search(world: &World, product: &ProductPage) -> Found<()> {
    let words = with_a_slip(&product.name);
    let path = format!("/search?q={}", encode(&words));
    let page = Page::open(world, &path).await?;
    let found = page.links().contains(&product.path);
    if found {
        Ok(((), format!("\"{words}\" finds {}", product.name)))
    } else {
        Err(format!("\"{words}\" does not find {}", product.name))
    }
}

/// Swaps two letters in the middle of the longest word.
fn with_a_slip(name: &str) -> String {
    let longest = name
        .split_whitespace()
        .max_by_key(|word| word.chars().count())
        .unwrap_or(name);
    let mut letters: Vec<char> = longest.chars().collect();
    let middle = letters.len() / 2;
    let other = (1..middle).rev().find(|at| letters[*at] != letters[middle]);
    if let Some(other) = other {
        letters.swap(other, middle);
    }
    name.replace(longest, &letters.into_iter().collect::<String>())
}

fn between<'a>(text: &'a str, begin: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(begin)?;
    rest.split_once(end).map(|(found, _)| found)
}

/// Text of a piece of HTML.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for character in html.chars() {
        match character {
            '<' => in_tag = true,
            '>' => in_tag = false,
            other if !in_tag => text.push(other),
            _ => {}
        }
    }
    let text = text
        .replace("&amp;", "&")
        .replace("&#x27;", "'")
        .replace("&#39;", "'")
        .replace("&quot;", "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use hyper::{HeaderMap, StatusCode, body::Bytes, header::CONTENT_TYPE};

    use super::*;

    fn answer(media_type: &'static str, body: &'static [u8]) -> Answer {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, media_type.parse().unwrap())]);
        Answer {
            begun: std::time::Instant::now(),
            status: StatusCode::OK,
            headers,
            body: Bytes::from_static(body),
        }
    }

    #[test]
    fn a_picture_is_known_by_its_bytes() {
        assert!(is_picture(&answer("image/png", b"\x89PNG\r\n")).is_ok());
        assert!(is_picture(&answer("image/webp", b"RIFF\0\0\0\0WEBPVP8 ")).is_ok());
        assert_eq!(
            is_picture(&answer("image/webp", b"\x89PNG\r\n")).unwrap_err(),
            "is image/png, but says `image/webp`"
        );
        assert_eq!(
            is_picture(&answer("image/webp", b"<html>")).unwrap_err(),
            "is no picture: `image/webp` with 6 bytes"
        );
    }

    #[test]
    fn a_slip_changes_the_longest_word_only() {
        assert_eq!(
            with_a_slip("Iron kettle"),
            "Iron ketlte".replace("ketlte", &with_a_slip("kettle"))
        );
        assert_ne!(with_a_slip("kettle"), "kettle");
        assert_eq!(with_a_slip("aa"), "aa");
        assert_eq!(with_a_slip(""), "");
    }

    #[test]
    fn a_heading_is_read_without_its_tags() {
        assert_eq!(plain(" Tea &amp; <em>more</em>\n"), "Tea & more");
        assert_eq!(
            between("<h1 class=x>A</h1>", "<h1", "</h1>"),
            Some(" class=x>A")
        );
    }
}
