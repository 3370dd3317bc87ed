//! Who reaches which page.

use crate::{browser::Browser, shop::Shop};

/// Every page, and whether it is for admins only. `{product}`, `{variant}`, `{stock}`, `{order}` and `{user}` are the vendor's
/// own.
const PAGES: &[(&str, bool)] = &[
    ("/office/products", false),
    ("/office/products/new", false),
    ("/office/products/{product}", false),
    ("/office/products/{product}/edit", false),
    ("/office/products/{product}/archive", false),
    ("/office/products/{product}/variants/new", false),
    ("/office/products/{product}/variants/{variant}", false),
    ("/office/products/{product}/pictures/new", false),
    ("/office/stock", false),
    ("/office/stock/receive?product={product}", false),
    ("/office/stock/{stock}", false),
    ("/office/stock/{stock}/correct", false),
    ("/office/orders", false),
    ("/office/orders/{order}", false),
    ("/office/orders/{order}/ship", false),
    ("/office/orders/{order}/deliver", false),
    ("/office/orders/{order}/cancel", true),
    ("/office/orders/{order}/refund", true),
    ("/office/orders/{order}/retry-payment", true),
    ("/office/audit", true),
    ("/office/users", true),
    ("/office/users/{user}", true),
    ("/office/users/{user}/role", true),
    ("/office/users/{user}/end-sessions", true),
    ("/office/dead-letters", true),
];

/// Each page's address in this shop.
async fn pages(shop: &Shop) -> Vec<(String, bool)> {
    let product = shop.product("Lamp").await;
    let stock = shop.stock(&product, 5).await;
    let order = shop.order(&product, 1).await;
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let page = |(path, is_for_admins): &(&str, bool)| {
        let path = path
            .replace("{product}", &text(&product["id"]))
            .replace("{variant}", &text(&product["variants"][0]["id"]))
            .replace("{stock}", &text(&stock["id"]))
            .replace("{order}", &text(&order["id"]))
            .replace("{user}", &shop.customer.id);
        (path, *is_for_admins)
    };
    PAGES.iter().map(page).collect()
}

#[tokio::test]
async fn every_page_is_for_those_who_work_there_and_nobody_else() {
    let shop = Shop::open().await;
    let [vendor, other, customer, admin] = [
        &shop.vendor,
        &shop.other_vendor,
        &shop.customer,
        &shop.admin,
    ]
    .map(|person| shop.browser(person));
    let is_somebodys =
        |path: &str| path.split('/').any(|part| part.len() == 36) || path.contains("?product=");
    for (path, is_for_admins) in pages(&shop).await {
        let nobody = shop.anonymous().get(&path).await;
        assert!(
            nobody.leads_to().starts_with("/login?next=%2Foffice"),
            "{path}"
        );
        assert_eq!(customer.get(&path).await.status, 403, "{path}");
        assert_eq!(admin.get(&path).await.status, 200, "{path}");
        let status = vendor.get(&path).await.status;
        assert_eq!(status, if is_for_admins { 403 } else { 200 }, "{path}");
        let status = other.get(&path).await.status.as_u16();
        match (is_for_admins, is_somebodys(&path)) {
            (true, _) => assert_eq!(status, 403, "{path}"),
            // An order of somebody else's is not there, a product is.
            (false, true) => assert!([403, 404].contains(&status), "{path}: {status}"),
            (false, false) => assert_eq!(status, 200, "{path}"),
        }
    }
    assert_eq!(vendor.get("/office").await.leads_to(), "/office/products");
    assert_eq!(customer.get("/office").await.status, 403);
}

#[tokio::test]
async fn no_form_of_anybody_elses_page_and_no_stranger_changes_anything() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    shop.stock(&product, 5).await;
    let order = shop.order(&product, 1).await;
    let (product_path, order_path) = (
        format!("/office/products/{}", product["id"].as_str().unwrap()),
        format!("/office/orders/{}", order["id"].as_str().unwrap()),
    );
    let forms = [
        format!("{product_path}/archive"),
        format!("{order_path}/cancel"),
        format!("{order_path}/ship"),
        format!("/office/users/{}/end-sessions", shop.customer.id),
    ];
    let strangers: [Browser; 3] = [
        shop.anonymous(),
        shop.browser(&shop.customer),
        shop.browser(&shop.other_vendor),
    ];
    for form in &forms {
        let answer = shop.browser(&shop.admin).post_from_elsewhere(form).await;
        assert_eq!(answer.status, 403, "{form}");
        for stranger in &strangers {
            let answer = stranger.post(form, &[("reason", "x")]).await;
            assert!(
                [303, 403, 404].contains(&answer.status.as_u16()),
                "{form}: {}",
                answer.status
            );
            if answer.status == 303 {
                assert!(answer.leads_to().starts_with("/login"), "{form}");
            }
        }
    }
    let own = format!("/api/products/{}", product["id"].as_str().unwrap());
    let kept = shop.catalog(&shop.vendor).get(&own).await.expect(200);
    assert_eq!(kept.json()["status"], "active");
    assert_eq!(shop.seen(&order).await["state"], order["state"]);
    assert!(shop.knows(&shop.customer).await);
}

#[tokio::test]
async fn a_part_of_the_platform_that_is_away_does_not_take_the_page_with_it() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    shop.stock(&product, 5).await;
    let order = shop.order(&product, 1).await;
    let admin = shop.browser(&shop.admin);
    // Payments and notifications are away.
    let page = admin
        .get(&format!("/office/orders/{}", order["id"].as_str().unwrap()))
        .await;
    assert_eq!(page.status, 200);
    assert!(page.says("The payment cannot be shown right now"));
    assert!(page.says("The mails cannot be shown right now"));
    assert_eq!(admin.get("/office/mails").await.status, 503);
    assert_eq!(
        admin
            .get("/office/dead-letters?service=payments")
            .await
            .status,
        503
    );
    assert_eq!(
        admin.get("/office/dead-letters?service=moon").await.status,
        404
    );
}
