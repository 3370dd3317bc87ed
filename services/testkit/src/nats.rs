//! A real NATS server with JetStream, which a test may stop, start again and empty.

use std::{
    net::TcpStream,
    time::{Duration, SystemTime},
};

use async_nats::jetstream::{self, consumer::pull};
use contracts::{Envelope, Event};
use futures::StreamExt as _;
use serde_json::Value;
use uuid::Uuid;

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

    /// Publishes `event` under `event_id` as the service would that owns the stream (`ORDERS`), which is made if it is missing.
    pub async fn tell<E: Event>(&self, stream: &str, event_id: Uuid, event: &E) {
        self.tell_in_trace(stream, event_id, event, None).await;
    }

    /// The same as a part of a trace (W3C `traceparent`).
    pub async fn tell_in_trace<E: Event>(
        &self,
        stream: &str,
        event_id: Uuid,
        event: &E,
        traceparent: Option<&str>,
    ) {
        let service = stream.to_lowercase();
        let envelope = Envelope {
            specversion: Envelope::<()>::SPECVERSION.to_owned(),
            id: event_id,
            kind: E::subject(),
            source: service.clone(),
            subject: event.aggregate_id(),
            time: SystemTime::now().into(),
            datacontenttype: Envelope::<()>::DATACONTENTTYPE.to_owned(),
            aggregateversion: event.aggregate_version(),
            causationid: None,
            traceparent: traceparent.map(str::to_owned),
            data: event,
        };
        self.publish(stream, E::subject(), serde_json::to_vec(&envelope).unwrap())
            .await;
    }

    /// Publishes any bytes, and waits until they are stored.
    pub async fn publish(&self, stream: &str, subject: String, payload: Vec<u8>) {
        let client = async_nats::connect(self.url()).await.unwrap();
        let jetstream = jetstream::new(client);
        let subjects = vec![format!("shop.{}.>", stream.to_lowercase())];
        let config = jetstream::stream::Config {
            name: stream.to_owned(),
            subjects,
            ..jetstream::stream::Config::default()
        };
        // Two tests' tasks may make it at the same moment: then it is there for the one that came second.
        if jetstream.get_or_create_stream(config).await.is_err() {
            jetstream.get_stream(stream).await.unwrap();
        }
        let stored = jetstream.publish(subject, payload.into()).await.unwrap();
        stored.await.unwrap();
    }

    /// Deletes everything that the server has stored; it must not run.
    pub fn forget(&self) {
        assert!(self.child.is_none(), "the server runs");
        let _ = std::fs::remove_dir_all(self.directory.path().join("jetstream"));
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
