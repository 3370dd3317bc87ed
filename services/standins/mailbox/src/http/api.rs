//! The JSON API for tests and scripts.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::IntoResponse,
};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use super::{Mailbox, problem::Problem};
use crate::{
    message::Content,
    store::{self, Page, Summary},
};

const DEFAULT_LIMIT: usize = 50;
const MAX_LIMIT: usize = 500;
const LONGEST_WAIT: Duration = Duration::from_mins(1);

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Parameters {
    /// Part of an address, name or subject.
    query: Option<String>,
    /// A recipient's whole address.
    to: Option<String>,
    /// Part of the subject.
    subject: Option<String>,
    /// Only mails older than the one with this id: the next page.
    before: Option<String>,
    /// Only mails newer than the one with this id.
    after: Option<String>,
    limit: Option<String>,
    /// How long to wait for a mail that fits, such as `5s` or `500ms`.
    wait: Option<String>,
}

#[derive(Debug, Serialize)]
pub(super) struct List {
    /// All mails in the mailbox.
    total: usize,
    /// Those that fit the query.
    matching: usize,
    /// Those in this answer.
    count: usize,
    /// The value of `before` for the next page, if there is one.
    next: Option<Uuid>,
    messages: Vec<Summary>,
}

#[derive(Debug, Serialize)]
pub(super) struct Mail {
    #[serde(flatten)]
    summary: Summary,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Serialize)]
pub(super) struct Deleted {
    deleted: usize,
}

pub(super) async fn list(
    State(mailbox): State<Mailbox>,
    parameters: Result<Query<Parameters>, QueryRejection>,
) -> Result<Json<List>, Problem> {
    let Query(parameters) = parameters
        .map_err(|rejection| Problem::new(StatusCode::BAD_REQUEST, rejection.body_text()))?;
    let wait = parameters.wait.as_deref().map(parse_wait).transpose()?;
    let query = parameters.into_query()?;
    let page = match wait {
        Some(wait) => wait_for(&mailbox, &query, wait).await,
        None => mailbox.store.query(&query),
    };
    Ok(Json(List {
        total: mailbox.store.len(),
        matching: page.matching,
        count: page.mails.len(),
        next: page.mails.last().filter(|_| page.more).map(|mail| mail.id),
        messages: page.mails.into_iter().map(Arc::unwrap_or_clone).collect(),
    }))
}

/// Waits until a mail fits, the time is over, or the mailbox stops. The watch is set up before the first look, so no mail slips through.
async fn wait_for(mailbox: &Mailbox, query: &store::Query, wait: Duration) -> Page {
    let mut changes = mailbox.store.changes();
    let deadline = Instant::now() + wait;
    loop {
        let page = mailbox.store.query(query);
        if page.matching > 0 {
            return page;
        }
        let goes_on = tokio::select! {
            woken = timeout_at(deadline, changes.changed()) => woken.is_ok_and(|change| change.is_ok()),
            () = mailbox.stopping.cancelled() => false,
        };
        if !goes_on {
            return mailbox.store.query(query);
        }
    }
}

pub(super) async fn get(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<Json<Mail>, Problem> {
    let summary = find(&mailbox, &id)?;
    let raw = mailbox.store.raw(summary.id).await?;
    Ok(Json(Mail {
        summary: Arc::unwrap_or_clone(summary),
        content: Content::of(&raw),
    }))
}

pub(super) async fn raw(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    let summary = find(&mailbox, &id)?;
    let raw = mailbox.store.raw(summary.id).await?;
    Ok(([(header::CONTENT_TYPE, "message/rfc822")], raw))
}

pub(super) async fn delete(
    State(mailbox): State<Mailbox>,
    Path(id): Path<String>,
) -> Result<Json<Deleted>, Problem> {
    let summary = find(&mailbox, &id)?;
    let deleted = mailbox.store.remove(vec![summary.id]).await?;
    Ok(Json(Deleted { deleted }))
}

pub(super) async fn delete_all(State(mailbox): State<Mailbox>) -> Result<Json<Deleted>, Problem> {
    let deleted = mailbox.store.remove(mailbox.store.ids()).await?;
    Ok(Json(Deleted { deleted }))
}

pub(super) fn find(mailbox: &Mailbox, id: &str) -> Result<Arc<Summary>, Problem> {
    Uuid::try_parse(id)
        .ok()
        .and_then(|id| mailbox.store.find(id))
        .ok_or_else(Problem::no_such_mail)
}

impl Parameters {
    fn into_query(self) -> Result<store::Query, Problem> {
        let id = |field: &'static str, text: Option<String>| {
            let parse = |text: String| {
                Uuid::try_parse(&text).map_err(|_| {
                    Problem::of_field(field, format!("{field} must be the id of a mail"))
                })
            };
            text.map(parse).transpose()
        };
        Ok(store::Query {
            text: self.query.filter(|text| !text.is_empty()),
            to: self.to,
            subject: self.subject,
            before: id("before", self.before)?,
            after: id("after", self.after)?,
            limit: match self.limit {
                Some(text) => {
                    let limit = text
                        .parse()
                        .ok()
                        .filter(|limit| (1..=MAX_LIMIT).contains(limit));
                    limit.ok_or_else(|| {
                        Problem::of_field(
                            "limit",
                            format!("limit must be a number from 1 to {MAX_LIMIT}"),
                        )
                    })?
                }
                None => DEFAULT_LIMIT,
            },
        })
    }
}

fn parse_wait(text: &str) -> Result<Duration, Problem> {
    let parsed = match text.strip_suffix("ms") {
        Some(millis) => millis.parse().map(Duration::from_millis),
        None => text
            .strip_suffix('s')
            .unwrap_or(text)
            .parse()
            .map(Duration::from_secs),
    };
    let wait = parsed.ok().filter(|wait| *wait <= LONGEST_WAIT);
    wait.ok_or_else(|| {
        Problem::of_field(
            "wait",
            format!(
                "wait must be a time such as 5s or 500ms, at most {}s",
                LONGEST_WAIT.as_secs()
            ),
        )
    })
}
