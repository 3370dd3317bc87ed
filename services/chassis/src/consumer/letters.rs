//! Dead letters as an operator sees them: listed, looked at, asked to be replayed.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// One of them, without what it says.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Letter {
    pub(crate) id: i64,
    pub(crate) consumer: String,
    pub(crate) event_id: Option<Uuid>,
    pub(crate) subject: String,
    pub(crate) reason: String,
    pub(crate) deliveries: i64,
    pub(crate) failed_at: DateTime<Utc>,
    pub(crate) replay_requested_at: Option<DateTime<Utc>>,
    pub(crate) replayed_at: Option<DateTime<Utc>>,
}

/// What has become of a dead letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Waits for an operator.
    Open,
    /// Waits for its consumer.
    Requested,
    /// Was handled.
    Replayed,
}

impl State {
    pub(crate) const ALL: [Self; 3] = [Self::Open, Self::Requested, Self::Replayed];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Requested => "requested",
            Self::Replayed => "replayed",
        }
    }
}

impl Letter {
    pub(crate) fn state(&self) -> State {
        match (self.replayed_at, self.replay_requested_at) {
            (Some(_), _) => State::Replayed,
            (None, Some(_)) => State::Requested,
            (None, None) => State::Open,
        }
    }
}

/// Which of them.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) consumer: Option<String>,
    pub(crate) state: Option<State>,
    /// The last one that was shown.
    pub(crate) after: Option<i64>,
}

/// At most `limit` of them, newest first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Letter>> {
    sqlx::query_as(
        "select id, consumer, event_id, subject, reason, deliveries, failed_at, replay_requested_at, replayed_at
         from dead_letter
         where ($1::text is null or consumer = $1)
           and case $2::text
                 when 'open' then replayed_at is null and replay_requested_at is null
                 when 'requested' then replayed_at is null and replay_requested_at is not null
                 when 'replayed' then replayed_at is not null
                 else true
               end
           and ($3::bigint is null or id < $3)
         order by id desc
         limit $4",
    )
    .bind(&filter.consumer)
    .bind(filter.state.map(State::name))
    .bind(filter.after)
    .bind(limit)
    .fetch_all(connection)
    .await
}

/// One of them.
pub(crate) async fn get(connection: &mut PgConnection, id: i64) -> sqlx::Result<Option<Letter>> {
    sqlx::query_as(
        "select id, consumer, event_id, subject, reason, deliveries, failed_at, replay_requested_at, replayed_at
         from dead_letter
         where id = $1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await
}

/// What it says, as it came.
pub(crate) async fn payload(connection: &mut PgConnection, id: i64) -> sqlx::Result<String> {
    sqlx::query_scalar("select payload from dead_letter where id = $1")
        .bind(id)
        .fetch_one(connection)
        .await
}

/// Asks its consumer to try again; none when somebody has asked already, or it has been handled.
pub(crate) async fn request_replay(
    connection: &mut PgConnection,
    id: i64,
) -> sqlx::Result<Option<Letter>> {
    sqlx::query_as(
        "update dead_letter set replay_requested_at = now()
         where id = $1 and replayed_at is null and replay_requested_at is null
         returning id, consumer, event_id, subject, reason, deliveries, failed_at, replay_requested_at, replayed_at",
    )
    .bind(id)
    .fetch_optional(connection)
    .await
}
