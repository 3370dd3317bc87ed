//! What the broker must still have, and what to do when it has lost it.
//!
//! A broker acknowledges before its disk has everything (NATS before 2.10 syncs once a minute), its directory may be deleted, or an
//! older copy of it brought back. The outbox remembers what was sent: the stream's time of birth and each row's place in it. If the
//! stream was born anew or ends before its highest known place, the rows above what survived are sent again. Consumers drop
//! those that they have seen.
//!
//! The time of birth alone proves nothing: NATS 2.9 gives a stream another one when it starts again after the stream's settings
//! were declared. A stream that has our newest event where we know it to be is the one that we know.

use async_nats::jetstream::stream::Info;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::{Broker, broker::Stream};

/// Rows that are marked with one statement: all of a week's at once would take longer than a statement may.
const CHUNK: i64 = 10_000;

/// Where the broker's stream stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) created_ns: i64,
    pub(super) last_seq: i64,
}

impl From<&Info> for Place {
    fn from(info: &Info) -> Self {
        Self {
            created_ns: i64::try_from(info.created.unix_timestamp_nanos()).unwrap_or(i64::MAX),
            last_seq: i64::try_from(info.state.last_sequence).unwrap_or(i64::MAX),
        }
    }
}

/// The row that is highest in the stream.
type Newest = Option<(i64, Uuid)>;

/// The highest place that survived, if anything was lost.
fn survived(
    place: Place,
    known_created_ns: Option<i64>,
    highest: i64,
    has_newest: bool,
) -> Option<i64> {
    let is_another = known_created_ns.is_some_and(|known| known != place.created_ns);
    if is_another && !has_newest {
        Some(0)
    } else {
        (place.last_seq < highest).then_some(place.last_seq)
    }
}

/// Compares the stream with what is known of it, and marks what was lost as unsent. Gives the number of those rows.
pub(super) async fn compare(
    connection: &mut PgConnection,
    place: Place,
    broker: &Broker,
    stream: Stream,
) -> anyhow::Result<u64> {
    let known: Option<i64> = sqlx::query_scalar("select created_ns from outbox_stream")
        .fetch_optional(&mut *connection)
        .await?;
    let newest: Newest = sqlx::query_as(
        "select stream_seq, event_id
         from outbox
         where stream_seq is not null
         order by stream_seq desc
         limit 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let has_newest = known != Some(place.created_ns) && has(broker, stream, newest).await?;
    let highest = newest.map_or(0, |(sequence, _)| sequence);
    let lost = match survived(place, known, highest, has_newest) {
        Some(last) => forget_above(connection, last).await?,
        None => 0,
    };
    if known != Some(place.created_ns) {
        // After the rows: a crash in between finds the loss again.
        remember(connection, place.created_ns).await?;
    }
    Ok(lost)
}

/// Whether this event is at its place.
async fn has(broker: &Broker, stream: Stream, newest: Newest) -> anyhow::Result<bool> {
    let Some((sequence, event)) = newest else {
        return Ok(false);
    };
    let there = broker.message_id(stream, sequence.unsigned_abs()).await?;
    Ok(there.is_some_and(|id| id == event.to_string()))
}

/// Marks the rows above this place as unsent, from the highest down: what is broken off is found again.
pub(super) async fn forget_above(connection: &mut PgConnection, last: i64) -> sqlx::Result<u64> {
    let mut forgotten = 0;
    loop {
        let done = sqlx::query(
            "update outbox
             set stream_seq = null
             where id = any(array(
               select id from outbox where stream_seq > $1 order by stream_seq desc limit $2
             ))",
        )
        .bind(last)
        .bind(CHUNK)
        .execute(&mut *connection)
        .await?;
        forgotten += done.rows_affected();
        if done.rows_affected() == 0 {
            return Ok(forgotten);
        }
    }
}

async fn remember(connection: &mut PgConnection, created_ns: i64) -> sqlx::Result<()> {
    sqlx::query(
        "insert into outbox_stream (created_ns) values ($1)
         on conflict (only_one) do update set created_ns = excluded.created_ns",
    )
    .bind(created_ns)
    .execute(connection)
    .await
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        created_ns: 7,
        last_seq: 100,
    };

    #[test]
    fn a_stream_that_has_everything_has_lost_nothing() {
        assert_eq!(survived(PLACE, Some(7), 100, true), None);
        assert_eq!(survived(PLACE, None, 0, false), None);
    }

    #[test]
    fn a_stream_whose_birthday_alone_has_changed_has_lost_nothing() {
        assert_eq!(survived(PLACE, Some(6), 100, true), None);
    }

    #[test]
    fn a_stream_that_went_back_lost_its_end() {
        assert_eq!(survived(PLACE, Some(7), 101, false), Some(100));
    }

    #[test]
    fn a_stream_that_was_born_anew_lost_everything() {
        assert_eq!(survived(PLACE, Some(6), 50, false), Some(0));
    }
}
