//! The ledger: every movement of money under the provider's name of it, once.

use contracts::PaymentId;
use sqlx::PgConnection;

/// A movement of money.
#[derive(Debug)]
pub(crate) struct Movement<'a> {
    pub(crate) payment: PaymentId,
    pub(crate) kind: Kind,
    /// The charge's or the refund's id.
    pub(crate) reference: &'a str,
    pub(crate) minor: i64,
    pub(crate) currency: &'a str,
}

/// Which way money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// To us: the payment's own charge, of which there is one.
    Charge,
    /// To us: one that should not be.
    StrayCharge,
    /// Back.
    Refund,
}

/// Notes a movement. The caller holds the payment's lock, which keeps the numbers in order.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    movement: &Movement<'_>,
) -> sqlx::Result<()> {
    let (kind, is_own) = match movement.kind {
        Kind::Charge => ("charge", true),
        Kind::StrayCharge => ("charge", false),
        Kind::Refund => ("refund", false),
    };
    sqlx::query!(
        "
        insert into money_ledger (payment_id, kind, seq, psp_ref, amount_minor, currency)
        select $1, $2, case when $6 then 1 else coalesce(max(seq), 0) + 1 end, $3, $4, $5
        from money_ledger
        where payment_id = $1 and kind = $2
        ",
        movement.payment.0,
        kind,
        movement.reference,
        movement.minor,
        movement.currency,
        is_own,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Whether a movement is noted.
pub(crate) async fn has(connection: &mut PgConnection, reference: &str) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"select exists (select from money_ledger where psp_ref = $1) as "known!""#,
        reference,
    )
    .fetch_one(connection)
    .await
}
