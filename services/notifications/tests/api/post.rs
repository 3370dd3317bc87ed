//! The real mailbox of `services/standins/mailbox`, on a runtime of its own: it can be switched off and on again.

use std::{net::TcpStream, thread, time::Duration};

use clap::Parser as _;
use http::Method;
use serde_json::{Value, json};
use testkit::{Client, TemporaryDirectory, eventually, free_port};
use tokio::sync::oneshot;

pub(crate) struct Mailbox {
    pub(crate) smtp: u16,
    http: u16,
    api: Client,
    directory: TemporaryDirectory,
    running: Option<Running>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: thread::JoinHandle<()>,
}

impl Mailbox {
    pub(crate) async fn start() -> Self {
        let mut mailbox = Self::stopped();
        mailbox.resume().await;
        mailbox
    }

    /// One that does not run yet.
    pub(crate) fn stopped() -> Self {
        let (smtp, http) = (free_port(), free_port());
        Self {
            smtp,
            http,
            api: Client::new(&format!("http://127.0.0.1:{http}")),
            directory: TemporaryDirectory::new(None),
            running: None,
        }
    }

    pub(crate) async fn resume(&mut self) {
        let config = mailbox::Config::parse_from([
            "mailbox".to_owned(),
            format!("--smtp-listen=127.0.0.1:{}", self.smtp),
            format!("--http-listen=127.0.0.1:{}", self.http),
            format!("--root={}", self.directory.path().display()),
        ]);
        let (stop, stopped) = oneshot::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                tokio::select! {
                    outcome = mailbox::serve(config) => outcome.unwrap(),
                    _ = stopped => {}
                }
            });
            // Cuts every connection off.
            runtime.shutdown_timeout(Duration::from_secs(2));
        });
        self.running = Some(Running { stop, thread });
        let ports = [self.smtp, self.http];
        eventually("the mailbox listens", || async move {
            ports
                .iter()
                .all(|port| TcpStream::connect(("127.0.0.1", *port)).is_ok())
                .then_some(())
        })
        .await;
    }

    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            let _ = running.stop.send(());
            running.thread.join().unwrap();
        }
    }

    /// Waits until this address has so many mails; newest first.
    pub(crate) async fn mails_to(&self, address: &str, count: usize) -> Vec<Value> {
        eventually(&format!("{address} has {count} mails"), || async {
            let mails = self.now_to(address).await;
            (mails.len() >= count).then_some(mails)
        })
        .await
    }

    /// The mails to this address as of now, newest first.
    pub(crate) async fn now_to(&self, address: &str) -> Vec<Value> {
        let answer = self
            .api
            .get_with("/api/v1/messages", &[("to", address), ("limit", "500")])
            .await;
        answer.expect(200).json()["messages"]
            .as_array()
            .unwrap()
            .clone()
    }

    /// All mails as of now.
    pub(crate) async fn count(&self) -> u64 {
        let answer = self.api.get("/api/v1/messages").await.expect(200);
        answer.json()["total"].as_u64().unwrap()
    }

    /// A mail with its content.
    pub(crate) async fn open(&self, mail: &Value) -> Value {
        let id = mail["id"].as_str().unwrap();
        let answer = self.api.get(&format!("/api/v1/message/{id}")).await;
        answer.expect(200).json()
    }

    /// A mail as it came.
    pub(crate) async fn raw(&self, mail: &Value) -> String {
        let id = mail["id"].as_str().unwrap();
        let answer = self.api.get(&format!("/api/v1/message/{id}/raw")).await;
        String::from_utf8(answer.expect(200).body.to_vec()).unwrap()
    }

    /// Lets something go wrong with the next mails.
    pub(crate) async fn fault(&self, fault: Value) {
        let answer = self
            .api
            .send(Method::PUT, "/api/v1/faults", |request| {
                request.json(&fault)
            })
            .await;
        answer.expect(200);
    }

    pub(crate) async fn no_fault(&self) {
        self.fault(json!({})).await;
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.stop();
    }
}
