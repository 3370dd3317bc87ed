//! Whose cart somebody reaches: every route of the API's own description, by every kind of caller.

use http::Method;
use serde_json::{Value, json};
use testkit::Claims;
use uuid::Uuid;

use crate::{
    app::{TestApp, adding, contents, things},
    shop::Product,
};

/// Each documented operation, with a body that it takes: method, path, body.
async fn operations(app: &TestApp, product: &Product) -> Vec<(Method, String, Option<Value>)> {
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    let mut operations = Vec::new();
    let paths = document["paths"].as_object().unwrap();
    let paths = paths
        .iter()
        .filter(|(path, _)| !testkit::admin::is_for_admins(path));
    for (path, methods) in paths {
        for method in methods.as_object().unwrap().keys() {
            let method: Method = method.to_uppercase().parse().unwrap();
            let path = path.replace("{variantId}", &product.variants[0]);
            let body = match method {
                Method::POST if path.ends_with("/items") => Some(adding(product, 1)),
                Method::PUT => Some(json!({ "quantity": 2 })),
                _ => None,
            };
            operations.push((method, path, body));
        }
    }
    assert_eq!(operations.len(), 6);
    operations
}

#[tokio::test]
async fn nobody_reaches_anothers_cart_by_any_route() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let (owner, guest) = (app.person("customer"), app.browser());
    owner.add(&mug, 5).await.expect(200);
    guest.add(&mug, 7).await.expect(200);
    let (owners, guests) = (owner.cart().await, guest.cart().await);
    for role in ["customer", "vendor", "admin"] {
        for (method, path, body) in operations(&app, &mug).await {
            let other = app.person(role);
            let answer = other
                .client
                .send(method.clone(), &path, |request| match &body {
                    Some(body) => request.json(body),
                    None => request,
                })
                .await;
            let label = format!("{} as {role}", answer.request);
            let expected = if path.contains("/items/") { 404 } else { 200 };
            assert_eq!(answer.status, expected, "{label}");
            let seen = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(
                !seen.contains("\"quantity\":5") && !seen.contains("\"quantity\":7"),
                "{label}: {seen}"
            );
        }
    }
    for (method, path, body) in operations(&app, &mug).await {
        let stranger = app.browser();
        let answer = stranger.send(method, &path, body).await;
        let expected = match path.as_str() {
            "/api/cart/merge" => 401,
            path if path.contains("/items/") => 404,
            _ => 200,
        };
        assert_eq!(answer.status, expected, "{} as nobody", answer.request);
    }
    assert_eq!(owner.cart().await, owners);
    assert_eq!(guest.cart().await, guests);
}

#[tokio::test]
async fn a_token_that_does_not_count_is_refused_and_never_leads_to_another_cart() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let claims = Claims::new(Uuid::new_v4(), "customer");
    let mut expired = claims.clone();
    expired.exp -= 1_000;
    let mut elsewhere = claims.clone();
    elsewhere.aud = "elsewhere".to_owned();
    let tokens = [
        app.issuer.unsigned(&claims),
        app.issuer.sign(&expired),
        app.issuer.sign(&elsewhere),
        testkit::Issuer::default().sign(&claims),
        "nonsense".to_owned(),
    ];
    let guest = app.browser();
    guest.add(&mug, 7).await.expect(200);
    let before = app.stored().await;
    for token in &tokens {
        for (method, path, body) in operations(&app, &mug).await {
            let client = app.anonymous.with_token(token);
            let answer = client
                .send(method.clone(), &path, |request| match &body {
                    Some(body) => request.json(body),
                    None => request,
                })
                .await;
            answer.expect_problem(401, "unauthenticated");
            // The same in a browser's cookie, beside a guest's.
            guest.sign_in(token);
            guest
                .send(method, &path, body)
                .await
                .expect_problem(401, "unauthenticated");
        }
    }
    assert_eq!(app.stored().await, before);
}

#[tokio::test]
async fn a_cookie_counts_for_a_change_from_our_own_pages_only() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let (guest, member) = (app.browser(), app.browser());
    let person = app.person("customer");
    guest.add(&mug, 7).await.expect(200);
    member.add(&mug, 2).await.expect(200);
    member.sign_in(&person.token);
    person.add(&mug, 1).await.expect(200);
    let before = app.stored().await;
    let foreign = [
        None,
        Some("http://evil.example"),
        Some("null"),
        Some("http://127.0.0.1:1"),
    ];
    for origin in foreign {
        for (method, path, body) in operations(&app, &mug).await {
            let is_merge = path.ends_with("/merge");
            for (browser, is_member) in [(&guest, false), (&member, true)] {
                let answer = browser
                    .send_from(origin, method.clone(), &path, body.clone())
                    .await;
                if method == Method::GET {
                    answer.expect(200);
                } else if is_merge && !is_member {
                    answer.expect_problem(401, "unauthenticated");
                } else {
                    answer.expect_problem(403, "cross-origin");
                }
            }
        }
    }
    assert_eq!(app.stored().await, before);
    // A bearer token needs no origin: no page can make a browser send one.
    person.add(&mug, 1).await.expect(200);
}

#[tokio::test]
async fn another_sites_page_cannot_put_a_new_cart_in_the_place_of_the_old_one() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    // A browser leaves a Lax cookie out of such a request, but it would take a new one.
    let answer = app
        .browser()
        .send_from(
            Some("http://evil.example"),
            Method::POST,
            "/api/cart/items",
            Some(adding(&mug, 1)),
        )
        .await;
    answer.expect_problem(403, "cross-origin");
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!(app.stored().await, json!({ "carts": null, "lines": null }));
    // A program has neither page nor cookie.
    let cart = app
        .anonymous
        .post("/api/cart/items", &adding(&mug, 1))
        .await
        .expect(200)
        .json();
    assert_eq!(contents(&cart), things(&[("Mug", 1)]));
}
