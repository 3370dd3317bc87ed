//! Running the service: health, replicas, a database that goes away, its end, its configuration.

use http::Method;

use crate::{
    app::{TestApp, contents, things},
    program::Program,
};

#[tokio::test]
async fn replicas_share_carts_and_end_when_they_are_asked_to() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let mut replica = Program::alone(&app, None).await;
    let browser = app.browser();
    browser.add(&mug, 2).await.expect(200);
    let browser = browser.moved_to(&replica.url);
    let cart = browser.add(&mug, 1).await.expect(200).json();
    assert_eq!(contents(&cart), things(&[("Mug", 3)]));
    let browser = browser.moved_to(&app.url);
    assert_eq!(contents(&browser.cart().await), things(&[("Mug", 3)]));
    replica.terminate();
    assert_eq!(replica.exit_code().await, Some(0));
}

#[tokio::test]
async fn while_the_database_is_away_the_service_says_so_and_recovers() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let browser = app.browser();
    browser.add(&mug, 2).await.expect(200);
    app.anonymous.get("/readyz").await.expect(200);
    app.database.take_away().await;
    testkit::eventually("the service is not ready", || async {
        (app.anonymous.get("/readyz").await.status == 503).then_some(())
    })
    .await;
    app.anonymous.get("/livez").await.expect(200);
    let answer = browser.send(Method::GET, "/api/cart", None).await;
    answer.expect_problem(503, "unavailable");
    browser
        .add(&mug, 1)
        .await
        .expect_problem(503, "unavailable");
    app.database.give_back().await;
    testkit::eventually("the service is ready again", || async {
        (app.anonymous.get("/readyz").await.status == 200).then_some(())
    })
    .await;
    assert_eq!(contents(&browser.cart().await), things(&[("Mug", 2)]));
}

#[tokio::test]
async fn a_guest_needs_no_issuer_of_tokens() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    std::fs::remove_file(app.issuer.file()).unwrap();
    let browser = app.browser();
    let cart = browser.add(&mug, 2).await.expect(200).json();
    assert_eq!(contents(&cart), things(&[("Mug", 2)]));
    let person = app.person("customer");
    person.add(&mug, 2).await.expect_problem(503, "unavailable");
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_a_port_is_bound() {
    for (name, value, expected) in [
        ("CART_JWKS", "ftp://keys", "is not a source of keys"),
        ("CART_LISTEN", "everywhere", "invalid socket address"),
        (
            "CART_INTERNAL_TOKEN_FILE",
            "/nowhere",
            "cannot read the secret in /nowhere",
        ),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_cart"))
            .arg("serve")
            .env_clear()
            .env(name, value)
            .output()
            .await
            .unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{talk}");
        assert!(talk.contains(expected), "{talk}");
    }
}
