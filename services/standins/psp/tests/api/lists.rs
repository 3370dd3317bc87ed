//! Lists: newest first, by pages.

use serde_json::{Value, json};

use crate::app::{TestApp, error};

fn ids(list: &Value) -> Vec<String> {
    let data = list["data"].as_array().unwrap();
    data.iter()
        .map(|object| object["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn every_intent_is_on_one_page() {
    let app = TestApp::start().await;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(app.paid().await);
    }
    made.reverse();
    let mut seen: Vec<String> = Vec::new();
    loop {
        let mut query = vec![("limit", "3")];
        if let Some(last) = seen.last() {
            query.push(("starting_after", last));
        }
        let page = app
            .shop
            .get_with("/v1/payment_intents", &query)
            .await
            .expect(200)
            .json();
        assert_eq!(
            (&page["object"], &page["url"]),
            (&json!("list"), &json!("/v1/payment_intents"))
        );
        let more = ids(&page);
        seen.extend(more);
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(seen, made);
}

#[tokio::test]
async fn a_list_may_begin_and_end_at_a_time() {
    let app = TestApp::start().await;
    let id = app.paid().await;
    let intent = app
        .shop
        .get(&format!("/v1/payment_intents/{id}"))
        .await
        .expect(200)
        .json();
    let created = intent["created"].as_i64().unwrap();
    for (bound, at, found) in [
        ("created[gte]", created, 1),
        ("created[gt]", created, 0),
        ("created[lte]", created, 1),
        ("created[lt]", created, 0),
        ("created", created, 1),
        ("created[gte]", created + 60, 0),
    ] {
        let list = app
            .shop
            .get_with("/v1/payment_intents", &[(bound, &at.to_string())])
            .await
            .expect(200)
            .json();
        assert_eq!(ids(&list).len(), found, "{bound}={at}");
    }
    let query = [("limit", "1"), ("expand[]", "data.latest_charge")];
    let list = app
        .shop
        .get_with("/v1/payment_intents", &query)
        .await
        .expect(200)
        .json();
    assert_eq!(list["data"][0]["latest_charge"]["amount_refunded"], 0);
}

#[tokio::test]
async fn events_are_listed_and_found() {
    let app = TestApp::start().await;
    let intent = app
        .pay("pm_card_visa", Some("key"))
        .await
        .expect(200)
        .json();
    app.post(
        "/v1/refunds",
        &[("payment_intent", intent["id"].as_str().unwrap())],
    )
    .await
    .expect(200);
    let list = app.shop.get("/v1/events").await.expect(200).json();
    let kinds: Vec<_> = list["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        [
            "refund.updated",
            "charge.refunded",
            "payment_intent.succeeded"
        ]
    );
    let succeeded = app
        .shop
        .get_with("/v1/events", &[("type", "payment_intent.succeeded")])
        .await
        .expect(200)
        .json();
    let event = &succeeded["data"][0];
    assert_eq!(event["data"]["object"], intent);
    assert_eq!(
        (&event["object"], &event["request"]["idempotency_key"]),
        (&json!("event"), &json!("key"))
    );
    let id = event["id"].as_str().unwrap();
    assert_eq!(
        app.shop
            .get(&format!("/v1/events/{id}"))
            .await
            .expect(200)
            .json(),
        *event
    );
    error(
        &app.shop.get("/v1/events/evt_nothing").await,
        404,
        "invalid_request_error",
    );
    let newest = list["data"][0]["id"].as_str().unwrap();
    let query = [("limit", "2"), ("starting_after", newest)];
    let page = app.shop.get_with("/v1/events", &query).await.expect(200);
    assert_eq!(ids(&page.json()), ids(&list)[1..]);
}

#[tokio::test]
async fn a_wrong_page_is_refused() {
    let app = TestApp::start().await;
    for list in ["payment_intents", "refunds", "events"] {
        let path = format!("/v1/{list}");
        for (name, value) in [
            ("limit", "0"),
            ("limit", "101"),
            ("limit", "x"),
            ("created[gte]", "-1"),
            ("page", "2"),
        ] {
            let answer = app.shop.get_with(&path, &[(name, value)]).await;
            assert_eq!(error(&answer, 400, "invalid_request_error")["param"], name);
        }
        let answer = app
            .shop
            .get_with(&path, &[("starting_after", "nothing")])
            .await;
        assert_eq!(
            error(&answer, 404, "invalid_request_error")["param"],
            "starting_after"
        );
    }
}
