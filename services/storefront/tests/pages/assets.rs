//! `GET /assets/{name}`

use std::collections::BTreeSet;

use crate::app::App;

#[tokio::test]
async fn every_asset_that_a_page_names_exists_with_its_type_and_may_be_kept_for_a_year() {
    let app = App::start().await;
    let mut addresses = BTreeSet::new();
    for path in ["/", "/about", "/nowhere"] {
        let page = app.page(path).await;
        for element in page.all("[src^='/assets/'], [href^='/assets/']") {
            addresses.insert(
                element
                    .attr("src")
                    .or(element.attr("href"))
                    .unwrap()
                    .to_owned(),
            );
        }
    }
    assert_eq!(
        addresses.len(),
        30,
        "the stylesheet, the script, the logo, the icon and 26 flags"
    );
    for address in addresses {
        let answer = app.get(&address).await;
        assert_eq!(answer.status(), 200, "{address}");
        let expected = if address.contains("/argosy.") {
            "text/css; charset=utf-8"
        } else if address.contains("/shop.") {
            "text/javascript; charset=utf-8"
        } else {
            "image/svg+xml"
        };
        assert_eq!(answer.headers()["content-type"], expected);
        assert_eq!(
            answer.headers()["cache-control"],
            "public, max-age=31536000, immutable"
        );
        assert!(!answer.text().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn other_names_are_not_found_and_not_kept() {
    let app = App::start().await;
    for name in ["argosy.css", "argosy.000000000000.css", "..%2FCargo.toml"] {
        let answer = app.get(&format!("/assets/{name}")).await;
        assert_eq!(answer.status(), 404, "{name}");
        assert_eq!(answer.headers()["cache-control"], "no-store", "{name}");
    }
}

#[tokio::test]
async fn the_style_sheet_asks_for_nothing_from_elsewhere() {
    let app = App::start().await;
    let page = app.page("/").await;
    let css = app
        .get(page.one("link[rel=stylesheet]").attr("href").unwrap())
        .await
        .text()
        .await
        .unwrap();
    for forbidden in ["http:", "https:", "@import", "@font-face", "url("] {
        assert!(!css.contains(forbidden), "{forbidden}");
    }
}
