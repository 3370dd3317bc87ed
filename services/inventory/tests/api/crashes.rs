//! The program killed between every two effects: started again, it finishes what was begun, once.

use std::{
    path::Path,
    process::Stdio,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use contracts::OrderId;
use futures::StreamExt as _;
use serde_json::{Value, json};
use testkit::{Issuer, Nats, TemporaryDirectory, TestDatabase, free_port};
use tokio::process::{Child, Command};
use uuid::Uuid;

use crate::{
    app::INTERNAL_TOKEN,
    books,
    settling::{commit, release},
};

/// Every place between two effects, this service's own and the chassis'.
const FAILPOINTS: [&str; 13] = [
    "inventory.holds.after_insert",
    "inventory.holds.before_commit",
    "inventory.holds.after_commit",
    "inventory.settle.before_store",
    "inventory.expiry.before_commit",
    "inventory.expiry.after_commit",
    "inventory.request.before_answer",
    "inventory.request.after_commit",
    "consumer.after_fetch",
    "consumer.before_commit",
    "consumer.after_commit",
    "relay.before_publish",
    "relay.after_publish",
];

/// The broker gives a consumer that says nothing 30 s before it delivers a message again.
const SETTLED_WITHIN: Duration = Duration::from_secs(75);
/// Programs at the same time.
const AT_ONCE: usize = 5;

struct Run {
    database: TestDatabase,
    nats: Nats,
    issuer: Issuer,
    directory: TemporaryDirectory,
    port: u16,
    http: reqwest::Client,
    vendor: Uuid,
}

impl Run {
    async fn new() -> Self {
        let directory = TemporaryDirectory::new(None);
        std::fs::write(directory.path().join("token"), INTERNAL_TOKEN).unwrap();
        Self {
            database: TestDatabase::new(&inventory::MIGRATOR).await,
            nats: Nats::start(),
            issuer: Issuer::default(),
            directory,
            port: free_port(),
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(10))
                .build()
                .unwrap(),
            vendor: Uuid::new_v4(),
        }
    }

    fn start(&self, failpoint: Option<&str>) -> Child {
        let jwks = format!("file:{}", self.issuer.file().display());
        let mut command = Command::new(env!("CARGO_BIN_EXE_inventory"));
        command
            .arg("serve")
            .env("INVENTORY_LISTEN", format!("127.0.0.1:{}", self.port))
            .env("INVENTORY_DATABASE_URL", self.database.url())
            .env("INVENTORY_NATS_URL", self.nats.url())
            .env("INVENTORY_JWKS", jwks)
            .env("INVENTORY_CATALOG_URL", "http://127.0.0.1:1")
            .env("INVENTORY_INTERNAL_TOKEN_FILE", self.file("token"))
            .env_remove("PLANTED_BUG")
            .env_remove("FAILPOINT")
            .stdout(Stdio::null())
            .kill_on_drop(true);
        if let Some(failpoint) = failpoint {
            command.env("FAILPOINT", failpoint);
        }
        command.spawn().unwrap()
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        Path::new(self.directory.path()).join(name)
    }

    /// Sends until there is an answer, as a client does that does not know what became of its request.
    async fn insist(&self, path: &str, token: &str, key: &str, body: &Value) -> u16 {
        let url = format!("http://127.0.0.1:{}{path}", self.port);
        testkit::eventually(&format!("{path} is answered"), || async {
            let request = self.http.post(&url).bearer_auth(token);
            let sent = request
                .header("Idempotency-Key", key)
                .json(body)
                .send()
                .await;
            let status = sent.ok()?.status().as_u16();
            (status < 500).then_some(status)
        })
        .await
    }

    async fn hold(&self, order: OrderId, product: Uuid, variant: Uuid) {
        let line = json!({ "productId": product, "variantId": variant, "quantity": 1 });
        let body = json!({ "orderId": order, "lines": [line] });
        let status = self
            .insist("/internal/holds", INTERNAL_TOKEN, "unused", &body)
            .await;
        assert!([200, 201].contains(&status), "{status}");
    }

    /// Restocks, holds, commits, releases and lets expire; each as often as it takes.
    async fn drive(&self) {
        let (product, variant) = (Uuid::now_v7(), Uuid::now_v7());
        self.know(product, variant).await;
        let body =
            json!({ "productId": product, "quantity": 10, "warehouseLocation": "Warehouse A" });
        let token = self.issuer.token(self.vendor, "vendor");
        let status = self.insist("/api/inventory", &token, "ten", &body).await;
        assert_eq!(status, 201);
        let [paid, cancelled, left] = [(); 3].map(|()| OrderId::generate());
        for order in [paid, cancelled, left] {
            self.hold(order, product, variant).await;
        }
        commit(&self.nats, paid, 3).await;
        release(&self.nats, cancelled, 3).await;
        let mut connection = self.database.connect().await;
        sqlx::query("update hold set expires_at = now() - interval '1 second' where order_id = $1")
            .bind(left.0)
            .execute(&mut connection)
            .await
            .unwrap();
        tokio::time::timeout(SETTLED_WITHIN, self.until_settled())
            .await
            .expect("everything is settled and told");
        self.check(&[
            (paid, "stock_committed "),
            (cancelled, "stock_released released"),
            (left, "stock_released expired"),
        ])
        .await;
    }

    async fn until_settled(&self) {
        let mut connection = self.database.connect().await;
        let mut look = tokio::time::interval(Duration::from_millis(100));
        loop {
            look.tick().await;
            let settled: bool = sqlx::query_scalar(
                "select (select count(*) from outbox where stream_seq is not null) = 3
                    and (select count(*) from hold where state = 'HELD') = 0",
            )
            .fetch_one(&mut connection)
            .await
            .unwrap();
            if settled {
                break;
            }
        }
    }

    async fn know(&self, product: Uuid, variant: Uuid) {
        let mut connection = self.database.connect().await;
        sqlx::query("insert into product (product_id, version) values ($1, 1)")
            .bind(product)
            .execute(&mut connection)
            .await
            .unwrap();
        sqlx::query(
            "insert into variant (variant_id, product_id, vendor_id, sku, product_name, position, version)
             values ($1, $2, $3, 'A', 'A', 0, 1)",
        )
        .bind(variant)
        .bind(product)
        .bind(self.vendor)
        .execute(&mut connection)
        .await
        .unwrap();
    }

    async fn check(&self, expected: &[(OrderId, &str)]) {
        books::check(&self.database).await;
        let stored = books::stored(&self.database).await;
        let stock = &stored["stock"][0];
        assert_eq!(
            (&stock["on_hand"], &stock["reserved"]),
            (&json!(9), &json!(0))
        );
        assert_eq!(stored["requests"].as_array().unwrap().len(), 1);
        let mut told = books::told(&self.database).await;
        let mut expected: Vec<&str> = expected.iter().map(|(_, told)| *told).collect();
        told.sort_unstable();
        expected.sort_unstable();
        assert_eq!(told, expected);
        let messages = self.nats.messages("INVENTORY", 3).await;
        let mut ids: Vec<&str> = messages
            .iter()
            .map(|(_, message)| message["id"].as_str().unwrap())
            .collect();
        let mut events: Vec<&str> = stored["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|id| id.as_str().unwrap())
            .collect();
        ids.sort_unstable();
        ids.dedup();
        events.sort_unstable();
        assert_eq!(ids, events);
    }
}

#[tokio::test]
async fn a_crash_between_any_two_effects_loses_nothing_and_doubles_nothing() {
    futures::stream::iter(FAILPOINTS)
        .for_each_concurrent(AT_ONCE, crash_at)
        .await;
}

async fn crash_at(failpoint: &str) {
    let run = Run::new().await;
    let crashes = AtomicU32::new(0);
    let keeper = async {
        let status = run.start(Some(failpoint)).wait().await.unwrap();
        assert_eq!(status.code(), Some(137), "{failpoint} ends the program");
        crashes.fetch_add(1, Ordering::Relaxed);
        let _restarted = run.start(None);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = keeper => unreachable!("the second program runs on"),
        () = run.drive() => {}
    }
    assert_eq!(crashes.into_inner(), 1, "{failpoint} is never reached");
}
