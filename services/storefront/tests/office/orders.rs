//! Orders: seen, sent, delivered, cancelled, refunded.

use crate::shop::Shop;

#[tokio::test]
async fn a_vendor_sends_what_was_ordered_of_them_and_it_arrives() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    shop.stock(&product, 5).await;
    let order = shop.paid_order(&product, 2).await;
    let vendor = shop.browser(&shop.vendor);
    let number = order["number"].as_str().unwrap();
    let list = vendor.get("/office/orders?state=PAID&sort=oldest").await;
    assert_eq!(list.rows(), [number]);
    assert!(
        shop.browser(&shop.other_vendor)
            .get("/office/orders")
            .await
            .rows()
            .is_empty()
    );
    let page = vendor.get(&list.link(number)).await;
    assert!(page.says("2 × Lamp") || page.says("Lamp"));
    assert!(!page.says("Refund") && !page.says("Who ordered"));
    let parcel = [("carrier", "Gull Post"), ("trackingNumber", "G-1")];
    let form = vendor.get(&page.link("Ship")).await;
    let sent = vendor.send(&form, &parcel).await;
    let page = vendor.follow(&sent).await;
    assert!(page.says("Gull Post") && page.says("G-1"));
    // The same form once more comes too late, and says so.
    let again = vendor.send(&form, &parcel).await;
    assert_eq!(again.status, 422);
    assert!(!again.errors().is_empty());
    let arrived = vendor.fill(&page.link("It has arrived"), &[]).await;
    let page = vendor.follow(&arrived).await;
    assert!(page.says("Delivered"));
    assert_eq!(shop.seen(&order).await["state"], "DELIVERED");
}

#[tokio::test]
async fn an_admin_gives_money_back_after_a_page_that_says_what_goes_and_never_more_than_came() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    shop.stock(&product, 5).await;
    let order = shop.paid_order(&product, 2).await;
    let admin = shop.browser(&shop.admin);
    let path = format!("/office/orders/{}", order["id"].as_str().unwrap());
    let page = admin.get(&path).await;
    let refund = page.link("Refund");
    let none = admin
        .fill(&refund, &[("amount", "much"), ("reason", "")])
        .await;
    assert_eq!(
        (none.status.as_u16(), none.texts(".field-error").len()),
        (422, 2)
    );
    let too_much = [("amount", "25,01"), ("reason", "A scratch")];
    let question = admin.fill(&refund, &too_much).await;
    assert_eq!(question.status, 200);
    assert!(question.says("€25.01 of order"), "{}", question.source);
    let refused = admin.send(&question, &[]).await;
    assert_eq!(refused.status, 422);
    assert!(
        refused
            .texts(".field-error")
            .iter()
            .any(|error| error.contains("must be at most"))
    );
    assert_eq!(refused.one("#reason").attr("value"), Some("A scratch"));
    assert_eq!(shop.seen(&order).await["refunds"], serde_json::json!([]));
    let question = admin.send(&refused, &[("amount", "5")]).await;
    assert!(question.says("€5.00 of order"));
    let done = admin.send(&question, &[]).await;
    // Pressed twice, it goes back once.
    admin.send(&question, &[]).await;
    let page = admin.follow(&done).await;
    assert!(page.says("A scratch") && page.says("€5.00"));
    let refunds = shop.seen(&order).await["refunds"].clone();
    assert_eq!(refunds.as_array().unwrap().len(), 1);
    let trail = admin
        .get("/office/audit?service=orders&action=refund_order")
        .await;
    assert_eq!(trail.rows().len(), 1);
}

#[tokio::test]
async fn an_admin_cancels_an_unpaid_order_after_a_page_that_names_it() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    shop.stock(&product, 5).await;
    let order = shop.order(&product, 2).await;
    let admin = shop.browser(&shop.admin);
    let path = format!("/office/orders/{}/cancel", order["id"].as_str().unwrap());
    let question = admin.get(&path).await;
    assert!(
        question.says(order["number"].as_str().unwrap())
            && question.says("2 × Lamp")
            && question.says("€25.00")
    );
    let empty = admin.send(&question, &[]).await;
    assert_eq!(empty.texts(".field-error"), ["Why must not be empty."]);
    let done = admin.send(&question, &[("reason", "Out of brass")]).await;
    let page = admin.follow(&done).await;
    assert!(page.says("Being cancelled") || page.says("Cancelled"));
    assert!(page.says("Out of brass"));
}
