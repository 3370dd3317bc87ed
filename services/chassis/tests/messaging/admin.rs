//! What every service offers to admins: dead letters and the audit trail, over HTTP.

use serde_json::{Value, json};
use testkit::Client;
use uuid::Uuid;

use crate::app::TestApp;

const LETTERS: &str = "/api/admin/test/dead-letters";
const AUDIT: &str = "/api/admin/test/audit";

/// A letter that its consumer will take, and one that says more than it should.
const LETTER: &str = "insert into dead_letter (consumer, event_id, subject, payload, reason, deliveries)
     select 'test_user_registered', gen_random_uuid(), 'shop.identity.user_registered.v1', json_build_object(
       'specversion', '1.0', 'id', gen_random_uuid(), 'type', 's', 'source', 'identity', 'subject', gen_random_uuid(),
       'time', now(), 'datacontenttype', 'application/json', 'aggregateversion', 1,
       'data', json_build_object('userId', gen_random_uuid(), 'version', 1, 'email', 'ada@example.com',
         'firstName', 'Ada', 'lastName', 'Lovelace', 'role', 'customer'))::text, 'delivered 7 times in vain', 8";

async fn items(client: &Client, path: &str) -> Vec<Value> {
    let page = client.get(path).await.expect(200).json();
    page["items"].as_array().unwrap().clone()
}

async fn first_letter(admin: &Client) -> String {
    let letters = items(admin, LETTERS).await;
    format!("{LETTERS}/{}", letters[0]["id"])
}

#[tokio::test]
async fn an_admin_replays_a_dead_letter_which_has_its_effect_and_is_noted() {
    let app = TestApp::start().await;
    app.run(LETTER).await;
    let id = Uuid::new_v4();
    let admin = app.client(id, "admin");
    let letter = first_letter(&admin).await;
    let replay = format!("{letter}/replay");
    let asked = admin.post(&replay, &json!({})).await.expect(202).json();
    assert_eq!(asked["state"], "requested");
    app.wait_for(&["Ada"]).await;
    testkit::eventually("the letter is closed", || async {
        let letter = admin.get(&letter).await.expect(200).json();
        (letter["state"] == "replayed").then_some(())
    })
    .await;
    let entries = items(&admin, AUDIT).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["actorId"], json!(id));
    assert_eq!(entries[0]["action"], "replay_dead_letter");
    assert_eq!(
        (
            &entries[0]["before"]["state"],
            &entries[0]["after"]["state"]
        ),
        (&json!("open"), &json!("requested"))
    );
    // Once more changes nothing, and is not noted.
    admin
        .post(&replay, &json!({}))
        .await
        .expect_problem(409, "conflict");
    assert_eq!(items(&admin, AUDIT).await.len(), 1);
    assert_eq!(app.greeted().await, ["Ada"]);
}

#[tokio::test]
async fn what_a_letter_says_of_people_is_shown_only_to_who_asks_which_is_noted() {
    let app = TestApp::start().await;
    app.run(LETTER).await;
    let admin = app.client(Uuid::new_v4(), "admin");
    let list = admin.get(LETTERS).await.expect(200);
    let letter = first_letter(&admin).await;
    let outline = admin.get(&letter).await.expect(200);
    for answer in [&list, &outline] {
        let text = String::from_utf8_lossy(&answer.body);
        for personal in ["ada@example.com", "Ada", "Lovelace"] {
            assert!(!text.contains(personal), "{personal} is in {text}");
        }
    }
    assert!(items(&admin, AUDIT).await.is_empty());
    let reveal = format!("{letter}/reveal");
    let whole = admin.post(&reveal, &json!({})).await.expect(200).json();
    assert!(
        whole["payload"]
            .as_str()
            .unwrap()
            .contains("ada@example.com")
    );
    let entries = items(&admin, AUDIT).await;
    assert_eq!(entries[0]["action"], "reveal_dead_letter");
    assert!(!entries[0].to_string().contains("ada@example.com"));
}

#[tokio::test]
async fn nobody_but_an_admin_gets_an_answer() {
    let app = TestApp::start().await;
    let [customer, vendor, admin] =
        ["customer", "vendor", "admin"].map(|role| app.client(Uuid::new_v4(), role));
    testkit::admin::assert_for_admins_only("test", &app.anonymous, &[&customer, &vendor], &admin)
        .await;
}

#[tokio::test]
async fn pages_follow_one_another_whatever_comes_in_between() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        app.run(LETTER).await;
    }
    let admin = app.client(Uuid::new_v4(), "admin");
    let all: Vec<Value> = items(&admin, LETTERS).await;
    let mut seen = Vec::new();
    let mut next = Value::Null;
    loop {
        let after = match &next {
            Value::Null => String::new(),
            next => format!("&after={next}"),
        };
        let path = format!("{LETTERS}?limit=2&state=open&consumer=test_user_registered{after}");
        let page = admin.get(&path).await.expect(200).json();
        seen.extend(page["items"].as_array().unwrap().clone());
        // What comes now is newer than every page.
        app.run(LETTER).await;
        next = page["next"].clone();
        if next.is_null() {
            break;
        }
    }
    assert_eq!(seen, all);
    for wrong in ["state=lost", "limit=0", "after=x", "page=2"] {
        let answer = admin.get(&format!("{LETTERS}?{wrong}")).await;
        answer.expect_problem(400, "invalid-request");
    }
}

#[tokio::test]
async fn the_trail_is_only_ever_added_to() {
    let app = TestApp::start().await;
    app.run(LETTER).await;
    let admin = app.client(Uuid::new_v4(), "admin");
    let replay = format!("{}/replay", first_letter(&admin).await);
    admin.post(&replay, &json!({})).await.expect(202);
    let mut connection = app.database.connect().await;
    for statement in [
        "update audit_entry set actor_role = 'customer'",
        "delete from audit_entry",
        "truncate audit_entry",
    ] {
        let error = sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap_err();
        assert!(error.to_string().contains("only ever added to"), "{error}");
    }
}
