//! The real program beside a [`TestApp`], on the same database: another replica, or one that is made to crash.

use std::process::Stdio;

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    task::JoinSet,
};

use crate::{
    app::TestApp,
    shop::{INTERNAL_TOKEN, NOWHERE},
};

pub(crate) struct Program {
    pub(crate) child: Child,
    /// Empty if it ended before it listened.
    pub(crate) url: String,
    _log: JoinSet<()>,
}

impl Program {
    /// Ends as a crash would when it reaches `failpoint`.
    pub(crate) async fn start(app: &TestApp, nats_url: &str, failpoint: Option<&str>) -> Self {
        let token = app.issuer.file().with_file_name("internal-token");
        std::fs::write(&token, INTERNAL_TOKEN).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_cart"));
        command
            .env("CART_LISTEN", "127.0.0.1:0")
            .env("CART_DATABASE_URL", app.database.url())
            .env("CART_NATS_URL", nats_url)
            .env("CART_JWKS", format!("file:{}", app.issuer.file().display()))
            .env("CART_CATALOG_URL", app.catalogue.url())
            .env("CART_INVENTORY_URL", &app.stock.url)
            .env("CART_INTERNAL_TOKEN_FILE", &token)
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        if let Some(failpoint) = failpoint {
            command.env("FAILPOINT", failpoint);
        }
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut url = String::new();
        while let Some(line) = lines.next_line().await.unwrap() {
            let entry: Value = serde_json::from_str(&line).expect("every line of the log is JSON");
            if entry["message"] == "listening" {
                url = format!("http://{}", entry["address"].as_str().unwrap());
                break;
            }
        }
        let mut log = JoinSet::new();
        log.spawn(async move { while lines.next_line().await.is_ok_and(|line| line.is_some()) {} });
        Self {
            child,
            url,
            _log: log,
        }
    }

    /// The same without a broker.
    pub(crate) async fn alone(app: &TestApp, failpoint: Option<&str>) -> Self {
        Self::start(app, &format!("nats://{NOWHERE}"), failpoint).await
    }

    /// Its exit code, once it has ended by itself.
    pub(crate) async fn exit_code(&mut self) -> Option<i32> {
        let ended = tokio::time::timeout(std::time::Duration::from_secs(20), self.child.wait());
        ended.await.expect("it ends").unwrap().code()
    }

    pub(crate) fn terminate(&self) {
        let pid = self.child.id().unwrap().to_string();
        let signalled = std::process::Command::new("kill")
            .args(["-s", "TERM", &pid])
            .status()
            .unwrap();
        assert!(signalled.success());
    }
}
