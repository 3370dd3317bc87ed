//! Running the program: its log, its memory, its configuration, its end.

use std::{path::PathBuf, time::Duration};

use serde_json::{Value, json};
use testkit::{Client, TemporaryDirectory, TestDatabase};

use contracts::{ResetId, ResetKey};

use crate::app::{PASSWORD, RESET_KEY, TestApp, demo, write_keys};

struct Program {
    child: tokio::process::Child,
    client: Client,
    log: PathBuf,
    _directory: TemporaryDirectory,
}

/// The real program with its own database, logging everything into a file.
async fn program(database: &TestDatabase) -> Program {
    let directory = TemporaryDirectory::new(None);
    let (keys, log) = (directory.path().join("keys"), directory.path().join("log"));
    write_keys(&keys, &[0xab]);
    let reset_key = directory.path().join("reset-key");
    std::fs::write(&reset_key, RESET_KEY).unwrap();
    let child = tokio::process::Command::new(env!("CARGO_BIN_EXE_identity"))
        .arg("serve")
        .env("IDENTITY_LISTEN", "127.0.0.1:0")
        .env("IDENTITY_DATABASE_URL", database.url())
        .env("IDENTITY_NATS_URL", "nats://127.0.0.1:1")
        .env("IDENTITY_SIGNING_KEY_FILE", &keys)
        .env("IDENTITY_RESET_KEY_FILE", &reset_key)
        .env("MALLOC_MMAP_THRESHOLD_", "1048576")
        .env("LOG_LEVEL", "debug")
        .stdout(std::fs::File::create(&log).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let address = testkit::eventually("the program listens", || async {
        let text = std::fs::read_to_string(&log).unwrap();
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let listening = entries
            .into_iter()
            .find(|entry| entry["message"] == "listening")?;
        Some(listening["address"].as_str().unwrap().to_owned())
    });
    let client = Client::new(&format!("http://{}", address.await));
    Program {
        child,
        client,
        log,
        _directory: directory,
    }
}

impl Program {
    /// Resident memory in KiB.
    fn resident_kib(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.child.id().unwrap())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .unwrap();
        line.trim().trim_end_matches(" kB").trim().parse().unwrap()
    }

    /// Ends it and returns everything that it has logged.
    async fn end(mut self) -> String {
        let pid = self.child.id().unwrap().to_string();
        let signalled = std::process::Command::new("kill")
            .args(["-s", "TERM", &pid])
            .status()
            .unwrap();
        assert!(signalled.success());
        let status = tokio::time::timeout(Duration::from_secs(10), self.child.wait())
            .await
            .expect("it ends")
            .unwrap();
        assert!(status.success(), "{status}");
        let log = std::fs::read_to_string(&self.log).unwrap();
        for line in log.lines() {
            serde_json::from_str::<Value>(line).expect("every line of the log is JSON");
        }
        log
    }
}

#[tokio::test]
async fn no_password_token_or_address_is_logged_even_when_everything_is() {
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let program = program(&database).await;
    let client = &program.client;
    let first = client
        .post("/api/users/register", &demo())
        .await
        .expect(201)
        .json();
    let login = |password: &str| json!({ "email": "demo@example.com", "password": password });
    let second = client
        .post("/api/users/login", &login(PASSWORD))
        .await
        .expect(200)
        .json();
    client
        .post("/api/users/login", &login("Wrong-Guess-1"))
        .await
        .expect(401);
    let refresh = json!({ "refreshToken": second["refreshToken"] });
    let third = client
        .post("/api/auth/refresh", &refresh)
        .await
        .expect(200)
        .json();
    let mut connection = database.connect().await;
    sqlx::query("update refresh_tokens set used_at = used_at - interval '1 minute'")
        .execute(&mut connection)
        .await
        .unwrap();
    client.post("/api/auth/refresh", &refresh).await.expect(401);
    let signed_in = client.with_token(first["token"].as_str().unwrap());
    let change = json!({ "currentPassword": PASSWORD, "newPassword": "Fresh-Secret-2" });
    signed_in
        .post("/api/users/me/password", &change)
        .await
        .expect(204);
    client
        .post(
            "/api/users/login",
            &json!({ "email": "demo@example.com", "password": 12_345_678 }),
        )
        .await
        .expect(400);
    let code = forget_password(client, &mut connection).await;
    let log = program.end().await;
    assert!(
        log.contains("a used refresh token came back"),
        "the log is complete"
    );
    let tokens =
        [&first, &second, &third].map(|session| [&session["token"], &session["refreshToken"]]);
    let tokens = tokens.iter().flatten().map(|token| token.as_str().unwrap());
    let key = hex::encode([0xab; 32]);
    let secrets = [
        PASSWORD,
        "Wrong-Guess-1",
        "Fresh-Secret-2",
        "12345678",
        "argon2id$",
        "demo@example.com",
        key.as_str(),
        RESET_KEY,
        "Third-Secret-3",
        code.as_str(),
    ];
    for secret in tokens.chain(secrets) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

/// Sets another password by a mail's link; gives the secret half of its code.
async fn forget_password(client: &Client, connection: &mut sqlx::PgConnection) -> String {
    let body = json!({ "email": "demo@example.com" });
    client
        .post("/api/auth/forgotten-password", &body)
        .await
        .expect(202);
    let reset = sqlx::query_scalar("select id from password_resets")
        .fetch_one(connection)
        .await
        .unwrap();
    let code = ResetKey::new(RESET_KEY)
        .unwrap()
        .code(ResetId(reset))
        .expose();
    let altered =
        json!({ "code": format!("{}x", &code[..code.len() - 1]), "newPassword": "Third-Secret-3" });
    client
        .post("/api/auth/reset-password", &altered)
        .await
        .expect(400);
    let right = json!({ "code": code, "newPassword": "Third-Secret-3" });
    client
        .post("/api/auth/reset-password", &right)
        .await
        .expect(204);
    code.split_once('.').unwrap().1.to_owned()
}

#[tokio::test]
async fn the_memory_of_a_rush_is_given_back() {
    let database = TestDatabase::new(&identity::MIGRATOR).await;
    let program = program(&database).await;
    program
        .client
        .post("/api/users/register", &demo())
        .await
        .expect(201);
    let login = json!({ "email": "demo@example.com", "password": PASSWORD });
    let answers =
        futures::future::join_all((0..40).map(|_| program.client.post("/api/users/login", &login)))
            .await;
    assert!(
        answers
            .iter()
            .all(|answer| [200, 503].contains(&answer.status.as_u16()))
    );
    let resident = program.resident_kib();
    // A build with its symbols and without optimisation is larger than what is shipped; two hashes alone are 38 MiB.
    eprintln!("resident after a rush: {resident} KiB");
    assert!(
        resident < 60 * 1024,
        "{resident} KiB are resident after a rush"
    );
    program.end().await;
}

#[tokio::test]
async fn a_wrong_configuration_is_refused_before_a_port_is_bound() {
    let directory = TemporaryDirectory::new(None);
    let keys = directory.path().join("keys");
    std::fs::write(&keys, format!("{}\nnot a key\n", "ab".repeat(32))).unwrap();
    for (name, value, expected) in [
        ("IDENTITY_LISTEN", "everywhere", "invalid socket address"),
        (
            "IDENTITY_SIGNING_KEY_FILE",
            "/nowhere",
            "cannot read the secret in /nowhere",
        ),
        (
            "IDENTITY_SIGNING_KEY_FILE",
            keys.to_str().unwrap(),
            "line 2 of",
        ),
        ("IDENTITY_ACCESS_LIFETIME_S", "901", "901 is not in 5..=900"),
        ("IDENTITY_REGISTRATIONS_PER_CLIENT", "0", "0 is not in"),
    ] {
        let output = tokio::process::Command::new(env!("CARGO_BIN_EXE_identity"))
            .arg("serve")
            .env_clear()
            .env(name, value)
            .output()
            .await
            .unwrap();
        let talk = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{talk}");
        assert!(talk.contains(expected), "{name}: {talk}");
        assert!(!talk.contains(&"ab".repeat(32)), "a key is shown");
    }
}

#[tokio::test]
async fn metrics_count_what_a_client_counts() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    for _ in 0..3 {
        app.login(&person.email, PASSWORD).await.expect(200);
    }
    app.login(&person.email, "Wrong123!").await.expect(401);
    app.anonymous
        .post("/api/users/register", &demo())
        .await
        .expect(409);
    let scrape = app.anonymous.get("/metrics").await.expect(200);
    let text = String::from_utf8_lossy(&scrape.body);
    for line in [
        "shop_logins_total{outcome=\"succeeded\"} 3",
        "shop_logins_total{outcome=\"refused\"} 1",
        "shop_logins_total{outcome=\"busy\"} 0",
        "shop_registrations_total{outcome=\"registered\"} 1",
        "shop_registrations_total{outcome=\"taken\"} 1",
    ] {
        assert!(text.contains(line), "{line}");
    }
}

#[tokio::test]
async fn what_is_over_is_forgotten() {
    let app = TestApp::start().await;
    let person = app.person("demo").await;
    app.login(&person.email, PASSWORD).await.expect(200);
    app.run("update sessions set ended_at = now() - interval '2 days', ended_by = 'logout' where id = (select min(id::text)::uuid from sessions)").await;
    app.run("update attempts set last_at = now() - interval '2 days'")
        .await;
    // A service that starts looks at once.
    let restarted = TestApp::on(app.database.clone(), &[7], crate::app::NOWHERE).await;
    testkit::eventually("the ended session is forgotten", || async {
        (restarted.count("sessions").await == 1).then_some(())
    })
    .await;
}
