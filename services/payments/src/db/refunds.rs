//! Refunds: asked for, found, and saved.

use chassis::correlation::{self, Correlation};
use chrono::{DateTime, Utc};
use contracts::{Money, PaymentId, RefundId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{payments::read_currency, unknown};
use crate::domain::refund::State;

/// A refund as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: RefundId,
    pub(crate) payment: PaymentId,
    pub(crate) is_stray: bool,
    pub(crate) minor: i64,
    /// As the ledger writes it.
    pub(crate) currency: String,
    pub(crate) reason: String,
    pub(crate) state: State,
    pub(crate) failure: Option<String>,
    /// The provider was asked for it.
    pub(crate) was_sent: bool,
    /// Of the message that asked for it, or of the payment whose stray charge it is.
    pub(crate) correlation: Option<Correlation>,
    pub(crate) created_at: DateTime<Utc>,
}

struct Row {
    id: Uuid,
    payment_id: Uuid,
    is_stray: bool,
    amount_minor: i64,
    currency: String,
    reason: String,
    state: String,
    failure: Option<String>,
    was_sent: bool,
    created_at: DateTime<Utc>,
    traceparent: Option<String>,
    causation_id: Option<String>,
}

impl TryFrom<Row> for Stored {
    type Error = sqlx::Error;

    fn try_from(row: Row) -> sqlx::Result<Self> {
        let correlation =
            Correlation::stored(row.traceparent.as_deref(), row.causation_id.as_deref());
        let state = State::parse(&row.state).ok_or_else(|| unknown("the state", &row.state))?;
        Ok(Self {
            id: RefundId(row.id),
            payment: PaymentId(row.payment_id),
            is_stray: row.is_stray,
            minor: row.amount_minor,
            currency: row.currency,
            reason: row.reason,
            state,
            failure: row.failure,
            was_sent: row.was_sent,
            correlation,
            created_at: row.created_at,
        })
    }
}

impl Stored {
    /// How much; a stray charge may be in a currency that the platform does not price in.
    pub(crate) fn amount(&self) -> sqlx::Result<Money> {
        Ok(Money::from_minor(
            self.minor,
            read_currency(&self.currency)?,
        ))
    }
}

/// A refund to be made, or one that cannot be.
#[derive(Debug)]
pub(crate) struct NewRefund<'a> {
    pub(crate) id: RefundId,
    pub(crate) payment: PaymentId,
    pub(crate) intent: &'a str,
    pub(crate) is_stray: bool,
    pub(crate) minor: i64,
    pub(crate) currency: &'a str,
    pub(crate) reason: &'a str,
    /// Why it is not even sent.
    pub(crate) failure: Option<&'a str>,
    /// What it belongs to.
    pub(crate) correlation: Option<Correlation>,
}

/// Stores it, due now; false if there is one with this id, or of this stray charge.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    new: &NewRefund<'_>,
) -> sqlx::Result<bool> {
    let (traceparent, causation_id) = correlation::columns(new.correlation.as_ref());
    let done = sqlx::query!(
        "
        insert into refund (
          id, payment_id, intent, is_stray, amount_minor, currency, reason, failure, state, next_at, traceparent, causation_id
        )
        values ($1, $2, $3, $4, $5, $6, $7, $8, case when $8::text is null then 'PENDING' else 'FAILED' end,
          case when $8::text is null then now() end, $9, $10)
        on conflict do nothing
        ",
        new.id.0,
        new.payment.0,
        new.intent,
        new.is_stray,
        new.minor,
        new.currency,
        new.reason,
        new.failure,
        traceparent,
        causation_id,
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// One refund.
pub(crate) async fn find(
    connection: &mut PgConnection,
    id: RefundId,
) -> sqlx::Result<Option<Stored>> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select id, payment_id, is_stray, amount_minor, currency, reason, state, failure,
          first_sent_at is not null as "was_sent!", created_at, traceparent, causation_id
        from refund
        where id = $1
        "#,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Stored::try_from).transpose()
}

/// Those of one payment, oldest first.
pub(crate) async fn of_payment(
    connection: &mut PgConnection,
    payment: PaymentId,
) -> sqlx::Result<Vec<Stored>> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select id, payment_id, is_stray, amount_minor, currency, reason, state, failure,
          first_sent_at is not null as "was_sent!", created_at, traceparent, causation_id
        from refund
        where payment_id = $1
        order by created_at, id
        "#,
        payment.0,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// Ends an open refund; false if it has ended already.
pub(crate) async fn end(
    connection: &mut PgConnection,
    id: RefundId,
    outcome: Result<&str, &str>,
) -> sqlx::Result<bool> {
    let done = sqlx::query!(
        "
        update refund
        set state = case when $3::text is null then 'SUCCEEDED' else 'FAILED' end, psp_ref = coalesce($2, psp_ref),
          failure = $3, next_at = null, lease_until = null, updated_at = now()
        where id = $1 and state in ('PENDING', 'IN_DOUBT')
        ",
        id.0,
        outcome.ok(),
        outcome.err(),
    )
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Makes a refused refund due again, with the next key: under the old one nothing was given back and nothing will be.
pub(crate) async fn reopen(connection: &mut PgConnection, id: RefundId) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update refund
        set state = 'PENDING', failure = null, attempt = attempt + 1, next_at = now(), first_sent_at = null, failures = 0,
          server_errors = 0, updated_at = now()
        where id = $1 and state = 'FAILED'
        ",
        id.0,
    )
    .execute(connection)
    .await
    .map(drop)
}
