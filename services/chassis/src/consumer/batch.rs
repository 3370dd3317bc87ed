//! One transaction for many deliveries: inbox, effects, verdicts; and halves of them when it fails.

use sqlx::{Connection as _, Postgres, Transaction};
use tracing::Instrument as _;
use uuid::Uuid;

use super::{Consumer, Delivery, Verdict, dead_letters};
use crate::{Database, failpoint, planted};

/// A delivery with what the broker says of it.
pub(super) struct Received<E> {
    pub(super) delivery: Delivery<E>,
    pub(super) subject: String,
    pub(super) payload: String,
    pub(super) deliveries: i64,
}

/// What became of one delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It has had its effect, now or earlier.
    Handled,
    /// It was handled earlier.
    Duplicate,
    /// It is to come again.
    Later(String),
    /// It is a dead letter.
    Dead(String),
    /// Its transaction failed, and it stood alone.
    Failed(String),
}

/// Handles all of them; the outcomes are in the same order. An error means that the database is away.
pub(super) async fn handle<C: Consumer>(
    consumer: &C,
    database: &Database,
    received: &[Received<C::Event>],
) -> anyhow::Result<Vec<Outcome>> {
    match attempt(consumer, database, received).await {
        Ok(outcomes) => Ok(outcomes),
        Err(error) if is_transient(&error) => Err(error),
        Err(error) => match received {
            [] => Ok(Vec::new()),
            [_] => Ok(vec![Outcome::Failed(format!("{error:#}"))]),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                let mut outcomes = Box::pin(handle(consumer, database, first)).await?;
                outcomes.extend(Box::pin(handle(consumer, database, second)).await?);
                Ok(outcomes)
            }
        },
    }
}

async fn attempt<C: Consumer>(
    consumer: &C,
    database: &Database,
    received: &[Received<C::Event>],
) -> anyhow::Result<Vec<Outcome>> {
    let mut tx = database.begin().await?;
    let fresh = take(&mut tx, C::NAME, received).await?;
    let deliveries: Vec<_> = fresh
        .iter()
        .map(|index| received[*index].delivery.clone())
        .collect();
    let mut outcomes = vec![Outcome::Duplicate; received.len()];
    if deliveries.is_empty() {
        return Ok(outcomes);
    }
    if planted::is_planted("inbox_of_its_own") {
        // The defect: the mark is kept although its effect may not be.
        tx.commit().await?;
        tx = database.begin().await?;
    }
    let verdicts = handle_in_scope(consumer, &mut tx, &deliveries).await?;
    anyhow::ensure!(
        verdicts.len() == deliveries.len(),
        "BUG: {} gave {} verdicts for {} deliveries",
        C::NAME,
        verdicts.len(),
        deliveries.len()
    );
    let mut without_effect = Vec::new();
    for (index, verdict) in fresh.into_iter().zip(verdicts) {
        let message = &received[index];
        outcomes[index] = match verdict {
            Verdict::Done => Outcome::Handled,
            Verdict::Retry(reason) => Outcome::Later(reason),
            Verdict::Reject(reason) => {
                dead_letters::put(&mut tx, C::NAME, &message.into(), &reason)
                    .instrument(message.delivery.span(C::NAME))
                    .await?;
                Outcome::Dead(reason)
            }
        };
        if outcomes[index] != Outcome::Handled {
            without_effect.push(message.delivery.event_id);
        }
    }
    give_back(&mut tx, C::NAME, &without_effect).await?;
    failpoint::hit("consumer.before_commit");
    tx.commit().await?;
    failpoint::hit("consumer.after_commit");
    consumer.committed();
    Ok(outcomes)
}

/// One delivery alone is all that is being worked on. Of several, none can be taken for the others.
async fn handle_in_scope<C: Consumer>(
    consumer: &C,
    tx: &mut Transaction<'static, Postgres>,
    deliveries: &[Delivery<C::Event>],
) -> anyhow::Result<Vec<Verdict>> {
    match deliveries {
        [only] => {
            let handling = consumer.handle(tx, deliveries);
            let handling = only.correlation.clone().scope_only(handling);
            handling.instrument(only.span(C::NAME)).await
        }
        several => {
            let span =
                tracing::info_span!("consume", consumer = C::NAME, deliveries = several.len());
            consumer.handle(tx, several).instrument(span).await
        }
    }
}

/// Marks deliveries as seen; gives the indices of those that were not.
async fn take<E>(
    tx: &mut Transaction<'static, Postgres>,
    consumer: &str,
    received: &[Received<E>],
) -> sqlx::Result<Vec<usize>> {
    let ids: Vec<Uuid> = received
        .iter()
        .map(|message| message.delivery.event_id)
        .collect();
    if planted::is_planted("no_inbox") {
        return Ok((0..ids.len()).collect());
    }
    // Sorted, so that two replicas with the same messages wait for each other and do not lock each other out.
    let mut fresh: Vec<Uuid> = sqlx::query_scalar(
        "insert into inbox (consumer, event_id)
         select $1, id from unnest($2::uuid[]) as id order by id
         on conflict do nothing
         returning event_id",
    )
    .bind(consumer)
    .bind(&ids)
    .fetch_all(&mut **tx)
    .await?;
    let mut indices = Vec::with_capacity(fresh.len());
    for (index, id) in ids.iter().enumerate() {
        // Removed when found: of two copies in one batch the second is a duplicate.
        if let Some(position) = fresh.iter().position(|fresh| fresh == id) {
            fresh.swap_remove(position);
            indices.push(index);
        }
    }
    Ok(indices)
}

/// Takes the marks back of deliveries that had no effect.
async fn give_back(
    tx: &mut Transaction<'static, Postgres>,
    consumer: &str,
    ids: &[Uuid],
) -> sqlx::Result<()> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query("delete from inbox where consumer = $1 and event_id = any($2)")
        .bind(consumer)
        .bind(ids)
        .execute(&mut **tx)
        .await
        .map(drop)
}

/// Whether the same may succeed later without any change to the message.
fn is_transient(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        if cause.is::<crate::database::Unavailable>() {
            return true;
        }
        match cause.downcast_ref::<sqlx::Error>() {
            Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| {
                // Connection lost, transaction rolled back (deadlock), out of resources, lock or statement timeout, restart.
                ["08", "40", "53", "57"]
                    .iter()
                    .any(|class| code.starts_with(class))
                    || code == "55P03"
            }),
            Some(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed) => true,
            _ => false,
        }
    })
}

/// Puts a delivery aside before it is handed over once more.
pub(super) async fn bury(
    database: &Database,
    consumer: &str,
    letter: &dead_letters::Letter<'_>,
    reason: &str,
) -> anyhow::Result<()> {
    let mut connection = database.acquire().await?;
    let mut tx = connection.begin().await?;
    dead_letters::put(&mut tx, consumer, letter, reason).await?;
    tx.commit().await?;
    Ok(())
}
