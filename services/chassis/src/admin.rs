//! What every service offers to admins: its audit trail and its dead letters, under `/api/admin/<service>`.
//!
//! One router for all of them: a service merges [`routes`] into its own and [`describe`]s them in its document. The edge sends
//! each service's part of `/api/admin` to it.

mod body;
mod get_dead_letter;
mod list_audit;
mod list_dead_letters;
mod outline;
mod replay_dead_letter;
mod reveal_dead_letter;

use axum::{
    Router,
    extract::FromRef,
    routing::{get, post},
};
use utoipa::openapi::{OpenApi as Document, RefOr};

use crate::{Database, auth::Verifier};

/// What stands for the service's name in the descriptions below. In braces it would be documented as a parameter.
const SERVICE: &str = "SERVICE";

/// What the handlers use.
#[derive(Clone)]
struct Desk {
    database: Database,
    verifier: Verifier,
}

impl FromRef<Desk> for Verifier {
    fn from_ref(desk: &Desk) -> Self {
        desk.verifier.clone()
    }
}

/// The routes of `service`; every one of them is for admins only.
pub fn routes(service: &str, database: Database, verifier: Verifier) -> Router {
    let under = |path: &str| format!("/api/admin/{service}{path}");
    Router::new()
        .route(&under("/audit"), get(list_audit::list_audit))
        .route(
            &under("/dead-letters"),
            get(list_dead_letters::list_dead_letters),
        )
        .route(
            &under("/dead-letters/{letter}"),
            get(get_dead_letter::get_dead_letter),
        )
        .route(
            &under("/dead-letters/{letter}/reveal"),
            post(reveal_dead_letter::reveal_dead_letter),
        )
        .route(
            &under("/dead-letters/{letter}/replay"),
            post(replay_dead_letter::replay_dead_letter),
        )
        .with_state(Desk { database, verifier })
}

#[derive(utoipa::OpenApi)]
#[openapi(paths(
    list_audit::list_audit,
    list_dead_letters::list_dead_letters,
    get_dead_letter::get_dead_letter,
    reveal_dead_letter::reveal_dead_letter,
    replay_dead_letter::replay_dead_letter,
))]
struct Description;

/// Adds the routes of `service` to its document.
#[must_use]
pub fn describe(mut document: Document, service: &str) -> Document {
    let mut own = <Description as utoipa::OpenApi>::openapi();
    let paths = std::mem::take(&mut own.paths.paths);
    own.paths.paths = paths
        .into_iter()
        .map(|(path, item)| (path.replace(SERVICE, service), item))
        .collect();
    // The document says what a problem is already.
    let known = document.components.get_or_insert_default().schemas.clone();
    if let Some(components) = &mut own.components {
        components
            .schemas
            .retain(|name, _: &mut RefOr<_>| !known.contains_key(name));
    }
    document.merge(own);
    document
}
