//! Which tokens count, and what is shown to whom. Every operation by every kind of caller is in `documents.rs`.

use serde_json::{Value, json};

use crate::app::{Shop, order};

#[tokio::test]
async fn a_token_that_is_not_right_opens_nothing() {
    let shop = Shop::open().await;
    let order = shop.paid().await;
    let claims = testkit::Claims::new(order.user.0, "admin");
    let expired = testkit::Claims {
        exp: claims.iat - 60,
        nbf: claims.iat - 120,
        iat: claims.iat - 120,
        ..claims.clone()
    };
    let proper = shop.issuer.token(order.user.0, "admin");
    let stranger = testkit::Issuer::default();
    for token in [
        shop.issuer.sign(&expired),
        shop.issuer.unsigned(&claims),
        stranger.token(order.user.0, "admin"),
        format!("{}x", &proper[..proper.len() - 1]),
        "nothing".to_owned(),
    ] {
        let caller = shop.client().with_token(&token);
        for path in [
            "/api/payments".to_owned(),
            format!("/api/payments/{}", order.id),
        ] {
            caller
                .get(&path)
                .await
                .expect_problem(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn a_payment_shows_what_became_of_it_to_who_pays() {
    let shop = Shop::open().await;
    let order = shop.paid().await;
    let payer = shop.client_of(order.user, "customer");
    let seen = payer
        .get(&format!("/api/payments/{}", order.id))
        .await
        .expect(200)
        .json();
    let by_its_own_id = format!("/api/payments/{}", seen["id"].as_str().unwrap());
    assert_eq!(payer.get(&by_its_own_id).await.expect(200).json(), seen);
    assert_eq!(
        (&seen["state"], &seen["amount"]),
        (
            &json!("CAPTURED"),
            &json!({ "amount": "10.00", "currency": "EUR" })
        )
    );
    assert_eq!(
        (&seen["orderId"], &seen["attempt"], &seen["refunds"]),
        (&json!(order.id), &json!(1), &json!([]))
    );
    for nothing in ["nothing".to_owned(), crate::app::order().id.to_string()] {
        payer
            .get(&format!("/api/payments/{nothing}"))
            .await
            .expect_problem(404, "not-found");
    }
    // Of a cancellation that came first nobody knows whose it was.
    let early = self::order();
    shop.cancel(&early).await;
    shop.until(&early, "CANCELLED").await;
    let path = format!("/api/payments/{}", early.id);
    shop.client_of(early.user, "customer")
        .get(&path)
        .await
        .expect_problem(404, "not-found");
    shop.admin().get(&path).await.expect(200);
}

#[tokio::test]
async fn the_list_is_paged_by_key_and_filtered_by_state() {
    let shop = Shop::open().await;
    let cancelled = order();
    shop.cancel(&cancelled).await;
    shop.until(&cancelled, "CANCELLED").await;
    let mut expected = vec![cancelled.id.to_string()];
    for _ in 0..4 {
        expected.push(shop.paid().await.id.to_string());
    }
    expected.reverse();
    let admin = shop.admin();
    let (mut seen, mut path) = (Vec::new(), "/api/payments?limit=2".to_owned());
    loop {
        let page = admin.get(&path).await.expect(200).json();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= 2);
        seen.extend(
            items
                .iter()
                .map(|item| item["orderId"].as_str().unwrap().to_owned()),
        );
        match &page["next"] {
            Value::Null => break,
            next => path = format!("/api/payments?limit=2&after={}", next.as_str().unwrap()),
        }
    }
    assert_eq!(seen, expected);
    let filtered = admin
        .get("/api/payments?state=CANCELLED")
        .await
        .expect(200)
        .json();
    assert_eq!(filtered["items"].as_array().unwrap().len(), 1);
    for (query, field) in [
        ("limit=0", "limit"),
        ("after=x", "after"),
        ("state=PAID", "state"),
        ("page=1", "page"),
    ] {
        let answer = admin.get(&format!("/api/payments?{query}")).await;
        assert_eq!(answer.expect_problem(400, "invalid-request"), [field]);
    }
}

#[tokio::test]
async fn every_method_that_is_offered_is_one_that_the_provider_takes() {
    let shop = Shop::open().await;
    shop.psp.knobs(json!({ "settlementMs": 50 })).await;
    let methods = shop
        .client()
        .get("/api/payment-methods")
        .await
        .expect(200)
        .json();
    let methods = methods["items"].as_array().unwrap();
    assert!(methods.len() > 5);
    for method in methods {
        let (id, description) = (
            method["id"].as_str().unwrap(),
            method["description"].as_str().unwrap(),
        );
        let order = crate::app::Order::by(Box::leak(id.to_owned().into_boxed_str()));
        shop.request(&order).await;
        let expected =
            if description.starts_with("Declined") && !description.contains("decline rate") {
                "DECLINED"
            } else {
                "CAPTURED"
            };
        shop.until(&order, expected).await;
    }
}
