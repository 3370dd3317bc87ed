//! How much one client may ask.

use std::time::{Duration, Instant};

use testkit::Answer;

use crate::app::{TestApp, allowance};

const SOMEBODY: &str = "203.0.113.7";
const SOMEBODY_ELSE: &str = "203.0.113.8";

fn retry_after(answer: &Answer) -> Duration {
    Duration::from_secs(answer.header("retry-after").parse().unwrap())
}

/// A service that has just refused this client.
async fn exhausted(address: &str) -> TestApp {
    let app = TestApp::start(allowance(3, Duration::from_hours(1))).await;
    for _ in 0..3 {
        app.get_for(address, "/").await.expect(200);
    }
    app.get_for(address, "/").await.expect(429);
    app
}

#[tokio::test]
async fn one_too_many_is_a_429_that_says_when_to_come_back_and_then_it_is_true() {
    let app = TestApp::start(allowance(3, Duration::from_millis(1500))).await;
    for left in [2, 1, 0] {
        let answer = app.get_for(SOMEBODY, "/").await.expect(200);
        let standing = answer.header("ratelimit");
        assert!(
            standing.starts_with(&format!("\"default\";r={left};t=")),
            "{standing}"
        );
        assert_eq!(answer.header("ratelimit-policy"), "\"default\";q=3;w=5");
    }
    let refused = app.get_for(SOMEBODY, "/").await;
    let came = Instant::now();
    refused.expect_problem(429, "rate-limited");
    assert_eq!(refused.header("cache-control"), "no-store");
    assert!(
        refused
            .header("ratelimit")
            .starts_with("\"default\";r=0;t=")
    );
    let wait = retry_after(&refused);
    assert!((1..=2).contains(&wait.as_secs()), "{wait:?}");
    testkit::eventually("the time that it says is over", || async {
        (came.elapsed() >= wait).then_some(())
    })
    .await;
    app.get_for(SOMEBODY, "/").await.expect(200);
}

#[tokio::test]
async fn another_client_is_not_affected() {
    let app = exhausted(SOMEBODY).await;
    app.get_for(SOMEBODY_ELSE, "/").await.expect(200);
}

#[tokio::test]
async fn what_a_client_says_of_itself_does_not_help() {
    let app = exhausted(SOMEBODY).await;
    for forged in ["198.51.100.1", "198.51.100.2, 127.0.0.1"] {
        let list = format!("{forged}, {SOMEBODY}");
        app.get_for(&list, "/").await.expect(429);
        let headers = [("x-forwarded-for", forged), ("x-forwarded-for", SOMEBODY)];
        app.get_with("/", &headers).await.expect(429);
    }
    let internal = [("x-forwarded-for", SOMEBODY), ("x-real-ip", SOMEBODY_ELSE)];
    app.get_with("/", &internal).await.expect(429);
}

#[tokio::test]
async fn a_network_of_ipv6_is_one_client_however_many_addresses_it_has() {
    let app = exhausted("2001:db8:1:2::1").await;
    app.get_for("2001:db8:1:2:ffff::9", "/").await.expect(429);
    app.get_for("2001:db8:1:3::1", "/").await.expect(200);
}

#[tokio::test]
async fn who_does_not_come_through_the_edge_is_never_refused() {
    let app = exhausted(SOMEBODY).await;
    for _ in 0..20 {
        let answer = app.client.get("/").await.expect(200);
        assert_eq!(answer.header("ratelimit"), "");
    }
    for path in ["/livez", "/readyz", "/metrics", "/free"] {
        app.get_for(SOMEBODY, path).await.expect(200);
    }
}

#[tokio::test]
async fn looking_for_addresses_that_are_not_there_counts_as_well() {
    let app = TestApp::start(allowance(3, Duration::from_hours(1))).await;
    for _ in 0..3 {
        let answer = app.get_for(SOMEBODY, "/not-here").await;
        answer.expect_problem(404, "not-found");
    }
    let refused = app.get_for(SOMEBODY, "/neither").await;
    refused.expect_problem(429, "rate-limited");
}

#[tokio::test]
async fn a_route_with_a_rule_of_its_own_is_counted_by_itself() {
    let app = TestApp::start(allowance(3, Duration::from_hours(1))).await;
    app.get_for(SOMEBODY, "/strict").await.expect(200);
    let refused = app.get_for(SOMEBODY, "/strict").await;
    refused.expect_problem(429, "rate-limited");
    assert_eq!(refused.header("ratelimit-policy"), "\"strict\";q=1;w=60");
    app.get_for(SOMEBODY, "/").await.expect(200);
    app.get_for(SOMEBODY_ELSE, "/strict").await.expect(200);
}

#[tokio::test]
async fn refusals_are_counted_by_route() {
    let app = exhausted(SOMEBODY).await;
    app.get_for(SOMEBODY, "/strict").await.expect(200);
    app.get_for(SOMEBODY, "/strict").await.expect(429);
    let scrape = app.client.get("/metrics").await.expect(200);
    let text = String::from_utf8_lossy(&scrape.body).into_owned();
    for line in [
        "rate_limited_total{route=\"/\"} 1",
        "rate_limited_total{route=\"/strict\"} 1",
        "rate_limited_total{route=\"_OTHER\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}");
    }
}
