//! The demo catalogue, loaded by the real program.

use serde_json::Value;
use testkit::{ObjectStore, TestDatabase};

async fn seed(database: &TestDatabase, store: &ObjectStore, arguments: &[&str]) {
    let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_catalog"))
        .arg("seed")
        .args(arguments)
        .env("CATALOG_DATABASE_URL", database.url())
        .env("CATALOG_S3_ENDPOINT", store.endpoint())
        .env("CATALOG_S3_ACCESS_KEY", store.access_key())
        .env("CATALOG_S3_SECRET_KEY_FILE", store.secret_key_file())
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}

/// Every row that the loader writes, without the times.
async fn rows(database: &TestDatabase) -> Value {
    let mut connection = database.connect().await;
    sqlx::query_scalar(
        "select json_build_object(
           'products', (select json_agg(json_build_array(slug, version, updated_at) order by slug) from products),
           'variants', (select count(*) from variants),
           'pictures', (select json_agg(source_digest order by source_digest) from pictures),
           'categories', (select count(*) from categories),
           'events', (select count(*) from outbox)
         )",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap()
}

#[tokio::test]
async fn the_demo_is_loaded_once_however_often_it_is_loaded_and_topped_up_on_request() {
    let database = TestDatabase::new(&catalog::MIGRATOR).await;
    let store = ObjectStore::start("product-images").await;
    seed(&database, &store, &[]).await;
    let first = rows(&database).await;
    let products = first["products"].as_array().unwrap().len();
    assert!(products >= 60, "{products}");
    assert_eq!(first["events"], products, "one event for each product");

    seed(&database, &store, &[]).await;
    assert_eq!(
        rows(&database).await,
        first,
        "the second run changed something"
    );

    seed(&database, &store, &["--products", "300"]).await;
    let topped_up = rows(&database).await;
    assert_eq!(topped_up["products"].as_array().unwrap().len(), 300);
    assert_eq!(topped_up["events"], 300);
    seed(&database, &store, &["--products", "300"]).await;
    assert_eq!(rows(&database).await, topped_up);

    // A bucket that was emptied is filled again.
    let mut connection = database.connect().await;
    let key: String = sqlx::query_scalar("select large from pictures limit 1")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    store
        .client()
        .delete_object()
        .bucket("product-images")
        .key(&key)
        .send()
        .await
        .unwrap();
    seed(&database, &store, &[]).await;
    store
        .client()
        .head_object()
        .bucket("product-images")
        .key(&key)
        .send()
        .await
        .unwrap();
}
