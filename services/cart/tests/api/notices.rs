//! What a cart says of things that have changed, and of services that cannot be asked.

use std::time::Instant;

use serde_json::{Value, json};
use testkit::eventually;

use crate::app::{Person, TestApp, contents, notices, things};

/// What the catalogue and inventory said a moment ago is remembered for a few seconds.
async fn until(person: &Person, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    eventually(what, || async {
        Some(person.cart().await).filter(|cart| is_so(cart))
    })
    .await
}

#[tokio::test]
async fn a_changed_price_counts_and_the_old_one_is_said() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    app.stock.set(&mug, 50).await;
    let person = app.person("customer");
    let cart = person.add(&mug, 2).await.expect(200).json();
    assert_eq!(notices(&cart), Vec::<&str>::new());
    app.catalogue.reprice(&mug, "14").await;
    let cart = until(&person, "the new price is shown", |cart| {
        cart["lines"][0]["unitPrice"]["amount"] == "14.00"
    })
    .await;
    assert_eq!(notices(&cart), ["price_changed"]);
    let line = &cart["lines"][0];
    assert_eq!(line["unitPriceWhenAdded"]["amount"], "12.50");
    assert_eq!(
        line["notices"][0]["message"],
        "The price was 12.50 EUR when you put it in, and is 14.00 EUR now."
    );
    assert_eq!(cart["subtotal"]["amount"], "28.00");
    // Whoever puts in more of it has seen the new price.
    let cart = person.add(&mug, 1).await.expect(200).json();
    assert_eq!(notices(&cart), Vec::<&str>::new());
    assert_eq!(cart["lines"][0]["unitPriceWhenAdded"]["amount"], "14.00");
}

#[tokio::test]
async fn what_is_sold_out_or_nearly_so_is_said_and_can_be_put_in_all_the_same() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    // Nobody has put any on a shelf yet.
    let cart = person.add(&mug, 7).await.expect(200).json();
    assert_eq!(notices(&cart), ["out_of_stock"]);
    assert_eq!(cart["lines"][0]["available"], 0);
    app.stock.set(&mug, 6).await;
    let cart = until(&person, "there are six", |cart| {
        cart["lines"][0]["available"] == 6
    })
    .await;
    assert_eq!(notices(&cart), ["only_n_left"]);
    assert_eq!(cart["lines"][0]["notices"][0]["message"], "Only 6 left.");
    app.stock.set(&mug, 700).await;
    let cart = until(&person, "there are plenty", |cart| {
        cart["lines"][0]["available"] == 700
    })
    .await;
    assert_eq!(notices(&cart), Vec::<&str>::new());
    app.stock.set(&mug, 0).await;
    until(&person, "all are sold", |cart| {
        notices(cart) == ["out_of_stock"]
    })
    .await;
}

#[tokio::test]
async fn what_left_the_shop_is_said_and_no_longer_counts() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    let person = app.person("customer");
    person.add(&mug, 2).await.expect(200);
    person.add(&pot, 1).await.expect(200);
    app.catalogue.archive(&mug).await;
    let cart = until(&person, "the mug is gone", |cart| {
        notices(cart) == ["no_longer_sold"]
    })
    .await;
    assert_eq!(contents(&cart), things(&[("Mug", 2), ("Pot", 1)]));
    assert_eq!(cart["subtotal"]["amount"], "30.00");
    let fields = person
        .add(&mug, 1)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["productId"]);
}

#[tokio::test]
async fn without_the_catalogue_the_cart_shows_what_it_last_heard_and_takes_nothing_new() {
    let mut app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    app.stock.set(&mug, 50).await;
    let person = app.person("customer");
    person.add(&mug, 2).await.expect(200);
    app.catalogue.reprice(&mug, "14").await;
    until(&person, "the new price is shown", |cart| {
        cart["lines"][0]["unitPrice"]["amount"] == "14.00"
    })
    .await;
    app.catalogue.go_away().await;
    app.restart().await;
    let client = app.anonymous.with_token(&person.token);
    let person = Person { client, ..person };
    let cart = person.cart().await;
    assert_eq!(cart["degraded"], json!(["catalog"]));
    assert_eq!(contents(&cart), things(&[("Mug", 2)]));
    assert_eq!(
        cart["lines"][0]["unitPrice"]["amount"], "14.00",
        "it was kept when it was heard"
    );
    assert_eq!(notices(&cart), ["price_changed"]);
    let answer = person.add(&mug, 1).await;
    answer.expect_problem(503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    // What needs no catalogue goes on.
    let path = format!("/api/cart/items/{}", mug.variants[0]);
    let body = json!({ "quantity": 5 });
    let set = person
        .client
        .send(http::Method::PUT, &path, |request| request.json(&body))
        .await;
    assert_eq!(set.expect(200).json()["itemCount"], 5);
    person.client.delete(&path).await.expect(200);
}

#[tokio::test]
async fn without_inventory_things_are_put_in_and_what_is_left_is_not_said() {
    let mut app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    app.stock.go_away().await;
    let person = app.person("customer");
    let cart = person.add(&mug, 2).await.expect(200).json();
    assert_eq!(cart["degraded"], json!(["inventory"]));
    assert_eq!(cart["lines"][0]["available"], Value::Null);
    assert_eq!(notices(&cart), Vec::<&str>::new());
}

#[tokio::test]
async fn a_service_that_never_answers_is_not_waited_for() {
    let mut app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    app.stock.go_away().await;
    // Takes connections at the same address, and says nothing.
    let address = app.stock.url.trim_start_matches("http://").to_owned();
    let silent = eventually("the address is free", || async {
        tokio::net::TcpListener::bind(&address).await.ok()
    })
    .await;
    let started = Instant::now();
    let cart = person.add(&mug, 2).await.expect(200).json();
    assert_eq!(cart["degraded"], json!(["inventory"]));
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    drop(silent);
}
