//! `/api/v1/faults`: what should go wrong with the next mails.

use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
};
use tracing::warn;

use super::{Mailbox, problem::Problem};
use crate::faults::Description;

pub(super) async fn get(State(mailbox): State<Mailbox>) -> Json<Description> {
    Json(mailbox.faults.get())
}

pub(super) async fn put(
    State(mailbox): State<Mailbox>,
    description: Result<Json<Description>, JsonRejection>,
) -> Result<Json<Description>, Problem> {
    let Json(description) =
        description.map_err(|rejection| Problem::new(rejection.status(), rejection.body_text()))?;
    description
        .check()
        .map_err(|(field, message)| Problem::of_field(field, message))?;
    warn!(fault = ?description, "a fault is set");
    mailbox.faults.set(description.clone());
    Ok(Json(description))
}

pub(super) async fn delete(State(mailbox): State<Mailbox>) -> Json<Description> {
    mailbox.faults.set(Description::default());
    Json(mailbox.faults.get())
}
