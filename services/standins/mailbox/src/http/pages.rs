//! The web page. Its links are relative: it works at `/` and below any prefix that ends in a slash.

use axum::{
    extract::{Path, Query, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Mailbox, api::find, problem::Problem, templates::Templates};
use crate::{
    message::Content,
    store::{self, Summary},
};

const PAGE: usize = 50;
const SOURCE: &str = "source";

type Site = State<(Mailbox, Templates)>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ListParameters {
    query: String,
    before: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ShowParameters {
    show: String,
}

/// What every page shows.
#[derive(Debug, Serialize)]
struct Frame<'a> {
    /// The way to the list, relative to the page.
    root: &'static str,
    query: &'a str,
    total: usize,
}

#[derive(Debug, Serialize)]
struct ListPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    matching: usize,
    first_page: bool,
    next: Option<Uuid>,
    mails: Vec<&'a Summary>,
}

#[derive(Debug, Serialize)]
struct MailPage<'a> {
    #[serde(flatten)]
    frame: Frame<'a>,
    mail: &'a Summary,
    content: &'a Content,
    views: &'a [&'static str],
    view: &'static str,
    source: String,
}

pub(super) async fn list(
    State((mailbox, templates)): Site,
    Query(parameters): Query<ListParameters>,
) -> Result<Response, Problem> {
    let text = parameters.query.trim();
    let query = store::Query {
        text: Some(text.to_owned()).filter(|text| !text.is_empty()),
        before: Uuid::try_parse(&parameters.before).ok(),
        limit: PAGE,
        ..store::Query::default()
    };
    let page = mailbox.store.query(&query);
    let next = page.mails.last().filter(|_| page.more).map(|mail| mail.id);
    let rendered = templates.render(
        "list.html",
        ListPage {
            frame: Frame {
                root: "./",
                query: text,
                total: mailbox.store.len(),
            },
            matching: page.matching,
            first_page: query.before.is_none(),
            next,
            mails: page.mails.iter().map(AsRef::as_ref).collect(),
        },
    )?;
    Ok(rendered.into_response())
}

pub(super) async fn show(
    State((mailbox, templates)): Site,
    Path(id): Path<String>,
    Query(parameters): Query<ShowParameters>,
) -> Result<Response, Problem> {
    let frame = Frame {
        root: "../",
        query: "",
        total: mailbox.store.len(),
    };
    let Ok(summary) = find(&mailbox, &id) else {
        let page = templates.render("missing.html", frame)?;
        return Ok((StatusCode::NOT_FOUND, page).into_response());
    };
    let raw = mailbox.store.raw(summary.id).await?;
    let content = Content::of(&raw);
    let views = views(&content);
    let view = *views
        .iter()
        .find(|view| **view == parameters.show)
        .unwrap_or(&views[0]);
    let source = if view == SOURCE {
        String::from_utf8_lossy(&raw).into_owned()
    } else {
        String::new()
    };
    let page = templates.render(
        "message.html",
        MailPage {
            frame,
            mail: &summary,
            content: &content,
            views: &views,
            view,
            source,
        },
    )?;
    Ok(page.into_response())
}

/// The ways to look at this mail, the best one first.
fn views(content: &Content) -> Vec<&'static str> {
    let mut views = Vec::with_capacity(4);
    if !content.html.is_empty() {
        views.push("html");
    }
    if !content.text.is_empty() || content.html.is_empty() {
        views.push("text");
    }
    views.extend(["headers", SOURCE]);
    views
}

pub(super) async fn delete(
    State((mailbox, _)): Site,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    if let Ok(summary) = find(&mailbox, &id) {
        mailbox.store.remove(vec![summary.id]).await?;
    }
    // Seen from /messages/{id}/delete.
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "../../")]).into_response())
}

pub(super) async fn delete_all(State((mailbox, _)): Site) -> Result<Response, Problem> {
    mailbox.store.remove(mailbox.store.ids()).await?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, "../")]).into_response())
}
