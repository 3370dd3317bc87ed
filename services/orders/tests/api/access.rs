//! Who may do what: every route of the API's own description, by every kind of caller.

use http::Method;
use serde_json::{Value, json};
use testkit::{Claims, Client};
use uuid::Uuid;

use crate::app::{TestApp, path, wish};

/// Sends something that gets past everything but authorisation.
async fn call(client: &Client, method: &str, path: &str, body: &Value) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    let answer = client.send(method.clone(), path, |request| match method {
        Method::POST => request.json(body),
        _ => request,
    });
    answer.await.status.as_u16()
}

/// What an operation answers to: nobody, who ordered, another customer, its vendor, another vendor, an admin.
fn expected(method: &str, path: &str) -> [u16; 6] {
    match (method, path) {
        ("post", "/api/orders") => [401, 201, 201, 201, 201, 201],
        ("get", "/api/orders") => [401, 200, 200, 200, 200, 200],
        ("get", "/api/vendor/orders") => [401, 403, 403, 200, 200, 200],
        ("get", "/api/orders/{order}") => [401, 200, 404, 200, 404, 200],
        ("post", "/api/orders/{order}/cancel") => [401, 409, 404, 403, 404, 409],
        ("post", "/api/orders/{order}/ship" | "/api/orders/{order}/deliver") => {
            [401, 403, 404, 200, 404, 409]
        }
        ("post", "/api/orders/{order}/refunds") => [401, 403, 404, 403, 404, 201],
        ("get", "/api/user-dashboard/{user}") => [401, 200, 403, 403, 403, 200],
        _ => panic!("{method} {path} is new: say who may do it"),
    }
}

#[tokio::test]
async fn what_is_for_admins_is_for_nobody_else() {
    let app = TestApp::start().await;
    let others = [&app.customer, &app.vendor];
    testkit::admin::assert_for_admins_only("orders", &app.anonymous, &others, &app.admin).await;
}

#[tokio::test]
async fn every_documented_operation_refuses_whoever_may_not() {
    let app = TestApp::start().await;
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    let product = app.product(100).await;
    let clients = [
        ("nobody", &app.anonymous),
        ("who ordered", &app.customer),
        ("another customer", &app.other_customer),
        ("its vendor", &app.vendor),
        ("another vendor", &app.other_vendor),
        ("an admin", &app.admin),
    ];
    let mut operations = 0;
    for (template, methods) in document["paths"].as_object().unwrap() {
        if testkit::admin::is_for_admins(template) {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            assert!(
                !operation["security"].is_null(),
                "{method} {template} is for nobody in particular"
            );
            let order = app.paid_order(&product, 1).await;
            if template.ends_with("/deliver") {
                app.vendor
                    .post(&format!("{}/ship", path(&order)), &json!({}))
                    .await
                    .expect(200);
            }
            let address = template
                .replace("{order}", order["id"].as_str().unwrap())
                .replace("{user}", &app.customer_id.to_string());
            let body = match template.as_str() {
                "/api/orders" => wish(&product, 1),
                "/api/orders/{order}/refunds" => json!({ "amount": 1, "reason": "goodwill" }),
                _ => json!({}),
            };
            for ((who, client), status) in clients.iter().zip(expected(method, template)) {
                let answered = call(client, method, &address, &body).await;
                assert_eq!(answered, status, "{method} {template} as {who}");
            }
        }
    }
    assert_eq!(operations, 9);
}

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
