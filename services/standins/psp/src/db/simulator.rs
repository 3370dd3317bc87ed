//! Everything at once.

use sqlx::PgConnection;

/// Forgets all that has ever happened, and the knobs.
pub(crate) async fn empty(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(
        r#"truncate payment_intents, charges, refunds, psp_ledger, idempotency_keys, events, webhook_deliveries, knobs,
             fault_counts"#
    )
    .execute(connection)
    .await?;
    Ok(())
}
