//! A service with one consumer.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use chassis::{
    Process, RateLimitConfig, RateLimiter, Service, admin,
    auth::{TokenRules, Verifier},
    consumer::{Consumer, Delivery, Verdict},
    database,
};
use contracts::{UserId, identity::UserRegistered};
use sqlx::{Postgres, Transaction, migrate::Migrator};
use testkit::{Client, Issuer, Nats, TestDatabase};
use tokio::task::JoinSet;
use utoipa::openapi::OpenApiBuilder;
use uuid::Uuid;

pub(crate) static MIGRATOR: Migrator = sqlx::migrate!("tests/messaging/migrations");

/// Greets everybody once; some names make it difficult.
#[derive(Default)]
pub(crate) struct Greeter {
    /// How often each was tried.
    pub(crate) tries: Arc<Mutex<HashMap<String, usize>>>,
}

impl Consumer for Greeter {
    type Event = UserRegistered;

    const NAME: &'static str = "test_user_registered";

    async fn handle(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        deliveries: &[Delivery<UserRegistered>],
    ) -> anyhow::Result<Vec<Verdict>> {
        let mut verdicts = Vec::new();
        for delivery in deliveries {
            let name = delivery.event.first_name.as_str();
            let tries = {
                let mut tries = self.tries.lock().unwrap();
                let tries = tries.entry(name.to_owned()).or_default();
                *tries += 1;
                *tries
            };
            verdicts.push(match name {
                "refused" => Verdict::Reject("nobody is called that".to_owned()),
                "too early" if tries < 3 => Verdict::Retry("the world is not ready".to_owned()),
                "fails once" if tries < 2 => anyhow::bail!("the pen is broken"),
                "never on time" => Verdict::Retry("the world is not ready".to_owned()),
                _ => {
                    sqlx::query("insert into effect (user_id, first_name) values ($1, $2)")
                        .bind(delivery.event.user_id.0)
                        .bind(name)
                        .execute(&mut **tx)
                        .await?;
                    Verdict::Done
                }
            });
        }
        Ok(verdicts)
    }
}

pub(crate) struct TestApp {
    pub(crate) nats: Nats,
    pub(crate) database: TestDatabase,
    pub(crate) tries: Arc<Mutex<HashMap<String, usize>>>,
    /// As nobody.
    pub(crate) anonymous: Client,
    issuer: Issuer,
    running: JoinSet<()>,
}

impl TestApp {
    pub(crate) async fn start() -> Self {
        let mut app = Self {
            nats: Nats::start(),
            database: TestDatabase::new(&MIGRATOR).await,
            tries: Arc::default(),
            anonymous: Client::new("http://127.0.0.1:1"),
            issuer: Issuer::default(),
            running: JoinSet::new(),
        };
        app.replica().await;
        app
    }

    /// One more of the same.
    pub(crate) async fn replica(&mut self) {
        let process = Process::new("test");
        let options = database::options(&self.database.url(), None, "test").unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let service = Service::new(&process, listen, options, &self.nats.url())
            .await
            .unwrap();
        let tries = Arc::clone(&self.tries);
        service.consume("IDENTITY", Greeter { tries });
        let rules = TokenRules {
            issuer: "argosy".to_owned(),
            audience: "argosy".to_owned(),
        };
        let keys = format!("file:{}", self.issuer.file().display());
        let verifier = Verifier::new(keys.parse().unwrap(), &rules, &process.metrics);
        let routes = admin::routes("test", service.database(), verifier);
        let document = admin::describe(OpenApiBuilder::new().build(), "test");
        let limiter = RateLimiter::new(&RateLimitConfig::default(), &process.metrics);
        let app = service.app(routes, &document, limiter);
        self.anonymous = Client::new(&format!("http://{}", app.address().unwrap()));
        self.running
            .spawn(async move { app.serve().await.unwrap() });
    }

    /// Somebody with this role.
    pub(crate) fn client(&self, user: Uuid, role: &str) -> Client {
        self.anonymous.with_token(&self.issuer.token(user, role))
    }

    /// Somebody of this name registers; the event's id.
    pub(crate) async fn register(&self, first_name: &str) -> Uuid {
        let id = Uuid::now_v7();
        self.tell(id, first_name).await;
        id
    }

    pub(crate) async fn tell(&self, id: Uuid, first_name: &str) {
        self.nats.tell("IDENTITY", id, &event(first_name)).await;
    }

    /// The names of those who have been greeted, in order.
    pub(crate) async fn greeted(&self) -> Vec<String> {
        let mut connection = self.database.connect().await;
        sqlx::query_scalar("select first_name from effect order by id")
            .fetch_all(&mut connection)
            .await
            .unwrap()
    }

    pub(crate) async fn wait_for(&self, names: &[&str]) {
        testkit::eventually(&format!("{names:?} are greeted"), || async {
            let greeted = self.greeted().await;
            names
                .iter()
                .all(|name| greeted.iter().any(|greeted| greeted == name))
                .then_some(())
        })
        .await;
    }

    /// Consumer, reason and number of deliveries of each dead letter that is not replayed.
    pub(crate) async fn dead_letters(&self) -> Vec<(Option<Uuid>, String, i64)> {
        let mut connection = self.database.connect().await;
        sqlx::query_as(
            "select event_id, reason, deliveries from dead_letter where replayed_at is null order by id",
        )
        .fetch_all(&mut connection)
        .await
        .unwrap()
    }

    pub(crate) async fn dead_letter(&self) -> (Option<Uuid>, String, i64) {
        testkit::eventually("there is a dead letter", || async {
            self.dead_letters().await.into_iter().next()
        })
        .await
    }

    pub(crate) async fn run(&self, statement: &'static str) {
        let mut connection = self.database.connect().await;
        sqlx::query(statement)
            .execute(&mut connection)
            .await
            .unwrap();
    }
}

pub(crate) fn event(first_name: &str) -> UserRegistered {
    UserRegistered {
        user_id: UserId::generate(),
        version: 1,
        email: "somebody@example.com".to_owned(),
        first_name: first_name.to_owned(),
        last_name: "Somebody".to_owned(),
        role: "customer".to_owned(),
    }
}
