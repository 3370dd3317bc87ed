//! What a request belongs to: its trace, and its id.

use std::time::Duration;

use serde_json::Value;

use crate::app::{TestApp, allowance};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

async fn app() -> TestApp {
    TestApp::start(allowance(50, Duration::from_secs(1))).await
}

fn trace(traceparent: &Value) -> &str {
    traceparent.as_str().unwrap().split('-').nth(1).unwrap()
}

#[tokio::test]
async fn a_request_goes_on_in_the_trace_that_it_came_with_and_so_does_what_it_asks_of_others() {
    let app = app().await;
    let came = format!("00-{TRACE}-00f067aa0ba902b7-01");
    let headers = [
        ("traceparent", came.as_str()),
        ("x-request-id", "the-request"),
    ];
    let answer = app.get_with("/ask", &headers).await.expect(200).json();
    assert_eq!(trace(&answer["traceparent"]), TRACE);
    assert_ne!(answer["traceparent"], came, "it has a place of its own");
    let asked = &answer["asked"];
    assert_eq!(asked["traceparent"], answer["traceparent"], "is the parent");
    assert_eq!(asked["requestId"], "the-request");
    assert_eq!(asked["known"]["cause"], "the-request");
    assert_eq!(trace(&asked["known"]["traceparent"]), TRACE);
    assert_ne!(asked["known"]["traceparent"], answer["traceparent"]);
}

#[tokio::test]
async fn a_request_without_a_trace_or_with_nonsense_begins_one() {
    let app = app().await;
    let nonsense = format!("00-{}-00f067aa0ba902b7-01", TRACE.to_uppercase());
    let mut traces = std::collections::BTreeSet::new();
    for headers in [
        vec![],
        vec![("traceparent", nonsense.as_str())],
        vec![(
            "traceparent",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        )],
    ] {
        let answer = app.get_with("/asked", &headers).await.expect(200);
        let known = &answer.json()["known"];
        assert_eq!(known["cause"], answer.header("x-request-id"));
        traces.insert(trace(&known["traceparent"]).to_owned());
    }
    assert_eq!(traces.len(), 3);
    assert!(!traces.contains(TRACE));
}
