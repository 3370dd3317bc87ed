//! Who changed what, when, and from what to what: written in the transaction of the change itself, so that there is no change
//! without its entry, and no entry of a change that failed (docs/adr/0011-audit.md).
//!
//! [`record`] takes a transaction for that reason. The table belongs to each service's own migrations:
//!
//! ```sql
//! create table audit_entry (
//!   id           bigint generated always as identity primary key,
//!   at           timestamptz not null default now(),
//!   actor_id     uuid  not null,
//!   actor_role   text  not null check (actor_role in ('customer', 'vendor', 'admin')),
//!   action       text  not null check (action ~ '^[a-z]+(_[a-z]+)*$'),
//!   subject_kind text  not null,
//!   subject_id   text  not null,
//!   before       jsonb not null check (jsonb_typeof(before) = 'object'),
//!   after        jsonb not null check (jsonb_typeof(after) = 'object')
//! );
//! create index audit_entry_actor on audit_entry (actor_id, id);
//! create index audit_entry_subject on audit_entry (subject_id, id);
//! create function refuse_change_of_audit() returns trigger language plpgsql as $$
//! begin
//!   raise exception 'the audit trail is only ever added to';
//! end
//! $$;
//! create trigger audit_entry_is_append_only before update or delete or truncate on audit_entry
//!   for each statement execute function refuse_change_of_audit();
//! ```

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use sqlx::{PgConnection, Postgres, Transaction, types::Json};
use uuid::Uuid;

use crate::auth::Principal;

/// What stands in place of a value that is nobody's business.
const HIDDEN: &str = "[hidden]";
/// Parts of names whose values never come into the trail, whatever a caller hands over.
const SECRET_NAMES: [&str; 6] = [
    "password",
    "secret",
    "token",
    "digest",
    "hash",
    "credential",
];

/// What somebody changed.
#[derive(Debug, Clone)]
pub struct Change {
    /// Who.
    pub by: Principal,
    /// The operation's name, such as `change_roles`.
    pub action: &'static str,
    /// What kind of thing it was done to, such as `user`.
    pub subject_kind: &'static str,
    /// Which one.
    pub subject_id: String,
    /// What it was, as an object; null for what was not there.
    pub before: Value,
    /// What it became, as an object; null for what is there no more.
    pub after: Value,
}

/// Writes it down. Of before and after only what differs is kept, and nothing that is secret by its name.
pub async fn record(tx: &mut Transaction<'_, Postgres>, change: &Change) -> sqlx::Result<()> {
    let (before, after) = differing(change.before.clone(), change.after.clone());
    sqlx::query(
        "insert into audit_entry (actor_id, actor_role, action, subject_kind, subject_id, before, after)
         values ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(change.by.user.0)
    .bind(change.by.role.name())
    .bind(change.action)
    .bind(change.subject_kind)
    .bind(&change.subject_id)
    .bind(Json(before))
    .bind(Json(after))
    .execute(&mut **tx)
    .await
    .map(drop)
}

/// The members of two objects that are not the same in both, with secrets hidden.
fn differing(before: Value, after: Value) -> (Map<String, Value>, Map<String, Value>) {
    let (mut before, mut after) = (members(before), members(after));
    before.retain(|name, value| match after.get(name) {
        Some(now) if now == value => {
            after.remove(name);
            false
        }
        _ => true,
    });
    for side in [&mut before, &mut after] {
        side.iter_mut()
            .for_each(|(name, value)| hide_secrets(name, value));
    }
    (before, after)
}

fn members(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        Value::Null => Map::new(),
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

fn hide_secrets(name: &str, value: &mut Value) {
    let name = name.to_lowercase();
    if SECRET_NAMES.iter().any(|secret| name.contains(secret)) {
        *value = HIDDEN.into();
        return;
    }
    match value {
        Value::Object(members) => members
            .iter_mut()
            .for_each(|(name, value)| hide_secrets(name, value)),
        Value::Array(values) => values.iter_mut().for_each(|value| hide_secrets("", value)),
        _ => {}
    }
}

/// An entry of the trail.
#[derive(Debug, Clone, sqlx::FromRow)]
pub(crate) struct Entry {
    pub(crate) id: i64,
    pub(crate) at: DateTime<Utc>,
    pub(crate) actor_id: Uuid,
    pub(crate) actor_role: String,
    pub(crate) action: String,
    pub(crate) subject_kind: String,
    pub(crate) subject_id: String,
    pub(crate) before: Json<Value>,
    pub(crate) after: Json<Value>,
}

/// Which entries somebody wants to see.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    pub(crate) actor: Option<Uuid>,
    pub(crate) action: Option<String>,
    pub(crate) subject: Option<String>,
    /// The last one that was shown.
    pub(crate) after: Option<i64>,
}

/// At most `limit` of them, newest first.
pub(crate) async fn page(
    connection: &mut PgConnection,
    filter: &Filter,
    limit: i64,
) -> sqlx::Result<Vec<Entry>> {
    sqlx::query_as(
        "select id, at, actor_id, actor_role, action, subject_kind, subject_id, before, after
         from audit_entry
         where ($1::uuid is null or actor_id = $1)
           and ($2::text is null or action = $2)
           and ($3::text is null or subject_id = $3)
           and ($4::bigint is null or id < $4)
         order by id desc
         limit $5",
    )
    .bind(filter.actor)
    .bind(&filter.action)
    .bind(&filter.subject)
    .bind(filter.after)
    .bind(limit)
    .fetch_all(connection)
    .await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_kept() {
        let (before, after) = differing(
            json!({ "name": "Mug", "size": 1, "gone": true }),
            json!({ "name": "Cup", "size": 1, "new": "x" }),
        );
        assert_eq!(Value::from(before), json!({ "name": "Mug", "gone": true }));
        assert_eq!(Value::from(after), json!({ "name": "Cup", "new": "x" }));
    }

    #[test]
    fn what_was_not_there_is_an_empty_object() {
        let (before, after) = differing(Value::Null, json!({ "name": "Mug" }));
        assert_eq!(Value::from(before), json!({}));
        assert_eq!(Value::from(after), json!({ "name": "Mug" }));
    }

    #[test]
    fn secrets_are_hidden_however_deep_they_are() {
        let (_, after) = differing(
            Value::Null,
            json!({ "newPassword": "x", "list": [{ "refresh_token": "y", "name": "z" }] }),
        );
        assert_eq!(
            Value::from(after),
            json!({ "newPassword": HIDDEN, "list": [{ "refresh_token": HIDDEN, "name": "z" }] })
        );
    }
}
