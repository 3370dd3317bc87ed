//! `inventory seed`: the demo shop's shelves, filled once.

use serde_json::json;
use testkit::TemporaryDirectory;

use crate::{
    app::INTERNAL_TOKEN,
    books,
    restocks::{laptop, with_catalog},
};

async fn seed(database_url: &str, catalog_url: &str) -> std::process::Output {
    let directory = TemporaryDirectory::new(None);
    let token = directory.path().join("token");
    std::fs::write(&token, INTERNAL_TOKEN).unwrap();
    tokio::process::Command::new(env!("CARGO_BIN_EXE_inventory"))
        .args(["seed", "--catalog-url", catalog_url])
        .env("INVENTORY_DATABASE_URL", database_url)
        .env("INVENTORY_INTERNAL_TOKEN_FILE", &token)
        .output()
        .await
        .unwrap()
}

#[tokio::test]
async fn every_variant_gets_stock_once_and_what_is_there_stays() {
    let (app, catalog, vendor) = with_catalog().await;
    // More than a page of the catalogue's list.
    for number in 0..110 {
        let mut body = laptop();
        body["name"] = json!(format!("Laptop {number}"));
        body["variants"] = json!([
            { "sku": format!("LAP-{number}-S"), "name": "Small" }, { "sku": format!("LAP-{number}-L"), "name": "Large" }
        ]);
        vendor.post("/api/products", &body).await.expect(201);
    }
    let stocked = vendor
        .post("/api/products", &laptop())
        .await
        .expect(201)
        .json();
    let body = json!({ "productId": stocked["id"], "quantity": 7, "warehouseLocation": "Attic" });
    app.vendor.post("/api/inventory", &body).await.expect(201);
    let output = seed(&app.database.url(), &catalog.url).await;
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let variants: i64 = app
        .one("select count(distinct variant_id) from stock")
        .await;
    assert_eq!(variants, 221);
    let attic: i64 = app
        .one("select on_hand from stock where warehouse_location = 'Attic'")
        .await;
    assert_eq!(attic, 7);
    let empty: i64 = app
        .one("select count(*) from stock where on_hand = 0")
        .await;
    let low: i64 = app
        .one("select count(*) from stock where alert_level = 'low'")
        .await;
    assert!(
        (0..=8).contains(&empty) && (2..=25).contains(&low),
        "{empty} sold out, {low} low"
    );
    assert_eq!(app.one::<i64>("select count(*) from outbox").await, 0);
    books::check(&app.database).await;
    let before = books::stored(&app.database).await;
    let again = seed(&app.database.url(), &catalog.url).await;
    assert!(again.status.success());
    assert_eq!(books::stored(&app.database).await, before);
}

#[tokio::test]
async fn a_catalogue_that_is_away_is_said() {
    let (app, _catalog, _) = with_catalog().await;
    let output = seed(&app.database.url(), "http://127.0.0.1:1").await;
    assert_eq!(output.status.code(), Some(1));
    let log = String::from_utf8_lossy(&output.stdout);
    assert!(
        log.contains("cannot read the catalogue's list of products"),
        "{log}"
    );
}
