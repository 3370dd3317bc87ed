//! Whether the mailbox lives, whether it can keep mail, and how much it has kept.

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::IntoResponse,
};
use prometheus::{
    Encoder, IntCounter, IntGauge, Registry, TextEncoder, process_collector::ProcessCollector,
};
use serde_json::{Value, json};

use super::{Mailbox, problem::Problem};

pub(super) async fn livez() -> Json<Value> {
    Json(json!({ "status": "alive" }))
}

pub(super) async fn readyz(State(mailbox): State<Mailbox>) -> (StatusCode, Json<Value>) {
    match mailbox.store.check_disk().await {
        Ok(()) => (
            StatusCode::OK,
            Json(json!({ "status": "ready", "dependencies": { "disk": "ok" } })),
        ),
        Err(cause) => {
            let body =
                json!({ "status": "not ready", "dependencies": { "disk": cause.to_string() } });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
    }
}

pub(super) async fn metrics(State(mailbox): State<Mailbox>) -> Result<impl IntoResponse, Problem> {
    let text = render(&mailbox)
        .map_err(|cause| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, cause.to_string()))?;
    Ok((
        [(
            header::CONTENT_TYPE,
            "text/plain; version=0.0.4; charset=utf-8",
        )],
        text,
    ))
}

fn render(mailbox: &Mailbox) -> prometheus::Result<Vec<u8>> {
    let registry = Registry::new();
    let (received, removed) = mailbox.store.counts();
    for (name, help, count) in [
        (
            "mailbox_messages_total",
            "Mails kept since the start.",
            received,
        ),
        (
            "mailbox_messages_removed_total",
            "Mails deleted, or gone to make room, since the start.",
            removed,
        ),
    ] {
        let counter = IntCounter::new(name, help)?;
        counter.inc_by(count);
        registry.register(Box::new(counter))?;
    }
    let gauge = IntGauge::new("mailbox_messages", "Mails in the mailbox.")?;
    gauge.set(i64::try_from(mailbox.store.len()).unwrap_or(i64::MAX));
    registry.register(Box::new(gauge))?;
    registry.register(Box::new(ProcessCollector::for_self()))?;
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text)?;
    Ok(text)
}
