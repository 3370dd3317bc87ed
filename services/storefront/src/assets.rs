//! Stylesheet, script, logo, favicon and flags, compiled into the binary and served under names that contain their hash.
//!
//! A changed file has another name, so that a browser may keep what it has for a year and still never shows an old
//! page's style on a new page.

use std::{collections::BTreeMap, fmt::Write as _};

use axum::{
    extract::{Path, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use sha2::{Digest as _, Sha256, Sha384};

use crate::Storefront;

const STYLESHEET: [&str; 10] = [
    include_str!("../assets/css/1-tokens.css"),
    include_str!("../assets/css/2-base.css"),
    include_str!("../assets/css/3-frame.css"),
    include_str!("../assets/css/4-parts.css"),
    include_str!("../assets/css/5-listing.css"),
    include_str!("../assets/css/6-pages.css"),
    include_str!("../assets/css/7-forms.css"),
    include_str!("../assets/css/7-own.css"),
    include_str!("../assets/css/8-office.css"),
    include_str!("../assets/css/9-print.css"),
];

/// `("a", the drawing of flag A)` for each letter.
macro_rules! flags {
    ($($letter:literal)+) => { [$(($letter, include_str!(concat!("../assets/flags/", $letter, ".svg")))),+] };
}

const FLAGS: [(&str, &str); 26] = flags!["a" "b" "c" "d" "e" "f" "g" "h" "i" "j" "k" "l" "m" "n" "o" "p" "q" "r" "s" "t" "u" "v" "w" "x" "y" "z"];

const CSS: HeaderValue = HeaderValue::from_static("text/css; charset=utf-8");
const JAVASCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=utf-8");
const SVG: HeaderValue = HeaderValue::from_static("image/svg+xml");
const A_YEAR: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");

/// One file as it is served.
#[derive(Debug, Clone)]
struct Asset {
    content_type: HeaderValue,
    content: String,
}

/// All assets, by plain name (for templates) and by served name (for requests).
#[derive(Debug)]
pub struct Assets {
    by_served_name: BTreeMap<String, Asset>,
    served_names: BTreeMap<String, String>,
}

impl Assets {
    /// Hashes what was compiled in.
    pub fn embedded() -> Self {
        let mut assets = Self {
            by_served_name: BTreeMap::new(),
            served_names: BTreeMap::new(),
        };
        assets.add("argosy.css", CSS, STYLESHEET.join("\n"));
        assets.add(
            "shop.js",
            JAVASCRIPT,
            include_str!("../assets/shop.js").to_owned(),
        );
        assets.add(
            "logo.svg",
            SVG,
            include_str!("../assets/logo.svg").to_owned(),
        );
        assets.add(
            "favicon.svg",
            SVG,
            include_str!("../assets/favicon.svg").to_owned(),
        );
        for (letter, drawing) in FLAGS {
            assets.add(&format!("flag-{letter}.svg"), SVG, drawing.to_owned());
        }
        assets
    }

    /// The address of the asset with this plain name, such as `/assets/logo.0a1b2c3d4e5f.svg`.
    pub fn url(&self, name: &str) -> Option<String> {
        self.served_names
            .get(name)
            .map(|served| format!("/assets/{served}"))
    }

    /// What the asset's content must hash to, as browsers want to be told.
    pub fn integrity(&self, name: &str) -> Option<String> {
        let asset = self.by_served_name.get(self.served_names.get(name)?)?;
        let digest = BASE64.encode(Sha384::digest(&asset.content));
        Some(format!("sha384-{digest}"))
    }

    fn add(&mut self, name: &str, content_type: HeaderValue, content: String) {
        let (stem, extension) = name
            .rsplit_once('.')
            .expect("BUG: an asset's name has an extension");
        let served = format!("{stem}.{}.{extension}", fingerprint(&content));
        self.served_names.insert(name.to_owned(), served.clone());
        self.by_served_name.insert(
            served,
            Asset {
                content_type,
                content,
            },
        );
    }
}

/// The first 48 bits of the SHA-256: far more than tells the few versions of one file apart.
fn fingerprint(content: &str) -> String {
    Sha256::digest(content)
        .iter()
        .take(6)
        .fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").expect("BUG: writing to a string cannot fail");
            text
        })
}

/// `GET /assets/{name}`
pub(crate) async fn asset(
    State(storefront): State<Storefront>,
    Path(name): Path<String>,
) -> Response {
    match storefront.assets().by_served_name.get(&name) {
        Some(asset) => {
            let headers = [
                (header::CONTENT_TYPE, asset.content_type.clone()),
                (header::CACHE_CONTROL, A_YEAR),
            ];
            (headers, asset.content.clone()).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
