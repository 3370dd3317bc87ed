//! Carts of those who have not signed in: bound to a cookie, and to nothing else.

use http::Method;
use serde_json::json;

use crate::app::{TestApp, adding, contents, things};

#[tokio::test]
async fn a_guests_cart_survives_a_restart() {
    let mut app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let browser = app.browser();
    let cart = browser.add(&mug, 3).await.expect(200).json();
    assert_eq!(cart["itemCount"], 3);
    assert_eq!(
        cart["subtotal"],
        json!({ "amount": "37.50", "currency": "EUR" })
    );
    app.restart().await;
    let browser = browser.moved_to(&app.url);
    let after = browser.cart().await;
    assert_eq!(contents(&after), things(&[("Mug", 3)]));
    assert_eq!(after["version"], 1);
}

#[tokio::test]
async fn whoever_has_no_cart_sees_an_empty_one_and_nothing_is_stored() {
    let app = TestApp::start().await;
    let answer = app.anonymous.get("/api/cart").await.expect(200);
    let expected = json!({
        "version": 0,
        "itemCount": 0,
        "subtotal": { "amount": "0.00", "currency": "EUR" },
        "lines": [],
        "degraded": [],
    });
    assert_eq!(answer.json(), expected);
    assert_eq!(answer.header("set-cookie"), "");
    assert_eq!(answer.header("cache-control"), "no-store");
    let emptied = app.anonymous.delete("/api/cart").await.expect(200);
    assert_eq!(emptied.json(), expected);
    assert_eq!(app.stored().await, json!({ "carts": null, "lines": null }));
}

#[tokio::test]
async fn another_cookie_sees_another_cart() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let (one, other, nobody) = (app.browser(), app.browser(), app.browser());
    one.add(&mug, 3).await.expect(200);
    other.add(&mug, 1).await.expect(200);
    assert_ne!(one.guest_cookie(), other.guest_cookie());
    assert_eq!(contents(&one.cart().await), things(&[("Mug", 3)]));
    assert_eq!(contents(&other.cart().await), things(&[("Mug", 1)]));
    assert_eq!(contents(&nobody.cart().await), []);
    other.remove(&mug.variants[0]).await.expect(200);
    assert_eq!(contents(&one.cart().await), things(&[("Mug", 3)]));
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_of_scripts_and_only_its_digest_is_stored() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let browser = app.browser();
    let answer = browser.add(&mug, 1).await.expect(200);
    let set = answer.header("set-cookie").to_owned();
    let cookie = browser.guest_cookie().unwrap();
    assert_eq!(
        set,
        format!("argosy_cart={cookie}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax")
    );
    assert_eq!(cookie.len(), 43, "32 bytes in base64");
    let body = String::from_utf8_lossy(&answer.body).into_owned();
    let stored = app.stored().await.to_string();
    assert!(!body.contains(&cookie) && !stored.contains(&cookie));
    let over_tls = app
        .anonymous
        .send(Method::POST, "/api/cart/items", |request| {
            request
                .header("x-forwarded-proto", "https")
                .json(&adding(&mug, 1))
        })
        .await
        .expect(200);
    assert!(over_tls.header("set-cookie").ends_with("; Secure"));
}

#[tokio::test]
async fn a_cookie_that_is_not_ours_leads_to_a_new_cart_with_a_cookie_of_its_own() {
    let app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    app.browser().add(&mug, 9).await.expect(200);
    let well_formed = "A".repeat(43);
    for forged in [well_formed.as_str(), "x", "💣", "' or 1=1 --"] {
        let browser = app.browser();
        browser.keep("argosy_cart", forged);
        assert_eq!(contents(&browser.cart().await), [], "{forged}");
        browser
            .set(&mug.variants[0], 1)
            .await
            .expect_problem(404, "not-found");
        let cart = browser.add(&mug, 1).await.expect(200).json();
        assert_eq!(contents(&cart), things(&[("Mug", 1)]), "{forged}");
        let given = browser.guest_cookie().unwrap();
        assert_ne!(given, forged, "nobody chooses the key of a cart");
        assert_eq!(contents(&browser.cart().await), things(&[("Mug", 1)]));
    }
}

#[tokio::test]
async fn a_cart_expires_after_30_days_of_rest_and_is_forgotten() {
    let mut app = TestApp::start().await;
    let mug = app.catalogue.product("Mug", "12.50").await;
    let (rested, used) = (app.browser(), app.browser());
    app.until_forgotten().await;
    rested.add(&mug, 3).await.expect(200);
    // One that has 29 days and 23 hours behind it, and is looked at.
    used.add(&mug, 1).await.expect(200);
    let aged = "update carts set expires_at = expires_at - interval '29 days 23 hours'";
    assert_eq!(app.execute(aged).await, 2);
    let looked = used.send(Method::GET, "/api/cart", None).await.expect(200);
    assert!(
        looked.header("set-cookie").contains("Max-Age=2592000;"),
        "the cookie lives on with its cart"
    );
    let again = used.send(Method::GET, "/api/cart", None).await.expect(200);
    assert_eq!(again.header("set-cookie"), "", "once a day is enough");
    let later = "update carts set expires_at = expires_at - interval '2 hours'";
    app.execute(later).await;

    assert_eq!(contents(&rested.cart().await), []);
    rested
        .set(&mug.variants[0], 1)
        .await
        .expect_problem(404, "not-found");
    assert_eq!(contents(&used.cart().await), things(&[("Mug", 1)]));
    // The job runs when the service starts, and every ten minutes.
    app.restart().await;
    testkit::eventually("the expired cart is forgotten", || async {
        let stored = app.stored().await;
        (stored["carts"].as_array().unwrap().len() == 1).then_some(())
    })
    .await;
    assert_eq!(app.stored().await["lines"].as_array().unwrap().len(), 1);
    app.until_counted("forgotten", "1").await;
    let rested = rested.moved_to(&app.url);
    let cart = rested.add(&mug, 2).await.expect(200).json();
    assert_eq!(contents(&cart), things(&[("Mug", 2)]));
}

#[tokio::test]
async fn many_expired_carts_are_forgotten_in_batches() {
    let mut app = TestApp::start().await;
    app.until_forgotten().await;
    let fill = "insert into carts (id, user_id, expires_at)
        select gen_random_uuid(), gen_random_uuid(), now() - interval '1 second' * n from generate_series(1, 1001) n";
    assert_eq!(app.execute(fill).await, 1001);
    app.restart().await;
    testkit::eventually("all of them are forgotten", || async {
        (app.stored().await["carts"].is_null()).then_some(())
    })
    .await;
    app.until_counted("forgotten", "1001").await;
}
