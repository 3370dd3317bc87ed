//! Dead letters that an operator wants to see handled again.

use std::sync::Arc;

use contracts::Envelope;
use sqlx::PgConnection;

use super::{
    Consumer, Delivery,
    batch::{self, Outcome, Received},
};
use crate::{
    Database,
    worker::{Step, Worker},
};

/// Hands requested dead letters to their consumer again: the same way as at first, inbox included.
pub struct DeadLetterReplay<C: Consumer> {
    consumer: Arc<C>,
    database: Database,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    subject: String,
    payload: String,
    deliveries: i64,
}

impl<C: Consumer> DeadLetterReplay<C> {
    /// For the dead letters of this consumer.
    pub fn new(consumer: Arc<C>, database: Database) -> Self {
        Self { consumer, database }
    }
}

impl<C: Consumer> Worker for DeadLetterReplay<C> {
    const NAME: &'static str = "dead_letter_replay";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let mut connection = self.database.acquire().await?;
        let rows = requested(&mut connection, C::NAME).await?;
        drop(connection);
        for row in &rows {
            let refusal = match read(row) {
                Ok(received) => {
                    let outcomes =
                        batch::handle(self.consumer.as_ref(), &self.database, &[received]).await?;
                    match outcomes.into_iter().next() {
                        Some(Outcome::Handled | Outcome::Duplicate) | None => None,
                        Some(
                            Outcome::Later(reason)
                            | Outcome::Dead(reason)
                            | Outcome::Failed(reason),
                        ) => Some(reason),
                    }
                }
                Err(error) => Some(format!("not an envelope: {error}")),
            };
            let mut connection = self.database.acquire().await?;
            finish(&mut connection, row.id, refusal.as_deref()).await?;
            tracing::info!(
                consumer = C::NAME,
                dead_letter = row.id,
                refusal,
                "a dead letter was replayed"
            );
        }
        Ok(match rows.len() {
            0 => Step::Idle,
            number => Step::Worked(number),
        })
    }
}

fn read<E: contracts::Event>(row: &Row) -> serde_json::Result<Received<E>> {
    let envelope: Envelope<E> = serde_json::from_str(&row.payload)?;
    Ok(Received {
        delivery: Delivery::of(envelope),
        subject: row.subject.clone(),
        payload: row.payload.clone(),
        deliveries: row.deliveries + 1,
    })
}

async fn requested(connection: &mut PgConnection, consumer: &str) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(
        "select id, subject, payload, deliveries
         from dead_letter
         where consumer = $1 and replay_requested_at is not null and replayed_at is null
         order by id
         limit 100",
    )
    .bind(consumer)
    .fetch_all(connection)
    .await
}

/// Closes it, or leaves it as a dead letter with the new reason.
async fn finish(connection: &mut PgConnection, id: i64, refusal: Option<&str>) -> sqlx::Result<()> {
    sqlx::query(
        "update dead_letter
         set replayed_at = case when $2::text is null then now() end,
             replay_requested_at = case when $2::text is null then replay_requested_at end,
             reason = coalesce($2, reason),
             deliveries = deliveries + 1
         where id = $1",
    )
    .bind(id)
    .bind(refusal)
    .execute(connection)
    .await
    .map(drop)
}
