//! Changes of stock by people, each under an idempotency key: done once, and answered the same to whoever repeats them.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use chassis::{
    Problem, audit,
    auth::Principal,
    failpoint,
    idempotency::{self, IdempotencyKey},
};
use contracts::StockId;
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{PgConnection, Postgres, Transaction};
use uuid::Uuid;

use super::body::StockBody;
use crate::{
    assembly::State,
    bookkeeping, db,
    domain::shelf::{Movement, Reason, Shelf, Shelves},
};

/// One request of one person.
pub(super) struct Attempt {
    /// The reference of its movement.
    pub(super) id: Uuid,
    operation: &'static str,
    actor: Principal,
    key: IdempotencyKey,
    fingerprint: Vec<u8>,
}

impl Attempt {
    /// `subject` is what the path names; with the request it makes the fingerprint.
    pub(super) fn new(
        operation: &'static str,
        subject: &str,
        actor: Principal,
        key: IdempotencyKey,
        request: &impl Serialize,
    ) -> Self {
        Self {
            id: Uuid::now_v7(),
            operation,
            actor,
            key,
            fingerprint: idempotency::fingerprint(&format!("{operation} {subject}"), request),
        }
    }

    /// Takes the key in `tx`; where it has been taken, gives the answer of the first request.
    pub(super) async fn begin(
        &self,
        state: &State,
        tx: &mut Transaction<'static, Postgres>,
    ) -> Result<Option<Response>, Problem> {
        let key = self.key.as_str();
        if db::requests::insert(tx, self.id, self.actor.user, key, &self.fingerprint).await? {
            return Ok(None);
        }
        let replayed = self.replay(state, tx).await?;
        Ok(Some(replayed.ok_or(sqlx::Error::RowNotFound)?))
    }

    /// The answer of the first request under this key, if there was one: whatever has changed since, it stays the same.
    pub(super) async fn replay(
        &self,
        state: &State,
        connection: &mut PgConnection,
    ) -> Result<Option<Response>, Problem> {
        let earlier = db::requests::find(connection, self.actor.user, self.key.as_str()).await?;
        let Some(earlier) = earlier else {
            return Ok(None);
        };
        if earlier.fingerprint != self.fingerprint {
            self.count(state, "refused");
            return Err(idempotency::reused());
        }
        let answer = earlier.answer.ok_or(sqlx::Error::RowNotFound)?;
        self.count(state, "replayed");
        let mut response = created(answer);
        response
            .headers_mut()
            .insert(idempotency::REPLAYED, HeaderValue::from_static("true"));
        Ok(Some(response))
    }

    /// Moves the locked shelf, stores everything, and answers.
    pub(super) async fn finish(
        self,
        state: &State,
        mut tx: Transaction<'static, Postgres>,
        mut shelves: Shelves,
        target: StockId,
        change: Change,
    ) -> Result<Response, Problem> {
        let movement = Movement {
            shelf: target,
            on_hand: change.on_hand,
            reserved: 0,
            reason: change.reason,
            reference: self.id,
            note: change.note,
        };
        let before = shelves.get(target).cloned();
        let note = movement.note.clone();
        shelves.apply(movement).map_err(Problem::internal)?;
        let posting = bookkeeping::post(&mut tx, shelves).await.map_err(stored)?;
        failpoint::hit("inventory.request.before_answer");
        let changed = posting
            .shelves
            .into_iter()
            .find(|changed| changed.id == target)
            .expect("BUG: the shelf was moved");
        let change = audit::Change {
            by: self.actor,
            action: self.operation,
            subject_kind: "stock",
            subject_id: target.to_string(),
            before: before
                .as_ref()
                .map_or(Value::Null, |shelf| facts(shelf, None)),
            after: facts(&changed, note.as_deref()),
        };
        audit::record(&mut tx, &change).await?;
        let body = serde_json::to_string(&StockBody::from(changed)).map_err(Problem::internal)?;
        db::requests::answer(&mut tx, self.id, &body).await?;
        tx.commit().await?;
        failpoint::hit("inventory.request.after_commit");
        for alert in &posting.alerts {
            let level = alert.level.name();
            state.metrics.alerts.with_label_values(&[level]).inc();
        }
        state.outbox.wake();
        self.count(state, "done");
        Ok(created(body))
    }

    fn count(&self, state: &State, outcome: &str) {
        let labels = [self.operation, outcome];
        state.metrics.requests.with_label_values(&labels).inc();
    }
}

/// What the audit trail keeps of a shelf.
fn facts(shelf: &Shelf, reason: Option<&str>) -> Value {
    json!({
        "onHand": shelf.on_hand,
        "lowStockThreshold": shelf.threshold,
        "reason": reason,
    })
}

/// What shall happen to the shelf.
pub(super) struct Change {
    pub(super) on_hand: i64,
    pub(super) reason: Reason,
    pub(super) note: Option<String>,
}

/// Keeps a database that is away a 503.
fn stored(error: anyhow::Error) -> Problem {
    match error.downcast::<sqlx::Error>() {
        Ok(error) => error.into(),
        Err(error) => Problem::internal(error),
    }
}

fn created(body: String) -> Response {
    let json = HeaderValue::from_static("application/json");
    (StatusCode::CREATED, [(header::CONTENT_TYPE, json)], body).into_response()
}
