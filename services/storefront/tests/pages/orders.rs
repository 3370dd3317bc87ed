//! `GET /orders/{order}`, and what can be asked for an order.

use crate::{app::App, browser::Browser, markup::check};

/// Somebody who has ordered, and the address of their order.
async fn with_order(app: &App) -> (Browser<'_>, String) {
    let browser = Browser::new(app);
    browser.register("ada@example.com").await;
    browser.buy("/products/pot-3", "2").await;
    let page = browser.open("/checkout").await;
    let typed = [
        ("street", "Quay 1"),
        ("zipCode", "20457"),
        ("city", "Hamburg"),
        ("country", "Germany"),
    ];
    browser.submit(&page, "/checkout", &typed).await;
    let id = app.shop.world().orders[0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    (browser, format!("/orders/{id}"))
}

fn becomes(app: &App, state: &str) {
    app.shop.world().orders[0]["state"] = state.into();
}

#[tokio::test]
async fn each_state_of_an_order_is_a_page_that_says_what_it_means() {
    let app = App::start().await;
    let (browser, path) = with_order(&app).await;
    for (state, word, looks_again) in [
        ("PENDING", "Placed", Some("4")),
        ("PAYMENT_PENDING", "Being paid", Some("4")),
        ("PAID", "Paid", Some("120")),
        ("SHIPPED", "On its way", Some("120")),
        ("DELIVERED", "Delivered", None),
        ("CANCELLING", "Being cancelled", Some("4")),
        ("CANCELLED", "Cancelled", None),
        ("FAILED", "Not paid", None),
        ("REFUNDED", "Refunded", None),
    ] {
        becomes(&app, state);
        let page = browser.open(&path).await;
        assert_eq!(page.text("#status"), word);
        let refresh = page.source.contains("http-equiv=\"refresh\"");
        assert_eq!(refresh, looks_again.is_some(), "{state}");
        if let Some(seconds) = looks_again {
            assert!(
                page.source
                    .contains(&format!("content=\"{seconds}\"></noscript>"))
            );
        }
        check(&path, &page);
    }
}

#[tokio::test]
async fn an_order_is_cancelled_as_long_as_it_is_not_paid() {
    let app = App::start().await;
    let (browser, path) = with_order(&app).await;
    let page = browser.open(&path).await;
    let cancel = format!("{path}/cancel");
    becomes(&app, "PAID");
    let late = browser.submit(&page, &cancel, &[]).await;
    assert!(late.text(".flash").contains("has moved on"));
    becomes(&app, "PENDING");
    let page = browser.submit(&page, &cancel, &[]).await;
    assert!(page.text(".flash").contains("is being cancelled"));
    assert_eq!(page.text("#status"), "Being cancelled");
    assert!(!page.source.contains(&cancel), "not offered twice");
}

#[tokio::test]
async fn a_return_is_asked_for_with_a_reason() {
    let app = App::start().await;
    let (browser, path) = with_order(&app).await;
    becomes(&app, "DELIVERED");
    let page = browser.open(&path).await;
    let action = format!("{path}/return");
    let refused = browser.submit(&page, &action, &[("message", " ")]).await;
    assert_eq!(refused.status, 422);
    assert_eq!(
        refused.text("#message-error"),
        "Your reason must not be empty."
    );
    let reason = [("message", "The lid <b>leaks</b>.")];
    let page = browser.submit(&page, &action, &reason).await;
    assert!(page.text(".flash").contains("We have your return request"));
    let message = app.shop.world().messages[0].clone();
    assert_eq!(message["topic"], "return");
    assert_eq!(message["orderNumber"], "ARG-2026-000001");
    assert_eq!(message["text"], "The lid <b>leaks</b>.");
}

#[tokio::test]
async fn somebody_elses_order_is_none() {
    let app = App::start().await;
    let (_, path) = with_order(&app).await;
    let stranger = Browser::new(&app);
    stranger.register("mallory@example.com").await;
    for path in [
        path.clone(),
        format!("{path}/confirmation"),
        "/orders/none".to_owned(),
        "/orders/..%2Fcart".to_owned(),
    ] {
        let page = stranger.open(&path).await;
        assert_eq!(page.status, 404, "{path}");
        assert!(page.text("main").contains("no such order in your account"));
    }
    for change in ["cancel", "return"] {
        let fields = [("message".to_owned(), "mine".to_owned())];
        let page = stranger.post(&format!("{path}/{change}"), &fields).await;
        assert_eq!(page.status, 404, "{change}");
    }
    assert_eq!(app.shop.world().orders[0]["state"], "PENDING");
    assert!(app.shop.world().messages.is_empty());
}

#[tokio::test]
async fn a_link_in_a_mail_leads_to_the_order_after_signing_in() {
    let app = App::start().await;
    let (_, path) = with_order(&app).await;
    let other_device = Browser::new(&app);
    let page = other_device.open(&path).await;
    let typed = [("email", "ada@example.com"), ("password", "correct horse")];
    let page = other_device.submit(&page, "/login", &typed).await;
    assert_eq!(page.text("h1"), "Order ARG-2026-000001");
}

#[tokio::test]
async fn the_lines_of_an_order_lead_to_their_products() {
    let app = App::start().await;
    let (browser, path) = with_order(&app).await;
    let page = browser.open(&path).await;
    assert_eq!(page.link("Pot <№3>"), "/products/pot-3");
    let list = browser.open("/orders").await;
    assert_eq!(
        list.text(".order-card summary"),
        "1 line of order ARG-2026-000001"
    );
    assert_eq!(list.link("ARG-2026-000001"), path);
}
