//! Events on their way to the broker, many at a time.

use chassis::correlation::{self, Correlation};
use contracts::{Event, OrderId};
use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

/// An event that is to be written.
#[derive(Debug, Clone)]
pub(crate) struct OutboxRow {
    pub(crate) event_id: Uuid,
    pub(crate) subject: String,
    pub(crate) order: OrderId,
    pub(crate) version: i64,
    pub(crate) payload: Value,
    /// Its trace and cause; None while nobody works on anything that was asked for.
    pub(crate) correlation: Option<Correlation>,
}

impl OutboxRow {
    /// `event` under a fresh id, as a part of what is being worked on.
    pub(crate) fn new<E: Event>(event: &E) -> Self {
        Self {
            event_id: Uuid::now_v7(),
            subject: E::subject(),
            order: OrderId(event.aggregate_id()),
            version: event.aggregate_version(),
            payload: serde_json::to_value(event).expect("BUG: an event is always JSON"),
            correlation: correlation::current(),
        }
    }
}

/// Writes them in this order. What nobody asked for (a deadline that passed) continues the trace of the order's event before it.
pub(crate) async fn insert_all(
    connection: &mut PgConnection,
    rows: &[OutboxRow],
) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let event_ids: Vec<Uuid> = rows.iter().map(|row| row.event_id).collect();
    let subjects: Vec<String> = rows.iter().map(|row| row.subject.clone()).collect();
    let orders: Vec<Uuid> = rows.iter().map(|row| row.order.0).collect();
    let versions: Vec<i64> = rows.iter().map(|row| row.version).collect();
    let payloads: Vec<Value> = rows.iter().map(|row| row.payload.clone()).collect();
    let correlations = rows.iter().map(|row| row.correlation.as_ref());
    let (traceparents, causation_ids): (Vec<_>, Vec<_>) =
        correlations.map(correlation::columns).unzip();
    sqlx::query!(
        "
        insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload, traceparent, causation_id)
        select e.event_id, e.subject, e.order_id, e.version, e.payload,
          coalesce(e.traceparent, before.traceparent), coalesce(e.causation_id, before.event_id::text)
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::jsonb[], $6::text[], $7::text[])
          with ordinality as e (event_id, subject, order_id, version, payload, traceparent, causation_id, position)
        left join lateral (
          select o.event_id, o.traceparent
          from outbox o
          where e.traceparent is null and o.aggregate_id = e.order_id and o.traceparent is not null
          order by o.id desc
          limit 1
        ) before on true
        order by e.position
        ",
        &event_ids,
        &subjects,
        &orders,
        &versions,
        &payloads,
        &traceparents as &[Option<String>],
        &causation_ids as &[Option<String>],
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Writes one that may be written already: once for each order, version and subject.
pub(crate) async fn insert_once(
    connection: &mut PgConnection,
    row: &OutboxRow,
) -> sqlx::Result<()> {
    let (traceparent, causation_id) = correlation::columns(row.correlation.as_ref());
    sqlx::query!(
        "
        insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload, traceparent, causation_id)
        values ($1, $2, $3, $4, $5, $6, $7)
        on conflict (aggregate_id, aggregate_version, subject) do nothing
        ",
        row.event_id,
        row.subject,
        row.order.0,
        row.version,
        row.payload,
        traceparent,
        causation_id,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Has those of these subjects sent again that were sent: the same events under the same ids. Says how many.
pub(crate) async fn send_again(
    connection: &mut PgConnection,
    order: OrderId,
    subjects: &[String],
) -> sqlx::Result<u64> {
    let done = sqlx::query!(
        "
        update outbox
        set stream_seq = null
        where aggregate_id = $1 and subject = any($2) and stream_seq is not null
        ",
        order.0,
        subjects,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected())
}
