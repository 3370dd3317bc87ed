//! Which tokens count. Every operation by every kind of caller is in `documents.rs`.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use testkit::{Claims, Issuer};
use uuid::Uuid;

use crate::app::{Setup, TestApp, laptop};

#[tokio::test]
async fn a_token_counts_only_if_everything_about_it_is_right() {
    let app = TestApp::start().await;
    let claims = || Claims::new(Uuid::new_v4(), "vendor");
    let stranger = Issuer::default();
    let hmac = {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = app.issuer.header().kid;
        encode(
            &header,
            &claims(),
            &EncodingKey::from_secret(b"a public key is no secret"),
        )
        .unwrap()
    };
    let now = claims().iat;
    let wrong = [
        ("expired", app.issuer.sign(&Claims { exp: now - 60, ..claims() })),
        ("not valid yet", app.issuer.sign(&Claims { nbf: now + 600, ..claims() })),
        ("another issuer", app.issuer.sign(&Claims { iss: "somebody".to_owned(), ..claims() })),
        ("another audience", app.issuer.sign(&Claims { aud: "somebody".to_owned(), ..claims() })),
        ("no user", app.issuer.sign(&Claims { sub: "root".to_owned(), ..claims() })),
        ("an invented role", app.issuer.sign(&Claims { role: "god".to_owned(), ..claims() })),
        ("no expiry", app.issuer.sign(&json!({ "sub": Uuid::new_v4(), "role": "vendor", "iss": "argosy", "aud": "argosy" }))),
        ("no audience", app.issuer.sign(&json!({ "sub": Uuid::new_v4(), "role": "vendor", "iss": "argosy", "exp": now + 60 }))),
        ("unsigned", app.issuer.unsigned(&claims())),
        ("signed with a shared secret", hmac),
        ("signed with a stranger's key", stranger.sign(&claims())),
        ("not a token", "x.y.z".to_owned()),
    ];
    for (what, token) in wrong {
        let answer = app
            .anonymous
            .with_token(&token)
            .post("/api/products", &laptop())
            .await;
        assert_eq!(
            answer.status,
            401,
            "{what}: {}",
            String::from_utf8_lossy(&answer.body)
        );
        answer.expect_problem(401, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let right = app.issuer.sign(&claims());
    app.anonymous
        .with_token(&right)
        .post("/api/products", &laptop())
        .await
        .expect(201);
    let forged = {
        let (head, signature) = right.rsplit_once('.').unwrap();
        format!("{head}.{}", signature.chars().rev().collect::<String>())
    };
    app.anonymous
        .with_token(&forged)
        .post("/api/products", &laptop())
        .await
        .expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_new_key_is_accepted_without_a_restart() {
    let issuer = Issuer::default();
    let jwks = Some(issuer.serve().await);
    let mut app = TestApp::with(
        issuer,
        Setup {
            jwks,
            ..Setup::default()
        },
    )
    .await;
    let old = app.issuer.token(Uuid::new_v4(), "vendor");
    app.anonymous
        .with_token(&old)
        .post("/api/products", &laptop())
        .await
        .expect(201);
    app.issuer.rotate();
    let new = app
        .anonymous
        .with_token(&app.issuer.token(Uuid::new_v4(), "vendor"));
    let body = laptop();
    testkit::eventually("the new key is fetched", || async {
        (new.post("/api/products", &body).await.status == 201).then_some(())
    })
    .await;
    app.anonymous
        .with_token(&old)
        .post("/api/products", &laptop())
        .await
        .expect(201);
}

#[tokio::test]
async fn without_the_issuers_keys_writing_is_unavailable_and_reading_works() {
    let jwks = Some("http://127.0.0.1:1/jwks.json".to_owned());
    let app = TestApp::with(
        Issuer::default(),
        Setup {
            jwks,
            ..Setup::default()
        },
    )
    .await;
    let answer = app.vendor.post("/api/products", &laptop()).await;
    answer.expect_problem(503, "unavailable");
    assert!(!answer.header("retry-after").is_empty());
    app.list(&[]).await.expect(200);
}
