//! An identity service of the test's own, with people in it.

use std::{num::NonZeroU32, path::PathBuf};

use chassis::{Process, RateLimitConfig, Secret};
use identity::{
    BrokerConfig, DatabaseConfig, Keys, LoginLimitConfig, MIGRATOR, ServeConfig, TokenConfig,
};
use serde_json::{Value, json};
use testkit::{Answer, Client, TemporaryDirectory, TestDatabase};
use tokio::task::JoinSet;

/// Nobody listens there.
pub(crate) const NOWHERE: &str = "nats://127.0.0.1:1";
/// More than any test asks for: what they are about is something else.
const MANY: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
pub(crate) const PASSWORD: &str = "Demo123!";
pub(crate) const RESET_KEY: &str = "0123456789abcdef0123456789abcdef";

pub(crate) struct TestApp {
    pub(crate) database: TestDatabase,
    pub(crate) url: String,
    pub(crate) key_file: PathBuf,
    /// As nobody.
    pub(crate) anonymous: Client,
    _directory: TemporaryDirectory,
    _tasks: JoinSet<()>,
}

/// Somebody who is signed in.
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) token: String,
    pub(crate) refresh: String,
    pub(crate) client: Client,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        let database = TestDatabase::new(&MIGRATOR).await;
        Self::on(database, &[7], NOWHERE).await
    }

    /// Where one client may not ask for more than in production.
    pub(crate) async fn strict() -> Self {
        let database = TestDatabase::new(&MIGRATOR).await;
        Self::with(database, &[7], NOWHERE, |config| {
            config.limits = RateLimitConfig::default();
            config.logins = LoginLimitConfig::default();
        })
        .await
    }

    /// With keys made of these seeds, the first one signing.
    pub(crate) async fn on(database: TestDatabase, seeds: &[u8], nats_url: &str) -> Self {
        Self::with(database, seeds, nats_url, |_| ()).await
    }

    pub(crate) async fn with(
        database: TestDatabase,
        seeds: &[u8],
        nats_url: &str,
        change: impl FnOnce(&mut ServeConfig),
    ) -> Self {
        let directory = TemporaryDirectory::new(None);
        let key_file = directory.path().join("keys");
        write_keys(&key_file, seeds);
        let mut config = ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: RateLimitConfig {
                rate_limit_per_second: MANY,
                rate_limit_burst: MANY,
            },
            logins: LoginLimitConfig {
                logins_per_minute: MANY,
                login_burst: MANY,
            },
            database: DatabaseConfig {
                database_url: database.url(),
                database_password_file: None,
            },
            broker: BrokerConfig {
                nats_url: nats_url.to_owned(),
            },
            tokens: TokenConfig {
                signing_key_file: key_file.to_str().unwrap().parse::<Keys>().unwrap(),
                token_issuer: "argosy".to_owned(),
                token_audience: "argosy".to_owned(),
                access_lifetime_s: 600,
                session_lifetime_days: 30,
            },
            reset_key_file: Secret::new(RESET_KEY),
            registrations_per_client: 50,
        };
        change(&mut config);
        let app = identity::app(&config, &Process::new("identity"))
            .await
            .unwrap();
        let url = format!("http://{}", app.address().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { app.serve().await.unwrap() });
        Self {
            database,
            anonymous: Client::new(&url),
            url,
            key_file,
            _directory: directory,
            _tasks: tasks,
        }
    }

    /// Registers somebody with the name before the `@`.
    pub(crate) async fn person(&self, name: &str) -> Person {
        self.person_as(name, "customer").await
    }

    pub(crate) async fn person_as(&self, name: &str, role: &str) -> Person {
        let mut body = demo();
        body["email"] = format!("{name}@example.com").into();
        body["role"] = role.into();
        let answer = self.anonymous.post("/api/users/register", &body).await;
        self.person_of(&answer.expect(201))
    }

    /// An admin: made one in the database, for nobody can ask for it.
    pub(crate) async fn admin(&self) -> Person {
        let person = self.person("admin").await;
        self.run("update users set role = 'admin' where email = 'admin@example.com'")
            .await;
        person
    }

    pub(crate) fn person_of(&self, answer: &Answer) -> Person {
        let session = answer.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let token = text(&session["token"]);
        Person {
            id: text(&session["user"]["id"]),
            email: text(&session["user"]["email"]),
            client: self.anonymous.with_token(&token),
            token,
            refresh: text(&session["refreshToken"]),
        }
    }

    /// Logs in from this client address, as the edge reports it.
    pub(crate) async fn login_from(&self, client: &str, email: &str, password: &str) -> Answer {
        self.anonymous
            .send(http::Method::POST, "/api/users/login", |request| {
                request
                    .header("x-forwarded-for", client)
                    .json(&json!({ "email": email, "password": password }))
            })
            .await
    }

    pub(crate) async fn login(&self, email: &str, password: &str) -> Answer {
        self.login_from("203.0.113.1", email, password).await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Answer {
        let body = json!({ "refreshToken": token });
        self.anonymous.post("/api/auth/refresh", &body).await
    }

    /// Whether this access token counts.
    pub(crate) async fn knows(&self, token: &str) -> bool {
        let me = self.anonymous.with_token(token).get("/api/users/me").await;
        assert!([200, 401].contains(&me.status.as_u16()), "{}", me.status);
        me.status == 200
    }

    pub(crate) async fn count(&self, table: &'static str) -> i64 {
        let mut connection = self.database.connect().await;
        let statement = match table {
            "users" => "select count(*) from users",
            "outbox" => "select count(*) from outbox",
            "sessions" => "select count(*) from sessions",
            "password_resets" => "select count(*) from password_resets",
            "role_changes" => "select count(*) from role_changes",
            other => panic!("{other}"),
        };
        sqlx::query_scalar(statement)
            .fetch_one(&mut connection)
            .await
            .unwrap()
    }

    pub(crate) async fn run(&self, statement: &'static str) {
        let mut connection = self.database.connect().await;
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

pub(crate) fn write_keys(path: &std::path::Path, seeds: &[u8]) {
    let lines: Vec<String> = seeds.iter().map(|seed| hex::encode([*seed; 32])).collect();
    std::fs::write(path, lines.join("\n")).unwrap();
}

/// The call that the requirements want to work as written.
pub(crate) fn demo() -> Value {
    json!({
        "email": "demo@example.com", "password": PASSWORD, "firstName": "Demo", "lastName": "User", "role": "vendor",
        "gdprConsent": true
    })
}

/// A body with something else in one field.
pub(crate) fn with(mut body: Value, field: &str, value: impl Into<Value>) -> Value {
    body[field] = value.into();
    body
}

impl TestApp {
    /// The same while the database comes back.
    pub(crate) async fn knows_or_fails(&self, token: &str) -> Option<()> {
        let me = self.anonymous.with_token(token).get("/api/users/me").await;
        (me.status == 200).then_some(())
    }
}
