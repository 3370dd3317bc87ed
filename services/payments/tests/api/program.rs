//! The service as a program of its own, which can be killed, suspended, and made to die at a fail-point.

use std::{path::PathBuf, process::ExitStatus};

use testkit::{TemporaryDirectory, eventually};

use crate::app::{API_KEY, Shop, WEBHOOK_SECRET};

pub(crate) struct Program {
    child: tokio::process::Child,
    pub(crate) log: PathBuf,
    _directory: TemporaryDirectory,
}

impl Program {
    /// Starts it with the shop's databases and these variables.
    pub(crate) fn start(shop: &Shop, variables: &[(&str, &str)]) -> Self {
        let directory = TemporaryDirectory::new(None);
        let file = |name: &str, text: &str| {
            let path = directory.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let log = directory.path().join("log");
        let child = tokio::process::Command::new(env!("CARGO_BIN_EXE_payments"))
            .arg("serve")
            .env("PAYMENTS_LISTEN", format!("127.0.0.1:{}", shop.port))
            .env("PAYMENTS_DATABASE_URL", shop.database.url())
            .env("PAYMENTS_NATS_URL", shop.nats.url())
            .env(
                "PAYMENTS_JWKS",
                format!("file:{}", shop.issuer.file().display()),
            )
            .env("PAYMENTS_PSP_URL", &shop.psp.url)
            .env("PAYMENTS_PSP_API_KEY_FILE", file("key", API_KEY))
            .env(
                "PAYMENTS_PSP_WEBHOOK_SECRET_FILE",
                file("secret", WEBHOOK_SECRET),
            )
            .env("PAYMENTS_RETRY_PAUSES_MS", "50,100,200")
            .env("PAYMENTS_DECLINE_PAUSE_MS", "20")
            .env("PAYMENTS_PSP_BREAKER_OPEN_MS", "300")
            .env("PAYMENTS_LEASE_MS", "1000")
            .env("PAYMENTS_POLL_MS", "20")
            .env("PAYMENTS_RECONCILE_EVERY_MS", "3600000")
            .env("LOG_LEVEL", "debug")
            .envs(variables.iter().copied())
            .stdout(std::fs::File::create(&log).unwrap())
            .stderr(std::process::Stdio::inherit())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        Self {
            child,
            log,
            _directory: directory,
        }
    }

    /// How it has ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    pub(crate) async fn wait(&mut self) -> ExitStatus {
        self.child.wait().await.unwrap()
    }

    /// Sends `TERM`, `KILL`, `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().unwrap().to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .unwrap();
        assert!(status.success());
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it serves.
    pub(crate) async fn until_ready(&mut self, shop: &Shop) {
        let url = format!("http://127.0.0.1:{}/readyz", shop.port);
        eventually("the program is ready", || async {
            let answer = reqwest::get(&url).await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }
}
