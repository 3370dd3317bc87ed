//! Notification services of the test's own, with everything around them.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use chassis::Process;
use notifications::{
    BrokerConfig, DatabaseConfig, MIGRATOR, MailConfig, ServeConfig, SocketConfig, TokenConfig,
};
use serde_json::Value;
use sqlx::PgConnection;
use testkit::{
    Child, Client, Issuer, Nats, TemporaryDirectory, TestDatabase, eventually, free_port,
};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::{events::Person, post::Mailbox, socket::Page};

/// What identity has as well.
pub(crate) const RESET_KEY: &str = "0123456789abcdef0123456789abcdef";

/// What all replicas share.
pub(crate) struct World {
    pub(crate) nats: Nats,
    pub(crate) mailbox: Mailbox,
    pub(crate) database: TestDatabase,
    pub(crate) issuer: Arc<Issuer>,
}

/// One replica.
pub(crate) struct TestApp {
    pub(crate) url: String,
    pub(crate) process: Process,
    /// As nobody.
    pub(crate) anonymous: Client,
    issuer: Arc<Issuer>,
    tasks: JoinSet<()>,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Mailbox::start().await).await
    }

    pub(crate) async fn with(mailbox: Mailbox) -> Self {
        Self {
            nats: Nats::start(),
            mailbox,
            database: TestDatabase::new(&MIGRATOR).await,
            issuer: Arc::default(),
        }
    }

    /// A replica, in this process.
    pub(crate) async fn app(&self) -> TestApp {
        self.app_with(|_| {}).await
    }

    /// A replica with other settings.
    pub(crate) async fn app_with(&self, change: impl FnOnce(&mut ServeConfig)) -> TestApp {
        let mut config = self.config();
        change(&mut config);
        let process = Process::new("notifications");
        let app = notifications::app(&config, &process).await.unwrap();
        let url = format!("http://{}", app.address().unwrap());
        let mut tasks = JoinSet::new();
        tasks.spawn(async move { app.serve().await.unwrap() });
        TestApp {
            anonymous: Client::new(&url),
            url,
            process,
            issuer: Arc::clone(&self.issuer),
            tasks,
        }
    }

    pub(crate) fn config(&self) -> ServeConfig {
        ServeConfig {
            listen: "127.0.0.1:0".parse().unwrap(),
            limits: chassis::RateLimitConfig::default(),
            database: DatabaseConfig {
                database_url: self.database.url(),
                database_password_file: None,
            },
            broker: BrokerConfig {
                nats_url: self.nats.url(),
            },
            tokens: TokenConfig {
                jwks: self.jwks().parse().unwrap(),
                token_issuer: "argosy".to_owned(),
                token_audience: "argosy".to_owned(),
            },
            mail: MailConfig {
                smtp_url: self.smtp_url().parse().unwrap(),
                smtp_password_file: None,
                mail_from: "Argosy <shop@argosy.example>".parse().unwrap(),
                public_url: "https://shop.example".to_owned(),
                reset_key_file: chassis::Secret::new(RESET_KEY),
                smtp_connections: 4,
                smtp_timeout_ms: 5_000,
                smtp_rest_ms: 50,
                retry_base_ms: 5,
                mail_retention_days: 90,
            },
            sockets: SocketConfig {
                sockets_per_user: 10,
                sockets: 100,
                socket_ping_ms: 20_000,
                socket_idle_ms: 60_000,
                socket_write_ms: 5_000,
                live_retention_days: 7,
            },
        }
    }

    fn jwks(&self) -> String {
        format!("file:{}", self.issuer.file().display())
    }

    fn smtp_url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.mailbox.smtp)
    }

    /// The real program, with these variables on top.
    pub(crate) fn program(&self, directory: &TemporaryDirectory, more: &[(&str, &str)]) -> Child {
        let mut variables = vec![
            ("NOTIFICATIONS_LISTEN", format!("127.0.0.1:{}", free_port())),
            ("NOTIFICATIONS_DATABASE_URL", self.database.url()),
            ("NOTIFICATIONS_NATS_URL", self.nats.url()),
            ("NOTIFICATIONS_JWKS", self.jwks()),
            ("NOTIFICATIONS_SMTP_URL", self.smtp_url()),
            (
                "NOTIFICATIONS_MAIL_FROM",
                "Argosy <shop@argosy.example>".to_owned(),
            ),
            (
                "NOTIFICATIONS_PUBLIC_URL",
                "https://shop.example".to_owned(),
            ),
            ("NOTIFICATIONS_RESET_KEY_FILE", reset_key_file(directory)),
            // A mail of a dead process is taken over after twice this time.
            ("NOTIFICATIONS_SMTP_TIMEOUT_MS", "500".to_owned()),
            ("NOTIFICATIONS_SMTP_CONNECTIONS", "1".to_owned()),
        ];
        variables.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let variables: Vec<_> = variables
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Child::start(
            Path::new(env!("CARGO_BIN_EXE_notifications")),
            &[],
            &variables,
            None,
            &directory.path().join("log"),
        )
    }

    pub(crate) fn token(&self, person: &Person) -> String {
        self.issuer.token(person.id.0, "customer")
    }

    pub(crate) async fn sql(&self) -> PgConnection {
        self.database.connect().await
    }

    /// The mails in the table as `template status attempts`, oldest first.
    pub(crate) async fn rows(&self) -> Vec<String> {
        let mut sql = self.sql().await;
        sqlx::query_scalar(
            "select template || ' ' || status || ' ' || attempts from email order by event_at, template",
        )
        .fetch_all(&mut sql)
        .await
        .unwrap()
    }

    /// Waits until the rows are these.
    pub(crate) async fn rows_become(&self, expected: &[&str]) {
        eventually(&format!("the mails are {expected:?}"), || async {
            (self.rows().await == expected).then_some(())
        })
        .await;
    }

    /// Waits until there are so many mails, all of them with one of these statuses.
    pub(crate) async fn settled(&self, count: i64, statuses: &str) {
        eventually(&format!("{count} mails are {statuses}"), || async {
            let mut sql = self.sql().await;
            let number: i64 = sqlx::query_scalar(
                "select count(*) from email where status = any(string_to_array($1, ' '))",
            )
            .bind(statuses)
            .fetch_one(&mut sql)
            .await
            .unwrap();
            (number == count).then_some(())
        })
        .await;
    }

    /// Waits until this mail is given up.
    pub(crate) async fn given_up(&self, mail: &str) {
        eventually("the mail is given up", || async {
            let mut sql = self.sql().await;
            let status: String = sqlx::query_scalar("select status from email where id::text = $1")
                .bind(mail)
                .fetch_one(&mut sql)
                .await
                .unwrap();
            (status == "DEAD").then_some(())
        })
        .await;
    }

    /// Waits longer than usual until so many mails are sent.
    pub(crate) async fn eventually_sent(&self, count: usize, deadline: Duration) {
        let started = Instant::now();
        while self
            .rows()
            .await
            .iter()
            .filter(|row| row.contains(" SENT "))
            .count()
            < count
        {
            assert!(started.elapsed() < deadline, "{:?}", self.rows().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until this consumer has handled so many events, dead ones included.
    pub(crate) async fn handled(&self, consumer: &str, count: i64) {
        eventually(&format!("{consumer} has handled {count}"), || async {
            let mut sql = self.sql().await;
            let number: i64 = sqlx::query_scalar(
                "select (select count(*) from inbox where consumer = $1)
                   + (select count(*) from dead_letter where consumer = $1)",
            )
            .bind(consumer)
            .fetch_one(&mut sql)
            .await
            .unwrap();
            (number >= count).then_some(())
        })
        .await;
    }

    /// Everything that must not change when an event comes again.
    pub(crate) async fn business(&self) -> String {
        let mut sql = self.sql().await;
        sqlx::query_scalar(
            "select md5(string_agg(line, E'\\n' order by line)) from (
               select to_jsonb(email)::text as line from email
               union all select to_jsonb(live_update)::text from live_update
               union all select to_jsonb(live_position)::text from live_position
               union all select to_jsonb(recipient)::text from recipient
               union all select (to_jsonb(customer_order) - 'updated_at')::text from customer_order
             ) as everything",
        )
        .fetch_one(&mut sql)
        .await
        .unwrap()
    }
}

impl TestApp {
    pub(crate) fn customer(&self, person: &Person) -> Client {
        self.anonymous
            .with_token(&self.issuer.token(person.id.0, "customer"))
    }

    pub(crate) fn admin(&self) -> Client {
        self.anonymous
            .with_token(&self.issuer.token(Uuid::new_v4(), "admin"))
    }

    /// A page of theirs, with updates from now on.
    pub(crate) async fn page(&self, person: &Person) -> Page {
        self.page_at(person, "/ws/notifications").await
    }

    /// A page of theirs that has everything up to an id.
    pub(crate) async fn page_after(&self, person: &Person, after: i64) -> Page {
        self.page_at(person, &format!("/ws/notifications?after={after}"))
            .await
    }

    async fn page_at(&self, person: &Person, path: &str) -> Page {
        let token = self.issuer.token(person.id.0, "customer");
        Page::open(&self.url, path, &token).await.unwrap()
    }

    /// A number from `/metrics`.
    pub(crate) async fn metric(&self, line: &str) -> f64 {
        let text = self.anonymous.get("/metrics").await.expect(200);
        let text = String::from_utf8(text.body.to_vec()).unwrap();
        let found = text.lines().find_map(|found| found.strip_prefix(line));
        found.map_or(0.0, |value| value.trim().parse().unwrap())
    }

    /// Asks it to end, as SIGTERM does, and waits until it has.
    pub(crate) async fn end(mut self) {
        self.process.shutdown.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(20), self.tasks.join_next()).await;
        ended.expect("it does not end").unwrap().unwrap();
    }
}

/// The values of one member.
pub(crate) fn members<'v>(values: &'v [Value], name: &str) -> Vec<&'v Value> {
    values.iter().map(|value| &value[name]).collect()
}

fn reset_key_file(directory: &TemporaryDirectory) -> String {
    let path = directory.path().join("reset-key");
    std::fs::write(&path, RESET_KEY).unwrap();
    path.display().to_string()
}
