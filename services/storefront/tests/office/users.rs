//! Accounts: found, given another role, logged out.

use crate::shop::Shop;

#[tokio::test]
async fn an_admin_finds_somebody_and_makes_them_a_vendor_after_a_page_that_says_so() {
    let shop = Shop::open().await;
    let admin = shop.browser(&shop.admin);
    let list = admin
        .get("/office/users?email=CUSTOMER&role=customer")
        .await;
    assert_eq!(list.rows(), ["customer@example.com"]);
    let page = admin.get(&list.link("customer@")).await;
    let form = admin.get(&page.link("Change the role")).await;
    assert!(shop.knows(&shop.customer).await);
    let wrong = admin.send(&form, &[("role", "god")]).await;
    assert_eq!(wrong.status, 422);
    let question = admin.send(&form, &[("role", "vendor")]).await;
    assert!(question.says("customer@example.com, who is a customer, becomes a vendor"));
    assert!(shop.knows(&shop.customer).await, "nothing has happened yet");
    let done = admin.send(&question, &[]).await;
    let page = admin.follow(&done).await;
    assert!(page.says("Vendor"));
    assert!(
        !shop.knows(&shop.customer).await,
        "the old rights have ended"
    );
    let trail = admin.get("/office/audit?service=identity").await;
    assert!(trail.says("role: customer") && trail.says("role: vendor"));
    assert!(!trail.says("customer@example.com"));
}

#[tokio::test]
async fn nobody_takes_their_own_role_away() {
    let shop = Shop::open().await;
    let admin = shop.browser(&shop.admin);
    let own = format!("/office/users/{}", shop.admin.id);
    let page = admin.get(&own).await;
    assert!(page.says("This is you"));
    let refused = admin
        .fill(&format!("{own}/role"), &[("role", "customer")])
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.says("another admin has to"));
    assert!(shop.knows(&shop.admin).await);
}

#[tokio::test]
async fn an_admin_ends_somebodys_sessions_after_a_page_that_names_them() {
    let shop = Shop::open().await;
    let admin = shop.browser(&shop.admin);
    let path = format!("/office/users/{}/end-sessions", shop.vendor.id);
    let question = admin.get(&path).await;
    assert!(question.says(&shop.vendor.email));
    assert!(shop.knows(&shop.vendor).await);
    admin.send(&question, &[]).await.leads_to();
    assert!(!shop.knows(&shop.vendor).await);
}
