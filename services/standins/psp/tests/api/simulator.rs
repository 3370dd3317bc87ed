//! The simulator's own API: knobs, ledger, statistics, reset.

use http::Method;
use psp::MIGRATOR;
use serde_json::{Value, json};
use testkit::TestDatabase;

use crate::app::TestApp;

#[tokio::test]
async fn knobs_are_set_whole_and_outlive_the_process() {
    let database = TestDatabase::new(&MIGRATOR).await;
    let app = TestApp::on(database.clone(), None).await;
    let configured = app
        .anybody
        .get("/_simulator/knobs")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&configured["declineRate"], &configured["outage"]),
        (&json!(0.0), &json!("none"))
    );
    let set = app
        .set_knobs(json!({ "latencyMs": 7, "webhooks": { "delayMs": 5, "duplicate": true } }))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            &set["latencyMs"],
            &set["webhooks"]["delayMs"],
            &set["webhooks"]["duplicate"]
        ),
        (&json!(7), &json!(5), &json!(1.0))
    );
    drop(app);
    let app = TestApp::on(database, None).await;
    assert_eq!(
        app.anybody
            .get("/_simulator/knobs")
            .await
            .expect(200)
            .json(),
        set
    );
    let other = app.set_knobs(json!({ "seed": 3 })).await.expect(200).json();
    assert_eq!(
        (&other["latencyMs"], &other["seed"]),
        (&json!(0), &json!(3))
    );
    assert_eq!(
        app.anybody
            .delete("/_simulator/knobs")
            .await
            .expect(200)
            .json(),
        configured
    );
}

#[tokio::test]
async fn a_wrong_knob_is_named_and_changes_nothing() {
    let app = TestApp::start().await;
    let before = app
        .anybody
        .get("/_simulator/knobs")
        .await
        .expect(200)
        .json();
    for (knobs, field) in [
        (json!({ "declineRate": 1.5 }), "declineRate"),
        (json!({ "dropAnswerRate": -1 }), "dropAnswerRate"),
        (json!({ "latencyMs": 25_001 }), "latencyMs"),
        (
            json!({ "latencyMs": 20_000, "latencyJitterMs": 6_000 }),
            "latencyJitterMs",
        ),
        (json!({ "hangMs": -1 }), "hangMs"),
        (json!({ "outage": "maybe" }), "outage"),
        (
            json!({ "idempotencyKeySeconds": 0 }),
            "idempotencyKeySeconds",
        ),
        (
            json!({ "webhooks": { "duplicate": 2 } }),
            "webhooks.duplicate",
        ),
        (
            json!({ "webhooks": { "duplicate": "often" } }),
            "webhooks.duplicate",
        ),
        (json!({ "webhooks": { "retryMs": 0 } }), "webhooks.retryMs"),
        (json!({ "webhooks": { "late": 1 } }), "webhooks.late"),
        (json!({ "latency": 1 }), "latency"),
    ] {
        let fields = app
            .set_knobs(knobs.clone())
            .await
            .expect_problem(400, "invalid-request");
        assert_eq!(fields, [field], "{knobs}");
    }
    assert_eq!(
        app.anybody
            .get("/_simulator/knobs")
            .await
            .expect(200)
            .json(),
        before
    );
}

#[tokio::test]
async fn the_ledger_is_read_from_any_entry_and_only_added_to() {
    let database = TestDatabase::new(&MIGRATOR).await;
    let app = TestApp::on(database.clone(), None).await;
    for _ in 0..3 {
        app.paid().await;
    }
    let whole = app.ledger().await;
    let page = app
        .anybody
        .get("/_simulator/ledger?limit=2")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (&page["entries"], &page["hasMore"]),
        (&json!(whole[..2]), &json!(true))
    );
    let rest = format!("/_simulator/ledger?after={}", page["entries"][1]["entry"]);
    let rest = app.anybody.get(&rest).await.expect(200).json();
    assert_eq!(
        (&rest["entries"], &rest["hasMore"]),
        (&json!(whole[2..]), &json!(false))
    );
    for query in ["after=x", "limit=0", "limit=1001", "page=1"] {
        app.anybody
            .get(&format!("/_simulator/ledger?{query}"))
            .await
            .expect_problem(400, "invalid-request");
    }
    let mut connection = database.connect().await;
    for statement in ["update psp_ledger set amount = 1", "delete from psp_ledger"] {
        let error = sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("the ledger is only ever added to"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn statistics_count_and_a_reset_forgets() {
    let app = TestApp::start().await;
    app.set_knobs(json!({ "seed": 9 })).await.expect(200);
    let intent = app.paid().await;
    app.pay("pm_card_chargeDeclined", Some("key"))
        .await
        .expect(402);
    app.post(
        "/v1/refunds",
        &[("payment_intent", &intent), ("amount", "99")],
    )
    .await
    .expect(200);
    let statistics = app
        .anybody
        .get("/_simulator/statistics")
        .await
        .expect(200)
        .json();
    assert_eq!(
        statistics["ledger"],
        json!({ "charges": 1, "chargedMinor": 1299, "refunds": 1, "refundedMinor": 99 })
    );
    assert_eq!(
        statistics["paymentIntents"],
        json!({ "requires_payment_method": 1, "succeeded": 1 })
    );
    assert_eq!(statistics["faults"]["declined"], 1);

    app.anybody.post("/_simulator/reset", &()).await.expect(200);
    assert_eq!(app.ledger().await, [] as [Value; 0]);
    assert_eq!(app.happened("declined").await, 0);
    assert_eq!(
        app.anybody
            .get("/_simulator/knobs")
            .await
            .expect(200)
            .json()["seed"],
        0
    );
    let list = app.shop.get("/v1/payment_intents").await.expect(200).json();
    assert_eq!(list["data"], json!([]));
    let again = app
        .pay("pm_card_chargeDeclined", Some("key"))
        .await
        .expect(402);
    assert_eq!(again.header("idempotent-replayed"), "");
}

#[tokio::test]
async fn a_page_in_a_browser_cannot_forget_the_books() {
    let app = TestApp::start().await;
    app.paid().await;
    let from_a_page = app
        .anybody
        .send(Method::POST, "/_simulator/reset", |request| {
            request.header("origin", "http://elsewhere.example")
        });
    from_a_page.await.expect_problem(403, "forbidden");
    assert_eq!(app.ledger().await.len(), 1);
}

#[tokio::test]
async fn without_its_database_it_says_so_in_both_shapes() {
    let database = TestDatabase::new(&MIGRATOR).await;
    let app = TestApp::on(database.clone(), None).await;
    app.paid().await;
    database.take_away().await;
    let answer = app.pay("pm_card_visa", Some("key")).await;
    assert!(answer.status.is_server_error(), "{answer:?}");
    assert_eq!(answer.json()["error"]["type"], "api_error");
    app.anybody.get("/readyz").await.expect(503);
    let answer = app.anybody.get("/_simulator/ledger").await;
    answer.expect_problem(503, "unavailable");
    database.give_back().await;
    testkit::eventually("the database is back", || async {
        (app.pay("pm_card_visa", Some("key")).await.status.as_u16() == 200).then_some(())
    })
    .await;
    assert_eq!(app.ledger().await.len(), 2);
}
