//! Charges.

use sqlx::PgConnection;

use crate::domain::charge::Charge;

pub(crate) async fn insert(connection: &mut PgConnection, charge: &Charge) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into charges
             (id, created_at, payment_intent, amount, currency, status, payment_method, method_type, failure_code,
              decline_code, failure_message, metadata)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"#,
        charge.id,
        charge.created_at,
        charge.payment_intent,
        charge.amount,
        charge.currency,
        charge.status,
        charge.payment_method,
        charge.method_type,
        charge.failure_code,
        charge.decline_code,
        charge.failure_message,
        charge.metadata,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// What can change about a charge.
pub(crate) async fn save(connection: &mut PgConnection, charge: &Charge) -> sqlx::Result<()> {
    let saved = sqlx::query!(
        r#"update charges
           set status = $2, amount_refunded = $3, failure_code = $4, decline_code = $5, failure_message = $6
           where id = $1"#,
        charge.id,
        charge.status,
        charge.amount_refunded,
        charge.failure_code,
        charge.decline_code,
        charge.failure_message,
    )
    .execute(connection)
    .await?;
    if saved.rows_affected() == 1 {
        Ok(())
    } else {
        Err(sqlx::Error::RowNotFound)
    }
}

pub(crate) async fn find(connection: &mut PgConnection, id: &str) -> sqlx::Result<Option<Charge>> {
    sqlx::query_as!(
        Charge,
        r#"select id, created_at, payment_intent, amount, amount_refunded, currency, status, payment_method, method_type,
             failure_code, decline_code, failure_message, metadata
           from charges where id = $1"#,
        id
    )
    .fetch_optional(connection)
    .await
}

/// Several at once, in any order.
pub(crate) async fn find_all(
    connection: &mut PgConnection,
    ids: &[String],
) -> sqlx::Result<Vec<Charge>> {
    sqlx::query_as!(
        Charge,
        r#"select id, created_at, payment_intent, amount, amount_refunded, currency, status, payment_method, method_type,
             failure_code, decline_code, failure_message, metadata
           from charges where id = any($1)"#,
        ids
    )
    .fetch_all(connection)
    .await
}
