//! The worker that pulls messages for one consumer from the broker.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use async_nats::jetstream::{
    AckKind, Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
};
use contracts::{Envelope, Event as _};
use futures::{
    StreamExt as _,
    future::join_all,
    stream::{BoxStream, ReadyChunks},
};
use prometheus::{Histogram, IntCounterVec};
use rand::Rng as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;

use super::{
    Consumer, Delivery,
    batch::{self, Outcome, Received},
    dead_letters::Letter,
};
use crate::{
    Broker, Database, failpoint,
    metrics::{CONSUMER_DELAY, CONSUMER_MESSAGES, Metrics},
    planted,
    process::Chain,
    worker::{Step, Worker},
};

/// Messages that are handled in one transaction, at most.
const BATCH: usize = 256;
/// Messages that a consumer may hold without having answered for them.
const MAX_ACK_PENDING: i64 = 1024;
/// How long the broker waits for an answer before it delivers a message again.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// How much time lies between the beginnings of two batches, at least: a message that comes alone is handled at once, and under load
/// the many that come within it cost one transaction. After a batch that has taken as long, it rests for that time: the busier the
/// machine, the more messages share a transaction, and who waits for an answer gets his turn.
const GATHER: Duration = Duration::from_millis(15);
/// How long a pull request stays open.
const PULL_EXPIRES: Duration = Duration::from_secs(30);
/// A message that comes for this time is put aside without being handled again.
const LAST_DELIVERY: i64 = 8;
/// How long a message waits before its second, third, … delivery.
const DELAYS_MS: [u64; 7] = [50, 200, 1_000, 3_000, 10_000, 30_000, 60_000];

type Messages = ReadyChunks<BoxStream<'static, Result<Message, pull::MessagesError>>>;

/// A consumer that reads from the stream of another service.
pub struct Subscription<C: Consumer> {
    reader: Reader<C>,
    open: Option<Open>,
    /// Not before then are the next messages looked for.
    gathered: Instant,
}

/// Messages as they come over one connection to the broker.
struct Open {
    messages: Messages,
    connection: u64,
}

struct Reader<C: Consumer> {
    consumer: Arc<C>,
    stream: &'static str,
    database: Database,
    broker: Broker,
    shutdown: CancellationToken,
    counts: IntCounterVec,
    delay: Histogram,
}

impl<C: Consumer> Subscription<C> {
    /// Not connected yet. `stream` is the publisher's, such as `ORDERS`.
    pub fn new(
        consumer: Arc<C>,
        stream: &'static str,
        database: Database,
        broker: Broker,
        shutdown: CancellationToken,
        metrics: &Metrics,
    ) -> Self {
        let counts = metrics.counter(&CONSUMER_MESSAGES);
        for outcome in ["handled", "duplicate", "retried", "dead"] {
            counts.with_label_values(&[C::NAME, outcome]);
        }
        let delay = metrics
            .histogram(&CONSUMER_DELAY)
            .with_label_values(&[C::NAME]);
        let reader = Reader {
            consumer,
            stream,
            database,
            broker,
            shutdown,
            counts,
            delay,
        };
        Self {
            reader,
            open: None,
            gathered: Instant::now(),
        }
    }
}

impl<C: Consumer> Reader<C> {
    /// Declares the durable consumer, anew if the broker has lost it, and opens it.
    async fn open(&self) -> anyhow::Result<Open> {
        self.broker.check()?;
        let connection = self.broker.connections();
        let stream = self.broker.jetstream().get_stream(self.stream).await;
        let stream = stream.with_context(|| format!("there is no stream {} yet", self.stream))?;
        let config = pull::Config {
            durable_name: Some(C::NAME.to_owned()),
            filter_subject: C::Event::subject(),
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::Explicit,
            ack_wait: ACK_WAIT,
            // For ever: old servers stall at their limit. This side counts (see LAST_DELIVERY).
            max_deliver: -1,
            max_ack_pending: MAX_ACK_PENDING,
            ..pull::Config::default()
        };
        let consumer = stream
            .create_consumer(config)
            .await
            .with_context(|| format!("cannot declare the consumer {}", C::NAME))?;
        let messages = consumer
            .stream()
            .max_messages_per_batch(BATCH)
            .expires(PULL_EXPIRES)
            .heartbeat(PULL_EXPIRES / 3)
            .messages()
            .await
            .with_context(|| format!("cannot read from the consumer {}", C::NAME))?;
        Ok(Open {
            messages: messages.boxed().ready_chunks(BATCH),
            connection,
        })
    }

    /// Handles what arrived, and answers the broker for each.
    async fn process(&self, messages: Vec<Message>) -> anyhow::Result<()> {
        failpoint::hit("consumer.after_fetch");
        if planted::is_planted("ack_before_commit") {
            join_all(messages.iter().map(Message::ack)).await;
        }
        let mut readable = Vec::with_capacity(messages.len());
        let mut received = Vec::with_capacity(messages.len());
        for message in messages {
            match read(&message) {
                Ok(delivery) if delivery.deliveries < LAST_DELIVERY => {
                    readable.push(message);
                    received.push(delivery);
                }
                Ok(delivery) => {
                    let reason = format!("delivered {} times in vain", delivery.deliveries - 1);
                    self.bury(&message, &(&delivery).into(), &reason)
                        .instrument(delivery.delivery.span(C::NAME))
                        .await?;
                }
                Err(unreadable) => {
                    let payload = String::from_utf8_lossy(&message.payload);
                    let letter = Letter {
                        event_id: None,
                        subject: &message.subject,
                        payload: &payload,
                        deliveries: unreadable.deliveries,
                    };
                    self.bury(&message, &letter, &unreadable.reason).await?;
                }
            }
        }
        let Some(outcomes) = self.outcomes(&readable, &received).await else {
            return Ok(());
        };
        let answers = readable.iter().zip(&received).zip(&outcomes);
        let answers = answers.map(|((message, delivery), outcome)| async move {
            self.observe(delivery, outcome);
            // An answer that is lost is one harmless repetition.
            let _ = message.ack_with(answer(delivery, outcome)).await;
        });
        join_all(answers).await;
        failpoint::hit("consumer.after_ack");
        Ok(())
    }

    /// Tries until the database is there; meanwhile the broker is told that the messages are being worked on, so that an
    /// outage is no reason to give them up. None when the process ends first.
    async fn outcomes(
        &self,
        messages: &[Message],
        received: &[Received<C::Event>],
    ) -> Option<Vec<Outcome>> {
        let mut failures = 0_u32;
        loop {
            match batch::handle(self.consumer.as_ref(), &self.database, received).await {
                Ok(outcomes) => return Some(outcomes),
                Err(error) => {
                    if failures.is_multiple_of(10) {
                        tracing::warn!(consumer = C::NAME, failures, error = %Chain(&error), "events wait for the database");
                    }
                    failures += 1;
                }
            }
            let progress = messages
                .iter()
                .map(|message| message.ack_with(AckKind::Progress));
            join_all(progress).await;
            let pause = Duration::from_millis(100 * u64::from(failures.min(20)));
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.shutdown.cancelled() => return None,
            }
        }
    }

    async fn bury(
        &self,
        message: &Message,
        letter: &Letter<'_>,
        reason: &str,
    ) -> anyhow::Result<()> {
        batch::bury(&self.database, C::NAME, letter, reason).await?;
        self.counts.with_label_values(&[C::NAME, "dead"]).inc();
        let _ = message.ack().await;
        Ok(())
    }

    fn observe(&self, received: &Received<C::Event>, outcome: &Outcome) {
        let label = match outcome {
            Outcome::Handled => "handled",
            Outcome::Duplicate => "duplicate",
            Outcome::Later(_) | Outcome::Failed(_) => "retried",
            Outcome::Dead(_) => "dead",
        };
        self.counts.with_label_values(&[C::NAME, label]).inc();
        let (deliveries, _entered) = (
            received.deliveries,
            received.delivery.span(C::NAME).entered(),
        );
        match outcome {
            Outcome::Handled => {
                let delay = crate::clock::now() - received.delivery.time;
                self.delay.observe(delay.as_seconds_f64().max(0.0));
                tracing::info!(delay_ms = delay.num_milliseconds(), "handled");
            }
            Outcome::Later(reason) => {
                tracing::debug!(deliveries, reason, "an event came too early");
            }
            Outcome::Failed(error) => {
                tracing::warn!(deliveries, error, "an event could not be handled");
            }
            Outcome::Duplicate | Outcome::Dead(_) => {}
        }
    }
}

impl<C: Consumer> Worker for Subscription<C> {
    const NAME: &'static str = C::NAME;

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut open = match self.open.take() {
            Some(open) => open,
            None => self.reader.open().await?,
        };
        let next = async {
            tokio::time::sleep_until(self.gathered).await;
            open.messages.next().await
        };
        let chunk = tokio::select! {
            chunk = next => chunk,
            // What was asked for over the old connection is forgotten, and perhaps the consumer as well: opened anew.
            () = self.reader.broker.reconnected(open.connection) => return Ok(Step::Worked(0)),
            () = self.reader.shutdown.cancelled() => return Ok(Step::Idle),
        };
        let chunk = chunk.context("the broker ended the subscription")?;
        let number = chunk.len();
        let (arrived, failure) = split(chunk);
        if !arrived.is_empty() {
            let begun = Instant::now();
            self.reader.process(arrived).await?;
            let rest = begun.elapsed().min(GATHER);
            self.gathered = (begun + GATHER).max(Instant::now() + rest);
        }
        if let Some(error) = failure {
            // The consumer may be gone with the broker's memory: declared anew at the next step.
            return Err(anyhow::Error::new(error).context("reading from the broker failed"));
        }
        self.open = Some(open);
        Ok(Step::Worked(number))
    }
}

fn split(
    chunk: Vec<Result<Message, pull::MessagesError>>,
) -> (Vec<Message>, Option<pull::MessagesError>) {
    let mut arrived = Vec::with_capacity(chunk.len());
    let mut failure = None;
    for message in chunk {
        match message {
            Ok(message) => arrived.push(message),
            Err(error) => failure = Some(error),
        }
    }
    (arrived, failure)
}

struct Unreadable {
    reason: String,
    deliveries: i64,
}

fn read<E: contracts::Event>(message: &Message) -> Result<Received<E>, Unreadable> {
    let deliveries = message.info().map_or(1, |info| info.delivered);
    let unreadable = |reason: String| Unreadable { reason, deliveries };
    let envelope: Envelope<E> = serde_json::from_slice(&message.payload)
        .map_err(|error| unreadable(format!("not an envelope of {}: {error}", E::subject())))?;
    Ok(Received {
        delivery: Delivery::of(envelope),
        subject: message.subject.to_string(),
        payload: String::from_utf8_lossy(&message.payload).into_owned(),
        deliveries,
    })
}

fn answer<E>(received: &Received<E>, outcome: &Outcome) -> AckKind {
    match outcome {
        Outcome::Handled | Outcome::Duplicate | Outcome::Dead(_) => AckKind::Ack,
        Outcome::Later(_) | Outcome::Failed(_) => AckKind::Nak(Some(delay(received.deliveries))),
    }
}

/// How long a message waits that has been delivered so often: spread, so that those that came together do not return together.
fn delay(deliveries: i64) -> Duration {
    let index = usize::try_from(deliveries - 1).unwrap_or(0);
    let longest = DELAYS_MS[index.min(DELAYS_MS.len() - 1)];
    Duration::from_millis(longest).mul_f64(rand::rng().random_range(0.7..=1.0))
}
