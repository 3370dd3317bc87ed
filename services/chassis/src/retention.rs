//! Removes what nobody needs any more: sent events and marks of seen ones.
//!
//! Rows are deleted a few thousand at a time and not by dropping partitions, because a partitioned table could not keep
//! `event_id` unique, and that is what "once" rests on (docs/adr/0005-events-once.md).

use sqlx::PgConnection;

use crate::{
    Database,
    worker::{Step, Worker},
};

/// Rows per step and table.
const BATCH: i64 = 2_000;

/// The worker that removes them.
pub(crate) struct Retention(Database);

impl Retention {
    pub(crate) fn new(database: Database) -> Self {
        Self(database)
    }
}

impl Worker for Retention {
    const NAME: &'static str = "retention";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.0.acquire().await?;
        let removed = sent_events(&mut connection).await? + seen_marks(&mut connection).await?;
        Ok(match usize::try_from(removed).unwrap_or(usize::MAX) {
            0 => Step::Idle,
            number => Step::Worked(number),
        })
    }
}

/// Sent events of more than seven days ago: what a broker that lost its memory is refilled with.
async fn sent_events(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "delete from outbox
         where id in (
           select id from outbox
           where stream_seq is not null and created_at < now() - interval '7 days'
           order by id
           limit $1
         )",
    )
    .bind(BATCH)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}

/// Marks of more than 45 days ago: longer than the broker keeps a message, so none of them can come again.
async fn seen_marks(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let done = sqlx::query(
        "delete from inbox
         where (consumer, event_id) in (
           select consumer, event_id from inbox
           where received_at < now() - interval '45 days'
           order by received_at
           limit $1
         )",
    )
    .bind(BATCH)
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
