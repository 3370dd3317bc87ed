//! What admins do with accounts: find them, end their sessions, and what is noted of it.

use serde_json::{Value, json};
use testkit::Client;

use crate::app::{PASSWORD, Person, TestApp};

/// An admin whose token says so.
async fn admin(app: &TestApp) -> Person {
    let person = app.admin().await;
    app.person_of(&app.login(&person.email, PASSWORD).await.expect(200))
}

async fn emails(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("/api/users?{query}")).await.expect(200);
    let page = page.json();
    let items = page["items"].as_array().unwrap().iter();
    items
        .map(|user| user["email"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn accounts_are_found_by_a_part_of_their_address_and_by_role() {
    let app = TestApp::start().await;
    let admin = admin(&app).await;
    app.person("zoe").await;
    app.person_as("ann", "vendor").await;
    assert_eq!(emails(&admin.client, "email=ZO").await, ["zoe@example.com"]);
    assert_eq!(
        emails(&admin.client, "role=vendor").await,
        ["ann@example.com"]
    );
    assert!(emails(&admin.client, "email=%25").await.is_empty());
    let expected = ["admin@example.com", "ann@example.com", "zoe@example.com"];
    assert_eq!(emails(&admin.client, "sort=email").await, expected);
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let path = format!("/api/users?sort=email&limit=1{after}");
        let page = admin.client.get(&path).await.expect(200).json();
        seen.push(page["items"][0]["email"].as_str().unwrap().to_owned());
        // Comes before every page.
        app.person(&format!("aa{}", seen.len())).await;
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, expected);
    for wrong in ["sort=age", "role=god", "page=2", "after=x"] {
        let answer = admin.client.get(&format!("/api/users?{wrong}")).await;
        answer.expect_problem(400, "invalid-request");
    }
}

#[tokio::test]
async fn an_admin_ends_somebodys_sessions_which_counts_at_once_and_is_noted() {
    let app = TestApp::start().await;
    let (admin, person) = (admin(&app).await, app.person("demo").await);
    let path = format!("/api/users/{}/end-sessions", person.id);
    let ended = admin.client.post(&path, &json!({})).await.expect(200);
    assert_eq!(ended.json(), json!({ "sessions": 1 }));
    assert!(!app.knows(&person.token).await);
    let trail = trail(&admin.client).await;
    assert_eq!(trail[0]["action"], "end_sessions");
    assert_eq!(trail[0]["subjectId"], json!(person.id));
    let nobody = format!("/api/users/{}/end-sessions", uuid::Uuid::nil());
    admin
        .client
        .post(&nobody, &json!({}))
        .await
        .expect_problem(404, "not-found");
}

#[tokio::test]
async fn a_change_of_rights_is_noted_without_anything_personal() {
    let app = TestApp::start().await;
    let (admin, person) = (admin(&app).await, app.person("demo").await);
    let path = format!("/api/users/{}/roles", person.id);
    let vendor = json!({ "role": "vendor" });
    admin.client.patch(&path, &vendor).await.expect(200);
    let wrong = json!({ "role": "god" });
    assert_eq!(admin.client.patch(&path, &wrong).await.status, 400);
    let trail = trail(&admin.client).await;
    assert_eq!(trail.len(), 1);
    assert_eq!(
        (&trail[0]["before"], &trail[0]["after"]),
        (&json!({ "role": "customer" }), &json!({ "role": "vendor" }))
    );
    assert_eq!(trail[0]["actorId"], json!(admin.id));
    assert!(!trail[0].to_string().contains("example.com"));
}

#[tokio::test]
async fn of_two_admins_who_take_each_others_role_away_one_stays() {
    let app = TestApp::start().await;
    let first = admin(&app).await;
    let second = app.person("second").await;
    let roles = |person: &Person| format!("/api/users/{}/roles", person.id);
    let body = json!({ "role": "admin" });
    first.client.patch(&roles(&second), &body).await.expect(200);
    let second = app.person_of(&app.login(&second.email, PASSWORD).await.expect(200));
    let customer = json!({ "role": "customer" });
    let (to_first, to_second) = (roles(&first), roles(&second));
    let (one, other) = tokio::join!(
        first.client.patch(&to_second, &customer),
        second.client.patch(&to_first, &customer)
    );
    let done = [&one, &other]
        .iter()
        .filter(|answer| answer.status == 200)
        .count();
    assert_eq!(done, 1, "{} and {}", one.status, other.status);
    let mut connection = app.database.connect().await;
    let admins: i64 = sqlx::query_scalar("select count(*) from users where role = 'admin'")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(admins, 1);
}

#[tokio::test]
async fn the_trail_is_for_admins_whose_session_lives() {
    let app = TestApp::start().await;
    let admin = admin(&app).await;
    let logout = admin.client.post("/api/auth/logout", &json!({})).await;
    logout.expect(204);
    let answer = admin.client.get("/api/admin/identity/audit").await;
    assert_eq!(answer.status, 401);
}

async fn trail(admin: &Client) -> Vec<Value> {
    let page = admin.get("/api/admin/identity/audit").await.expect(200);
    page.json()["items"].as_array().unwrap().clone()
}
