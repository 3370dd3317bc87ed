//! Intents: made, confirmed, declined, cancelled, settled.

use serde_json::{Value, json};
use testkit::{Client, eventually};

use crate::app::{Form, TestApp, charge_of, error};

const INTENTS: &str = "/v1/payment_intents";

/// Parameters, and the one of them that is wrong.
const WRONG: &[(Form<'_>, &str)] = &[
    (&[("currency", "eur")], "amount"),
    (&[("amount", "100")], "currency"),
    (&[("amount", "0"), ("currency", "eur")], "amount"),
    (&[("amount", "-1"), ("currency", "eur")], "amount"),
    (&[("amount", "1.5"), ("currency", "eur")], "amount"),
    (&[("amount", "100000000"), ("currency", "eur")], "amount"),
    (&[("amount", "100"), ("currency", "xyz")], "currency"),
    (
        &[
            ("amount", "100"),
            ("currency", "eur"),
            ("payment_method", "card"),
        ],
        "payment_method",
    ),
    (
        &[("amount", "100"), ("currency", "eur"), ("confirm", "yes")],
        "confirm",
    ),
    (
        &[
            ("amount", "100"),
            ("currency", "eur"),
            ("capture_method", "manual"),
        ],
        "capture_method",
    ),
    (
        &[
            ("amount", "100"),
            ("currency", "eur"),
            ("payment_method_types[]", "shells"),
        ],
        "payment_method_types",
    ),
    (
        &[
            ("amount", "100"),
            ("currency", "eur"),
            ("payment_method_types[]", "paypal"),
            ("payment_method", "pm_card_visa"),
        ],
        "payment_method",
    ),
    (
        &[("amount", "100"), ("currency", "eur"), ("amuont", "1")],
        "amuont",
    ),
];

async fn create(app: &TestApp, more: Form<'_>) -> Value {
    let form = [&[("amount", "1299"), ("currency", "EUR")], more].concat();
    app.post(INTENTS, &form).await.expect(200).json()
}

fn path(intent: &Value, action: &str) -> String {
    format!("{INTENTS}/{}{action}", intent["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_intent_is_made_then_confirmed_and_the_money_is_in_the_ledger() {
    let app = TestApp::start().await;
    let made = create(
        &app,
        &[
            ("metadata[order_id]", "7"),
            ("description", "Order 7"),
            ("payment_method_types[]", "card"),
        ],
    )
    .await;
    assert_eq!(made["object"], "payment_intent");
    assert_eq!(made["status"], "requires_payment_method");
    assert_eq!(
        (&made["amount"], &made["amount_received"]),
        (&json!(1299), &json!(0))
    );
    assert_eq!(
        (&made["currency"], &made["livemode"]),
        (&json!("eur"), &json!(false))
    );
    assert_eq!(made["metadata"], json!({ "order_id": "7" }));
    assert_eq!(made["payment_method_types"], json!(["card"]));
    assert_eq!(app.ledger().await, [] as [Value; 0]);

    let paid = app
        .post(
            &path(&made, "/confirm"),
            &[("payment_method", "pm_card_visa")],
        )
        .await
        .expect(200)
        .json();
    assert_eq!(paid["status"], "succeeded");
    assert_eq!(paid["amount_received"], 1299);
    let ledger = app.ledger().await;
    assert_eq!(ledger.len(), 1);
    let entry = &ledger[0];
    assert_eq!(
        json!({ "amount": entry["amount"], "reference": entry["reference"], "intent": entry["paymentIntent"] }),
        charge_of(&paid)
    );
    assert_eq!(
        (&entry["kind"], &entry["metadata"]["order_id"]),
        (&json!("charge"), &json!("7"))
    );
    assert_eq!(
        app.shop.get(&path(&made, "")).await.expect(200).json(),
        paid
    );
}

#[tokio::test]
async fn a_declined_card_is_a_402_and_another_card_may_follow() {
    let app = TestApp::start().await;
    let answer = app
        .pay("pm_card_visa_chargeDeclinedInsufficientFunds", None)
        .await;
    let declined = error(&answer, 402, "card_error");
    assert_eq!(
        (&declined["code"], &declined["decline_code"]),
        (&json!("card_declined"), &json!("insufficient_funds"))
    );
    let intent = &declined["payment_intent"];
    assert_eq!(
        (&intent["status"], &intent["payment_method"]),
        (&json!("requires_payment_method"), &Value::Null)
    );
    assert_eq!(
        intent["last_payment_error"]["decline_code"],
        "insufficient_funds"
    );
    assert_eq!(intent["last_payment_error"]["type"], "card_error");
    let charge = declined["charge"].as_str().unwrap();
    let charge = app
        .shop
        .get(&format!("/v1/charges/{charge}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&charge["status"], &charge["failure_code"]),
        (&json!("failed"), &json!("card_declined"))
    );
    assert!(app.ledger().await.is_empty());

    let paid = app
        .post(
            &path(intent, "/confirm"),
            &[("payment_method", "pm_card_mastercard")],
        )
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&paid["status"], &paid["last_payment_error"]),
        (&json!("succeeded"), &Value::Null)
    );
    assert_eq!(app.ledger().await.len(), 1);
}

#[tokio::test]
async fn the_decline_rate_is_for_methods_without_a_habit() {
    let app = TestApp::start().await;
    app.pay("pm_saved", None).await.expect(200);
    app.set_knobs(json!({ "declineRate": 1 })).await.expect(200);
    assert_eq!(
        error(&app.pay("pm_saved", None).await, 402, "card_error")["decline_code"],
        "generic_decline"
    );
    app.pay("pm_card_visa", None).await.expect(200);
    assert_eq!(app.happened("declined").await, 1);
}

#[tokio::test]
async fn what_has_ended_cannot_be_confirmed_or_cancelled() {
    let app = TestApp::start().await;
    let paid = json!({ "id": app.paid().await });
    for action in ["/confirm", "/cancel"] {
        let refusal = error(
            &app.post(&path(&paid, action), &[]).await,
            400,
            "invalid_request_error",
        );
        assert_eq!(refusal["code"], "payment_intent_unexpected_state");
        assert_eq!(refusal["payment_intent"]["status"], "succeeded");
    }
    let made = create(&app, &[("payment_method", "pm_card_visa")]).await;
    assert_eq!(made["status"], "requires_confirmation");
    let reason = [("cancellation_reason", "abandoned")];
    let canceled = app
        .post(&path(&made, "/cancel"), &reason)
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&canceled["status"], &canceled["cancellation_reason"]),
        (&json!("canceled"), &json!("abandoned"))
    );
    assert!(canceled["canceled_at"].is_i64());
    for action in ["/confirm", "/cancel"] {
        let refusal = error(
            &app.post(&path(&made, action), &[]).await,
            400,
            "invalid_request_error",
        );
        assert_eq!(refusal["code"], "payment_intent_unexpected_state");
    }
    assert_eq!(app.ledger().await.len(), 1);
}

#[tokio::test]
async fn a_direct_debit_takes_its_time() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "settlementMs": 200, "declineRate": 0 }))
        .await
        .expect(200);
    let good = app.pay("pm_sepa_debit", None).await.expect(200).json();
    assert_eq!(
        (&good["status"], &good["amount_received"]),
        (&json!("processing"), &json!(0))
    );
    error(
        &app.post(&path(&good, "/cancel"), &[]).await,
        400,
        "invalid_request_error",
    );
    app.set_knobs(json!({ "settlementMs": 200, "declineRate": 1 }))
        .await
        .expect(200);
    let bad = app.pay("pm_sepa_debit", None).await.expect(200).json();
    assert_eq!(bad["status"], "processing");

    let good = ended(&app.shop, &good).await;
    assert_eq!(
        (&good["status"], &good["amount_received"]),
        (&json!("succeeded"), &json!(1299))
    );
    let bad = ended(&app.shop, &bad).await;
    assert_eq!(bad["status"], "requires_payment_method");
    assert_eq!(bad["last_payment_error"]["code"], "card_declined");
    let ledger = app.ledger().await;
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger[0]["paymentIntent"], good["id"]);
}

async fn ended(shop: &Client, intent: &Value) -> Value {
    eventually("the debit has settled", || async {
        let intent = shop.get(&path(intent, "")).await.expect(200).json();
        (intent["status"] != "processing").then_some(intent)
    })
    .await
}

#[tokio::test]
async fn the_latest_charge_comes_along_when_it_is_asked_for() {
    let app = TestApp::start().await;
    let paid = json!({ "id": app.paid().await });
    let expanded = app
        .shop
        .get_with(&path(&paid, ""), &[("expand[]", "latest_charge")])
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &expanded["latest_charge"]["object"],
            &expanded["latest_charge"]["paid"]
        ),
        (&json!("charge"), &json!(true))
    );
    let refusal = app
        .shop
        .get_with(&path(&paid, ""), &[("expand[]", "customer")])
        .await;
    assert_eq!(
        error(&refusal, 400, "invalid_request_error")["param"],
        "expand"
    );
}

#[tokio::test]
async fn a_wrong_parameter_is_named_and_nothing_is_made() {
    let app = TestApp::start().await;
    for (form, param) in WRONG {
        let answer = app.post(INTENTS, form).await;
        assert_eq!(
            error(&answer, 400, "invalid_request_error")["param"],
            *param,
            "{form:?}"
        );
    }
    let long = "x".repeat(501);
    let answer = app
        .post(
            INTENTS,
            &[("amount", "1"), ("currency", "eur"), ("metadata[a]", &long)],
        )
        .await;
    assert_eq!(
        error(&answer, 400, "invalid_request_error")["param"],
        "metadata[a]"
    );
    let nothing_to_charge = app
        .post(
            INTENTS,
            &[("amount", "1"), ("currency", "eur"), ("confirm", "true")],
        )
        .await;
    assert_eq!(
        error(&nothing_to_charge, 400, "invalid_request_error")["code"],
        "payment_intent_unexpected_state"
    );
    let list = app.shop.get(INTENTS).await.expect(200).json();
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn what_is_not_there_or_not_understood_is_refused_in_the_same_shape() {
    let app = TestApp::start().await;
    for (answer, status) in [
        (app.shop.get("/v1/payment_intents/pi_nothing").await, 404),
        (app.shop.get("/v1/charges/ch_nothing").await, 404),
        (
            app.post("/v1/payment_intents/pi_nothing/confirm", &[])
                .await,
            404,
        ),
        (
            app.post("/v1/payment_intents/pi_nothing/cancel", &[]).await,
            404,
        ),
    ] {
        assert_eq!(
            error(&answer, status, "invalid_request_error")["code"],
            "resource_missing"
        );
    }
    let json = app.shop.post(INTENTS, &json!({ "amount": 100 })).await;
    assert!(
        error(&json, 400, "invalid_request_error")["message"]
            .as_str()
            .unwrap()
            .contains("x-www-form-urlencoded")
    );
    for answer in [
        app.shop.get("/v1/nothing").await,
        app.shop.delete(INTENTS).await,
    ] {
        let refusal = error(&answer, 404, "invalid_request_error");
        assert!(
            refusal["message"]
                .as_str()
                .unwrap()
                .starts_with("Unrecognized request URL")
        );
    }
    let nul = app
        .post(
            INTENTS,
            &[("amount", "1"), ("currency", "eur"), ("metadata[a]", "\0")],
        )
        .await;
    error(&nul, 400, "invalid_request_error");
}
