//! Sends rows many at a time without ever reordering the events of one aggregate.
//!
//! Messages in flight together may fail one by one. If two of them belonged to the same aggregate, the second could
//! arrive without the first. So the first wave has the first row of each aggregate, the next one the second of each, and
//! starts when all of the first are acknowledged. What waits for the broker is then as many waves as one aggregate has rows,
//! and not as many as there are aggregates with two.

use std::collections::HashMap;

use async_nats::jetstream::{
    context::{PublishAckFuture, PublishError},
    message::PublishMessage,
    publish::PublishAck,
};
use chrono::{DateTime, Utc};
use contracts::Envelope;
use futures::future::join_all;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{Broker, correlation::TRACEPARENT};

/// A row of the outbox.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    id: i64,
    event_id: Uuid,
    subject: String,
    aggregate_id: Uuid,
    aggregate_version: i64,
    payload: String,
    created_at: DateTime<Utc>,
    traceparent: Option<String>,
    causation_id: Option<String>,
    highest: i64,
}

impl Row {
    /// The highest place that any row had when this one was read.
    pub(super) fn highest(&self) -> i64 {
        self.highest
    }

    /// As if the broker had it, without a place.
    pub(super) fn unconfirmed(&self) -> Sent {
        Sent {
            row: self.id,
            stream_seq: 0,
            is_duplicate: false,
        }
    }
}

/// A row that the broker has.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sent {
    pub(super) row: i64,
    pub(super) stream_seq: i64,
    /// The broker had it already; the number is that of the first time.
    pub(super) is_duplicate: bool,
}

/// Sends `rows`, those of an aggregate in order; stops after the first wave with a failure, and returns what arrived with the first
/// error.
pub(super) async fn send(
    broker: &Broker,
    source: &str,
    rows: &[Row],
) -> (Vec<Sent>, Option<PublishError>) {
    let mut sent = Vec::with_capacity(rows.len());
    for wave in waves(rows) {
        let acknowledgements = join_all(wave.iter().map(|row| send_one(broker, source, row))).await;
        let mut failure = None;
        for (row, outcome) in wave.iter().zip(acknowledgements) {
            match outcome {
                Ok(acknowledgement) => sent.push(Sent {
                    row: row.id,
                    stream_seq: i64::try_from(acknowledgement.sequence)
                        .expect("BUG: a stream does not reach 2^63 messages"),
                    is_duplicate: acknowledgement.duplicate,
                }),
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        if failure.is_some() {
            return (sent, failure);
        }
    }
    (sent, None)
}

async fn send_one(broker: &Broker, source: &str, row: &Row) -> Result<PublishAck, PublishError> {
    let mut message = PublishMessage::build()
        .payload(envelope(source, row).into())
        .header("content-type", "application/cloudevents+json")
        .message_id(row.event_id.to_string());
    if let Some(traceparent) = &row.traceparent {
        // In the envelope as well: there for whoever reads events, here for whoever follows messages.
        message = message.header(TRACEPARENT.as_str(), traceparent.as_str());
    }
    let acknowledgement: PublishAckFuture = broker
        .jetstream()
        .send_publish(row.subject.clone(), message)
        .await?;
    acknowledgement.await
}

fn envelope(source: &str, row: &Row) -> Vec<u8> {
    let data = RawValue::from_string(row.payload.clone()).expect("BUG: jsonb is JSON");
    let envelope = Envelope {
        specversion: Envelope::<()>::SPECVERSION.to_owned(),
        id: row.event_id,
        kind: row.subject.clone(),
        source: source.to_owned(),
        subject: row.aggregate_id,
        time: row.created_at,
        datacontenttype: Envelope::<()>::DATACONTENTTYPE.to_owned(),
        aggregateversion: row.aggregate_version,
        causationid: row.causation_id.clone(),
        traceparent: row.traceparent.clone(),
        data,
    };
    serde_json::to_vec(&envelope).expect("BUG: an envelope is always representable in JSON")
}

/// Each row behind the wave that has the row before it of the same aggregate.
fn waves(rows: &[Row]) -> Vec<Vec<&Row>> {
    let mut waves: Vec<Vec<&Row>> = Vec::new();
    let mut next_wave: HashMap<Uuid, usize> = HashMap::new();
    for row in rows {
        let wave = next_wave.entry(row.aggregate_id).or_default();
        match waves.get_mut(*wave) {
            Some(wave) => wave.push(row),
            None => waves.push(vec![row]),
        }
        *wave += 1;
    }
    waves
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: i64, aggregate: u128) -> Row {
        Row {
            id,
            event_id: Uuid::from_u128(1000 + u128::from(id.unsigned_abs())),
            subject: "shop.test.happened.v1".to_owned(),
            aggregate_id: Uuid::from_u128(aggregate),
            aggregate_version: id,
            payload: "{}".to_owned(),
            created_at: DateTime::UNIX_EPOCH,
            traceparent: None,
            causation_id: None,
            highest: 0,
        }
    }

    /// The ids in each wave, of rows with these aggregates and the ids 1, 2, 3, …
    fn cut(aggregates: &[u128]) -> Vec<Vec<i64>> {
        let rows: Vec<Row> = aggregates
            .iter()
            .zip(1..)
            .map(|(aggregate, id)| row(id, *aggregate))
            .collect();
        let waves = waves(&rows);
        let ids = |wave: &Vec<&Row>| wave.iter().map(|row| row.id).collect();
        waves.iter().map(ids).collect()
    }

    #[test]
    fn no_wave_has_two_events_of_one_aggregate_and_none_is_lost() {
        assert_eq!(cut(&[]), Vec::<Vec<i64>>::new());
        assert_eq!(cut(&[1, 2, 3]), [[1, 2, 3]]);
        assert_eq!(cut(&[1, 1, 1]), [[1], [2], [3]]);
        assert_eq!(cut(&[1, 2, 1, 3, 2]), [vec![1, 2, 4], vec![3, 5]]);
    }

    #[test]
    fn many_aggregates_with_two_events_each_are_two_waves() {
        assert_eq!(cut(&[1, 1, 2, 2, 3, 3]), [[1, 3, 5], [2, 4, 6]]);
    }

    #[test]
    fn the_payload_is_passed_on_as_it_is_stored() {
        let text = String::from_utf8(envelope("test", &row(7, 1))).unwrap();
        assert!(
            text.contains(r#""type":"shop.test.happened.v1","source":"test""#),
            "{text}"
        );
        assert!(
            text.ends_with(r#""aggregateversion":7,"data":{}}"#),
            "{text}"
        );
    }

    #[test]
    fn the_trace_and_the_cause_are_attributes_of_the_envelope() {
        let row = Row {
            traceparent: Some("00-trace".to_owned()),
            causation_id: Some("cause".to_owned()),
            ..row(7, 1)
        };
        let text = String::from_utf8(envelope("test", &row)).unwrap();
        let attributes = r#""causationid":"cause","traceparent":"00-trace","data":{}}"#;
        assert!(text.ends_with(attributes), "{text}");
    }
}
