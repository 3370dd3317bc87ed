//! `GET /`

use crate::app::App;

#[tokio::test]
async fn the_front_page_shows_departments_with_pictures_and_what_is_featured() {
    let app = App::start().await;
    let page = app.page("/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(page.texts(".department h3"), ["Coffee & tea", "Garden"]);
    assert_eq!(
        page.texts(".department .quiet"),
        ["30 products", "1 product"]
    );
    assert_eq!(page.all("img.department-picture").len(), 2);
    assert_eq!(page.all("[aria-labelledby=featured] .card").len(), 4);
    assert_eq!(page.link("Pot №0"), "/products/pot-0");
    let newest = page.texts("[aria-labelledby=newest] .card-name");
    assert_eq!(
        newest.first().map(String::as_str),
        Some("Pot №4"),
        "what is featured is not repeated"
    );
    assert!(
        page.text(".hero-lead")
            .starts_with("31 products in 2 departments")
    );
    assert_eq!(
        page.one("link[rel=canonical]").attr("href"),
        Some("https://shop.example/")
    );
}

#[tokio::test]
async fn departments_are_asked_for_once_and_then_remembered() {
    let app = App::start().await;
    for _ in 0..5 {
        assert_eq!(
            app.page("/about").await.texts(".departments-nav a"),
            ["Coffee & tea", "Garden"]
        );
    }
    assert_eq!(app.catalog.times_asked("/api/categories"), 1);
}

#[tokio::test]
async fn one_request_id_goes_all_the_way() {
    let app = App::start().await;
    let answer = app
        .request("GET", "/")
        .header("x-request-id", "0190a000-abcd")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.headers()["x-request-id"], "0190a000-abcd");
    let asked = app.catalog.asked();
    assert_eq!(asked.len(), 3);
    assert!(
        asked
            .iter()
            .all(|asked| asked.request_id.as_deref() == Some("0190a000-abcd")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn crawlers_are_told_what_to_leave_alone() {
    let app = App::start().await;
    let answer = app.get("/robots.txt").await;
    assert_eq!(
        answer.headers()["content-type"],
        "text/plain; charset=utf-8"
    );
    assert!(answer.text().await.unwrap().contains("Disallow: /search"));
}
