//! Sessions and the refresh tokens of each.

use chrono::{DateTime, Utc};
use contracts::UserId;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::domain::family::Family;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EndedBy {
    Logout,
    LogoutAll,
    PasswordChanged,
    RightsChanged,
    TokenReused,
    Admin,
}

impl EndedBy {
    const fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutAll => "logout_all",
            Self::PasswordChanged => "password_changed",
            Self::RightsChanged => "rights_changed",
            Self::TokenReused => "token_reused",
            Self::Admin => "admin",
        }
    }
}

/// A session with its chain of tokens.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: Uuid,
    pub(crate) user_id: UserId,
    pub(crate) family: Family,
    /// Digest of the newest token.
    pub(crate) newest_digest: Vec<u8>,
}

/// A new session with its first token; says when it will have reached its age.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    id: Uuid,
    user: UserId,
    digest: &[u8],
    lifetime_s: f64,
) -> sqlx::Result<DateTime<Utc>> {
    sqlx::query_scalar!(
        "
        with session as (
          insert into sessions (id, user_id, expires_at) values ($1, $2, now() + make_interval(secs => $4))
          returning id, expires_at
        ), token as (
          insert into refresh_tokens (digest, session_id, generation) select $3, id, 1 from session
        )
        select expires_at from session
        ",
        id,
        user.0,
        digest,
        lifetime_s,
    )
    .fetch_one(connection)
    .await
}

/// The session that a token belongs to, and the token's generation.
pub(crate) async fn of_token(
    connection: &mut PgConnection,
    digest: &[u8],
) -> sqlx::Result<Option<(Uuid, u32)>> {
    let row = sqlx::query!(
        "select session_id, generation from refresh_tokens where digest = $1",
        digest
    )
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.session_id, row.generation.unsigned_abs())))
}

/// Keeps others from using the session's tokens until the transaction ends. To be called before [`get`], which would
/// otherwise see what was true before we waited for the lock.
pub(crate) async fn lock(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    let found = sqlx::query_scalar!(
        "select 1 as one from sessions where id = $1 for no key update",
        id
    )
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}

/// A session as it is now, and what time that is.
pub(crate) async fn get(
    connection: &mut PgConnection,
    id: Uuid,
) -> sqlx::Result<(Session, DateTime<Utc>)> {
    let row = sqlx::query!(
        r#"
        select s.user_id as "user_id: UserId", s.expires_at, s.ended_at is not null as "ended!",
          newest.generation, newest.digest, previous.used_at as "rotated_at?", clock_timestamp() as "now!"
        from sessions s
        join refresh_tokens newest on newest.session_id = s.id and newest.used_at is null
        left join refresh_tokens previous
          on previous.session_id = s.id and previous.generation = newest.generation - 1
        where s.id = $1
        "#,
        id,
    )
    .fetch_one(connection)
    .await?;
    let family = Family {
        newest: row.generation.unsigned_abs(),
        rotated_at: row.rotated_at,
        expires_at: row.expires_at,
        ended: row.ended,
    };
    let session = Session {
        id,
        user_id: row.user_id,
        family,
        newest_digest: row.digest,
    };
    Ok((session, row.now))
}

/// Uses the newest token up and puts its successor in its place.
pub(crate) async fn rotate(
    connection: &mut PgConnection,
    session: &Session,
    successor: &[u8],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let used = sqlx::query_scalar!(
        "
        update refresh_tokens set used_at = $2
        where digest = $1 and used_at is null
        returning generation
        ",
        session.newest_digest,
        now,
    )
    .fetch_one(&mut *connection)
    .await?;
    sqlx::query!(
        "insert into refresh_tokens (digest, session_id, generation) values ($1, $2, $3)",
        successor,
        session.id,
        used + 1,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Ends one session; says whether it was live.
pub(crate) async fn end(
    connection: &mut PgConnection,
    id: Uuid,
    by: EndedBy,
) -> sqlx::Result<bool> {
    let ended = sqlx::query!(
        "
        update sessions set ended_at = clock_timestamp(), ended_by = $2
        where id = $1 and ended_at is null
        ",
        id,
        by.name(),
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected() == 1)
}

/// Ends all sessions of somebody, but for one if it is named; says how many there were.
pub(crate) async fn end_all(
    connection: &mut PgConnection,
    user: UserId,
    except: Option<Uuid>,
    by: EndedBy,
) -> sqlx::Result<u64> {
    let ended = sqlx::query!(
        "
        update sessions set ended_at = clock_timestamp(), ended_by = $3
        where user_id = $1 and ended_at is null and id is distinct from $2
        ",
        user.0,
        except,
        by.name(),
    )
    .execute(connection)
    .await?;
    Ok(ended.rows_affected())
}

/// The sessions that ended after `after`, or within the last `lifetime_s` seconds if that is later; and what time it is.
pub(crate) async fn ended_since(
    connection: &mut PgConnection,
    after: Option<DateTime<Utc>>,
    lifetime_s: f64,
) -> sqlx::Result<(Vec<Uuid>, DateTime<Utc>)> {
    let row = sqlx::query!(
        r#"
        select
          array(
            select id from sessions
            where ended_at > greatest($1::timestamptz, now() - make_interval(secs => $2))
          ) as "sessions!",
          now() as "now!"
        "#,
        after,
        lifetime_s,
    )
    .fetch_one(connection)
    .await?;
    Ok((row.sessions, row.now))
}

/// Forgets sessions that have been over for a day, with their tokens, a limited number at a time.
pub(crate) async fn forget(connection: &mut PgConnection, limit: i64) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "
        delete from sessions
        where id in (
          select id from sessions
          where expires_at < now() - interval '1 day' or ended_at < now() - interval '1 day'
          limit $1
          for update skip locked
        )
        ",
        limit,
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}
