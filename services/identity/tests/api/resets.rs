//! Forgotten passwords: the same answer to everybody, one use of each code, and the end of every session.

use std::time::{Duration, Instant};

use contracts::{ResetId, ResetKey};
use http::Method;
use serde_json::{Value, json};
use sqlx::Connection as _;
use testkit::{Answer, Nats, TestDatabase};

use crate::app::{NOWHERE, PASSWORD, Person, RESET_KEY, TestApp};

const NEW: &str = "battery staple 7";

impl TestApp {
    /// Asks for a new password, from this client address.
    async fn forget_from(&self, client: &str, email: &str) -> Answer {
        self.anonymous
            .send(Method::POST, "/api/auth/forgotten-password", |request| {
                request
                    .header("x-forwarded-for", client)
                    .json(&json!({ "email": email }))
            })
            .await
    }

    async fn forget(&self, email: &str) -> Answer {
        self.forget_from("203.0.113.1", email).await
    }

    /// The newest reset, as notifications learns of it.
    async fn newest_reset(&self) -> ResetId {
        let mut connection = self.database.connect().await;
        let id = sqlx::query_scalar("select id from password_resets order by id desc limit 1")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        ResetId(id)
    }

    /// The code of a mail to this person.
    pub(crate) async fn reset_code(&self, person: &Person) -> String {
        self.forget(&person.email).await.expect(202);
        code(self.newest_reset().await)
    }

    async fn reset_from(&self, client: &str, code: &str, password: &str) -> Answer {
        self.anonymous
            .send(Method::POST, "/api/auth/reset-password", |request| {
                request
                    .header("x-forwarded-for", client)
                    .json(&json!({ "code": code, "newPassword": password }))
            })
            .await
    }

    async fn reset(&self, code: &str, password: &str) -> Answer {
        self.reset_from("203.0.113.1", code, password).await
    }
}

/// As notifications makes it.
fn code(reset: ResetId) -> String {
    ResetKey::new(RESET_KEY).unwrap().code(reset).expose()
}

#[tokio::test]
async fn who_has_the_code_sets_another_password_and_every_session_ends() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let other = app.person("other").await;
    let second = app.login(&person.email, PASSWORD).await.expect(200).json();
    let code = app.reset_code(&person).await;
    app.reset(&code, NEW).await.expect(204);

    app.login(&person.email, NEW).await.expect(200);
    app.login(&person.email, PASSWORD)
        .await
        .expect_problem(401, "wrong-credentials");
    for token in [person.token.as_str(), second["token"].as_str().unwrap()] {
        assert!(!app.knows(token).await, "a session has outlived it");
    }
    app.refresh(&person.refresh)
        .await
        .expect_problem(401, "session-ended");
    assert!(app.knows(&other.token).await, "others are not concerned");
}

#[tokio::test]
async fn nobody_learns_whether_there_is_an_account() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let (mut known, mut unknown, mut answers) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..6 {
        for (email, times) in [
            (person.email.as_str(), &mut known),
            ("nobody@example.com", &mut unknown),
        ] {
            let started = Instant::now();
            let answer = app.forget_from(&format!("10.0.0.{round}"), email).await;
            times.push(started.elapsed());
            let mut names: Vec<_> = answer.headers.keys().map(ToString::to_string).collect();
            names.sort();
            answers.push((answer.status, answer.body.clone(), names));
        }
    }
    assert!(
        answers.iter().all(|other| *other == answers[0]),
        "{answers:?}"
    );
    assert_eq!(answers[0].0, 202);
    // Three for the account, however often it was asked for; none for nobody.
    assert_eq!(app.count("password_resets").await, 3);
    let fastest = |times: Vec<Duration>| times.into_iter().min().unwrap();
    let (known, unknown) = (fastest(known), fastest(unknown));
    let apart = known.abs_diff(unknown);
    assert!(
        apart < Duration::from_millis(20),
        "{known:?} and {unknown:?}"
    );
}

#[tokio::test]
async fn a_code_counts_once_and_no_other_one_of_the_account_after_it() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let (first, second) = (app.reset_code(&person).await, app.reset_code(&person).await);
    app.reset(&second, NEW).await.expect(204);
    for code in [&first, &second] {
        let refused = app.reset(code, "yet another 8").await;
        refused.expect_problem(410, "reset-ended");
        let detail = refused.json()["detail"].clone();
        assert!(detail.as_str().unwrap().contains("counts once"), "{detail}");
    }
    app.login(&person.email, NEW).await.expect(200);
}

#[tokio::test]
async fn all_that_is_wrong_is_named_before_anybody_looks_whether_the_code_counts() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let code = app.reset_code(&person).await;
    let half = app.reset("half-a-code", "short").await;
    let fields = half.expect_problem(400, "invalid-request");
    assert_eq!(fields, ["code", "newPassword"]);
    let own = app.reset(&code, &person.email).await;
    let fields = own.expect_problem(400, "invalid-request");
    assert_eq!(fields, ["newPassword"]);
    app.reset(&code, NEW).await.expect(204);
    for poor in ["short", "12345678", &"x y z ".repeat(22)] {
        let refused = app.reset(&code, poor).await;
        let fields = refused.expect_problem(400, "invalid-request");
        assert_eq!(fields, ["newPassword"], "{poor}");
    }
}

#[tokio::test]
async fn of_two_who_use_a_code_at_the_same_time_one_is_served() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let code = app.reset_code(&person).await;
    let (first, second) = tokio::join!(
        app.reset(&code, "one of them 1"),
        app.reset(&code, "one of them 2")
    );
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 410]);
}

#[tokio::test]
async fn of_a_change_and_a_reset_at_the_same_time_one_counts() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let code = app.reset_code(&person).await;
    let wish = json!({ "currentPassword": PASSWORD, "newPassword": "one of them 1" });
    let change = person.client.post("/api/users/me/password", &wish);
    let (reset, change) = tokio::join!(app.reset(&code, NEW), change);
    let statuses = (reset.status.as_u16(), change.status.as_u16());
    assert!(
        [(204, 400), (204, 401), (410, 204)].contains(&statuses),
        "{statuses:?}"
    );
}

#[tokio::test]
async fn a_log_in_with_a_password_that_is_being_replaced_opens_nothing() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let mut connection = app.database.connect().await;
    let mut replacing = connection.begin().await.unwrap();
    sqlx::query("update users set password_hash = password_hash || 'x'")
        .execute(&mut *replacing)
        .await
        .unwrap();
    let replaced = async {
        testkit::eventually("the log-in waits", || async {
            let mut connection = app.database.connect().await;
            let waiting: i64 = sqlx::query_scalar(
                "select count(*) from pg_stat_activity
                 where datname = current_database() and wait_event_type = 'Lock'",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            (waiting > 0).then_some(())
        })
        .await;
        replacing.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(app.login(&person.email, PASSWORD), replaced);
    answer.expect_problem(401, "wrong-credentials");
    assert_eq!(
        app.count("sessions").await,
        1,
        "the one of the registration"
    );
}

#[tokio::test]
async fn a_code_that_is_too_old_or_forgotten_is_refused() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let code = app.reset_code(&person).await;
    app.run("update password_resets set expires_at = now()")
        .await;
    let refused = app.reset(&code, NEW).await;
    refused.expect_problem(410, "reset-ended");
    let detail = refused.json()["detail"].clone();
    assert!(detail.as_str().unwrap().contains("30 minutes"), "{detail}");
    app.run("delete from password_resets").await;
    app.reset(&code, NEW)
        .await
        .expect_problem(410, "reset-ended");
    app.login(&person.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_link_lives_for_half_an_hour() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    app.reset_code(&person).await;
    let mut connection = app.database.connect().await;
    let minutes: f64 = sqlx::query_scalar(
        "select (extract(epoch from expires_at - created_at) / 60)::float8 from password_resets",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!((minutes - 30.0).abs() < 0.01, "{minutes}");
}

#[tokio::test]
async fn an_altered_code_opens_nothing_and_a_few_of_them_end_the_reset() {
    let app = TestApp::start().await;
    let (person, other) = (app.person("demo").await, app.person("other").await);
    let (right, others) = (app.reset_code(&person).await, app.reset_code(&other).await);
    let (id, proof) = right.split_once('.').unwrap();
    let (_, foreign) = others.split_once('.').unwrap();
    let unsigned = "A".repeat(43);
    for altered in [
        format!("{id}.{foreign}"),
        format!("{id}.{unsigned}"),
        format!("{id}.{}", &proof[..42]),
        format!("{id}."),
        id.to_owned(),
        String::new(),
        right.to_uppercase(),
    ] {
        let fields = app
            .reset(&altered, NEW)
            .await
            .expect_problem(400, "invalid-request");
        assert_eq!(fields, ["code"], "{altered}");
    }
    // Fewer than five were whole codes: the right one still counts, and a password that cannot be taken does not use it up.
    let fields = app
        .reset(&right, "12345678")
        .await
        .expect_problem(400, "invalid-request");
    assert_eq!(fields, ["newPassword"]);
    app.reset(&right, NEW).await.expect(204);

    let (id, _) = others.split_once('.').unwrap();
    for _ in 0..5 {
        let guess = format!("{id}.{unsigned}");
        app.reset(&guess, NEW)
            .await
            .expect_problem(400, "invalid-request");
    }
    app.reset(&others, NEW)
        .await
        .expect_problem(410, "reset-ended");
    app.login(&other.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn whoever_remembers_the_password_and_changes_it_ends_the_links() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    let code = app.reset_code(&person).await;
    let change = json!({ "currentPassword": PASSWORD, "newPassword": NEW });
    person
        .client
        .post("/api/users/me/password", &change)
        .await
        .expect(204);
    app.reset(&code, "yet another 8")
        .await
        .expect_problem(410, "reset-ended");
}

#[tokio::test]
async fn who_asks_or_guesses_often_waits_and_nobody_else() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for _ in 0..10 {
        app.forget_from("198.51.100.9", "nobody@example.com")
            .await
            .expect(202);
    }
    let refused = app.forget_from("198.51.100.9", &person.email).await;
    refused.expect_problem(429, "too-many-attempts");
    assert_eq!(refused.header("retry-after"), "1");
    app.forget_from("203.0.113.20", &person.email)
        .await
        .expect(202);

    let right = code(app.newest_reset().await);
    // A whole code that is not ours; it names a reset that there is not.
    let guess = format!("{}.{}", ResetId::generate().0.simple(), "A".repeat(43));
    for _ in 0..30 {
        app.reset_from("198.51.100.10", &guess, NEW)
            .await
            .expect(400);
    }
    app.reset_from("198.51.100.10", &right, NEW)
        .await
        .expect_problem(429, "too-many-attempts");
    app.reset_from("203.0.113.20", &right, NEW)
        .await
        .expect(204);
}

#[tokio::test]
async fn the_way_back_is_open_at_once_to_whoever_had_to_wait_for_the_log_in() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for _ in 0..5 {
        app.login(&person.email, "Wrong123!").await.expect(401);
    }
    app.login(&person.email, PASSWORD).await.expect(429);
    let code = app.reset_code(&person).await;
    app.reset(&code, NEW).await.expect(204);
    app.login(&person.email, NEW).await.expect(200);
}

#[tokio::test]
async fn events_tell_of_it_and_hold_nothing_that_lets_anybody_in() {
    let nats = Nats::start();
    let app = TestApp::on(
        TestDatabase::new(&identity::MIGRATOR).await,
        &[7],
        &nats.url(),
    )
    .await;
    let person = app.person("demo").await;
    app.forget("nobody@example.com").await.expect(202);
    let code = app.reset_code(&person).await;
    let reset = app.newest_reset().await;
    app.reset(&code, NEW).await.expect(204);
    let messages = nats.messages("IDENTITY", 3).await;
    let (subject, asked) = &messages[1];
    assert_eq!(subject, "shop.identity.password_reset_requested.v1");
    assert_eq!(asked["data"]["resetId"], reset.to_string());
    assert_eq!(asked["data"]["email"], person.email);
    let (subject, changed) = &messages[2];
    assert_eq!(subject, "shop.identity.password_changed.v1");
    assert_eq!(
        changed["data"],
        json!({ "userId": person.id, "version": 2, "email": person.email })
    );
    let (_, proof) = code.split_once('.').unwrap();
    let everything = Value::from(
        messages
            .into_iter()
            .map(|(_, message)| message)
            .collect::<Vec<_>>(),
    );
    assert!(!everything.to_string().contains(proof));
    let mut connection = app.database.connect().await;
    let stored: String = sqlx::query_scalar(
        "select string_agg(row, '') from (
           select to_jsonb(password_resets)::text as row from password_resets
           union all select to_jsonb(outbox)::text from outbox
         ) as rows",
    )
    .fetch_one(&mut connection)
    .await
    .unwrap();
    assert!(stored.contains(&reset.to_string()) && !stored.contains(proof));
}

#[tokio::test]
async fn a_reset_that_is_long_over_is_forgotten() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    app.reset_code(&person).await;
    app.run("update password_resets set expires_at = now() - interval '25 hours'")
        .await;
    let later = TestApp::with_same(app).await;
    testkit::eventually("it is forgotten", || async {
        (later.count("password_resets").await == 0).then_some(())
    })
    .await;
}

impl TestApp {
    /// Another process on the same database: what is done now and then is done when it starts.
    async fn with_same(app: Self) -> Self {
        Self::on(app.database, &[7], NOWHERE).await
    }
}
