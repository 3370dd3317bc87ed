//! The route table of the web page and the API.

mod api;
mod bodies;
mod fault_knobs;
mod health;
mod pages;
mod problem;
mod safety;
mod templates;

use std::sync::Arc;

use axum::{
    Router,
    middleware::{from_fn, map_response},
    routing::{get, post},
};
use tokio_util::sync::CancellationToken;

use crate::{faults::Faults, store::Store};

/// What every handler may use.
#[derive(Clone)]
pub(crate) struct Mailbox {
    pub(crate) store: Arc<Store>,
    pub(crate) faults: Arc<Faults>,
    /// Ends the waiting reads.
    pub(crate) stopping: CancellationToken,
}

pub(crate) fn router(mailbox: Mailbox) -> anyhow::Result<Router> {
    let pages = Router::new()
        .route("/", get(pages::list))
        .route("/messages/{id}", get(pages::show))
        .route("/messages/{id}/html", get(bodies::html))
        .route("/messages/{id}/source", get(bodies::source))
        .route(
            "/messages/{id}/attachments/{index}",
            get(bodies::attachment),
        )
        .route("/messages/delete", post(pages::delete_all))
        .route("/messages/{id}/delete", post(pages::delete))
        .route("/assets/mailbox.css", get(templates::stylesheet))
        .route("/assets/mailbox.svg", get(templates::icon))
        .with_state((mailbox.clone(), templates::Templates::load()?));
    let api = Router::new()
        .route("/api/v1/messages", get(api::list).delete(api::delete_all))
        .route("/api/v1/message/{id}", get(api::get).delete(api::delete))
        .route("/api/v1/message/{id}/raw", get(api::raw))
        .route(
            "/api/v1/message/{id}/attachments/{index}",
            get(bodies::attachment_of_api),
        )
        .route(
            "/api/v1/faults",
            get(fault_knobs::get)
                .put(fault_knobs::put)
                .delete(fault_knobs::delete),
        )
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .with_state(mailbox);
    Ok(pages
        .merge(api)
        .fallback(problem::no_such_page)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(map_response(safety::add_headers))
        .layer(from_fn(safety::refuse_cross_site_changes)))
}
