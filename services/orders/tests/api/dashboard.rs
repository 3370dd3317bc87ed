//! The dashboard: everything in one answer, and what is there when something is away.

use http::Method;
use serde_json::{Value, json};
use testkit::{TestDatabase, eventually};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::app::{NOWHERE, Setup, TestApp, wish};

/// The real identity service, with an account; its address, the account's id and token.
async fn identity(tasks: &mut JoinSet<()>) -> (String, Uuid, String) {
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let keys = std::env::temp_dir().join(format!("orders-test-keys-{}", Uuid::new_v4()));
    std::fs::write(&keys, "ab".repeat(32)).unwrap();
    let config = identity::ServeConfig {
        listen: "127.0.0.1:0".parse().unwrap(),
        limits: chassis::RateLimitConfig::default(),
        logins: identity::LoginLimitConfig::default(),
        database: identity::DatabaseConfig {
            database_url: database.url(),
            database_password_file: None,
        },
        broker: identity::BrokerConfig {
            nats_url: format!("nats://{NOWHERE}"),
        },
        tokens: identity::TokenConfig {
            signing_key_file: keys.to_str().unwrap().parse().unwrap(),
            token_issuer: "argosy".to_owned(),
            token_audience: "argosy".to_owned(),
            access_lifetime_s: 600,
            session_lifetime_days: 30,
        },
        reset_key_file: chassis::Secret::new("07".repeat(32)),
        registrations_per_client: 20,
    };
    std::fs::remove_file(&keys).unwrap();
    let app = identity::app(&config, &chassis::Process::new("identity"))
        .await
        .unwrap();
    let url = format!("http://{}", app.address().unwrap());
    tasks.spawn(async move { app.serve().await.unwrap() });
    let demo = json!({
        "email": "demo@example.com", "password": "Demo123!", "firstName": "Demo", "lastName": "User", "gdprConsent": true
    });
    let registered = testkit::Client::new(&url)
        .post("/api/users/register", &demo)
        .await
        .expect(201)
        .json();
    let id = registered["user"]["id"].as_str().unwrap().parse().unwrap();
    (url, id, registered["token"].as_str().unwrap().to_owned())
}

fn degraded(dashboard: &Value) -> Vec<&str> {
    let parts = dashboard["degraded"].as_array().unwrap().iter();
    parts.map(|part| part["part"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn account_orders_and_products_come_in_one_answer() {
    let mut tasks = JoinSet::new();
    let (url, user, token) = identity(&mut tasks).await;
    let app = TestApp::with(Setup {
        jwks: Some(format!("{url}/.well-known/jwks.json")),
        identity_url: url,
        ..Setup::default()
    })
    .await;
    let mine = app.anonymous.with_token(&token);
    let product = app.product(5).await;
    mine.post("/api/orders", &wish(&product, 1))
        .await
        .expect(201);
    let path = format!("/api/user-dashboard/{user}");
    let dashboard = mine.get(&path).await.expect(200).json();
    assert_eq!(degraded(&dashboard), [""; 0]);
    assert_eq!(dashboard["user"]["email"], "demo@example.com");
    assert_eq!(dashboard["orders"]["totalCount"], 1);
    assert_eq!(dashboard["products"][0]["productId"], product.id.as_str());
    assert_eq!(dashboard["products"][0]["price"]["amount"], "12.50");
    // A browser has its token in a cookie: identity hears of it all the same.
    let browser = app
        .anonymous
        .send(Method::GET, &path, |request| {
            request.header("cookie", format!("argosy_access={token}"))
        })
        .await;
    assert_eq!(browser.expect(200).json()["user"], dashboard["user"]);
}

#[tokio::test]
async fn a_part_that_is_away_is_left_out_and_named() {
    let app = TestApp::with(Setup {
        offers_remembered_ms: 0,
        ..Setup::default()
    })
    .await;
    let product = app.product(5).await;
    app.order(&product, 1).await;
    let path = format!("/api/user-dashboard/{}", app.customer_id);
    let dashboard = app.customer.get(&path).await.expect(200).json();
    assert_eq!(
        degraded(&dashboard),
        ["user"],
        "nobody listens at identity's address"
    );
    assert!(dashboard["user"].is_null());
    assert_eq!(dashboard["products"][0]["name"], "Desk lamp");

    app.catalog_process.shutdown.cancel();
    let dashboard = eventually("the catalogue is missed", || async {
        let dashboard = app.customer.get(&path).await.expect(200).json();
        (degraded(&dashboard) == ["user", "products"]).then_some(dashboard)
    })
    .await;
    assert!(dashboard["products"].is_null());
    assert_eq!(dashboard["orders"]["totalCount"], 1);

    app.database.take_away().await;
    let dashboard = app.customer.get(&path).await.expect(200).json();
    assert_eq!(degraded(&dashboard), ["user", "orders", "products"]);
}

#[tokio::test]
async fn somebody_elses_dashboard_is_for_admins() {
    let app = TestApp::start().await;
    let path = format!("/api/user-dashboard/{}", app.customer_id);
    app.anonymous
        .get(&path)
        .await
        .expect_problem(401, "unauthenticated");
    app.other_customer
        .get(&path)
        .await
        .expect_problem(403, "forbidden");
    app.vendor.get(&path).await.expect_problem(403, "forbidden");
    app.customer
        .get("/api/user-dashboard/nonsense")
        .await
        .expect_problem(403, "forbidden");
    app.admin.get(&path).await.expect(200);
    let empty = app.customer.get(&path).await.expect(200).json();
    assert_eq!(
        (&empty["orders"]["items"], &empty["products"]),
        (&json!([]), &json!([]))
    );
}
