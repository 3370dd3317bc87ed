//! `GET` and `POST /checkout`.

use crate::{
    app::{App, Page},
    browser::{Browser, filled},
    fake_shop::RED,
    markup::check,
};

const ADDRESS: [(&str, &str); 4] = [
    ("street", "Speicherstadt 1"),
    ("zipCode", "20457"),
    ("city", "Hamburg"),
    ("country", "Germany"),
];

/// Somebody with something in their cart, at the checkout.
async fn at_checkout(app: &App) -> (Browser<'_>, Page) {
    let browser = Browser::new(app);
    browser.register("ada@example.com").await;
    browser.buy("/products/pot-3", "2").await;
    let page = browser.open("/checkout").await;
    (browser, page)
}

fn orders(app: &App) -> usize {
    app.shop.world().orders.len()
}

#[tokio::test]
async fn an_order_is_placed_confirmed_and_in_the_history() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    check("/checkout", &page);
    assert_eq!(
        page.texts(".checkout .choices-narrow strong"),
        ["Visa", "Klarna"]
    );
    let page = browser.submit(&page, "/checkout", &ADDRESS).await;
    assert_eq!(page.text("h1"), "Thank you, we have your order");
    assert_eq!(page.text(".sums-total dd"), "€20.00");
    assert!(page.text("address").contains("20457 Hamburg"));
    check("/orders/{order}/confirmation", &page);
    {
        let world = app.shop.world();
        assert_eq!(world.orders[0]["paymentMethod"], "pm_card_visa");
        assert_eq!(world.orders[0]["shippingAddress"]["country"], "Germany");
    }
    let page = browser.open("/orders").await;
    assert_eq!(page.texts(".order-head h2"), ["ARG-2026-000001"]);
    assert_eq!(page.text(".own-cart"), "Cart");
    check("/orders", &page);
}

#[tokio::test]
async fn sending_the_form_twice_is_one_order() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    let first = browser.submit(&page, "/checkout", &ADDRESS).await;
    let second = browser.submit(&page, "/checkout", &ADDRESS).await;
    assert_eq!(
        first.link("order ARG-2026-000001"),
        second.link("order ARG-2026-000001")
    );
    assert_eq!(orders(&app), 1);
}

#[tokio::test]
async fn both_of_two_that_are_sent_at_once_arrive_at_the_same_order() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    let (one, other) = tokio::join!(
        browser.submit(&page, "/checkout", &ADDRESS),
        browser.submit(&page, "/checkout", &ADDRESS)
    );
    assert_eq!(one.text("h1"), other.text("h1"));
    assert_eq!(orders(&app), 1);
}

#[tokio::test]
async fn going_back_after_the_order_orders_nothing() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    assert_eq!(page.headers["cache-control"], "no-store");
    browser.submit(&page, "/checkout", &ADDRESS).await;
    let back = browser.open("/checkout").await;
    assert_eq!(back.text("h1"), "Your cart");
    assert!(back.text(".flash").contains("nothing in your cart"));

    // A browser that kept the page: its key belongs to the order.
    let other = [
        ("street", "Elsewhere 2"),
        ADDRESS[1],
        ADDRESS[2],
        ADDRESS[3],
    ];
    let page = browser.submit(&page, "/checkout", &other).await;
    assert_eq!(page.text("h1"), "Your orders");
    assert!(page.text(".flash").contains("already placed"));
    assert_eq!(orders(&app), 1);
}

#[tokio::test]
async fn a_price_that_changes_meanwhile_is_shown_before_anything_is_ordered() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    app.shop.world().prices.insert(RED.to_owned(), 1199);
    let page = browser.submit(&page, "/checkout", &ADDRESS).await;
    assert_eq!(page.status, 409);
    assert!(page.text(".notice-danger").contains("A price has changed"));
    assert!(page.text(".line-notice").contains("€11.99 now"));
    assert_eq!(page.text(".sums-total dd"), "€23.98");
    assert_eq!(
        page.one("#street").attr("value"),
        Some("Speicherstadt 1"),
        "what was typed is kept"
    );
    assert_eq!(orders(&app), 0);
    let page = browser.submit(&page, "/checkout", &[]).await;
    assert_eq!(page.text("h1"), "Thank you, we have your order");
    assert_eq!(page.text(".sums-total dd"), "€23.98");
}

#[tokio::test]
async fn what_sells_out_meanwhile_is_named() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    app.shop.world().stock.insert(RED.to_owned(), 1);
    let page = browser.submit(&page, "/checkout", &ADDRESS).await;
    assert_eq!(page.status, 409);
    assert!(page.text(".notice-danger").contains("Somebody was faster"));
    assert_eq!(page.text(".line-notice"), "Only 1 are left.");
    assert_eq!(orders(&app), 0);
}

#[tokio::test]
async fn when_the_only_thing_sells_out_meanwhile_the_cart_says_that_somebody_was_faster() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    app.shop.world().stock.insert(RED.to_owned(), 0);
    let page = browser.submit(&page, "/checkout", &ADDRESS).await;
    assert_eq!(page.text("h1"), "Your cart");
    assert!(page.text(".flash").contains("Somebody was faster"));
    assert_eq!(orders(&app), 0);
}

#[tokio::test]
async fn an_address_is_checked_before_anything_is_ordered() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    let typed = [
        ("street", "<script>alert(1)</script>"),
        ("zipCode", "ABC"),
        ("country", "Germany"),
    ];
    let page = browser.submit(&page, "/checkout", &typed).await;
    assert_eq!(page.status, 422);
    assert_eq!(
        page.text("#zipCode-error"),
        "Postal code does not look like one of Germany, such as 20457."
    );
    assert_eq!(page.text("#city-error"), "Town must not be empty.");
    assert_eq!(
        page.one("#street").attr("value"),
        Some("<script>alert(1)</script>")
    );
    assert_eq!(page.all("script").len(), 1);
    check("/checkout", &page);
    assert_eq!(orders(&app), 0);
}

#[tokio::test]
async fn a_kept_address_is_offered_the_next_time() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    let typed = [&ADDRESS[..], &[("keep", "yes")]].concat();
    browser.submit(&page, "/checkout", &typed).await;
    browser.buy("/products/rake", "1").await;
    let page = browser.open("/checkout").await;
    assert_eq!(
        page.texts(".choice label").len(),
        4,
        "one address, another one, two ways to pay"
    );
    let page = browser.submit(&page, "/checkout", &[]).await;
    assert_eq!(page.text("h1"), "Thank you, we have your order");
    assert!(page.text("address").contains("Speicherstadt 1"));
}

#[tokio::test]
async fn while_orders_are_away_the_form_keeps_its_key_and_works_later() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    let key = |page: &Page| {
        page.one("input[name=key]")
            .attr("value")
            .unwrap()
            .to_owned()
    };
    let first = key(&page);
    app.shop.loses("orders");
    let page = browser.submit(&page, "/checkout", &ADDRESS).await;
    assert_eq!(page.status, 503);
    assert!(
        page.text(".notice-danger")
            .contains("it is never placed twice")
    );
    assert_eq!(key(&page), first);
    app.shop.finds("orders");
    let page = browser.submit(&page, "/checkout", &[]).await;
    assert_eq!(page.text("h1"), "Thank you, we have your order");
}

#[tokio::test]
async fn a_form_that_is_not_ours_is_no_order() {
    let app = App::start().await;
    let (browser, page) = at_checkout(&app).await;
    let mut fields = filled(&page, "/checkout", &ADDRESS);
    fields.retain(|(name, _)| name != "line");
    assert_eq!(browser.post("/checkout", &fields).await.status, 400);
    fields.push(("line".to_owned(), "<b> x 1 1 EUR".to_owned()));
    assert_eq!(browser.post("/checkout", &fields).await.status, 400);
    assert_eq!(orders(&app), 0);
}
