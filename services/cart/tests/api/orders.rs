//! What somebody ordered leaves their cart, once.

use chassis::clock;
use contracts::{
    Currency, Money, OrderId, ProductId, UserId, VariantId, VendorId,
    orders::{Line, OrderPlaced, ShippingAddress},
};
use serde_json::Value;
use testkit::{Nats, eventually};
use uuid::Uuid;

use crate::{
    app::{Person, TestApp, contents, things},
    shop::Product,
};

/// The event that tells of an order of these things.
pub(crate) fn placed(person: &Person, things: &[(&Product, i32)]) -> OrderPlaced {
    let price = Money::from_minor(1250, Currency::Eur);
    let line = |(product, quantity): &(&Product, i32)| Line {
        product_id: ProductId(product.id.parse().unwrap()),
        variant_id: VariantId(product.variants[0].parse().unwrap()),
        vendor_id: VendorId::generate(),
        sku: "SKU".to_owned(),
        name: "Thing".to_owned(),
        quantity: *quantity,
        unit_price: price,
    };
    OrderPlaced {
        order_id: OrderId::generate(),
        version: 1,
        number: "A-1".to_owned(),
        user_id: UserId(person.id),
        email: "demo@example.com".to_owned(),
        total: price,
        lines: things.iter().map(line).collect(),
        shipping_address: ShippingAddress {
            recipient: None,
            street: "123 Main St".to_owned(),
            city: "London".to_owned(),
            state: None,
            zip_code: "SW1A".to_owned(),
            country: "UK".to_owned(),
        },
        placed_at: clock::now(),
    }
}

/// Waits until there are so many of the one thing in somebody's cart.
async fn until_left(person: &Person, quantity: i64) {
    eventually("the order has had its effect", || async {
        let cart = person.cart().await;
        (cart["itemCount"] == quantity).then_some(())
    })
    .await;
}

/// Waits until what was told before has been handled: so it has been when an order that was told after it has been.
async fn drain(app: &TestApp, nats: &Nats, product: &Product) {
    let last = app.person("customer");
    last.add(product, 1).await.expect(200);
    nats.tell("ORDERS", Uuid::now_v7(), &placed(&last, &[(product, 1)]))
        .await;
    until_left(&last, 0).await;
}

/// Of one person; others come and go.
async fn stored(app: &TestApp, person: &Person) -> Value {
    let mut connection = app.database.connect().await;
    sqlx::query_scalar(
        "select json_agg(json_build_array(c, l)) from carts c join cart_lines l on l.cart_id = c.id where user_id = $1",
    )
    .bind(person.id)
    .fetch_one(&mut connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn what_was_ordered_leaves_the_cart_and_nothing_else_does() {
    let nats = Nats::start();
    let app = TestApp::with_broker(nats.url()).await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    let pan = app.catalogue.product("Pan", "45").await;
    let (person, other) = (app.person("customer"), app.person("customer"));
    for product in [&mug, &pot, &pan] {
        person.add(product, 5).await.expect(200);
        other.add(product, 5).await.expect(200);
    }
    let untouched = other.cart().await;
    // Fewer than there are, as many, more; and of two orders in one batch.
    let first = placed(&person, &[(&mug, 2), (&pot, 5)]);
    let second = placed(&person, &[(&mug, 1), (&pan, 99)]);
    nats.tell("ORDERS", Uuid::now_v7(), &first).await;
    nats.tell("ORDERS", Uuid::now_v7(), &second).await;
    until_left(&person, 2).await;
    assert_eq!(contents(&person.cart().await), things(&[("Mug", 2)]));
    assert_eq!(other.cart().await, untouched);
}

#[tokio::test]
async fn the_same_event_twice_changes_nothing() {
    let nats = Nats::start();
    let app = TestApp::with_broker(nats.url()).await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    person.add(&mug, 9).await.expect(200);
    let (id, order) = (Uuid::now_v7(), placed(&person, &[(&mug, 2)]));
    nats.tell("ORDERS", id, &order).await;
    until_left(&person, 7).await;
    let after_one = stored(&app, &person).await;
    nats.tell("ORDERS", id, &order).await;
    drain(&app, &nats, &mug).await;
    assert_eq!(stored(&app, &person).await, after_one);
    assert_eq!(contents(&person.cart().await), things(&[("Mug", 7)]));
}

#[tokio::test]
async fn replaying_the_stream_from_its_start_changes_nothing() {
    let mut nats = Nats::start();
    let mut app = TestApp::with_broker(nats.url()).await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    person.add(&mug, 50).await.expect(200);
    let mut told = Vec::new();
    for quantity in 1..=5 {
        told.push((Uuid::now_v7(), placed(&person, &[(&mug, quantity)])));
    }
    for (id, order) in &told {
        nats.tell("ORDERS", *id, order).await;
    }
    until_left(&person, 50 - 15).await;
    person.add(&mug, 10).await.expect(200);
    let before = stored(&app, &person).await;
    // The broker forgets everything, and the publisher tells it all again.
    nats.kill();
    nats.forget();
    nats.resume();
    for (id, order) in &told {
        nats.tell("ORDERS", *id, order).await;
    }
    app.restart().await;
    drain(&app, &nats, &mug).await;
    assert_eq!(stored(&app, &person).await, before);
}

#[tokio::test]
async fn a_poison_message_is_put_aside_and_the_others_have_their_effect() {
    let nats = Nats::start();
    let app = TestApp::with_broker(nats.url()).await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let person = app.person("customer");
    person.add(&mug, 9).await.expect(200);
    let subject = "shop.orders.order_placed.v1";
    for poison in [
        &b"\x00\xff not JSON"[..],
        br#"{"specversion":"1.0","data":{}}"#,
    ] {
        nats.tell("ORDERS", Uuid::now_v7(), &placed(&person, &[(&mug, 1)]))
            .await;
        nats.publish("ORDERS", subject.to_owned(), poison.to_vec())
            .await;
    }
    drain(&app, &nats, &mug).await;
    assert_eq!(contents(&person.cart().await), things(&[("Mug", 7)]));
    let mut connection = app.database.connect().await;
    let letters: Value = sqlx::query_scalar("select json_agg(consumer) from dead_letter")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(
        letters,
        serde_json::json!(["cart_order_placed", "cart_order_placed"])
    );
}
