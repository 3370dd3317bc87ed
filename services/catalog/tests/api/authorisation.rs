//! Who may do what: every route of the API's own description, by every kind of caller.

use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::json;
use testkit::{Claims, Client, Issuer};
use uuid::Uuid;

use crate::app::{Setup, TestApp, laptop};

/// Sends something to an operation that gets past everything but authorisation.
async fn call(client: &Client, method: &str, path: &str) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    let body = match path {
        path if path.ends_with("/variants") => {
            json!({ "sku": Uuid::new_v4().to_string(), "name": "Blue" })
        }
        path if path.contains("/variants/") => json!({ "version": 1, "name": "Blue" }),
        path if path.ends_with("/products") => laptop(),
        _ => json!({ "version": 1 }),
    };
    let answer = client.send(method.clone(), path, |request| match method {
        Method::POST if path.ends_with("/images") => request
            .header("content-type", "image/png")
            .body("not a picture"),
        Method::POST | Method::PATCH | Method::PUT => request.json(&body),
        _ => request,
    });
    answer.await.status.as_u16()
}

#[tokio::test]
async fn every_documented_write_refuses_whoever_may_not() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    let mut writes = 0;
    for (path, operations) in document["paths"].as_object().unwrap() {
        if testkit::admin::is_for_admins(path) {
            continue;
        }
        for (method, operation) in operations.as_object().unwrap() {
            let product = app.product("Laptop", json!({})).await;
            let path = path
                .replace("{product}", product["id"].as_str().unwrap())
                .replace("{variant}", product["variants"][0]["id"].as_str().unwrap());
            let statuses = |client: Client| {
                let (method, path) = (method.clone(), path.clone());
                async move { call(&client, &method, &path).await }
            };
            let label = format!("{method} {path}");
            if operation["security"].is_null() {
                assert_eq!(
                    statuses(app.anonymous.clone()).await,
                    200,
                    "{label} is public"
                );
                continue;
            }
            writes += 1;
            assert_eq!(
                statuses(app.anonymous.clone()).await,
                401,
                "{label} as nobody"
            );
            assert_eq!(
                statuses(app.customer.clone()).await,
                403,
                "{label} as a customer"
            );
            let someone_elses = path.contains(product["id"].as_str().unwrap());
            let expected = match method.as_str() {
                _ if someone_elses => 403,
                "get" => 200,
                _ => 201,
            };
            assert_eq!(
                statuses(app.other_vendor.clone()).await,
                expected,
                "{label} as another vendor"
            );
            let refused = [401, 403].contains(&statuses(app.admin.clone()).await);
            assert!(!refused, "{label} as an admin");
        }
    }
    assert_eq!(
        writes, 8,
        "an operation for vendors was added or lost its token: look at it, then change this number"
    );
}

#[tokio::test]
async fn what_is_for_admins_is_for_nobody_else() {
    let app = TestApp::start().await;
    let others = [&app.customer, &app.vendor];
    testkit::admin::assert_for_admins_only("catalog", &app.anonymous, &others, &app.admin).await;
}

#[tokio::test]
async fn refused_writes_leave_the_database_as_it_was() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    let path = format!("/api/products/{}", product["id"].as_str().unwrap());
    let before = app.stored().await;
    for client in [&app.anonymous, &app.customer, &app.other_vendor] {
        call(client, "patch", &path).await;
        call(client, "delete", &path).await;
        call(client, "post", &format!("{path}/images")).await;
        call(client, "post", &format!("{path}/variants")).await;
    }
    assert_eq!(app.stored().await, before);
}

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
