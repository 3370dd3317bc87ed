//! `GET /api/admin/{service}/audit`: who changed what, newest first, a page at a time.

use axum::extract::{RawQuery, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Desk;
use crate::{
    Json, Problem,
    audit::{self, Entry, Filter},
    auth::Admin,
    problem::ProblemBody,
    query::ListQuery,
};

const DEFAULT_LIMIT: u8 = 50;

/// One change.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
struct EntryBody {
    id: i64,
    at: DateTime<Utc>,
    /// Who: an account's id.
    actor_id: Uuid,
    /// What they were then.
    actor_role: String,
    /// The operation.
    action: String,
    subject_kind: String,
    subject_id: String,
    /// What changed, as it was.
    #[schema(value_type = Object)]
    before: Value,
    /// What changed, as it became.
    #[schema(value_type = Object)]
    after: Value,
}

impl From<Entry> for EntryBody {
    fn from(entry: Entry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            actor_id: entry.actor_id,
            actor_role: entry.actor_role,
            action: entry.action,
            subject_kind: entry.subject_kind,
            subject_id: entry.subject_id,
            before: entry.before.0,
            after: entry.after.0,
        }
    }
}

/// A page of the audit trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditPage)]
pub(super) struct AuditPage {
    items: Vec<EntryBody>,
    /// `after` of the next page; null on the last one.
    next: Option<i64>,
}

/// List what people changed.
///
/// For admins. Newest first; entries are never changed or removed.
#[utoipa::path(
    get,
    path = "/api/admin/SERVICE/audit",
    tag = "admin",
    extensions(("x-roles" = json!(crate::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(
        ("actor" = Option<String>, Query, description = "Only what this account did (a UUID)."),
        ("action" = Option<String>, Query, max_length = 80, description = "Only this operation, such as `replay_dead_letter`."),
        ("subject" = Option<String>, Query, max_length = 120, description = "Only what was done to the thing with this id."),
        ("limit" = Option<u8>, Query, minimum = 1, maximum = 100, description = "Entries per page, 50 unless said."),
        ("after" = Option<i64>, Query, description = "`next` of the page before."),
    ),
    responses(
        (status = 200, description = "A page of the trail", body = AuditPage),
        (status = 400, description = "A parameter is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list_audit(
    State(desk): State<Desk>,
    _admin: Admin,
    RawQuery(query): RawQuery,
) -> Result<Json<AuditPage>, Problem> {
    let mut query = ListQuery::read(query.as_deref())?;
    let limit = query.limit(DEFAULT_LIMIT);
    let filter = Filter {
        actor: query
            .take("actor", |text| {
                if text.is_empty() {
                    return Ok(None);
                }
                text.parse()
                    .map(Some)
                    .map_err(|_| "must be an account's id (a UUID)")
            })
            .flatten(),
        action: query.words("action", 80),
        subject: query.words("subject", 120),
        after: query.after(),
    };
    query.finish()?;
    let mut connection = desk.database.acquire().await?;
    // One more than asked for tells whether there is a next page.
    let mut entries = audit::page(&mut connection, &filter, i64::from(limit) + 1).await?;
    let more = entries.len() > usize::from(limit);
    entries.truncate(usize::from(limit));
    Ok(Json(AuditPage {
        next: entries.last().filter(|_| more).map(|last| last.id),
        items: entries.into_iter().map(EntryBody::from).collect(),
    }))
}
