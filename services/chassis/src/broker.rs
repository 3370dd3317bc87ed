//! The connection to NATS JetStream: made in the background, so that a service starts and works without its broker.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use async_nats::{
    ConnectOptions, Event,
    connection::State,
    jetstream::{
        self,
        stream::{Config, Info, RawMessageErrorKind, RetentionPolicy, StorageType},
    },
};
use tokio::sync::watch;

/// How long the broker gets to acknowledge a message.
const ACK_TIMEOUT: Duration = Duration::from_secs(5);
/// The same, and for the connection, where no request waits.
const JOB_TIMEOUT: Duration = Duration::from_secs(30);
/// A message published again within this time is dropped by the broker. Consumers de-duplicate for ever; this only saves
/// them work.
const DUPLICATE_WINDOW: Duration = Duration::from_mins(10);
/// How long the broker keeps a message. What must last longer lasts in a database.
const MAX_AGE: Duration = Duration::from_hours(30 * 24);

/// The stream of one service's events.
#[derive(Debug, Clone, Copy)]
pub struct Stream {
    /// Its name on the broker.
    pub name: &'static str,
    /// The subjects that it takes, `shop.<service>.>`.
    pub subjects: &'static str,
    /// Who publishes what.
    pub description: &'static str,
}

impl Stream {
    fn config(self) -> Config {
        Config {
            name: self.name.to_owned(),
            subjects: vec![self.subjects.to_owned()],
            description: Some(self.description.to_owned()),
            retention: RetentionPolicy::Limits,
            storage: StorageType::File,
            duplicate_window: DUPLICATE_WINDOW,
            max_age: MAX_AGE,
            ..Config::default()
        }
    }
}

/// The broker, whether it is there at the moment or not. Cheap to clone.
#[derive(Clone)]
pub struct Broker {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    connections: Arc<watch::Sender<u64>>,
}

impl Broker {
    /// Starts connecting and returns at once; it goes on for as long as the process runs.
    pub async fn connect(url: &str, service: &str) -> anyhow::Result<Self> {
        let connections = Arc::default();
        let client = settings(service, &connections)
            .retry_on_initial_connect()
            .connect(url)
            .await;
        let client = client.with_context(|| format!("{url:?} is not a NATS URL"))?;
        Ok(Self::over(client, connections))
    }

    /// Connects now or fails: for one-shot commands, of which nobody waits for an answer. A busy machine may take its time.
    pub async fn connect_now(url: &str, service: &str) -> anyhow::Result<Self> {
        let connections = Arc::default();
        let client = settings(service, &connections)
            .connection_timeout(JOB_TIMEOUT)
            .request_timeout(Some(JOB_TIMEOUT))
            .connect(url)
            .await;
        let client = client.with_context(|| format!("cannot reach the broker at {url}"))?;
        let mut broker = Self::over(client, connections);
        broker.jetstream.set_timeout(JOB_TIMEOUT);
        Ok(broker)
    }

    fn over(client: async_nats::Client, connections: Arc<watch::Sender<u64>>) -> Self {
        let mut jetstream = jetstream::new(client.clone());
        jetstream.set_timeout(ACK_TIMEOUT);
        Self {
            client,
            jetstream,
            connections,
        }
    }

    /// Whether the broker is there right now.
    pub fn check(&self) -> anyhow::Result<()> {
        let state = self.client.connection_state();
        anyhow::ensure!(state == State::Connected, "the broker is {state}");
        Ok(())
    }

    /// How often a connection was made: a change means that the broker may be another than it was.
    pub fn connections(&self) -> u64 {
        *self.connections.borrow()
    }

    /// Returns when a connection has been made after the `number`th.
    pub async fn reconnected(&self, number: u64) {
        let mut connections = self.connections.subscribe();
        // An error means that the sender is gone, and it lives as long as this.
        let _ = connections.wait_for(|current| *current != number).await;
    }

    /// The plain connection: for hints that nobody misses when they are lost.
    pub fn client(&self) -> &async_nats::Client {
        &self.client
    }

    /// The JetStream API.
    pub fn jetstream(&self) -> &jetstream::Context {
        &self.jetstream
    }

    /// Creates the stream, or brings its settings up to date.
    pub async fn declare(&self, stream: Stream) -> anyhow::Result<Info> {
        let declared = self
            .jetstream
            .create_or_update_stream(stream.config())
            .await;
        let info =
            declared.with_context(|| format!("cannot declare the stream {}", stream.name))?;
        tracing::info!(
            stream = stream.name,
            subjects = stream.subjects,
            "the stream is declared"
        );
        Ok(info)
    }

    /// The id under which the message at this place of the stream was published; none where nothing is any more.
    pub async fn message_id(
        &self,
        stream: Stream,
        sequence: u64,
    ) -> anyhow::Result<Option<String>> {
        let handle = self.jetstream.get_stream_no_info(stream.name).await?;
        let message = match handle.get_raw_message(sequence).await {
            Ok(message) => message,
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(None),
            Err(error) => {
                return Err(error)
                    .with_context(|| format!("cannot read {} of {}", sequence, stream.name));
            }
        };
        let id = message.headers.get(async_nats::header::NATS_MESSAGE_ID);
        Ok(id.map(ToString::to_string))
    }
}

fn settings(service: &str, connections: &Arc<watch::Sender<u64>>) -> ConnectOptions {
    let connections = Arc::clone(connections);
    ConnectOptions::new()
        .name(service)
        .connection_timeout(Duration::from_secs(2))
        .request_timeout(Some(ACK_TIMEOUT))
        .reconnect_delay_callback(|attempt| {
            Duration::from_millis(100 * u64::try_from(attempt.min(10)).unwrap_or(10))
        })
        .event_callback(move |event| {
            if event == Event::Connected {
                connections.send_modify(|number| *number += 1);
            }
            async move { log(&event) }
        })
}

fn log(event: &Event) {
    match event {
        Event::Connected => tracing::info!("connected to the broker"),
        Event::Disconnected => tracing::warn!("disconnected from the broker"),
        other => tracing::debug!(event = %other, "the broker's connection"),
    }
}
