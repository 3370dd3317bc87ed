//! Mails on their way: owed, leased, and what came of them.

use std::time::Duration;

use chassis::correlation::{self, Correlation};
use chrono::{DateTime, Utc};
use contracts::{OrderId, UserId};
use serde_json::Value;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use crate::domain::{
    letter::{CONTRADICTIONS, Letter, Template},
    order::Placed,
};

/// A mail that is owed now.
pub(crate) struct Owed {
    pub(crate) id: Uuid,
    pub(crate) message_id: String,
    pub(crate) user_id: UserId,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) recipient: String,
    pub(crate) letter: Letter,
    pub(crate) event_at: DateTime<Utc>,
    /// Of the event or the request that owes it.
    pub(crate) correlation: Option<Correlation>,
}

/// A mail that this process sends now, with all that it says.
pub(crate) struct Leased {
    pub(crate) id: Uuid,
    pub(crate) message_id: String,
    pub(crate) recipient: String,
    pub(crate) subject: String,
    pub(crate) letter: Json<Letter>,
    /// This one included.
    pub(crate) attempts: i32,
    pub(crate) event_at: DateTime<Utc>,
    pub(crate) order_id: Option<OrderId>,
    pub(crate) order_state: Option<String>,
    pub(crate) placed: Option<Json<Placed>>,
    pub(crate) first_name: Option<String>,
    pub(crate) traceparent: Option<String>,
    pub(crate) causation_id: Option<String>,
}

impl Leased {
    /// Of the event that owes it.
    pub(crate) fn correlation(&self) -> Option<Correlation> {
        Correlation::stored(self.traceparent.as_deref(), self.causation_id.as_deref())
    }
}

/// What came of an attempt that did not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) kind: &'static str,
    pub(crate) answer: String,
}

/// Writes down what is owed; what has been owed before stays as it is.
///
/// A mail of an order whose lines are not known waits for them for a moment: their event is usually a few milliseconds
/// away, in another consumer.
pub(crate) async fn insert(connection: &mut PgConnection, owed: &[Owed]) -> sqlx::Result<()> {
    let ids: Vec<_> = owed.iter().map(|mail| mail.id).collect();
    let message_ids: Vec<_> = owed.iter().map(|mail| mail.message_id.clone()).collect();
    let users: Vec<_> = owed.iter().map(|mail| mail.user_id.0).collect();
    let orders: Vec<_> = owed
        .iter()
        .map(|mail| mail.order_id.map(|order| order.0))
        .collect();
    let templates: Vec<_> = owed
        .iter()
        .map(|mail| mail.letter.template().name().to_owned())
        .collect();
    let recipients: Vec<_> = owed.iter().map(|mail| mail.recipient.clone()).collect();
    let subjects: Vec<_> = owed.iter().map(|mail| mail.letter.subject()).collect();
    let letters: Vec<_> = owed.iter().map(|mail| Json(&mail.letter)).collect();
    let times: Vec<_> = owed.iter().map(|mail| mail.event_at).collect();
    let (traceparents, causation_ids): (Vec<_>, Vec<_>) = owed
        .iter()
        .map(|mail| correlation::columns(mail.correlation.as_ref()))
        .unzip();
    sqlx::query!(
        r#"
        insert into email (
          id, message_id, user_id, order_id, template, recipient, subject, letter, event_at, next_at, traceparent, causation_id
        )
        select one.id, one.message_id, one.user_id, one.order_id, one.template, one.recipient, one.subject, one.letter, one.event_at,
               case when one.order_id is null or known.placed is not null then now() else now() + interval '2 seconds' end,
               one.traceparent, one.causation_id
        from unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::timestamptz[],
               $10::text[], $11::text[])
             as one (id, message_id, user_id, order_id, template, recipient, subject, letter, event_at, traceparent, causation_id)
        left join customer_order known on known.id = one.order_id
        on conflict do nothing
        "#,
        &ids,
        &message_ids,
        &users,
        &orders as &[Option<Uuid>],
        &templates,
        &recipients,
        &subjects,
        &letters as &[Json<&Letter>],
        &times,
        &traceparents as &[Option<String>],
        &causation_ids as &[Option<String>],
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Makes mails due that have waited for the lines of these orders.
pub(crate) async fn release(connection: &mut PgConnection, orders: &[OrderId]) -> sqlx::Result<()> {
    let orders: Vec<_> = orders.iter().map(|order| order.0).collect();
    sqlx::query!(
        "
        update email set next_at = now()
        where order_id = any($1) and status = 'PENDING' and attempts = 0 and next_at > now()
        ",
        &orders,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// Takes back what is owed for these orders and is not true any more; gives the templates, for counting.
pub(crate) async fn supersede(
    connection: &mut PgConnection,
    orders: &[OrderId],
) -> sqlx::Result<Vec<String>> {
    let orders: Vec<_> = orders.iter().map(|order| order.0).collect();
    let (templates, states): (Vec<_>, Vec<_>) = CONTRADICTIONS
        .iter()
        .map(|(template, state)| (template.name().to_owned(), state.name().to_owned()))
        .unzip();
    sqlx::query_scalar!(
        "
        update email set status = 'SUPERSEDED', updated_at = now()
        from customer_order known
        where email.order_id = any($1) and email.status = 'PENDING' and known.id = email.order_id
          and (email.template, known.state) in (select * from unnest($2::text[], $3::text[]))
        returning email.template
        ",
        &orders,
        &templates,
        &states,
    )
    .fetch_all(connection)
    .await
}

/// Whether there is anything to send.
pub(crate) async fn is_due(connection: &mut PgConnection) -> sqlx::Result<bool> {
    sqlx::query_scalar!(
        r#"
        select exists (
          select 1 from email where status in ('PENDING', 'SENDING') and next_at <= now()
        ) as "exists!"
        "#,
    )
    .fetch_one(connection)
    .await
}

/// Takes due mails, oldest first, for so long; whoever else looks does not see them meanwhile. A mail whose sender died
/// is due again when its time is over.
pub(crate) async fn lease(
    connection: &mut PgConnection,
    limit: i64,
    lease: Duration,
) -> sqlx::Result<Vec<Leased>> {
    sqlx::query_as!(
        Leased,
        r#"
        with due as (
          select id, order_id, user_id from email
          where status in ('PENDING', 'SENDING') and next_at <= now()
          order by next_at
          limit $1
          for update skip locked
        )
        update email
        set status = 'SENDING', attempts = attempts + 1, next_at = now() + make_interval(secs => $2), updated_at = now()
        from due
          left join customer_order known on known.id = due.order_id
          left join recipient on recipient.user_id = due.user_id
        where email.id = due.id
        returning email.id, message_id, email.recipient, subject, letter as "letter: Json<Letter>", attempts, event_at,
          email.order_id as "order_id: OrderId", known.state as "order_state?", known.placed as "placed: Json<Placed>",
          recipient.first_name as "first_name?", traceparent, causation_id
        "#,
        limit,
        lease.as_secs_f64(),
    )
    .fetch_all(connection)
    .await
}

/// The server has it. True whatever has become of the lease meanwhile.
pub(crate) async fn mark_sent(
    connection: &mut PgConnection,
    id: Uuid,
    answer: &str,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update email set status = 'SENT', sent_at = now(), updated_at = now(), answer = $2, failure = null
        where id = $1 and status <> 'SENT'
        ",
        id,
        answer,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// This attempt failed: due again after the pause, given up without one. Nothing if somebody else has taken it since.
pub(crate) async fn mark_failed(
    connection: &mut PgConnection,
    mail: &Leased,
    failure: &Failure,
    pause: Option<Duration>,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update email
        set status = case when $5::float8 is null then 'DEAD' else 'PENDING' end,
            next_at = now() + make_interval(secs => coalesce($5, 0)),
            failure = $3, answer = $4, updated_at = now()
        where id = $1 and status = 'SENDING' and attempts = $2
        ",
        mail.id,
        mail.attempts,
        failure.kind,
        failure.answer,
        pause.map(|pause| pause.as_secs_f64()),
    )
    .execute(connection)
    .await
    .map(drop)
}

/// It is not true any more and is not sent.
pub(crate) async fn mark_superseded(
    connection: &mut PgConnection,
    mail: &Leased,
) -> sqlx::Result<()> {
    sqlx::query!(
        "
        update email set status = 'SUPERSEDED', updated_at = now()
        where id = $1 and status = 'SENDING' and attempts = $2
        ",
        mail.id,
        mail.attempts,
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The server is back: what has waited for it is due within two seconds, spread.
pub(crate) async fn hurry(connection: &mut PgConnection) -> sqlx::Result<u64> {
    let hurried = sqlx::query!(
        "
        update email set next_at = now() + random() * interval '2 seconds'
        where id in (
          select id from email
          where status = 'PENDING' and failure = 'unreachable' and next_at > now() + interval '2 seconds'
          limit 1000
          for update skip locked
        )
        ",
    )
    .execute(connection)
    .await?;
    Ok(hurried.rows_affected())
}

/// Somebody wants a mail that was given up to be tried once more. False when it was not given up.
pub(crate) async fn revive(connection: &mut PgConnection, id: Uuid) -> sqlx::Result<bool> {
    let revived = sqlx::query!(
        "
        update email set status = 'PENDING', attempts = 0, next_at = now(), updated_at = now()
        where id = $1 and status = 'DEAD'
        ",
        id,
    )
    .execute(connection)
    .await?;
    Ok(revived.rows_affected() == 1)
}

/// Forgets mails that are done with since so many days, a limited number at a time.
pub(crate) async fn forget(
    connection: &mut PgConnection,
    days: i32,
    limit: i64,
) -> sqlx::Result<u64> {
    let forgotten = sqlx::query!(
        "
        delete from email
        where id in (
          select id from email
          where created_at < now() - make_interval(days => $1) and status in ('SENT', 'DEAD', 'SUPERSEDED')
          order by created_at
          limit $2
          for update skip locked
        )
        ",
        days,
        limit,
    )
    .execute(connection)
    .await?;
    Ok(forgotten.rows_affected())
}

/// Of what is stored, for logs and counting.
pub(crate) fn template(name: &str) -> Option<Template> {
    serde_json::from_value(Value::from(name)).ok()
}
