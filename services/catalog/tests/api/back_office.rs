//! What vendors and admins work with: their own lists, variants, and the trail of what they changed.

use http::Method;
use serde_json::{Value, json};
use testkit::{Answer, Client};

use crate::app::{TestApp, laptop};

fn path(product: &Value) -> String {
    format!("/api/products/{}", product["id"].as_str().unwrap())
}

async fn put(client: &Client, path: &str, body: &Value) -> Answer {
    client
        .send(Method::PUT, path, |request| request.json(body))
        .await
}

async fn names(client: &Client, query: &[(&str, &str)]) -> Vec<String> {
    let page = client.get_with("/api/vendor/products", query).await;
    let page = page.expect(200).json();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|item| item["name"].as_str().unwrap().to_owned())
        .collect()
}

async fn trail(app: &TestApp) -> Vec<Value> {
    let page = app.admin.get("/api/admin/catalog/audit").await;
    page.expect(200).json()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_vendor_sees_their_own_products_archived_ones_too_and_an_admin_everybodys() {
    let app = TestApp::start().await;
    let gone = app.product("Gone", json!({})).await;
    app.product("Here", json!({})).await;
    app.vendor.delete(&path(&gone)).await.expect(204);
    let mut body = laptop();
    body["name"] = "Foreign".into();
    app.other_vendor
        .post("/api/products", &body)
        .await
        .expect(201);
    assert_eq!(names(&app.vendor, &[]).await, ["Here", "Gone"]);
    assert_eq!(
        names(&app.vendor, &[("status", "archived")]).await,
        ["Gone"]
    );
    assert_eq!(names(&app.other_vendor, &[]).await, ["Foreign"]);
    assert_eq!(
        names(&app.admin, &[("sort", "name")]).await,
        ["Foreign", "Gone", "Here"]
    );
    let own = format!("/api/vendor/products/{}", gone["id"].as_str().unwrap());
    let seen = app.vendor.get(&own).await.expect(200).json();
    assert_eq!(seen["status"], "archived");
    app.other_vendor
        .get(&own)
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn the_list_is_narrowed_down_and_says_what_it_does_not_understand() {
    let app = TestApp::start().await;
    app.product("Blue mug", json!({ "category": "garden" }))
        .await;
    app.product(
        "100 % wool",
        json!({ "variants": [{ "sku": "WOOL-1", "name": "Grey" }] }),
    )
    .await;
    assert_eq!(names(&app.vendor, &[("q", "MUG")]).await, ["Blue mug"]);
    assert_eq!(names(&app.vendor, &[("q", "wool-")]).await, ["100 % wool"]);
    assert_eq!(names(&app.vendor, &[("q", "0 % w")]).await, ["100 % wool"]);
    assert!(names(&app.vendor, &[("q", "0_%")]).await.is_empty());
    assert_eq!(
        names(&app.vendor, &[("category", "garden")]).await,
        ["Blue mug"]
    );
    for wrong in [
        ("sort", "rank"),
        ("status", "gone"),
        ("category", "moon"),
        ("after", "x"),
        ("limit", "0"),
        ("page", "2"),
    ] {
        let answer = app.vendor.get_with("/api/vendor/products", &[wrong]).await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), [wrong.0]);
    }
}

#[tokio::test]
async fn pages_put_together_hold_every_product_once_in_order_whatever_comes_in_between() {
    let app = TestApp::start().await;
    for (name, price) in [("B", 3), ("a", 3), ("C", 1), ("d", 2), ("E", 3)] {
        app.product(name, json!({ "price": price })).await;
    }
    for (sort, expected) in [
        ("newest", ["E", "d", "C", "a", "B"]),
        ("name", ["a", "B", "C", "d", "E"]),
    ] {
        let mut seen = Vec::new();
        let mut after = String::new();
        loop {
            let mut query = vec![("sort", sort), ("limit", "2")];
            if !after.is_empty() {
                query.push(("after", &after));
            }
            let page = app.vendor.get_with("/api/vendor/products", &query).await;
            let page = page.expect(200).json();
            let items = page["items"].as_array().unwrap().iter();
            seen.extend(items.map(|item| item["name"].as_str().unwrap().to_owned()));
            // Before every page of either order.
            let new = app.product(" 0", json!({})).await;
            app.vendor.delete(&path(&new)).await.expect(204);
            match page["next"].as_str() {
                Some(next) => next.clone_into(&mut after),
                None => break,
            }
        }
        seen.retain(|name| name != "0");
        assert_eq!(seen, expected, "{sort}");
    }
    for sort in ["price", "-price"] {
        assert_eq!(
            names(&app.vendor, &[("sort", sort), ("status", "active")])
                .await
                .len(),
            5
        );
    }
}

#[tokio::test]
async fn a_variant_comes_and_changes_and_the_product_with_it() {
    let app = TestApp::start().await;
    let product = app.product("Shirt", json!({})).await;
    let variants = format!("{}/variants", path(&product));
    let body = json!({ "sku": "SHIRT-BLUE", "name": "Blue", "price": "1399.00", "options": { "colour": "Blue" } });
    let grown = app.vendor.post(&variants, &body).await.expect(201).json();
    assert_eq!(grown["variants"][1]["sku"], "SHIRT-BLUE");
    assert_eq!(grown["version"], 2);
    let one = format!(
        "{variants}/{}",
        grown["variants"][1]["id"].as_str().unwrap()
    );
    let change = json!({ "version": 2, "name": "Navy", "options": { "colour": "Navy" } });
    let changed = put(&app.vendor, &one, &change).await.expect(200).json();
    assert_eq!(changed["variants"][1]["name"], "Navy");
    assert_eq!(changed["variants"][1]["price"], product["price"]);
    // Filters find it by what it is now.
    let found = app
        .list(&[("attr.colour", "Navy")])
        .await
        .expect(200)
        .json();
    assert_eq!(found["totalCount"], 1);
    put(&app.vendor, &one, &change)
        .await
        .expect_problem(409, "stale-version");
    put(&app.other_vendor, &one, &change)
        .await
        .expect_problem(403, "forbidden");
    app.vendor
        .post(&variants, &body)
        .await
        .expect_problem(409, "sku-taken");
    let wrong = json!({ "sku": "", "name": "", "price": -1 });
    let fields = app
        .vendor
        .post(&variants, &wrong)
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["sku", "name", "price"]);
    put(
        &app.vendor,
        &format!("{variants}/{}", uuid::Uuid::nil()),
        &change,
    )
    .await
    .expect_problem(404, "not-found");
}

#[tokio::test]
async fn every_change_is_noted_with_who_and_what_and_one_that_fails_is_not() {
    let app = TestApp::start().await;
    let product = app.product("Laptop", json!({})).await;
    let change = json!({ "version": 1, "name": "Notebook", "price": "999.00" });
    app.vendor.patch(&path(&product), &change).await.expect(200);
    app.vendor
        .patch(&path(&product), &change)
        .await
        .expect_problem(409, "stale-version");
    app.other_vendor
        .delete(&path(&product))
        .await
        .expect_problem(403, "forbidden");
    app.vendor.delete(&path(&product)).await.expect(204);
    let trail = trail(&app).await;
    let actions: Vec<&str> = trail
        .iter()
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    assert_eq!(
        actions,
        ["archive_product", "update_product", "create_product"]
    );
    assert_eq!(trail[1]["actorId"], json!(app.vendor_id));
    assert_eq!(trail[1]["subjectId"], product["id"]);
    assert_eq!(
        trail[1]["before"],
        json!({ "name": "Laptop", "price": product["price"] })
    );
    assert_eq!(trail[1]["after"]["name"], "Notebook");
    assert_eq!(trail[0]["before"], json!({ "status": "active" }));
    assert_eq!(trail[0]["after"], json!({ "status": "archived" }));
    assert_eq!(trail[2]["before"], json!({}));
    let of_nobody = format!("/api/admin/catalog/audit?actor={}", uuid::Uuid::nil());
    let page = app.admin.get(&of_nobody).await.expect(200).json();
    assert_eq!(page["items"], json!([]));
}
