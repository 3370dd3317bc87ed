//! A guest's cart becomes part of an account's, when that is asked for.

use http::Method;
use serde_json::{Value, json};
use testkit::Client;
use tokio::task::JoinSet;

use crate::app::{TestApp, contents, things};

#[tokio::test]
async fn lines_are_summed_and_the_guests_cart_ends() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    app.stock.set(&mug, 50).await;
    app.stock.set(&pot, 50).await;
    let person = app.person("customer");
    person.add(&mug, 2).await.expect(200);
    let browser = app.browser();
    browser.add(&mug, 3).await.expect(200);
    browser.add(&pot, 1).await.expect(200);
    let guest = browser.guest_cookie().unwrap();
    browser.sign_in(&person.token);
    let merged = browser.merge().await.expect(200);
    let body = merged.json();
    assert_eq!(contents(&body["cart"]), things(&[("Mug", 5), ("Pot", 1)]));
    assert_eq!(body["capped"], json!([]));
    assert!(
        merged
            .header("set-cookie")
            .starts_with("argosy_cart=; Path=/; Max-Age=0;")
    );
    assert_eq!(person.cart().await, body["cart"]);
    assert_eq!(app.counted("merged").await, "1");
    // Whoever still has the old cookie is nobody's guest.
    let late = app.browser();
    late.keep("argosy_cart", &guest);
    assert_eq!(contents(&late.cart().await), []);
}

#[tokio::test]
async fn merging_twice_adds_once() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    app.stock.set(&mug, 50).await;
    let (person, browser) = (app.person("customer"), app.browser());
    browser.add(&mug, 3).await.expect(200);
    let guest = browser.guest_cookie().unwrap();
    browser.sign_in(&person.token);
    let first = browser.merge().await.expect(200).json();
    // The answer was lost, so the cookie is still there.
    browser.keep("argosy_cart", &guest);
    let second = browser.merge().await.expect(200).json();
    assert_eq!(second, first);
    assert_eq!(contents(&person.cart().await), things(&[("Mug", 3)]));
    // And without a cookie.
    let third = browser.merge().await.expect(200).json();
    assert_eq!(third, first);
}

#[tokio::test]
async fn of_many_who_merge_at_once_one_does() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    app.stock.set(&mug, 90).await;
    let (person, browser) = (app.person("customer"), app.browser());
    person.add(&mug, 1).await.expect(200);
    browser.add(&mug, 3).await.expect(200);
    let cookie = format!("argosy_cart={}", browser.guest_cookie().unwrap());
    let mut merging = JoinSet::new();
    for _ in 0..12 {
        let (client, cookie) = (person.client.clone(), cookie.clone());
        merging.spawn(async move {
            client
                .send(Method::POST, "/api/cart/merge", |request| {
                    request.header("cookie", cookie)
                })
                .await
        });
    }
    while let Some(answer) = merging.join_next().await {
        answer.unwrap().expect(200);
    }
    assert_eq!(contents(&person.cart().await), things(&[("Mug", 4)]));
    assert_eq!(app.counted("merged").await, "1");
}

#[tokio::test]
async fn what_is_capped_is_said() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    let pan = app.catalogue.product("Pan", "45").await;
    app.stock.set(&mug, 4).await;
    app.stock.set(&pot, 500).await;
    // Of pans there were never any.
    let (person, browser) = (app.person("customer"), app.browser());
    person.add(&mug, 3).await.expect(200);
    person.add(&pot, 60).await.expect(200);
    for (product, quantity) in [(&mug, 3), (&pot, 60), (&pan, 2)] {
        browser.add(product, quantity).await.expect(200);
    }
    browser.sign_in(&person.token);
    let body = browser.merge().await.expect(200).json();
    assert_eq!(
        contents(&body["cart"]),
        things(&[("Mug", 4), ("Pot", 99), ("Pan", 1)])
    );
    assert_eq!(
        body["cart"]["lines"][2]["notices"][0]["kind"],
        "out_of_stock"
    );
    let said: Vec<Value> = body["capped"]
        .as_array()
        .unwrap()
        .iter()
        .map(|capped| {
            json!([
                capped["name"],
                capped["wanted"],
                capped["quantity"],
                capped["reason"]
            ])
        })
        .collect();
    assert_eq!(
        json!(said),
        json!([
            ["Mug", 6, 4, "stock"],
            ["Pot", 120, 99, "quantity"],
            ["Pan", 2, 1, "stock"]
        ])
    );
    assert_eq!(body["capped"][0]["variantId"], mug.variants[0].as_str());
}

#[tokio::test]
async fn without_inventory_carts_are_merged_uncapped() {
    let mut app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let (person, browser) = (app.person("customer"), app.browser());
    app.stock.go_away().await;
    browser.add(&mug, 30).await.expect(200);
    browser.sign_in(&person.token);
    let body = browser.merge().await.expect(200).json();
    assert_eq!(contents(&body["cart"]), things(&[("Mug", 30)]));
    assert_eq!(body["cart"]["degraded"], json!(["inventory"]));
}

#[tokio::test]
async fn nothing_is_merged_unless_it_is_asked_for() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let pot = app.catalogue.product("Pot", "30").await;
    let (person, browser) = (app.person("customer"), app.browser());
    browser.add(&mug, 3).await.expect(200);
    browser.sign_in(&person.token);
    assert_eq!(contents(&browser.cart().await), []);
    let cart = browser.add(&pot, 1).await.expect(200).json();
    assert_eq!(contents(&cart), things(&[("Pot", 1)]));
    browser
        .set(&mug.variants[0], 1)
        .await
        .expect_problem(404, "not-found");
    browser
        .send(Method::DELETE, "/api/cart", None)
        .await
        .expect(200);
    browser.forget("argosy_access");
    assert_eq!(contents(&browser.cart().await), things(&[("Mug", 3)]));
}

#[tokio::test]
async fn merging_needs_an_account() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let browser = app.browser();
    browser.add(&mug, 3).await.expect(200);
    browser.merge().await.expect_problem(401, "unauthenticated");
    Client::new(&app.url)
        .post("/api/cart/merge", &json!({}))
        .await
        .expect_problem(401, "unauthenticated");
    assert_eq!(contents(&browser.cart().await), things(&[("Mug", 3)]));
}
