//! `GET /health`

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::Nats;
use tokio::net::TcpListener;

use crate::{
    app::App,
    fake_catalog::{FakeCatalog, Mood},
};

/// A port on which nobody listens.
async fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

async fn health(app: &App) -> Value {
    let answer = app.get("/health").await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["cache-control"], "no-store");
    answer.json().await.unwrap()
}

#[tokio::test]
async fn all_well_is_healthy_with_a_latency_each() {
    let other = FakeCatalog::start().await;
    let address = other.address;
    let yaml = format!(
        "timeout_ms: 1000\nchecks:\n  - {{ name: web, kind: http, url: 'http://{address}/livez' }}\n  - {{ name: port, kind: tcp, address: '{address}', required: false }}\n"
    );
    let app = App::start_with_health(&yaml).await;
    let body = health(&app).await;
    assert_eq!(body["status"], "healthy");
    for name in ["web", "port"] {
        assert_eq!(body["components"][name]["status"], "healthy", "{body}");
        assert!(body["components"][name]["latencyMs"].as_f64().unwrap() > 0.0);
        assert!(body["components"][name].get("reason").is_none());
    }
    assert!(body["checkedAt"].as_str().unwrap().ends_with('Z'));
    let word = app
        .request("GET", "/health")
        .header("accept", "text/plain")
        .send()
        .await
        .unwrap();
    assert_eq!(word.text().await.unwrap(), "healthy\n");
}

#[tokio::test]
async fn what_is_optional_degrades_and_what_is_required_makes_unhealthy() {
    let port = closed_port().await;
    for (required, expected) in [(false, "degraded"), (true, "unhealthy")] {
        let yaml = format!(
            "timeout_ms: 1000\nchecks: [{{ name: nats, kind: tcp, address: '127.0.0.1:{port}', required: {required} }}]\n"
        );
        let app = App::start_with_health(&yaml).await;
        let body = health(&app).await;
        assert_eq!(body["status"], expected);
        assert_eq!(body["components"]["nats"]["reason"], "connection refused");
    }
}

#[tokio::test]
async fn a_status_other_than_success_is_the_reason() {
    let other = FakeCatalog::start().await;
    other.becomes(Mood::Fails);
    let yaml = format!(
        "timeout_ms: 1000\nchecks: [{{ name: catalog, kind: http, url: 'http://{}/livez' }}]\n",
        other.address
    );
    let body = health(&App::start_with_health(&yaml).await).await;
    assert_eq!(
        body["components"]["catalog"]["reason"],
        "answered 500 Internal Server Error"
    );
}

#[tokio::test]
async fn hung_services_cost_one_timeout_together() {
    let hung = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = hung.local_addr().unwrap();
    let checks = (0..6)
        .map(|index| {
            format!("  - {{ name: hung-{index}, kind: http, url: 'http://{address}/' }}\n")
        })
        .collect::<Vec<_>>()
        .concat();
    let app = App::start_with_health(&format!("timeout_ms: 300\nchecks:\n{checks}")).await;
    let started = Instant::now();
    let body = health(&app).await;
    let took = started.elapsed();
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_millis(900),
        "{took:?}"
    );
    assert_eq!(body["status"], "unhealthy");
    for index in 0..6 {
        assert_eq!(
            body["components"][format!("hung-{index}")]["reason"],
            "no answer within 300 ms"
        );
    }
}

#[tokio::test]
async fn many_callers_share_one_round() {
    let other = FakeCatalog::start().await;
    let yaml = format!(
        "timeout_ms: 1000\nchecks: [{{ name: catalog, kind: http, url: 'http://{}/livez' }}]\n",
        other.address
    );
    let app = App::start_with_health(&yaml).await;
    let started = Instant::now();
    let answers = futures::future::join_all((0..50).map(|_| health(&app))).await;
    assert!(answers.iter().all(|answer| answer["status"] == "healthy"));
    let rounds = usize::try_from(started.elapsed().as_secs()).unwrap() + 1;
    assert!(
        other.times_asked("/livez") <= rounds,
        "{} questions",
        other.times_asked("/livez")
    );
}

#[tokio::test]
async fn a_round_is_not_repeated_because_its_caller_hung_up() {
    let hung = FakeCatalog::start().await;
    hung.becomes(Mood::Hangs);
    let yaml = format!(
        "timeout_ms: 5000\nchecks: [{{ name: catalog, kind: http, url: 'http://{}/livez' }}]\n",
        hung.address
    );
    let app = App::start_with_health(&yaml).await;
    for _ in 0..5 {
        let impatient = app
            .request("GET", "/health")
            .timeout(Duration::from_millis(100))
            .send()
            .await;
        assert!(impatient.unwrap_err().is_timeout());
    }
    assert_eq!(hung.times_asked("/livez"), 1);
}

#[tokio::test]
async fn a_server_is_well_when_it_speaks_its_protocol_and_not_when_it_only_accepts() {
    let nats = Nats::start();
    let broker = nats.url().replace("nats://", "");
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let silent = silent.local_addr().unwrap();
    let other = FakeCatalog::start().await;
    let yaml = format!(
        "timeout_ms: 300\nchecks:\n  - {{ name: nats, kind: nats, address: '{broker}' }}\n  - {{ name: hung-nats, kind: nats, address: '{silent}' }}\n  - {{ name: hung-postgres, kind: postgres, address: '{silent}' }}\n  - {{ name: no-postgres, kind: postgres, address: '{broker}' }}\n  - {{ name: s3, kind: s3, url: 'http://{}/nothing' }}\n",
        other.address
    );
    let body = health(&App::start_with_health(&yaml).await).await;
    let component = |name: &str| body["components"][name].clone();
    assert_eq!(component("nats")["status"], "healthy", "{body}");
    assert_eq!(component("s3")["status"], "healthy", "{body}");
    for name in ["hung-nats", "hung-postgres"] {
        assert_eq!(component(name)["reason"], "no answer within 300 ms");
    }
    assert_eq!(
        component("no-postgres")["reason"],
        "does not speak its protocol"
    );
}
