//! Waiting for an order to change.

use std::time::{Duration, Instant};

use testkit::eventually;

use crate::app::{TestApp, path};

/// Less than this is "at once", also on a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(15);

#[tokio::test]
async fn whoever_waits_is_answered_when_the_order_changes() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let began = Instant::now();
    let address = format!("{}?after_version=1", path(&order));
    let (answer, ()) = futures::join!(app.customer.get(&address), async {
        eventually("the request waits", || async {
            let active = app
                .metric("http_server_active_requests{http_request_method=\"GET\"} ")
                .await;
            // The scrape itself is one.
            (active >= 2).then_some(())
        })
        .await;
        app.started(&order).await;
    });
    let changed = answer.expect(200).json();
    assert_eq!(
        (&changed["state"], &changed["version"]),
        (&"PAYMENT_PENDING".into(), &2.into())
    );
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_change_that_another_replica_made_is_noticed() {
    let mut app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let replica = app.replica().await;
    let there = app.customer_at(&replica);
    let began = Instant::now();
    let address = format!("{}?after_version=1", path(&order));
    let cancel = format!("{}/cancel", path(&order));
    let (answer, ()) = futures::join!(there.get(&address), async {
        let metrics = |text: String| {
            text.contains("http_server_active_requests{http_request_method=\"GET\"} 2")
        };
        eventually("the request waits", || async {
            let scrape = replica.get("/metrics").await;
            metrics(String::from_utf8_lossy(&scrape.body).into_owned()).then_some(())
        })
        .await;
        app.customer
            .post(&cancel, &serde_json::json!({}))
            .await
            .expect(200);
    });
    assert_eq!(answer.expect(200).json()["state"], "CANCELLING");
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_is_newer_already_is_answered_at_once() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let began = Instant::now();
    let answer = app
        .customer
        .get(&format!("{}?after_version=0", path(&order)))
        .await
        .expect(200);
    assert_eq!(answer.json()["version"], 1);
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn at_the_end_of_the_process_whoever_waits_is_answered() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    let address = format!("{}?after_version=1", path(&order));
    let began = Instant::now();
    let (answer, ()) = futures::join!(app.customer.get(&address), async {
        eventually("the request waits", || async {
            let active = app
                .metric("http_server_active_requests{http_request_method=\"GET\"} ")
                .await;
            (active >= 2).then_some(())
        })
        .await;
        app.process.shutdown.cancel();
    });
    assert_eq!(answer.expect(200).json()["version"], 1);
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn a_version_is_a_whole_number() {
    let app = TestApp::start().await;
    let product = app.product(5).await;
    let order = app.order(&product, 1).await;
    for (query, field) in [
        ("after_version=x", "after_version"),
        ("after_version=-1", "after_version"),
        ("after_version=", "after_version"),
        ("wait=1", "wait"),
    ] {
        let answer = app.customer.get(&format!("{}?{query}", path(&order))).await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), [field]);
    }
    app.other_customer
        .get(&format!("{}?after_version=1", path(&order)))
        .await
        .expect_problem(404, "not-found");
}
