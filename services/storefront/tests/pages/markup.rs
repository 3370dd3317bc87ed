//! What holds for every page, whatever it shows: valid HTML, headings in order, pictures with size and description, labelled
//! fields, links that lead somewhere, and a policy that forbids the rest.

use std::collections::{BTreeSet, VecDeque};

use crate::{
    app::{App, Page},
    fake_catalog::Mood,
};

const PAGES: [&str; 20] = [
    "/",
    "/about",
    "/categories/coffee",
    "/categories/coffee?attr.colour=Red&minPrice=12&sort=price",
    "/categories/coffee?minPrice=abc&maxPrice=-1",
    "/categories/coffee?after=24",
    "/categories/nowhere",
    "/search",
    "/search?q=pot",
    "/search?q=zzz",
    "/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E",
    "/products/pot-3?variant=POT-B",
    "/products/rake",
    "/products/none",
    "/cart",
    "/login?next=/checkout",
    "/register",
    "/forgotten-password",
    "/reset-password?code=of-a-mail",
    "/contact",
];

/// Every page as the app answers it now.
async fn pages(app: &App) -> Vec<(&'static str, Page)> {
    let mut pages = Vec::new();
    for path in PAGES {
        pages.push((path, app.page(path).await));
    }
    pages
}

pub(crate) fn check(path: &str, page: &Page) {
    assert!(
        page.html.errors.is_empty(),
        "{path}: {:?}",
        page.html.errors
    );
    assert_eq!(page.one("html").attr("lang"), Some("en"), "{path}");
    assert!(!page.text("title").is_empty(), "{path}");
    for landmark in ["header.masthead", "main#content", "footer"] {
        page.one(landmark);
    }
    assert_eq!(
        page.one("body > a").attr("href"),
        Some("#content"),
        "{path}: the skip link comes first"
    );
    assert!(
        page.all("style, [style], [onclick], iframe").is_empty(),
        "{path}: nothing inline"
    );
    check_script(path, page);
    check_headings(path, page);
    check_pictures(path, page);
    check_fields(path, page);
    check_ids(path, page);
}

/// The only script is ours, known by its hash and by this answer's own nonce.
fn check_script(path: &str, page: &Page) {
    let script = page.one("script");
    assert!(script.text().all(str::is_empty), "{path}");
    let integrity = script.attr("integrity").unwrap();
    assert!(integrity.starts_with("sha384-"), "{path}");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    let nonce = script.attr("nonce").unwrap();
    assert!(nonce.len() >= 32, "{path}: {nonce}");
    assert!(
        policy.contains(&format!("script-src 'nonce-{nonce}';")),
        "{path}"
    );
}

fn check_headings(path: &str, page: &Page) {
    page.one("h1");
    let levels: Vec<u32> = page
        .all("main :is(h1, h2, h3, h4, h5, h6)")
        .iter()
        .map(|heading| heading.value().name()[1..].parse().unwrap())
        .collect();
    assert_eq!(levels.first(), Some(&1), "{path}: {levels:?}");
    assert!(
        levels.windows(2).all(|pair| pair[1] <= pair[0] + 1),
        "{path} skips a level: {levels:?}"
    );
}

fn check_pictures(path: &str, page: &Page) {
    for picture in page.all("img") {
        for attribute in ["alt", "width", "height", "src"] {
            assert!(
                picture.attr(attribute).is_some(),
                "{path}: a picture without {attribute}: {}",
                picture.html()
            );
        }
        let source = picture.attr("src").unwrap();
        assert!(
            source.starts_with("/assets/") || source.starts_with("/images/"),
            "{path}: {source} is not of this site"
        );
    }
}

fn check_fields(path: &str, page: &Page) {
    for field in page.all("input:not([type=hidden]), select, textarea") {
        let id = field
            .attr("id")
            .unwrap_or_else(|| panic!("{path}: a field without an id: {}", field.html()));
        assert_eq!(
            page.all(&format!("label[for='{id}']")).len(),
            1,
            "{path}: {id} has no label"
        );
    }
}

fn check_ids(path: &str, page: &Page) {
    let ids: Vec<&str> = page
        .all("[id]")
        .iter()
        .map(|element| element.attr("id").unwrap())
        .collect();
    let distinct: BTreeSet<_> = ids.iter().collect();
    assert_eq!(ids.len(), distinct.len(), "{path} repeats an id: {ids:?}");
    for element in page.all("[aria-labelledby], [aria-describedby]") {
        let named = element
            .attr("aria-labelledby")
            .or(element.attr("aria-describedby"))
            .unwrap();
        assert!(ids.contains(&named), "{path}: nothing has the id {named}");
    }
}

#[tokio::test]
async fn every_page_is_valid_and_can_be_used_without_a_mouse_or_a_screen() {
    let app = App::start().await;
    for (path, page) in pages(&app).await {
        check(path, &page);
    }
}

#[tokio::test]
async fn pages_without_a_catalogue_are_as_valid() {
    let app = App::start().await;
    app.catalog.becomes(Mood::Fails);
    for (path, page) in pages(&app).await {
        check(path, &page);
    }
}

#[tokio::test]
async fn every_link_leads_to_a_page() {
    let app = App::start().await;
    let mut seen: BTreeSet<String> = PAGES
        .into_iter()
        .filter(|path| !path.contains("no"))
        .map(str::to_owned)
        .collect();
    let mut waiting: VecDeque<String> = seen.iter().cloned().collect();
    while let Some(path) = waiting.pop_front() {
        let page = app.page(&path).await;
        assert_eq!(page.status, 200, "{path}");
        for link in page.all("a") {
            let target = link.attr("href").unwrap();
            let (address, fragment) = target.split_once('#').unwrap_or((target, ""));
            if address.is_empty() {
                assert!(
                    page.all("[id]")
                        .iter()
                        .any(|element| element.attr("id") == Some(fragment)),
                    "{path} has no #{fragment}"
                );
            } else if seen.len() < 300 && seen.insert(address.to_owned()) {
                waiting.push_back(address.to_owned());
            }
        }
    }
    assert!(seen.len() > 60, "only {} addresses were found", seen.len());
}

#[tokio::test]
async fn links_with_a_fragment_arrive_at_something() {
    let app = App::start().await;
    for fragment in ["privacy", "accessibility", "flags"] {
        app.page("/about").await.one(&format!("#{fragment}"));
    }
}

#[tokio::test]
async fn every_answer_carries_the_policy_once() {
    let app = App::start().await;
    let others = [
        "/health",
        "/livez",
        "/readyz",
        "/metrics",
        "/assets/none.css",
        "/robots.txt",
        "/no/such/page",
    ];
    let mut nonces = BTreeSet::new();
    for mood in [Mood::Answers, Mood::Fails] {
        app.catalog.becomes(mood);
        for path in PAGES.into_iter().chain(others) {
            let answer = app.get(path).await;
            let policies: Vec<_> = answer
                .headers()
                .get_all("content-security-policy")
                .iter()
                .collect();
            assert_eq!(policies.len(), 1, "{path}");
            let policy = policies[0].to_str().unwrap();
            let (before, rest) = policy.split_once("script-src 'nonce-").unwrap();
            let (nonce, after) = rest.split_once("'; ").unwrap();
            assert_eq!(
                before,
                "default-src 'none'; img-src 'self'; style-src 'self'; "
            );
            assert_eq!(
                after,
                "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            );
            assert!(
                nonces.insert(nonce.to_owned()),
                "{path}: a nonce counts once"
            );
        }
    }
    let refused = app.request("POST", "/").send().await.unwrap();
    assert!(refused.headers().contains_key("content-security-policy"));
}

#[tokio::test]
async fn what_is_typed_comes_back_as_text() {
    let app = App::start().await;
    let page = app
        .page("/search?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
        .await;
    assert_eq!(
        page.one("#q").attr("value"),
        Some("\"><script>alert(1)</script>")
    );
    assert!(page.text("h1").contains("<script>"));
    assert_eq!(page.all("script").len(), 1, "only the shop's own");
}

#[tokio::test]
async fn pictures_come_in_three_widths_and_only_the_first_rows_at_once() {
    let app = App::start().await;
    let page = app.page("/categories/coffee").await;
    let pictures = page.all("img.card-picture");
    assert_eq!(pictures.len(), 24);
    let lazy = |picture: &scraper::ElementRef<'_>| picture.attr("loading") == Some("lazy");
    assert_eq!(pictures.iter().filter(|picture| !lazy(picture)).count(), 6);
    let expected =
        "/images/pot-0-320.webp 320w, /images/pot-0-640.webp 640w, /images/pot-0-1280.webp 1280w";
    assert_eq!(pictures[0].attr("srcset"), Some(expected));
    assert!(pictures[0].attr("sizes").is_some());
}
