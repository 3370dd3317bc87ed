//! What each page serves while a part of the platform is away.

use crate::{app::App, browser::Browser, fake_catalog::Mood, markup::check};

#[tokio::test]
async fn without_the_inventory_a_product_has_no_badge_and_can_be_put_in() {
    let app = App::start().await;
    app.shop.loses("inventory");
    let browser = Browser::new(&app);
    assert!(
        browser
            .open("/products/pot-3")
            .await
            .all(".badge")
            .is_empty()
    );
    let page = browser.buy("/products/pot-3", "1").await;
    assert!(
        page.text("main")
            .contains("What is left in stock could not be looked up")
    );
    check("/cart", &page);
}

#[tokio::test]
async fn without_the_cart_only_the_cart_is_away() {
    let app = App::start().await;
    app.shop.loses("cart");
    let browser = Browser::new(&app);
    browser.register("ada@example.com").await;
    for path in ["/cart", "/checkout"] {
        let page = browser.open(path).await;
        assert_eq!(page.status, 503, "{path}");
        assert_eq!(page.text("h1"), "Your cart cannot be opened right now");
        assert_eq!(page.headers["retry-after"], "5");
        assert_eq!(
            page.text(".adrift code"),
            page.headers["x-request-id"].to_str().unwrap()
        );
        check(path, &page);
    }
    for path in ["/", "/products/pot-3", "/orders", "/account"] {
        assert_eq!(browser.open(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn without_orders_the_history_says_that_they_are_safe() {
    let app = App::start().await;
    app.shop.loses("orders");
    let browser = Browser::new(&app);
    browser.register("ada@example.com").await;
    let page = browser.open("/orders").await;
    assert_eq!(page.status, 503);
    assert_eq!(page.text("h1"), "Your orders cannot be shown right now");
}

#[tokio::test]
async fn without_identity_one_shops_as_a_guest_and_nobody_is_signed_out() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register("ada@example.com").await;
    app.shop.loses("identity");
    browser.cookies.lock().unwrap().remove("argosy_access");
    for path in ["/account", "/orders", "/cart"] {
        let page = browser.open(path).await;
        assert_eq!(page.status, 503, "{path}");
        assert_eq!(page.text("h1"), "Accounts cannot be reached right now");
    }
    assert_eq!(browser.open("/products/pot-3").await.status, 200);
    assert!(browser.cookie("argosy_refresh").is_some());

    let guest = Browser::new(&app);
    assert_eq!(guest.buy("/products/pot-3", "1").await.status, 200);
    let page = guest.open("/login").await;
    let page = guest
        .submit(&page, "/login", &[("email", "a@b.c"), ("password", "x")])
        .await;
    assert_eq!(page.status, 503);
    assert_eq!(page.text("h1"), "Accounts cannot be reached right now");
}

#[tokio::test]
async fn without_payments_and_the_address_book_an_order_can_still_be_placed() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register("ada@example.com").await;
    browser.buy("/products/pot-3", "1").await;
    app.shop.loses("payments");
    app.shop.loses("identity");
    let page = browser.open("/checkout").await;
    assert!(
        page.text(".notice-danger")
            .contains("The ways to pay cannot be listed")
    );
    let typed = [
        ("street", "Quay 1"),
        ("zipCode", "1010"),
        ("city", "Vienna"),
        ("country", "Austria"),
    ];
    let page = browser.submit(&page, "/checkout", &typed).await;
    assert_eq!(page.text("h1"), "Thank you, we have your order");
}

#[tokio::test]
async fn without_the_catalogue_the_cart_the_orders_and_the_account_are_there() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register("ada@example.com").await;
    browser.buy("/products/pot-3", "1").await;
    app.catalog.becomes(Mood::Fails);
    for path in ["/cart", "/checkout", "/orders", "/account", "/contact"] {
        let page = browser.open(path).await;
        assert_eq!(page.status, 200, "{path}");
        check(path, &page);
    }
}

#[tokio::test]
async fn without_notifications_a_return_can_be_asked_for_later() {
    let app = App::start().await;
    let browser = Browser::new(&app);
    browser.register("ada@example.com").await;
    app.shop.loses("notifications");
    assert_eq!(browser.open("/orders").await.status, 200);
    assert_eq!(browser.open("/contact").await.status, 200);
}

#[tokio::test]
async fn without_the_search_a_department_shows_its_goods_and_says_that_filters_are_away() {
    let app = App::start().await;
    app.catalog.becomes(Mood::FailsAt("/api/search"));
    let browser = Browser::new(&app);
    let page = browser.open("/categories/coffee?sort=price").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.all(".card").len(), 24);
    assert!(page.all(".facet").is_empty());
    assert!(
        page.text(".notice")
            .contains("The filters do not answer right now")
    );
    assert!(page.text(".sorts [aria-current]").contains("lowest first"));
    check("/categories/coffee", &page);
}

#[tokio::test]
async fn without_the_search_words_lead_to_everything_and_the_page_says_so() {
    let app = App::start().await;
    app.catalog.becomes(Mood::FailsAt("/api/search"));
    let browser = Browser::new(&app);
    let page = browser.open("/search?q=pot&sort=relevance").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.text("h1"), "Everything we carry");
    assert!(!page.all(".card").is_empty());
    assert!(
        page.text(".notice")
            .contains("The search does not answer right now")
    );
    check("/search", &page);
}

#[tokio::test]
async fn without_recommendations_a_product_is_sold_as_ever() {
    let app = App::start().await;
    app.catalog.becomes(Mood::FailsAt("/api/products"));
    let browser = Browser::new(&app);
    let page = browser.open("/products/pot-3").await;
    assert_eq!(page.status, 200);
    assert!(page.all(".related").is_empty());
    check("/products/pot-3", &page);
    assert_eq!(browser.buy("/products/pot-3", "1").await.status, 200);
}
