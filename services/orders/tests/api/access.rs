//! Whose orders somebody reaches, and which tokens count. Every operation by every kind of caller is in `documents.rs`.

use http::Method;
use serde_json::json;
use testkit::Claims;
use uuid::Uuid;

use crate::app::{TestApp, path, wish};

#[tokio::test]
async fn other_peoples_orders_are_not_there_and_stay_as_they_are() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let order = app.paid_order(&product, 1).await;
    let before = app.stored().await;
    let nowhere = format!("/api/orders/{}", Uuid::new_v4());
    for client in [&app.other_customer, &app.other_vendor] {
        let real = client.get(&path(&order)).await.json()["detail"].clone();
        let unreal = client.get(&nowhere).await.json()["detail"].clone();
        assert_eq!(real, unreal, "nobody learns that it exists");
        for action in ["cancel", "ship", "deliver", "refunds"] {
            let body = json!({ "reason": "mine" });
            let body = if matches!(action, "cancel" | "refunds") {
                body
            } else {
                json!({})
            };
            client
                .post(&format!("{}/{action}", path(&order)), &body)
                .await
                .expect_problem(404, "not-found");
        }
    }
    assert_eq!(app.stored().await, before);
    app.admin
        .get(&nowhere)
        .await
        .expect_problem(404, "not-found");
    app.admin
        .get("/api/orders/nonsense")
        .await
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_token_counts_only_if_everything_about_it_is_right() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let before = app.stored().await;
    let claims = || Claims::new(Uuid::new_v4(), "customer");
    let now = claims().iat;
    let stranger = testkit::Issuer::default();
    let hmac = {
        let mut header = jsonwebtoken::Header::new(jsonwebtoken::Algorithm::HS256);
        header.kid = app.issuer.header().kid;
        let key = jsonwebtoken::EncodingKey::from_secret(b"a public key is no secret");
        jsonwebtoken::encode(&header, &claims(), &key).unwrap()
    };
    let altered = {
        let token = app.issuer.sign(&claims());
        let (head, signature) = token.rsplit_once('.').unwrap();
        format!("{head}.{}", signature.chars().rev().collect::<String>())
    };
    for token in [
        app.issuer.sign(&Claims {
            exp: now - 60,
            ..claims()
        }),
        app.issuer.sign(&Claims {
            iss: "somebody".to_owned(),
            ..claims()
        }),
        app.issuer.unsigned(&claims()),
        stranger.sign(&claims()),
        hmac,
        altered,
    ] {
        let answer = app
            .anonymous
            .with_token(&token)
            .post("/api/orders", &wish(&product, 1))
            .await;
        answer.expect_problem(401, "unauthenticated");
    }
    // A machine without an address cannot be written to.
    let mut claims = serde_json::to_value(claims()).unwrap();
    claims.as_object_mut().unwrap().remove("email");
    let machine = app.anonymous.with_token(&app.issuer.sign(&claims));
    machine
        .post("/api/orders", &wish(&product, 1))
        .await
        .expect_problem(403, "forbidden");
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_browsers_cookie_counts_for_a_change_only_from_our_own_pages() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let token = app.issuer.token(Uuid::new_v4(), "customer");
    let send = |origin: &'static str| {
        let (anonymous, body, token) = (app.anonymous.clone(), wish(&product, 1), token.clone());
        async move {
            anonymous
                .send(Method::POST, "/api/orders", |request| {
                    request
                        .header("cookie", format!("argosy_access={token}"))
                        .header("sec-fetch-site", origin)
                        .json(&body)
                })
                .await
        }
    };
    send("cross-site").await.expect_problem(403, "cross-origin");
    send("same-origin").await.expect(201);
}
