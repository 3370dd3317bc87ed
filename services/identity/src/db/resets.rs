//! Ways back into accounts whose password is forgotten.

use chrono::{DateTime, Utc};
use contracts::{ResetId, UserId};
use sqlx::PgConnection;

use crate::domain::reset::Standing;

/// A reset with whose it is.
#[derive(Debug)]
pub(crate) struct Reset {
    pub(crate) user_id: UserId,
    pub(crate) email: String,
    /// The hash that a new one replaces.
    pub(crate) password_hash: String,
    pub(crate) standing: Standing,
}

/// Keeps others from opening or using a reset of this account until the transaction ends, so that they are counted one by one.
pub(crate) async fn lock_account(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query_scalar!(
        "select 1 as one from users where id = $1 for no key update",
        user.0
    )
    .fetch_optional(connection)
    .await
    .map(drop)
}

/// Opens a reset for so long, unless the account had so many within the last hour, or there is no such account; says until when.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    id: ResetId,
    user: UserId,
    lifetime_s: f64,
    most_an_hour: i64,
) -> sqlx::Result<Option<DateTime<Utc>>> {
    sqlx::query_scalar!(
        "
        insert into password_resets (id, user_id, expires_at)
        select $1, id, now() + make_interval(secs => $3)
        from users
        where id = $2 and $4 > (
          select count(*) from password_resets
          where user_id = $2 and created_at > now() - interval '1 hour'
        )
        returning expires_at
        ",
        id.0,
        user.0,
        lifetime_s,
        most_an_hour,
    )
    .fetch_optional(connection)
    .await
}

/// A reset as it stands now; those that are long over are forgotten.
pub(crate) async fn get(connection: &mut PgConnection, id: ResetId) -> sqlx::Result<Option<Reset>> {
    let row = sqlx::query!(
        r#"
        select r.user_id as "user_id: UserId", u.email, u.password_hash, r.ended_at is not null as "is_ended!",
          r.expires_at <= clock_timestamp() as "is_expired!", r.wrong_codes
        from password_resets r
        join users u on u.id = r.user_id
        where r.id = $1
        "#,
        id.0,
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Reset {
        user_id: row.user_id,
        email: row.email,
        password_hash: row.password_hash,
        standing: Standing {
            is_ended: row.is_ended,
            is_expired: row.is_expired,
            wrong_codes: row.wrong_codes,
        },
    }))
}

/// Counts a code that names this reset and is not its code.
pub(crate) async fn note_wrong_code(
    connection: &mut PgConnection,
    id: ResetId,
) -> sqlx::Result<()> {
    sqlx::query!(
        "update password_resets set wrong_codes = wrong_codes + 1 where id = $1 and ended_at is null",
        id.0,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Ends every reset of an account.
pub(crate) async fn end_all(connection: &mut PgConnection, user: UserId) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update password_resets set ended_at = clock_timestamp()
        where user_id = $1 and ended_at is null
        ",
        user.0,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Forgets resets that have been over for a day, a limited number at a time.
pub(crate) async fn forget(connection: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "
        delete from password_resets
        where id in (
          select id from password_resets where expires_at < now() - interval '1 day' limit $1 for update skip locked
        )
        ",
        limit,
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
