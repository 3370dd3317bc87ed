//! `GET /office/audit`: who changed what, when, and from what to what. Each service keeps the trail of its own changes.

use axum::{
    extract::{RawQuery, State},
    response::Response,
};
use serde_json::Value;

use super::{
    answers::AuditEntry,
    desk::NAMES,
    list::{ListPage, Listed},
    parts::{Cell, Choice, FilterField, Frame, Table},
    query::Query,
    staff::Admin,
};
use crate::{Storefront, pages::failure::Failure};

const PATH: &str = "/office/audit";
const PARAMETERS: &[&str] = &["service", "actor", "action", "subject", "after"];
const NO_SUCH_SERVICE: Failure = Failure::NotFound("There is no trail of this name.");

/// Choices of services, the first of which is shown unless said.
pub(super) fn services() -> Vec<Choice> {
    NAMES.iter().map(|name| Choice::new(*name, *name)).collect()
}

/// `GET /office/audit`
pub(crate) async fn audit(
    State(storefront): State<Storefront>,
    Admin(staff): Admin,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let query = Query::read(query.as_deref(), PARAMETERS);
    let name = match query.text("service") {
        "" => NAMES[0],
        name => name,
    };
    let service = storefront.office().service(name).ok_or(NO_SUCH_SERVICE)?;
    let api = format!("/api/admin/{name}/audit?limit=25");
    let listed = Listed::ask(service, &staff, &api, &query.without("service")).await?;
    let frame = Frame::new(&staff, PATH, Vec::new(), "Audit trail");
    let table = Table::new(
        format!("What people changed in {name}, newest first"),
        &["When", "Who", "As", "What", "To", "Before", "After"],
        "Nobody has changed anything like this.",
    );
    ListPage::new(
        frame,
        PATH,
        &query,
        &listed,
        table.with(listed.items.iter().map(row)),
    )
    .filters(vec![
        FilterField::chosen(&query, "service", "Service", services()),
        FilterField::typed(&query, "actor", "Who (an account’s id)"),
        FilterField::typed(&query, "action", "What, such as update_product"),
        FilterField::typed(&query, "subject", "To which id"),
    ])
    .show(&storefront)
    .await
}

fn row(entry: &AuditEntry) -> Vec<Cell> {
    vec![
        Cell::time(entry.at),
        Cell::link(&entry.actor_id, format!("/office/users/{}", entry.actor_id)),
        Cell::text(&entry.actor_role),
        Cell::text(entry.action.replace('_', " ")),
        subject(entry),
        Cell::code(facts(&entry.before)),
        Cell::code(facts(&entry.after)),
    ]
}

/// Leads to the page of what was changed, where it has one.
fn subject(entry: &AuditEntry) -> Cell {
    let text = format!(
        "{} {}",
        entry.subject_kind.replace('_', " "),
        entry.subject_id
    );
    let folder = match entry.subject_kind.as_str() {
        "product" => "products",
        "stock" => "stock",
        "order" => "orders",
        "user" => "users",
        _ => return Cell::text(text),
    };
    Cell::link(text, format!("/office/{folder}/{}", entry.subject_id))
}

/// One fact on each line.
fn facts(facts: &Value) -> String {
    let lines = facts
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}: {text}"),
            other => format!("{name}: {other}"),
        });
    lines.collect::<Vec<_>>().join("\n")
}
