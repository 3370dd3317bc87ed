//! Refunds: full, partial, never too much.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{TestApp, error};

const REFUNDS: &str = "/v1/refunds";

#[tokio::test]
async fn parts_are_refunded_until_nothing_is_left() {
    let app = TestApp::start().await;
    let intent = app.paid().await;
    let part = [
        ("payment_intent", intent.as_str()),
        ("amount", "300"),
        ("reason", "requested_by_customer"),
        ("metadata[refund]", "1"),
    ];
    let first = app.post(REFUNDS, &part).await.expect(200).json();
    assert_eq!(
        (&first["object"], &first["status"]),
        (&json!("refund"), &json!("succeeded"))
    );
    assert_eq!(
        (&first["amount"], &first["currency"]),
        (&json!(300), &json!("eur"))
    );
    assert_eq!(
        (&first["payment_intent"], &first["metadata"]),
        (&json!(intent), &json!({ "refund": "1" }))
    );
    let id = first["id"].as_str().unwrap();
    assert_eq!(
        app.shop
            .get(&format!("{REFUNDS}/{id}"))
            .await
            .expect(200)
            .json(),
        first
    );

    let rest = app
        .post(REFUNDS, &[("payment_intent", &intent)])
        .await
        .expect(200)
        .json();
    assert_eq!(rest["amount"], 999);
    let charge = first["charge"].as_str().unwrap();
    let charge = app
        .shop
        .get(&format!("/v1/charges/{charge}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&charge["amount_refunded"], &charge["refunded"]),
        (&json!(1299), &json!(true))
    );
    let of_intent = app
        .shop
        .get_with(REFUNDS, &[("payment_intent", &intent)])
        .await
        .expect(200)
        .json();
    assert_eq!(of_intent["data"], json!([rest, first]));
    let moved: Vec<Value> = app
        .ledger()
        .await
        .iter()
        .map(|entry| json!([entry["kind"], entry["amount"]]))
        .collect();
    assert_eq!(
        moved,
        [
            json!(["charge", 1299]),
            json!(["refund", 300]),
            json!(["refund", 999])
        ]
    );
}

#[tokio::test]
async fn more_than_is_left_is_refused() {
    let app = TestApp::start().await;
    let intent = app.paid().await;
    app.post(REFUNDS, &[("payment_intent", &intent), ("amount", "300")])
        .await
        .expect(200);
    let too_much = app
        .post(REFUNDS, &[("payment_intent", &intent), ("amount", "1000")])
        .await;
    let refusal = error(&too_much, 400, "invalid_request_error");
    assert_eq!(refusal["param"], "amount");
    assert_eq!(
        refusal["message"],
        "Refund amount (10.00 EUR) is greater than unrefunded amount on charge (9.99 EUR)"
    );

    app.post(REFUNDS, &[("payment_intent", &intent)])
        .await
        .expect(200);
    let again = error(
        &app.post(REFUNDS, &[("payment_intent", &intent)]).await,
        400,
        "invalid_request_error",
    );
    assert_eq!(again["code"], "charge_already_refunded");

    assert_eq!(app.ledger().await.len(), 3);
}

#[tokio::test]
async fn what_was_not_charged_cannot_be_refunded() {
    let app = TestApp::start().await;
    let declined = error(
        &app.pay("pm_card_chargeDeclined", None).await,
        402,
        "card_error",
    );
    let intent = declined["payment_intent"]["id"].as_str().unwrap();
    let refusal = error(
        &app.post(REFUNDS, &[("payment_intent", intent)]).await,
        400,
        "invalid_request_error",
    );
    assert!(
        refusal["message"]
            .as_str()
            .unwrap()
            .contains("does not have a successful charge to refund")
    );
    for (form, code) in [
        (vec![("payment_intent", "pi_nothing")], "resource_missing"),
        (vec![("charge", "ch_nothing")], "resource_missing"),
    ] {
        assert_eq!(
            error(
                &app.post(REFUNDS, &form).await,
                404,
                "invalid_request_error"
            )["code"],
            code
        );
    }
    for form in [
        vec![],
        vec![("payment_intent", intent), ("charge", "ch_nothing")],
        vec![("payment_intent", intent), ("amount", "0")],
        vec![("payment_intent", intent), ("reason", "whim")],
    ] {
        error(
            &app.post(REFUNDS, &form).await,
            400,
            "invalid_request_error",
        );
    }
    error(
        &app.shop.get("/v1/refunds/re_nothing").await,
        404,
        "invalid_request_error",
    );
    assert!(app.ledger().await.is_empty());
}

#[tokio::test]
async fn refunds_that_race_never_exceed_what_was_charged() {
    let app = TestApp::start().await;
    let intent = app.paid().await;
    let form = [("payment_intent", intent.as_str()), ("amount", "400")];
    let answers = join_all((0..20).map(|_| app.post(REFUNDS, &form))).await;
    let granted = answers
        .iter()
        .filter(|answer| answer.status.as_u16() == 200)
        .count();
    assert_eq!(granted, 3, "of 1299, 400 go back three times");
    let refunded: i64 = app
        .ledger()
        .await
        .iter()
        .filter(|entry| entry["kind"] == "refund")
        .map(|entry| entry["amount"].as_i64().unwrap())
        .sum();
    assert_eq!(refunded, 1200);
}

#[tokio::test]
async fn a_refund_may_name_the_charge() {
    let app = TestApp::start().await;
    let paid = app.pay("pm_card_visa", None).await.expect(200).json();
    let charge = paid["latest_charge"].as_str().unwrap();
    let refund = app
        .post(REFUNDS, &[("charge", charge)])
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&refund["payment_intent"], &refund["amount"]),
        (&paid["id"], &json!(1299))
    );
}
