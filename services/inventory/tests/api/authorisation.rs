//! Who may do what: every route of the API's own description, by every kind of caller; and the routes between services.

use http::Method;
use serde_json::json;
use testkit::Client;
use uuid::Uuid;

use crate::{
    app::{Product, TestApp},
    books,
};

async fn call(client: &Client, method: &str, path: &str, product: Product) -> u16 {
    let method: Method = method.to_uppercase().parse().unwrap();
    let body = if path.ends_with("/adjustments") {
        json!({ "delta": 1, "reason": "Counted again" })
    } else {
        json!({ "productId": product.id, "quantity": 1, "warehouseLocation": "Warehouse A" })
    };
    let answer = client.send(method.clone(), path, |request| match method {
        Method::POST => request.json(&body),
        _ => request,
    });
    answer.await.status.as_u16()
}

/// What an operation answers to: nobody, a customer, another vendor, its vendor, an admin.
fn expected(method: &str, path: &str) -> [u16; 5] {
    match (method, path) {
        ("get", "/api/inventory") => [401, 403, 200, 200, 200],
        ("post", "/api/inventory" | "/api/inventory/{stock}/adjustments") => {
            [401, 403, 403, 201, 201]
        }
        ("get", "/api/inventory/{stock}/ledger") => [401, 403, 403, 200, 200],
        ("get", "/api/inventory/{product}") => [200; 5],
        _ => panic!("{method} {path} is new: say who may do it"),
    }
}

#[tokio::test]
async fn what_is_for_admins_is_for_nobody_else() {
    let app = TestApp::start().await;
    let others = [&app.customer, &app.vendor];
    testkit::admin::assert_for_admins_only("inventory", &app.anonymous, &others, &app.admin).await;
}

#[tokio::test]
async fn every_documented_operation_refuses_whoever_may_not() {
    let app = TestApp::start().await;
    let product = app.product(10).await;
    let list = app.vendor.get("/api/inventory").await.expect(200).json();
    let stock = list["items"][0]["id"].as_str().unwrap().to_owned();
    let document = app.anonymous.get("/openapi.json").await.expect(200).json();
    let mut operations = 0;
    for (template, methods) in document["paths"].as_object().unwrap() {
        if testkit::admin::is_for_admins(template) {
            continue;
        }
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let path = template
                .replace("{stock}", &stock)
                .replace("{product}", &product.id.to_string());
            let statuses = expected(method, template);
            let open = operation["security"].is_null();
            assert_eq!(
                open,
                statuses[0] != 401,
                "{method} {template} says who needs a token"
            );
            let before = books::stored(&app.database).await;
            let callers = [
                (0, &app.anonymous, "nobody"),
                (1, &app.customer, "a customer"),
                (2, &app.other_vendor, "another vendor"),
                (3, &app.vendor, "its vendor"),
                (4, &app.admin, "an admin"),
            ];
            for (index, client, who) in callers {
                let status = call(client, method, &path, product).await;
                assert_eq!(status, statuses[index], "{method} {template} as {who}");
                if status >= 400 {
                    assert_eq!(
                        books::stored(&app.database).await,
                        before,
                        "{method} {template} as {who}"
                    );
                }
            }
        }
    }
    assert_eq!(operations, 5);
}

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
