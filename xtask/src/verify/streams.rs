//! Invariants between the outboxes, the broker's streams and the inboxes.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, pull},
};
use futures::StreamExt as _;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    broker,
    database::{self, Database},
    events::ConsumerStatus,
    journeys::World,
};

pub(super) const RULES: &[(&str, &str)] = &[
    (
        "events-sent",
        "Every event of an outbox is in its stream, and nothing is in a stream that is in no outbox.",
    ),
    (
        "events-in-order",
        "Events of one aggregate stand in their stream in the order of its versions.",
    ),
    (
        "events-had-their-effect",
        "Every consumer has seen every event that it reads, and put none aside.",
    ),
];

/// A message, as much as is compared.
struct Message {
    event_id: String,
    subject: String,
    aggregate_id: String,
    version: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
struct Envelope {
    id: String,
    subject: String,
    aggregateversion: i64,
}

/// The broker's memory.
pub(super) struct Streams {
    streams: BTreeMap<String, Vec<Message>>,
    consumers: Vec<ConsumerStatus>,
}

/// Messages that no consumer has answered for yet.
pub(super) async fn open(jetstream: &jetstream::Context) -> Result<u64, String> {
    let mut open = 0;
    for stream in broker::streams(jetstream).await? {
        let consumers = broker::consumers(&stream).await?;
        open += consumers
            .iter()
            .map(|consumer| consumer.pending + consumer.unanswered as u64)
            .sum::<u64>();
    }
    Ok(open)
}

/// What was found: the rule's id, and what breaks it.
pub(super) type Found = (&'static str, Vec<String>);

impl Streams {
    /// Reads everything.
    pub(super) async fn read(world: &World) -> Result<Self, String> {
        let mut read = Self {
            streams: BTreeMap::new(),
            consumers: Vec::new(),
        };
        for stream in broker::streams(&broker::connect(world).await?).await? {
            read.consumers.extend(broker::consumers(&stream).await?);
            let name = stream.cached_info().config.name.clone();
            read.streams.insert(name, messages(&stream).await?);
        }
        Ok(read)
    }

    pub(super) async fn judge(&self, world: &World) -> Result<Vec<Found>, String> {
        Ok(vec![
            ("events-sent", self.sent(world).await?),
            ("events-in-order", self.in_order()),
            (
                "events-had-their-effect",
                self.had_their_effect(world).await?,
            ),
        ])
    }

    async fn sent(&self, world: &World) -> Result<Vec<String>, String> {
        let mut broken = Vec::new();
        for service in services(world, "outbox").await? {
            let stream = service.to_uppercase();
            let empty = Vec::new();
            let messages = self.streams.get(&stream).unwrap_or(&empty);
            let there: HashSet<&str> = messages
                .iter()
                .map(|message| message.event_id.as_str())
                .collect();
            let rows = Database::of(world, &service)?
                .rows(
                    "select event_id, subject, stream_seq is null as waits from outbox",
                    &[],
                )
                .await?;
            let mut ours = HashSet::new();
            for row in &rows {
                let id = row["event_id"].as_str().unwrap_or_default();
                ours.insert(id);
                if row["waits"] == json!(true) {
                    broken.push(format!("{service}: event {id} ({}) waits", row["subject"]));
                } else if !there.contains(id) {
                    broken.push(format!(
                        "{service}: event {id} ({}) is lost",
                        row["subject"]
                    ));
                }
            }
            // An outbox forgets after a week what its stream keeps for a month: only fewer rows than messages say nothing.
            if rows.len() >= there.len() || rows.is_empty() != there.is_empty() {
                let strangers = there.iter().filter(|id| !ours.contains(*id));
                broken
                    .extend(strangers.map(|id| format!("{stream}: event {id} comes from nobody")));
            }
        }
        Ok(broken)
    }

    fn in_order(&self) -> Vec<String> {
        let mut broken = Vec::new();
        for (stream, messages) in &self.streams {
            let mut seen = HashSet::new();
            let mut last: HashMap<&str, i64> = HashMap::new();
            for message in messages {
                // A repetition says nothing about order.
                if !seen.insert(message.event_id.as_str()) {
                    continue;
                }
                let last = last.entry(&message.aggregate_id).or_insert(message.version);
                if message.version < *last {
                    broken.push(format!(
                        "{stream}: version {} of {} comes after version {last}",
                        message.version, message.aggregate_id
                    ));
                }
                *last = (*last).max(message.version);
            }
        }
        broken
    }

    async fn had_their_effect(&self, world: &World) -> Result<Vec<String>, String> {
        let mut broken = Vec::new();
        let keepers = services(world, "inbox").await?;
        for reader in &self.consumers {
            let Some(service) = keepers
                .iter()
                .find(|service| reader.consumer.starts_with(&format!("{service}_")))
            else {
                continue;
            };
            let database = Database::of(world, service)?;
            let seen = ids(
                &database,
                "select event_id from inbox where consumer = :'consumer'",
                reader,
            )
            .await?;
            let dead = database
                .rows(
                    "select id, reason from dead_letter where consumer = :'consumer' and replayed_at is null",
                    &[("consumer", &reader.consumer)],
                )
                .await?;
            broken.extend(dead.iter().map(|letter| {
                format!(
                    "{}: dead letter {}: {}",
                    reader.consumer, letter["id"], letter["reason"]
                )
            }));
            let messages = self.streams.get(&reader.stream).into_iter().flatten();
            let unseen: BTreeSet<&str> = messages
                .filter(|message| message.subject == reader.subject)
                .map(|message| message.event_id.as_str())
                .filter(|id| !seen.contains(*id))
                .collect();
            if unseen.len() > dead.len() {
                broken.push(format!(
                    "{}: {} events have had no effect, {} first",
                    reader.consumer,
                    unseen.len() - dead.len(),
                    unseen.first().copied().unwrap_or_default()
                ));
            }
        }
        Ok(broken)
    }
}

async fn ids(
    database: &Database,
    query: &str,
    reader: &ConsumerStatus,
) -> Result<HashSet<String>, String> {
    let rows = database
        .rows(query, &[("consumer", &reader.consumer)])
        .await?;
    Ok(rows
        .iter()
        .filter_map(|row| row["event_id"].as_str().map(ToOwned::to_owned))
        .collect())
}

/// The services whose database has this table.
async fn services(world: &World, table: &str) -> Result<Vec<String>, String> {
    let mut found = Vec::new();
    for owner in database::owners(world) {
        let has = Database::of(world, owner)?
            .json(
                "select to_json(to_regclass(:'table') is not null)",
                &[("table", table)],
            )
            .await?;
        if has == Value::Bool(true) {
            found.push(owner.to_owned());
        }
    }
    Ok(found)
}

async fn messages(stream: &jetstream::stream::Stream) -> Result<Vec<Message>, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the broker does not read out: {error}");
    let number = stream.cached_info().state.messages;
    if number == 0 {
        return Ok(Vec::new());
    }
    let last = stream.cached_info().state.last_sequence;
    let consumer = stream
        .create_consumer(pull::Config {
            ack_policy: AckPolicy::None,
            inactive_threshold: std::time::Duration::from_mins(1),
            ..pull::Config::default()
        })
        .await
        .map_err(|error| failed(&error))?;
    let mut incoming = consumer.messages().await.map_err(|error| failed(&error))?;
    let mut messages = Vec::with_capacity(usize::try_from(number).unwrap_or(0));
    while let Some(message) = incoming.next().await {
        let message = message.map_err(|error| failed(&error))?;
        let sequence = message.info().map_or(last, |info| info.stream_sequence);
        if let Ok(envelope) = serde_json::from_slice::<Envelope>(&message.payload) {
            messages.push(Message {
                event_id: envelope.id,
                subject: message.subject.to_string(),
                aggregate_id: envelope.subject,
                version: envelope.aggregateversion,
            });
        }
        if sequence >= last {
            break;
        }
    }
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(event_id: &str, version: i64) -> Message {
        Message {
            event_id: event_id.to_owned(),
            subject: "shop.orders.order_paid.v1".to_owned(),
            aggregate_id: "1".to_owned(),
            version,
        }
    }

    fn streams(messages: Vec<Message>) -> Streams {
        Streams {
            streams: [("ORDERS".to_owned(), messages)].into(),
            consumers: Vec::new(),
        }
    }

    #[test]
    fn a_repetition_is_no_disorder_and_a_disorder_is_found() {
        let fine = streams(vec![message("a", 1), message("b", 2), message("a", 1)]);
        assert_eq!(fine.in_order(), Vec::<String>::new());
        let disordered = streams(vec![message("b", 2), message("a", 1)]);
        assert_eq!(
            disordered.in_order(),
            ["ORDERS: version 1 of 1 comes after version 2"]
        );
    }
}
