//! How every operation ends: with the cart as it is, in the light of what the catalogue and inventory say now.

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse as _, Response},
};
use chassis::{Json, Problem, peer::Error, process::Chain};
use serde::Serialize;
use uuid::Uuid;

use super::body::CartBody;
use crate::{
    assembly::State,
    db,
    domain::{
        cart::{Cart, products, variants},
        facts::Facts,
        view::ShownLine,
    },
};

/// The cart with everything that is worth saying about it. Whoever cannot be asked is named in it.
pub(super) async fn show(state: &State, cart: &Cart) -> CartBody {
    let (products, stock) = tokio::join!(
        state.catalog.products(products(&cart.lines)),
        state.inventory.available(variants(&cart.lines))
    );
    let lines: Vec<ShownLine<'_>> = cart
        .lines
        .iter()
        .map(|line| {
            let forms = products.known.get(&line.facts.product_id);
            let available = stock.known.get(&line.facts.variant_id).copied();
            ShownLine::new(line, forms.map(AsRef::as_ref), available)
        })
        .collect();
    keep_news(state, cart.id, &lines).await;
    let failures = [
        ("catalog", &products.failure),
        ("inventory", &stock.failure),
    ];
    let degraded = failures.into_iter().filter_map(|(peer, failure)| {
        report(failure.as_ref()?);
        Some(peer)
    });
    CartBody::new(cart, &lines, degraded.collect())
}

/// That a service is away is counted (`peer_calls_total`), and would fill the log; that it refuses us is a fault of ours.
fn report(failure: &Error) {
    match failure {
        Error::Unavailable { .. } => {
            tracing::debug!(error = %failure, "a cart is shown with what was last known");
        }
        Error::Refused { .. } => {
            tracing::error!(error = %failure, "a cart is shown with what was last known");
        }
    }
}

/// An answer that is for one person: no cache between may keep it.
pub(super) fn answer(body: impl Serialize, cookie: Option<HeaderValue>) -> Response {
    let mut response = Json(body).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Keeps what is newer than what the lines remember. The answer does not depend on it.
async fn keep_news(state: &State, cart: Uuid, lines: &[ShownLine<'_>]) {
    let news: Vec<&Facts> = lines
        .iter()
        .filter(|shown| *shown.facts != shown.line.facts)
        .map(|shown| shown.facts)
        .collect();
    if news.is_empty() {
        return;
    }
    let kept: Result<(), Problem> = async {
        let mut connection = state.database.acquire().await?;
        Ok(db::lines::keep_facts(&mut connection, cart, &news).await?)
    }
    .await;
    if let Err(problem) = kept {
        let error = problem
            .source
            .as_ref()
            .map(|error| Chain(error).to_string());
        tracing::warn!(error, "what the catalogue says now was not kept");
    }
}
