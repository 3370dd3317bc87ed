//! Dead letters: listed, looked at with care, replayed.

use crate::shop::Shop;

#[tokio::test]
async fn an_admin_looks_at_a_dead_letter_and_replays_it_and_both_are_noted() {
    let shop = Shop::open().await;
    let mut connection = shop.catalog_database.connect().await;
    sqlx::query(
        r#"insert into dead_letter (consumer, event_id, subject, payload, reason, deliveries) values
           ('catalog_test', gen_random_uuid(), 'shop.test.v1', '{"data": {"email": "ada@example.com", "version": 3}}',
            'delivered 7 times in vain', 8)"#,
    )
    .execute(&mut connection)
    .await
    .unwrap();
    let admin = shop.browser(&shop.admin);
    let list = admin
        .get("/office/dead-letters?service=catalog&state=open")
        .await;
    assert_eq!(list.rows(), ["catalog 1"]);
    assert!(!list.says("ada@example.com"));
    let page = admin.get(&list.link("catalog 1")).await;
    assert!(page.says("[text of 15 characters]") && !page.says("ada@example.com"));
    let reveal = page
        .one(".office-actions form")
        .attr("action")
        .unwrap()
        .to_owned();
    let whole = admin.post(&reveal, &[]).await;
    assert!(whole.says("ada@example.com"));
    let question = admin.get(&page.link("Replay")).await;
    assert!(question.says("catalog_test is handed the event shop.test.v1 again"));
    let asked = admin.send(&question, &[]).await;
    let page = admin.follow(&asked).await;
    assert!(page.says("About to be replayed"));
    let again = admin.send(&question, &[]).await;
    assert_eq!(again.status, 422);
    let trail = admin.get("/office/audit?service=catalog").await;
    assert!(trail.says("replay dead letter") && trail.says("reveal dead letter"));
    assert!(!trail.says("ada@example.com"));
    assert!(
        admin
            .get("/office/dead-letters?service=orders")
            .await
            .says("That is how it should be")
    );
}
