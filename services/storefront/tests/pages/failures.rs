//! Pages for when something is wrong.

use std::time::{Duration, Instant};

use crate::{app::App, fake_catalog::Mood};

const SHOP: [&str; 4] = [
    "/",
    "/categories/coffee",
    "/search?q=pot",
    "/products/pot-1",
];

#[tokio::test]
async fn a_catalogue_that_fails_is_a_503_that_says_when_to_come_back() {
    let app = App::start().await;
    for mood in [Mood::Fails, Mood::Babbles] {
        app.catalog.becomes(mood);
        for path in SHOP {
            let page = app.page(path).await;
            assert_eq!(page.status, 503, "{path}");
            assert_eq!(page.headers["retry-after"], "5");
            assert_eq!(page.headers["cache-control"], "no-store");
            assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
            assert_eq!(page.text("h1"), "The shop cannot reach its shelves");
            let request_id = page.headers["x-request-id"].to_str().unwrap();
            assert_eq!(page.text(".adrift code"), request_id);
        }
    }
}

#[tokio::test]
async fn the_header_still_works_while_the_catalogue_is_away() {
    let app = App::start().await;
    app.page("/").await;
    app.catalog.becomes(Mood::Fails);
    let page = app.page("/search?q=pot").await;
    assert_eq!(page.status, 503);
    assert_eq!(page.texts(".departments-nav a"), ["Coffee & tea", "Garden"]);
    assert_eq!(app.page("/about").await.status, 200);
}

#[tokio::test]
async fn a_hung_catalogue_costs_two_seconds_however_many_are_waiting() {
    let app = App::start().await;
    app.catalog.becomes(Mood::Hangs);
    let started = Instant::now();
    let pages =
        futures::future::join_all(SHOP.iter().cycle().take(20).map(|path| app.page(path))).await;
    assert!(pages.iter().all(|page| page.status == 503));
    let took = started.elapsed();
    assert!(took < Duration::from_secs(4), "took {took:?}");
}

#[tokio::test]
async fn the_shop_is_back_as_soon_as_the_catalogue_is() {
    let app = App::start().await;
    app.catalog.becomes(Mood::Fails);
    assert_eq!(app.page("/products/pot-1").await.status, 503);
    app.catalog.becomes(Mood::Answers);
    assert_eq!(app.page("/products/pot-1").await.status, 200);
}

#[tokio::test]
async fn a_catalogue_that_never_answered_is_not_asked_by_every_request() {
    let app = App::start().await;
    app.catalog.becomes(Mood::Fails);
    for _ in 0..10 {
        app.page("/about").await;
    }
    assert!(
        app.catalog.times_asked("/api/categories") <= 2,
        "once a second at most"
    );
}

#[tokio::test]
async fn an_unknown_address_helps_and_names_the_request() {
    let app = App::start().await;
    for path in [
        "/no/such/page",
        "/categories",
        "/categories/coffee/",
        "/wp-login.php",
    ] {
        let page = app.page(path).await;
        assert_eq!(page.status, 404, "{path}");
        assert_eq!(page.link("Everything we carry"), "/search");
        assert_eq!(
            page.text(".adrift code"),
            page.headers["x-request-id"].to_str().unwrap()
        );
    }
}

#[tokio::test]
async fn pages_can_only_be_read() {
    let app = App::start().await;
    let answer = app
        .request("POST", "/search")
        .header("sec-fetch-site", "same-origin")
        .body("q=pot")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 405);
    assert_eq!(answer.headers()["allow"], "GET,HEAD");
    assert!(
        answer
            .text()
            .await
            .unwrap()
            .contains("This page can only be read")
    );
}

#[tokio::test]
async fn without_a_catalogue_the_storefront_stays_in_service() {
    let app = App::start().await;
    app.catalog.becomes(Mood::Fails);
    let answer = app.get("/readyz").await;
    assert_eq!(answer.status(), 200);
    let body: serde_json::Value = answer.json().await.unwrap();
    assert_eq!(
        (&body["checks"][0]["name"], &body["checks"][0]["ok"]),
        (&"catalog".into(), &false.into())
    );
}

#[tokio::test]
async fn pages_are_counted_by_route() {
    let app = App::start().await;
    app.page("/products/pot-1").await;
    let metrics = app.get("/metrics").await.text().await.unwrap();
    let series = r#"http_server_request_duration_seconds_count{http_request_method="GET",http_response_status_code="200",http_route="/products/{slug}"} 1"#;
    assert!(metrics.contains(series), "{metrics}");
}
