//! The setting of the fault knobs.

use serde_json::Value;
use sqlx::PgConnection;

pub(crate) async fn load(connection: &mut PgConnection) -> sqlx::Result<Option<Value>> {
    sqlx::query_scalar!(r#"select value from knobs"#)
        .fetch_optional(connection)
        .await
}

pub(crate) async fn store(connection: &mut PgConnection, value: &Value) -> sqlx::Result<()> {
    sqlx::query!(
        r#"insert into knobs (value) values ($1) on conflict (only_one) do update set value = excluded.value"#,
        value
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn remove(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query!(r#"delete from knobs"#)
        .execute(connection)
        .await?;
    Ok(())
}
