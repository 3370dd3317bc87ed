//! The address book.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::app::{Person, TestApp, with};

fn london() -> Value {
    json!({ "street": "123 Main St", "city": "London", "state": "UK", "zipCode": "SW1A", "country": "UK" })
}

async fn add(person: &Person, body: &Value) -> Value {
    person
        .client
        .post("/api/users/me/addresses", body)
        .await
        .expect(201)
        .json()
}

async fn defaults(person: &Person) -> Vec<(String, bool)> {
    let book = person
        .client
        .get("/api/users/me/addresses")
        .await
        .expect(200)
        .json();
    let items = book["items"].as_array().unwrap().clone();
    items
        .iter()
        .map(|item| {
            (
                item["label"].as_str().unwrap().to_owned(),
                item["default"].as_bool().unwrap(),
            )
        })
        .collect()
}

fn path(address: &Value) -> String {
    format!(
        "/api/users/me/addresses/{}",
        address["id"].as_str().unwrap()
    )
}

#[tokio::test]
async fn an_address_is_added_changed_and_removed() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let address = add(&person, &with(london(), "label", " Home ")).await;
    assert_eq!(
        (&address["label"], &address["zipCode"], &address["default"]),
        (&json!("Home"), &json!("SW1A"), &json!(true))
    );
    let changed = person
        .client
        .patch(&path(&address), &json!({ "city": "Leeds" }))
        .await
        .expect(200)
        .json();
    assert_eq!(changed, with(address.clone(), "city", "Leeds"));
    person.client.delete(&path(&address)).await.expect(204);
    person
        .client
        .delete(&path(&address))
        .await
        .expect_problem(404, "not-found");
    person
        .client
        .patch(&path(&address), &json!({ "city": "York" }))
        .await
        .expect_problem(404, "not-found");
    assert!(defaults(&person).await.is_empty());
}

#[tokio::test]
async fn one_address_is_the_default_one_whatever_happens_to_the_others() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let named = |label: &str| with(london(), "label", label);
    let first = add(&person, &named("first")).await;
    add(&person, &named("second")).await;
    let third = add(&person, &with(named("third"), "default", true)).await;
    let now = |labels: [(&str, bool); 3]| {
        labels
            .map(|(label, default)| (label.to_owned(), default))
            .to_vec()
    };
    assert_eq!(
        defaults(&person).await,
        now([("third", true), ("first", false), ("second", false)])
    );
    person
        .client
        .patch(&path(&first), &json!({ "default": true }))
        .await
        .expect(200);
    assert_eq!(
        defaults(&person).await,
        now([("first", true), ("second", false), ("third", false)])
    );
    person.client.delete(&path(&first)).await.expect(204);
    assert_eq!(defaults(&person).await[0], ("second".to_owned(), true));
    let answer = person
        .client
        .patch(&path(&third), &json!({ "default": false }))
        .await;
    assert_eq!(answer.expect_problem(400, "invalid-request"), ["default"]);
}

#[tokio::test]
async fn requests_at_once_leave_one_default_and_no_more_than_the_book_holds() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let body = with(london(), "default", true);
    let answers =
        join_all((0..25).map(|_| person.client.post("/api/users/me/addresses", &body))).await;
    let count = |status: u16| {
        answers
            .iter()
            .filter(|answer| answer.status == status)
            .count()
    };
    assert_eq!((count(201), count(409)), (20, 5));
    assert_eq!(
        defaults(&person)
            .await
            .iter()
            .filter(|(_, default)| *default)
            .count(),
        1
    );
    person
        .client
        .post("/api/users/me/addresses", &body)
        .await
        .expect_problem(409, "conflict");
}

#[tokio::test]
async fn what_is_wrong_with_an_address_is_named() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let address = add(&person, &london()).await;
    for (field, value) in [
        ("street", json!("")),
        ("city", json!("x".repeat(121))),
        ("zipCode", json!("1".repeat(21))),
        ("country", json!("x")),
        ("state", json!("a\u{0}b")),
        ("userId", json!(person.id)),
        ("default", json!("yes")),
    ] {
        let created = person
            .client
            .post(
                "/api/users/me/addresses",
                &with(london(), field, value.clone()),
            )
            .await;
        assert_eq!(created.expect_problem(400, "invalid-request"), [field]);
        let changed = person
            .client
            .patch(&path(&address), &json!({ field: value }))
            .await;
        assert_eq!(changed.expect_problem(400, "invalid-request"), [field]);
    }
    let nothing = person
        .client
        .post("/api/users/me/addresses", &json!({}))
        .await;
    assert_eq!(nothing.expect_problem(400, "invalid-request"), ["street"]);
    assert_eq!(defaults(&person).await.len(), 1);
}

#[tokio::test]
async fn somebody_elses_address_is_not_there() {
    let app = TestApp::start().await;
    let (owner, other) = (app.person("owner").await, app.person("other").await);
    let address = add(&owner, &london()).await;
    other
        .client
        .patch(&path(&address), &json!({ "city": "Mine" }))
        .await
        .expect_problem(404, "not-found");
    other
        .client
        .delete(&path(&address))
        .await
        .expect_problem(404, "not-found");
    other
        .client
        .delete("/api/users/me/addresses/1")
        .await
        .expect_problem(404, "not-found");
    assert!(defaults(&other).await.is_empty());
    assert_eq!(
        owner.client.get("/api/users/me/addresses").await.json()["items"][0],
        address
    );
}
