//! Money that goes back: in part, in full, twice the same, too much, and in vain.

use contracts::payments::RefundFailed;
use futures::future::join_all;
use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Claims, Client, eventually};
use uuid::Uuid;

use crate::app::{TestApp, id, money, path, payment};

async fn refund(client: &Client, order: &Value, key: &str, body: Value) -> Answer {
    client
        .send(
            Method::POST,
            &format!("{}/refunds", path(order)),
            |request| request.header("idempotency-key", key).json(&body),
        )
        .await
}

#[tokio::test]
async fn a_part_goes_back_and_the_order_stays_paid() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    let body = json!({ "amount": "5.00", "reason": "a scratch", "version": 3 });
    let answer = refund(&app.admin, &order, "part", body)
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&answer["state"], &answer["amount"]["amount"]),
        (&json!("REQUESTED"), &json!("5.00"))
    );
    app.refunded(&order, &answer, 500).await;
    let now = app
        .wait_for(&order, |order| order["refunded"]["amount"] == "5.00")
        .await;
    assert_eq!(
        (&now["state"], &now["refunds"][0]["state"]),
        (&json!("PAID"), &json!("DONE"))
    );
    assert_eq!(now["version"], 5, "asking and its answer are a turn each");
    assert!(now["reason"].is_null());
    app.vendor
        .post(&format!("{}/ship", path(&order)), &json!({}))
        .await
        .expect(200);
}

#[tokio::test]
async fn all_of_it_goes_back_and_the_goods_return_to_the_shelf() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    assert_eq!(app.available(&product).await, 3);
    let answer = refund(
        &app.admin,
        &order,
        "all",
        json!({ "reason": "changed their mind" }),
    )
    .await
    .expect(201)
    .json();
    assert_eq!(answer["amount"], order["total"]);
    let now = app.wait_for(&order, |order| order["stock"] == "GONE").await;
    assert_eq!(now["state"], "CANCELLING", "it cannot be sent any more");
    app.vendor
        .post(&format!("{}/ship", path(&order)), &json!({}))
        .await
        .expect_problem(409, "order-state");
    assert_eq!(app.available(&product).await, 5);
    app.refunded(&order, &answer, 2_500).await;
    let now = app.wait_for_state(&order, "REFUNDED").await;
    assert_eq!(now["reason"], "changed their mind");
    assert_eq!(app.events(&order, "order_refunded").await.len(), 1);
}

#[tokio::test]
async fn money_for_what_was_sent_goes_back_without_the_goods() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    app.vendor
        .post(&format!("{}/ship", path(&order)), &json!({}))
        .await
        .expect(200);
    let answer = refund(
        &app.admin,
        &order,
        "sent",
        json!({ "reason": "lost by the carrier" }),
    )
    .await
    .expect(201)
    .json();
    app.refunded(&order, &answer, 2_500).await;
    let now = app.wait_for_state(&order, "REFUNDED").await;
    assert_eq!(now["stock"], "COMMITTED");
    assert_eq!(now["reason"], "lost by the carrier");
    assert_eq!(app.events(&order, "stock_release_requested").await.len(), 0);
}

#[tokio::test]
async fn the_same_refund_again_is_done_once_and_another_one_under_its_key_is_refused() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    let body = json!({ "amount": 5, "reason": "a scratch" });
    let first = refund(&app.admin, &order, "same", body.clone())
        .await
        .expect(201);
    let again = refund(&app.admin, &order, "same", body.clone())
        .await
        .expect(201);
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.json(), first.json());
    let other = json!({ "amount": 6, "reason": "a scratch" });
    let answer = refund(&app.admin, &order, "same", other).await;
    assert_eq!(
        answer.expect_problem(422, "idempotency-key-reused"),
        ["Idempotency-Key"]
    );
    assert_eq!(app.events(&order, "refund_requested").await.len(), 1);
    let twins = join_all((0..20).map(|_| refund(&app.admin, &order, "twins", body.clone()))).await;
    assert!(twins.iter().all(|twin| twin.status == 201));
    assert_eq!(app.number("select count(*) from refund").await, 2);
}

#[tokio::test]
async fn never_more_than_was_paid_goes_back_however_many_ask_at_once() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    let keys: Vec<String> = (0..12).map(|number| format!("race-{number}")).collect();
    let answers = join_all(keys.iter().map(|key| {
        refund(
            &app.admin,
            &order,
            key,
            json!({ "amount": 10, "reason": "race" }),
        )
    }))
    .await;
    let asked = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(asked, 2, "25.00 is two times 10.00 and a rest");
    let refused = answers.iter().find(|answer| answer.status != 201).unwrap();
    assert_eq!(refused.expect_problem(409, "refund-too-large"), ["amount"]);
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("5.00 EUR")
    );
    let rest = refund(&app.admin, &order, "rest", json!({ "reason": "all of it" }))
        .await
        .expect(201)
        .json();
    assert_eq!(rest["amount"]["amount"], "5.00");
    assert_eq!(app.get(&order).await["state"], "CANCELLING");
    let refunds = app.get(&order).await["refunds"].as_array().unwrap().clone();
    let mut total = 0;
    for refund in &refunds {
        total += money(&refund["amount"]).minor;
        app.refunded(&order, refund, total).await;
    }
    assert_eq!(total, 2_500);
    app.wait_for_state(&order, "REFUNDED").await;
}

#[tokio::test]
async fn a_refund_that_fails_can_be_asked_for_again() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    let first = refund(&app.admin, &order, "1", json!({ "reason": "broken" }))
        .await
        .expect(201)
        .json();
    let failed = RefundFailed {
        payment_id: payment(&order),
        version: 4,
        order_id: id(&order),
        refund_id: first["id"].as_str().unwrap().parse().unwrap(),
        amount: money(&first["amount"]),
        reason: "the card was closed".to_owned(),
    };
    app.tell("PAYMENTS", &failed).await;
    app.wait_for(&order, |order| order["refunds"][0]["state"] == "FAILED")
        .await;
    let second = refund(&app.admin, &order, "2", json!({ "reason": "broken" }))
        .await
        .expect(201)
        .json();
    app.refunded(&order, &second, 2_500).await;
    let now = app.wait_for_state(&order, "REFUNDED").await;
    assert_eq!(now["refunded"], order["total"]);
}

#[tokio::test]
async fn only_admins_and_whoever_has_the_permission_give_money_back() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.paid_order(&product, 2).await;
    let mut claims = serde_json::to_value(Claims::new(Uuid::new_v4(), "customer")).unwrap();
    claims["permissions"] = json!(["orders:refund"]);
    let support = app.anonymous.with_token(&app.issuer.sign(&claims));
    let body = json!({ "amount": 1, "reason": "goodwill" });
    for (client, status) in [
        (&app.anonymous, 401),
        (&app.customer, 403),
        (&app.vendor, 403),
        (&app.other_customer, 404),
        (&app.other_vendor, 404),
        (&support, 201),
        (&app.admin, 201),
    ] {
        refund(client, &order, "who", body.clone())
            .await
            .expect(status);
    }
    assert_eq!(app.number("select count(*) from refund").await, 2);
}

#[tokio::test]
async fn nonsense_is_refused_and_changes_nothing() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let (order, unpaid) = (
        app.paid_order(&product, 2).await,
        app.order(&product, 1).await,
    );
    let before = app.stored().await;
    for (body, field) in [
        (json!({}), "reason"),
        (json!({ "reason": "" }), "reason"),
        (json!({ "reason": "x".repeat(501) }), "reason"),
        (json!({ "reason": "x", "amount": 0 }), "amount"),
        (json!({ "reason": "x", "amount": -1 }), "amount"),
        (json!({ "reason": "x", "amount": "1.005" }), "amount"),
        (json!({ "reason": "x", "amount": true }), "amount"),
        (json!({ "reason": "x", "state": "DONE" }), "state"),
    ] {
        let answer = refund(&app.admin, &order, "bad", body).await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), [field]);
    }
    refund(
        &app.admin,
        &order,
        "much",
        json!({ "reason": "x", "amount": 1_000_000 }),
    )
    .await
    .expect_problem(409, "refund-too-large");
    refund(&app.admin, &unpaid, "none", json!({ "reason": "x" }))
        .await
        .expect_problem(409, "order-state");
    assert_eq!(app.stored().await, before);
    eventually("nothing is left to be told", || async {
        let unsent = app
            .number("select count(*) from outbox where stream_seq is null")
            .await;
        (unsent == 0).then_some(())
    })
    .await;
}
