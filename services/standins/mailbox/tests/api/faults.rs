//! Faults on request.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::server::Server;

#[tokio::test]
async fn mails_are_refused_as_asked_and_then_accepted_again() {
    let server = Server::start();
    assert_eq!(
        server
            .put("/api/v1/faults", json!({ "reject": 451 }))
            .await
            .0,
        200
    );
    let mut dialogue = server.dial();
    dialogue.greet();
    for _ in 0..3 {
        dialogue.expect("MAIL FROM:<a@b.c>", "451 4.3.0");
    }
    assert_eq!(
        server
            .request(Method::DELETE, "/api/v1/faults")
            .await
            .status(),
        200
    );
    dialogue.transfer("ada@example.com", "Subject: 1\r\n\r\n1\r\n");
    assert_eq!(
        server.json("/api/v1/faults").await["reject"],
        serde_json::Value::Null
    );
}

#[tokio::test]
async fn a_fault_can_be_for_a_number_of_times_and_at_any_stage() {
    let server = Server::start();
    server
        .put(
            "/api/v1/faults",
            json!({ "reject": 552, "stage": "message", "times": 1 }),
        )
        .await;
    let mut dialogue = server.dial();
    dialogue.greet();
    dialogue.expect("MAIL FROM:<a@b.c>", "250");
    dialogue.expect("RCPT TO:<d@e.f>", "250");
    dialogue.expect("DATA", "354");
    dialogue.expect("Subject: 1\r\n\r\n1\r\n.", "552 5.3.0");
    dialogue.transfer("ada@example.com", "Subject: 2\r\n\r\n2\r\n");
    assert_eq!(server.json("/api/v1/messages").await["total"], 1);

    server
        .put(
            "/api/v1/faults",
            json!({ "reject": 550, "stage": "recipient", "times": 1 }),
        )
        .await;
    dialogue.expect("MAIL FROM:<a@b.c>", "250");
    dialogue.expect("RCPT TO:<d@e.f>", "550");
    server
        .put(
            "/api/v1/faults",
            json!({ "reject": 421, "stage": "connect" }),
        )
        .await;
    let mut refused = server.dial();
    assert!(refused.read().starts_with("421"));
    assert_eq!(refused.read(), "", "the connection is still open");
}

#[tokio::test]
async fn an_answer_can_be_lost_after_the_mail_is_safe() {
    let server = Server::start();
    server
        .put(
            "/api/v1/faults",
            json!({ "reject": 451, "stage": "acknowledgement", "times": 1 }),
        )
        .await;
    let mut dialogue = server.dial();
    dialogue.greet();
    dialogue.expect("MAIL FROM:<a@b.c>", "250");
    dialogue.expect("RCPT TO:<ada@example.com>", "250");
    dialogue.expect("DATA", "354");
    assert_eq!(dialogue.say("Subject: twice\r\n\r\n1\r\n."), "");
    server
        .dial()
        .deliver("ada@example.com", "Subject: twice\r\n\r\n1\r\n");
    assert_eq!(
        server.json("/api/v1/messages?to=ada@example.com").await["count"],
        2
    );
}

#[tokio::test]
async fn answers_can_be_slowed_down() {
    let server = Server::start();
    server
        .put("/api/v1/faults", json!({ "delayMs": 400 }))
        .await;
    let mut dialogue = server.dial();
    dialogue.greet();
    let started = Instant::now();
    dialogue.expect("MAIL FROM:<a@b.c>", "250");
    assert!(started.elapsed() >= Duration::from_millis(400));
}

#[tokio::test]
async fn faults_that_make_no_sense_are_refused() {
    let server = Server::start();
    for (fault, expected) in [
        (json!({ "reject": 250 }), "expected a code from 400 to 599"),
        (json!({ "delayMs": 700_000 }), "too long"),
        (json!({ "times": 0 }), "0 times is never"),
        (json!({ "rejekt": 451 }), "unknown field `rejekt`"),
        (json!({ "stage": "later" }), "unknown variant `later`"),
    ] {
        let (status, problem) = server.put("/api/v1/faults", fault).await;
        assert!(
            (400..500).contains(&status) && problem["detail"].as_str().unwrap().contains(expected),
            "{status} {problem}"
        );
    }
    assert_eq!(
        server.json("/api/v1/faults").await,
        json!({ "reject": null, "delayMs": 0, "stage": "mail", "times": null })
    );
}
