//! Failed tries, by the pseudonym of who tried.

use std::time::Duration;

use sqlx::PgConnection;

/// What is remembered of one subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Failures {
    pub(crate) count: u32,
    /// How long ago the last one was.
    pub(crate) ago: Duration,
}

/// What is remembered of a subject; nothing is as good as no failure.
pub(crate) async fn get(connection: &mut PgConnection, subject: &[u8]) -> sqlx::Result<Failures> {
    let row = sqlx::query!(
        r#"
        select failures, extract(epoch from clock_timestamp() - last_at)::double precision as "ago_s!"
        from attempts
        where subject = $1
        "#,
        subject,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map_or_else(Failures::default, |row| Failures {
        count: row.failures.unsigned_abs(),
        ago: Duration::try_from_secs_f64(row.ago_s).unwrap_or_default(),
    }))
}

/// Remembers one more failure; after `forget_s` seconds of quiet it is the first one again.
pub(crate) async fn note(
    connection: &mut PgConnection,
    subject: &[u8],
    forget_s: f64,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        insert into attempts (subject, failures, last_at) values ($1, 1, clock_timestamp())
        on conflict (subject) do update set
          failures = case
            when attempts.last_at < clock_timestamp() - make_interval(secs => $2) then 1
            else least(attempts.failures, 1000000) + 1
          end,
          last_at = clock_timestamp()
        ",
        subject,
        forget_s,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets the failures of one subject.
pub(crate) async fn clear(connection: &mut PgConnection, subject: &[u8]) -> sqlx::Result<()> {
    sqlx::query!("delete from attempts where subject = $1", subject)
        .execute(connection)
        .await
        .map(drop)
}

/// Forgets what nobody added to for a day, a limited number at a time.
pub(crate) async fn forget(connection: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "
        delete from attempts
        where subject in (
          select subject from attempts where last_at < now() - interval '1 day' limit $1 for update skip locked
        )
        ",
        limit,
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
