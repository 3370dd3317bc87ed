//! The JSON API.

use std::time::{Duration, Instant};

use reqwest::Method;

use crate::server::Server;

#[tokio::test]
async fn mails_are_found_by_recipient_subject_and_text_newest_first() {
    let server = Server::start();
    let ids: Vec<String> = [
        ("ada@example.com", "Welcome"),
        ("grace@example.com", "Your order 17"),
        ("ada@example.com", "Your order 18"),
    ]
    .into_iter()
    .map(|(to, subject)| server.send(to, subject))
    .collect();
    let found = async |query: &str| {
        let list = server.json(&format!("/api/v1/messages?{query}")).await;
        list["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mail| mail["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let newest_first = [&ids[2], &ids[1], &ids[0]];
    assert_eq!(found("").await.iter().collect::<Vec<_>>(), newest_first);
    assert_eq!(
        found("to=ADA@example.com").await,
        [ids[2].clone(), ids[0].clone()]
    );
    assert_eq!(
        found("to=da@example.com").await,
        Vec::<String>::new(),
        "a part of an address is not the address"
    );
    assert_eq!(found("query=GRACE").await, [ids[1].clone()]);
    assert_eq!(found("query=order").await, [ids[2].clone(), ids[1].clone()]);
    assert_eq!(
        found("subject=order&to=ada@example.com").await,
        [ids[2].clone()]
    );
    assert_eq!(found(&format!("after={}", ids[1])).await, [ids[2].clone()]);

    let page = server.json("/api/v1/messages?limit=2").await;
    assert_eq!(
        (
            page["total"].as_u64(),
            page["matching"].as_u64(),
            page["count"].as_u64()
        ),
        (Some(3), Some(3), Some(2))
    );
    let next = page["next"].as_str().unwrap();
    let last = server
        .json(&format!("/api/v1/messages?limit=2&before={next}"))
        .await;
    assert_eq!(
        (
            last["messages"][0]["id"].as_str(),
            last["count"].as_u64(),
            last["next"].is_null()
        ),
        (Some(ids[0].as_str()), Some(1), true)
    );
}

#[tokio::test]
async fn a_test_can_wait_for_its_mail() {
    let server = Server::start();
    server.send("somebody-else@example.com", "not this one");
    let started = Instant::now();
    let waiting = server.json("/api/v1/messages?to=ada@example.com&wait=20s");
    let sending = async {
        // The reader is waiting before the mail comes: the first look, which finds nothing, has been answered.
        assert_eq!(
            server
                .json("/api/v1/messages?to=ada@example.com&wait=10ms")
                .await["count"],
            0
        );
        server.send("ada@example.com", "this one")
    };
    let (list, id) = tokio::join!(waiting, sending);
    assert_eq!(
        (list["count"].as_u64(), list["messages"][0]["id"].as_str()),
        (Some(1), Some(id.as_str()))
    );
    assert!(
        started.elapsed() < Duration::from_secs(15),
        "{:?}",
        started.elapsed()
    );

    let started = Instant::now();
    assert_eq!(
        server
            .json("/api/v1/messages?to=nobody@example.com&wait=300ms")
            .await["count"],
        0
    );
    assert!(started.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn mails_can_be_deleted() {
    let server = Server::start();
    let first = server.send("ada@example.com", "1");
    server.send("ada@example.com", "2");
    let deleted: serde_json::Value = server
        .request(Method::DELETE, &format!("/api/v1/message/{first}"))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(deleted["deleted"], 1);
    assert_eq!(
        server
            .get(&format!("/api/v1/message/{first}"))
            .await
            .status(),
        404
    );
    assert_eq!(
        server
            .request(Method::DELETE, &format!("/api/v1/message/{first}"))
            .await
            .status(),
        404
    );
    let deleted: serde_json::Value = server
        .request(Method::DELETE, "/api/v1/messages")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(deleted["deleted"], 1);
    assert_eq!(server.json("/api/v1/messages").await["total"], 0);
    assert_eq!(std::fs::read_dir(server.mails()).unwrap().count(), 0);
}

#[tokio::test]
async fn bad_questions_get_a_problem_that_names_the_field() {
    let server = Server::start();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=501", "limit"),
        ("wait=soon", "wait"),
        ("wait=61s", "wait"),
        ("before=x", "before"),
        ("after=x", "after"),
    ] {
        let answer = server.get(&format!("/api/v1/messages?{query}")).await;
        assert_eq!(
            (
                answer.status().as_u16(),
                answer.headers()["content-type"].to_str().unwrap()
            ),
            (400, "application/problem+json"),
            "{query}"
        );
        let problem: serde_json::Value = answer.json().await.unwrap();
        assert_eq!(problem["errors"][0]["field"], field, "{problem}");
    }
    let unknown = server.get("/api/v1/messages?recipient=ada").await;
    assert_eq!(unknown.status(), 400);
    assert!(
        unknown
            .text()
            .await
            .unwrap()
            .contains("unknown field `recipient`")
    );
    for path in [
        "/api/v1/message/x",
        "/api/v1/message/x/raw",
        "/api/v1/nothing",
        "/api/v1/message/..%2f..%2flock/raw",
    ] {
        let answer = server.get(path).await;
        assert_eq!(
            (
                answer.status().as_u16(),
                answer.headers()["content-type"].to_str().unwrap()
            ),
            (404, "application/problem+json"),
            "{path}"
        );
    }
    assert_eq!(
        server
            .request(Method::POST, "/api/v1/messages")
            .await
            .status(),
        405
    );
}

#[tokio::test]
async fn a_page_of_another_site_can_delete_nothing() {
    let server = Server::start();
    server.send("ada@example.com", "1");
    for path in ["/messages/delete", "/api/v1/messages"] {
        let method = if path.starts_with("/api") {
            Method::DELETE
        } else {
            Method::POST
        };
        let request = server
            .client()
            .request(method, format!("http://{}{path}", server.http))
            .header("sec-fetch-site", "cross-site");
        assert_eq!(request.send().await.unwrap().status(), 403, "{path}");
    }
    assert_eq!(server.json("/api/v1/messages").await["total"], 1);
}

#[tokio::test]
async fn the_mailbox_says_how_it_is() {
    let server = Server::start();
    server.send("ada@example.com", "1");
    assert_eq!(server.get("/livez").await.status(), 200);
    assert_eq!(server.json("/readyz").await["dependencies"]["disk"], "ok");
    let metrics = server.get("/metrics").await.text().await.unwrap();
    assert!(
        metrics.contains("\nmailbox_messages_total 1\n")
            && metrics.contains("\nmailbox_messages 1\n"),
        "{metrics}"
    );
    let resident = metrics
        .lines()
        .find_map(|line| line.strip_prefix("process_resident_memory_bytes "))
        .unwrap()
        .parse::<f64>()
        .unwrap();
    assert!(resident <= 30e6, "{resident} bytes");
    // A folder that cannot be written to means that mail cannot be kept.
    std::fs::remove_dir_all(server.home().path().join("data/temporary")).unwrap();
    assert_eq!(server.get("/readyz").await.status(), 503);
}
