//! Messages to the shop: kept, told of by mail, and counted.

use base64::{Engine as _, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use crate::{app::World, events::Person};

/// Who mails are from, and who is told.
const SHOP: &str = "shop@argosy.example";

fn message(text: &str) -> Value {
    json!({ "topic": "order", "name": "Ada", "email": "Ada@Example.com", "text": text })
}

fn with_document(name: &str, content: &[u8]) -> Value {
    let mut message = message("See the picture.");
    message["document"] = json!({ "name": name, "content": BASE64.encode(content) });
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_kept_told_of_and_counted() {
    let world = World::new().await;
    let app = world.app().await;
    let text = "Where is my <b>parcel</b>?\n\nIt is late.";
    app.anonymous
        .post("/api/messages", &message(text))
        .await
        .expect(201);
    let mails = world.mailbox.mails_to(SHOP, 1).await;
    assert_eq!(mails[0]["subject"], "Message about order: ada@example.com");
    let metric = r#"shop_messages_total{topic="order"}"#;
    assert!((app.metric(metric).await - 1.0).abs() < 0.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_what_it_contains_and_is_for_admins() {
    let world = World::new().await;
    let app = world.app().await;
    let content = b"%PDF-1.7 hello";
    let sent = app
        .anonymous
        .post(
            "/api/messages",
            &with_document("../bill \"1\".exe", content),
        )
        .await
        .expect(201);
    let path = format!(
        "/api/messages/{}/document",
        sent.json()["id"].as_str().unwrap()
    );
    let document = app.admin().get(&path).await.expect(200);
    assert_eq!(document.header("content-type"), "application/pdf");
    assert_eq!(
        document.header("content-disposition"),
        "attachment; filename=\"bill__1_.exe\""
    );
    app.customer(&Person::new()).get(&path).await.expect(403);
    app.anonymous.get(&path).await.expect(401);
    let metric = r#"shop_documents_total{media_type="application/pdf"}"#;
    assert!((app.metric(metric).await - 1.0).abs() < 0.1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_answered_at_its_own_address() {
    let world = World::new().await;
    let app = world.app().await;
    let person = Person::new();
    let body = json!({ "topic": "return", "orderNumber": "ARG-2026-000001", "text": "It leaks.",
        "email": "somebody.else@example.com" });
    let sent = app.customer(&person).post("/api/messages", &body).await;
    sent.expect(201);
    let mails = world.mailbox.mails_to(SHOP, 1).await;
    // What the token says, whatever is written.
    assert_eq!(
        mails[0]["subject"],
        "Message about return: customer@example.com"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_kept_is_refused_at_its_field() {
    let world = World::new().await;
    let app = world.app().await;
    let too_large = vec![b'x'; 4 * 1024 * 1024 + 1];
    let long = "x".repeat(4001);
    for (body, field) in [
        (message(" "), "text"),
        (message(&long), "text"),
        (message("nul \u{0} byte"), "text"),
        (
            json!({ "topic": "order", "email": "a@b.example", "text": "x" }),
            "name",
        ),
        (
            json!({ "topic": "order", "name": "x", "email": "no address", "text": "x" }),
            "email",
        ),
        (with_document("a.png", b"MZ\x90\x00"), "document.content"),
        (with_document("a.txt", &too_large), "document.content"),
        (
            json!({ "topic": "spam", "name": "x", "email": "a@b.example", "text": "x" }),
            "topic",
        ),
    ] {
        let fields = app
            .anonymous
            .post("/api/messages", &body)
            .await
            .expect_problem(400, "invalid-request");
        assert_eq!(fields, [field]);
    }
    let huge = with_document("a.txt", &vec![b'x'; 6 * 1024 * 1024]);
    app.anonymous.post("/api/messages", &huge).await.expect(413);
    assert!(world.rows().await.is_empty(), "no mail is owed");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_writes_very_often_is_asked_to_wait() {
    let world = World::new().await;
    let app = world.app().await;
    for _ in 0..10 {
        let sent = app
            .anonymous
            .post("/api/messages", &message("Again."))
            .await;
        sent.expect(201);
    }
    let refused = app
        .anonymous
        .post("/api/messages", &message("Again."))
        .await;
    refused.expect_problem(429, "too-many-messages");
    let mut other = message("Another.");
    other["email"] = json!("grace@example.com");
    app.anonymous
        .post("/api/messages", &other)
        .await
        .expect(201);
}
