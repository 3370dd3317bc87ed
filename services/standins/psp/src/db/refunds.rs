//! Refunds.

use sqlx::PgConnection;

use super::Page;
use crate::domain::refund::Refund;

pub(crate) async fn insert(connection: &mut PgConnection, refund: &Refund) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into refunds (id, created_at, charge, payment_intent, amount, currency, reason, metadata)
           values ($1, $2, $3, $4, $5, $6, $7, $8)"#,
        refund.id,
        refund.created_at,
        refund.charge,
        refund.payment_intent,
        refund.amount,
        refund.currency,
        refund.reason,
        refund.metadata,
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn find(connection: &mut PgConnection, id: &str) -> sqlx::Result<Option<Refund>> {
    sqlx::query_as!(
        Refund,
        r#"select id, position, created_at, charge, payment_intent, amount, currency, reason, metadata
           from refunds where id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await
}

/// All, or those of one intent or charge.
pub(crate) async fn page(
    connection: &mut PgConnection,
    payment_intent: Option<&str>,
    charge: Option<&str>,
    page: &Page,
) -> sqlx::Result<Vec<Refund>> {
    sqlx::query_as!(
        Refund,
        r#"select id, position, created_at, charge, payment_intent, amount, currency, reason, metadata
           from refunds
           where ($1::text is null or payment_intent = $1)
             and ($2::text is null or charge = $2)
             and ($3::bigint is null or position < $3)
             and ($4::timestamptz is null or created_at >= $4)
             and ($5::timestamptz is null or created_at < $5)
           order by position desc limit $6"#,
        payment_intent,
        charge,
        page.before,
        page.created_from,
        page.created_until,
        page.rows,
    )
    .fetch_all(connection)
    .await
}
