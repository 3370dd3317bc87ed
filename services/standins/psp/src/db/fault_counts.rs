//! How often each fault has happened.

use sqlx::PgConnection;

/// One more of each of `names`, which may repeat.
pub(crate) async fn add(connection: &mut PgConnection, names: &[String]) -> sqlx::Result<()> {
    sqlx::query!(
        // In one order, so that two of these statements cannot wait for each other.
        r#"insert into fault_counts (fault, count)
           select name, count(*) from unnest($1::text[]) as name group by name order by name
           on conflict (fault) do update set count = fault_counts.count + excluded.count"#,
        names
    )
    .execute(connection)
    .await?;
    Ok(())
}

pub(crate) async fn all(connection: &mut PgConnection) -> sqlx::Result<Vec<(String, i64)>> {
    let rows = sqlx::query!(r#"select fault, count from fault_counts"#)
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|row| (row.fault, row.count)).collect())
}
