//! The real program ends at each of its fail-points, is started again, and nothing is lost or counted twice.

use serde_json::json;
use testkit::{Client, Nats, eventually};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{
    app::{TestApp, adding, contents, things},
    orders::placed,
    program::Program,
};

/// The exit code at a fail-point.
const CRASHED: Option<i32> = Some(137);

/// Sends a request to a program that ends before it answers.
async fn interrupted(client: &Client, path: &str, body: serde_json::Value) {
    let (client, path) = (client.clone(), path.to_owned());
    let mut sending = JoinSet::new();
    sending.spawn(async move { client.post(&path, &body).await });
    let outcome = sending.join_next().await.unwrap();
    assert!(outcome.is_err(), "there was an answer: {outcome:?}");
}

#[tokio::test]
async fn a_change_that_a_crash_interrupts_is_made_wholly_or_not_at_all() {
    for (failpoint, expected) in [("cart.after_open", 0), ("cart.after_change", 3)] {
        let app = TestApp::start().await;
        let mug = app.catalogue.product("Mug", "12.50").await;
        let person = app.person("customer");
        let mut crashing = Program::alone(&app, Some(failpoint)).await;
        let client = Client::new(&crashing.url).with_token(&person.token);
        interrupted(&client, "/api/cart/items", adding(&mug, 3)).await;
        assert_eq!(crashing.exit_code().await, CRASHED, "{failpoint}");
        assert_eq!(person.cart().await["itemCount"], expected, "{failpoint}");
        // And again.
        let cart = person.add(&mug, 3).await.expect(200).json();
        assert_eq!(cart["itemCount"], expected + 3, "{failpoint}");
    }
}

#[tokio::test]
async fn a_merge_that_a_crash_interrupts_is_asked_for_again_and_counts_once() {
    for failpoint in ["cart.before_merge_commit", "cart.after_change"] {
        let app = TestApp::start().await;
        let mug = app.catalogue.product("Mug", "12.50").await;
        app.stock.set(&mug, 50).await;
        let (person, browser) = (app.person("customer"), app.browser());
        person.add(&mug, 2).await.expect(200);
        browser.add(&mug, 3).await.expect(200);
        let cookie = format!("argosy_cart={}", browser.guest_cookie().unwrap());
        let mut crashing = Program::alone(&app, Some(failpoint)).await;
        let client = Client::new(&crashing.url).with_token(&person.token);
        let mut sending = JoinSet::new();
        sending.spawn(async move {
            client
                .send(http::Method::POST, "/api/cart/merge", |request| {
                    request.header("cookie", cookie)
                })
                .await
        });
        assert!(sending.join_next().await.unwrap().is_err());
        assert_eq!(crashing.exit_code().await, CRASHED, "{failpoint}");
        browser.sign_in(&person.token);
        let body = browser.merge().await.expect(200).json();
        assert_eq!(
            contents(&body["cart"]),
            things(&[("Mug", 5)]),
            "{failpoint}"
        );
    }
}

#[tokio::test]
async fn forgetting_goes_on_after_a_crash() {
    let app = TestApp::start().await;
    app.until_forgotten().await;
    let fill = "insert into carts (id, user_id, expires_at)
        select gen_random_uuid(), gen_random_uuid(), now() - interval '1 hour' from generate_series(1, 450)";
    app.execute(fill).await;
    let mut crashing = Program::alone(&app, Some("cart.after_forget:2")).await;
    assert_eq!(crashing.exit_code().await, CRASHED);
    let left = app.stored().await["carts"].as_array().unwrap().len();
    assert_eq!(left, 50);
    let _replica = Program::alone(&app, None).await;
    eventually("the rest is forgotten", || async {
        (app.stored().await == json!({ "carts": null, "lines": null })).then_some(())
    })
    .await;
}

#[tokio::test]
async fn an_order_that_a_crash_interrupts_has_its_effect_once() {
    for failpoint in [
        "consumer.after_fetch",
        "consumer.before_commit",
        "consumer.after_commit",
        "consumer.after_ack",
    ] {
        let nats = Nats::start();
        // Has no broker itself: only the program reads the stream.
        let app = TestApp::start().await;
        let mug = app.catalogue.product("Mug", "12.50").await;
        let person = app.person("customer");
        person.add(&mug, 9).await.expect(200);
        nats.tell("ORDERS", Uuid::now_v7(), &placed(&person, &[(&mug, 2)]))
            .await;
        let mut crashing = Program::start(&app, &nats.url(), Some(failpoint)).await;
        assert_eq!(crashing.exit_code().await, CRASHED, "{failpoint}");
        deliver_all_again(&nats).await;
        let _replica = Program::start(&app, &nats.url(), None).await;
        nats.tell("ORDERS", Uuid::now_v7(), &placed(&person, &[(&mug, 1)]))
            .await;
        eventually(failpoint, || async {
            let cart = person.cart().await;
            (contents(&cart) == things(&[("Mug", 6)])).then_some(())
        })
        .await;
    }
}

/// The broker forgets who has read what, and so delivers at once what it would deliver again after 30 s.
async fn deliver_all_again(nats: &Nats) {
    let client = async_nats::connect(nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("ORDERS")
        .await
        .unwrap();
    stream.delete_consumer("cart_order_placed").await.unwrap();
}
