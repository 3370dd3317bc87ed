//! A real NATS server with JetStream, which a test may stop, start again and empty.

use std::{net::TcpStream, time::Duration};

use async_nats::jetstream::{self, consumer::pull};
use futures::StreamExt as _;
use serde_json::Value;

use crate::{
    TemporaryDirectory,
    child::{Child, find},
    wait::{eventually_blocking, free_port},
};

/// A server of this test's own.
#[derive(Debug)]
pub struct Nats {
    port: u16,
    directory: TemporaryDirectory,
    child: Option<Child>,
}

impl Nats {
    /// Starts one.
    pub fn start() -> Self {
        let mut nats = Self::stopped();
        nats.resume();
        nats
    }

    /// One that does not run yet.
    pub fn stopped() -> Self {
        Self {
            port: free_port(),
            directory: TemporaryDirectory::new(None),
            child: None,
        }
    }

    /// Where it is, whether it runs or not.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        if let Some(child) = self.child.take() {
            child.signal("KILL");
            child.wait();
        }
    }

    /// Starts it again on the same port with what it had stored.
    pub fn resume(&mut self) {
        let arguments = [
            "--addr=127.0.0.1".to_owned(),
            format!("--port={}", self.port),
            "--jetstream".to_owned(),
            format!("--store_dir={}", self.directory.path().display()),
        ];
        let log = self.directory.path().join("nats.log");
        let program = find("nats-server", &["/usr/sbin", "/usr/local/bin"]);
        self.child = Some(Child::start(&program, &arguments, &[], None, &log));
        eventually_blocking("NATS accepts connections", || {
            TcpStream::connect(("127.0.0.1", self.port)).ok()
        });
    }

    /// The first `count` messages of a stream, oldest first, with their subjects.
    pub async fn messages(&self, stream: &str, count: usize) -> Vec<(String, Value)> {
        let client = async_nats::connect(self.url()).await.unwrap();
        let jetstream = jetstream::new(client);
        let name = stream.to_owned();
        let jetstream = &jetstream;
        let stored = crate::eventually("the stream has the messages", || {
            let name = name.clone();
            async move {
                let info = jetstream.get_stream(name).await.ok()?.cached_info().clone();
                (info.state.messages >= count as u64).then_some(())
            }
        });
        stored.await;
        let stream = jetstream.get_stream(stream).await.unwrap();
        let consumer = stream
            .create_consumer(pull::Config::default())
            .await
            .unwrap();
        let mut batch = consumer
            .fetch()
            .max_messages(count)
            .expires(Duration::from_secs(5))
            .messages()
            .await
            .unwrap();
        let mut messages = Vec::new();
        while let Some(message) = batch.next().await {
            let message = message.unwrap();
            messages.push((
                message.subject.to_string(),
                serde_json::from_slice(&message.payload).unwrap(),
            ));
        }
        messages
    }
}
