//! The routes between services, and which tokens count. Every operation by every kind of caller is in `documents.rs`.

use http::Method;
use serde_json::json;
use uuid::Uuid;

use crate::{app::TestApp, books};

#[tokio::test]
async fn a_vendor_sees_nothing_of_anothers_stock() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let path = format!("/api/inventory?productId={}", product.id);
    let list = app.other_vendor.get(&path).await.expect(200).json();
    assert_eq!(list["items"], json!([]));
}

#[tokio::test]
async fn routes_between_services_take_nothing_but_their_own_credential() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let before = books::stored(&app.database).await;
    let body = json!({ "orderId": Uuid::now_v7(), "lines": [product.line(1)] });
    let availability = format!("/internal/availability?variantId={}", product.variant);
    let guess = app.anonymous.with_token("between-servicer");
    for client in [
        &app.anonymous,
        &app.customer,
        &app.vendor,
        &app.admin,
        &guess,
    ] {
        let answer = client.post("/internal/holds", &body).await;
        answer.expect_problem(401, "unauthenticated");
        let answer = client.get(&availability).await;
        answer.expect_problem(401, "unauthenticated");
    }
    // Nor does their credential open what is for people.
    app.internal
        .get("/api/inventory")
        .await
        .expect_problem(401, "unauthenticated");
    assert_eq!(books::stored(&app.database).await, before);
    // Headers that the edge might have set mean nothing.
    let answer = app
        .anonymous
        .send(Method::GET, "/api/inventory", |request| {
            request
                .header("x-user-id", app.vendor_id.to_string())
                .header("x-user-role", "admin")
        });
    answer.await.expect_problem(401, "unauthenticated");
}

#[tokio::test]
async fn tokens_that_are_not_valid_are_refused() {
    let app = TestApp::start().await;
    let claims = testkit::Claims::new(app.vendor_id, "vendor");
    let good = app.issuer.sign(&claims);
    app.anonymous
        .with_token(&good)
        .get("/api/inventory")
        .await
        .expect(200);
    let expired = testkit::Claims {
        exp: claims.iat - 60,
        ..claims.clone()
    };
    let mut altered = good.clone();
    let position = good.rfind('.').unwrap() - 4;
    let swapped = if &good[position..=position] == "A" {
        "B"
    } else {
        "A"
    };
    altered.replace_range(position..=position, swapped);
    let foreign = testkit::Issuer::default().sign(&claims);
    for token in [
        app.issuer.sign(&expired),
        altered,
        foreign,
        app.issuer.unsigned(&claims),
        "x".to_owned(),
    ] {
        app.anonymous
            .with_token(&token)
            .get("/api/inventory")
            .await
            .expect_problem(401, "unauthenticated");
    }
}
