//! What admins may do with others' accounts.

use serde_json::{Value, json};

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn an_admin_gives_rights_which_is_noted_and_ends_the_sessions_concerned() {
    let app = TestApp::start().await;
    let (admin, person) = (app.admin().await, app.person("demo").await);
    let path = format!("/api/users/{}/roles", person.id);
    let body = json!({ "role": "vendor", "permissions": ["orders:refund"] });
    let changed = admin.client.patch(&path, &body).await.expect(200).json();
    assert_eq!(
        (&changed["role"], &changed["permissions"]),
        (&json!("vendor"), &json!(["orders:refund"]))
    );
    assert!(
        !app.knows(&person.token).await,
        "the old token says the old rights"
    );
    app.refresh(&person.refresh)
        .await
        .expect_problem(401, "session-ended");
    let session = app.login(&person.email, PASSWORD).await.expect(200).json();
    assert_eq!(session["user"]["permissions"], json!(["orders:refund"]));
    let mut connection = app.database.connect().await;
    let noted: Value = sqlx::query_scalar("select json_agg(json_build_array(user_id, changed_by, old_role, new_role)) from role_changes")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    assert_eq!(noted, json!([[person.id, admin.id, "customer", "vendor"]]));
    // The same again changes nothing, and ends nothing.
    assert_eq!(
        admin.client.patch(&path, &body).await.expect(200).json(),
        changed
    );
    assert!(app.knows(session["token"].as_str().unwrap()).await);
    assert_eq!(app.count("role_changes").await, 1);
}

#[tokio::test]
async fn wrong_rights_are_named_and_the_last_admin_stays() {
    let app = TestApp::start().await;
    let (admin, person) = (app.admin().await, app.person("demo").await);
    let path = format!("/api/users/{}/roles", person.id);
    for (field, value) in [
        ("role", json!("god")),
        ("role", json!(["admin"])),
        ("permissions", json!(["orders:refnud"])),
        ("permissions", json!("orders:refund")),
        ("email", json!("x@example.com")),
    ] {
        let answer = admin.client.patch(&path, &json!({ field: value })).await;
        let fields = answer.expect_problem(400, "invalid-request");
        assert!(fields[0].starts_with(field), "{fields:?}");
    }
    let own = format!("/api/users/{}/roles", admin.id);
    admin
        .client
        .patch(&own, &json!({ "role": "customer" }))
        .await
        .expect_problem(409, "conflict");
    for nobody in ["0190a000-0000-7000-8000-000000000000", "nobody"] {
        let path = format!("/api/users/{nobody}/roles");
        admin
            .client
            .patch(&path, &json!({ "role": "vendor" }))
            .await
            .expect_problem(404, "not-found");
        admin
            .client
            .get(&format!("/api/users/{nobody}"))
            .await
            .expect_problem(404, "not-found");
    }
    assert_eq!(app.count("role_changes").await, 0);
}

#[tokio::test]
async fn an_account_is_seen_by_its_owner_and_by_admins() {
    let app = TestApp::start().await;
    let (admin, person, other) = (
        app.admin().await,
        app.person("demo").await,
        app.person("other").await,
    );
    let path = format!("/api/users/{}", person.id);
    let seen = person.client.get(&path).await.expect(200).json();
    assert_eq!(admin.client.get(&path).await.expect(200).json(), seen);
    other
        .client
        .get(&path)
        .await
        .expect_problem(403, "forbidden");
    other
        .client
        .get("/api/users/0190a000-0000-7000-8000-000000000000")
        .await
        .expect_problem(403, "forbidden");
}

#[tokio::test]
async fn pages_of_accounts_follow_one_another_without_gap_or_repetition() {
    let app = TestApp::start().await;
    let admin = app.admin().await;
    for number in 0..6 {
        app.person(&format!("person{number}")).await;
    }
    let mut emails: Vec<String> = Vec::new();
    let mut query: Vec<(&str, String)> = vec![("limit", "3".to_owned())];
    loop {
        let pairs: Vec<(&str, &str)> = query
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let page = admin
            .client
            .get_with("/api/users", &pairs)
            .await
            .expect(200)
            .json();
        emails.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|user| user["email"].as_str().unwrap().to_owned()),
        );
        let Some(next) = page["next"].as_str() else {
            break;
        };
        query = vec![("limit", "3".to_owned()), ("after", next.to_owned())];
    }
    let expected: Vec<String> = (0..6)
        .rev()
        .map(|number| format!("person{number}@example.com"))
        .chain(["admin@example.com".to_owned()])
        .collect();
    assert_eq!(emails, expected);
    let wrong = admin
        .client
        .get_with(
            "/api/users",
            &[("limit", "0"), ("after", "x"), ("page", "2")],
        )
        .await;
    assert_eq!(
        wrong.expect_problem(400, "invalid-request"),
        ["limit", "after", "page"]
    );
}
