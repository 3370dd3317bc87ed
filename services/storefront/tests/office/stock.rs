//! Stock: received, corrected, found.

use crate::shop::Shop;

#[tokio::test]
async fn a_vendor_receives_and_corrects_stock_and_the_ledger_says_why() {
    let shop = Shop::open().await;
    let product = shop.product("Lamp").await;
    let vendor = shop.browser(&shop.vendor);
    let page = vendor
        .get(&format!(
            "/office/products/{}",
            product["id"].as_str().unwrap()
        ))
        .await;
    let variant = product["variants"][0]["id"].as_str().unwrap();
    let fields = [
        ("variantId", variant),
        ("warehouseLocation", "Warehouse A"),
        ("quantity", "4"),
        ("reason", "Delivery 4711"),
        ("lowStockThreshold", "5"),
    ];
    let form = vendor.get(&page.link("Receive stock")).await;
    let received = vendor.send(&form, &fields).await;
    let shelf = vendor.follow(&received).await;
    assert!(shelf.says("Delivery 4711") && shelf.says("Low"));
    // The same form once more is the same delivery.
    vendor.send(&form, &fields).await.leads_to();
    let correct = shelf.link("Correct");
    let wrong = vendor
        .fill(&correct, &[("delta", "some"), ("reason", "Counted")])
        .await;
    assert_eq!(wrong.status, 422);
    assert_eq!(
        wrong.texts(".field-error"),
        ["Units more or fewer must be a whole number."]
    );
    let too_many = vendor.send(&wrong, &[("delta", "-5")]).await;
    assert_eq!(too_many.status, 422);
    assert!(too_many.says("at most 4 can be taken away"));
    let done = vendor.send(&too_many, &[("delta", "−1")]).await;
    let shelf = vendor.follow(&done).await;
    assert!(shelf.says("Counted"));
    assert_eq!(shelf.texts("tbody td.number"), ["-1", "+0", "+4", "+0"]);
    let low = vendor.get("/office/stock?level=low").await;
    assert_eq!(low.rows().len(), 1);
    assert!(
        vendor
            .get("/office/stock?level=out")
            .await
            .rows()
            .is_empty()
    );
    assert_eq!(
        vendor
            .get("/office/stock?q=lam&sort=name")
            .await
            .rows()
            .len(),
        1
    );
    let trail = shop
        .browser(&shop.admin)
        .get("/office/audit?service=inventory")
        .await;
    assert!(trail.says("Counted") && trail.says("onHand: 4"));
}
