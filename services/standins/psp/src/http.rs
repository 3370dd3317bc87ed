//! The routes: Stripe's under `/v1`, the simulator's own under `/_simulator`.

mod call;
pub(crate) mod cancel_payment_intent;
pub(crate) mod confirm_payment_intent;
pub(crate) mod create_payment_intent;
pub(crate) mod create_refund;
mod expansion;
mod gate;
mod get_charge;
mod get_event;
mod get_payment_intent;
mod get_refund;
mod list_events;
mod list_payment_intents;
mod list_refunds;
mod paging;
mod simulator;

use axum::{
    Router,
    http::{Method, StatusCode, Uri},
    middleware,
    routing::{get, post},
};

use crate::{assembly::State, error::Error};

pub(crate) use call::Call;

pub(crate) fn routes(state: State) -> Router {
    let stripe = Router::new()
        .route(
            "/payment_intents",
            post(create_payment_intent::create_payment_intent)
                .get(list_payment_intents::list_payment_intents),
        )
        .route(
            "/payment_intents/{id}",
            get(get_payment_intent::get_payment_intent),
        )
        .route(
            "/payment_intents/{id}/confirm",
            post(confirm_payment_intent::confirm_payment_intent),
        )
        .route(
            "/payment_intents/{id}/cancel",
            post(cancel_payment_intent::cancel_payment_intent),
        )
        .route("/charges/{id}", get(get_charge::get_charge))
        .route(
            "/refunds",
            post(create_refund::create_refund).get(list_refunds::list_refunds),
        )
        .route("/refunds/{id}", get(get_refund::get_refund))
        .route("/events", get(list_events::list_events))
        .route("/events/{id}", get(get_event::get_event))
        .fallback(unrecognized)
        .method_not_allowed_fallback(unrecognized)
        .layer(middleware::from_fn_with_state(state.clone(), gate::gate));
    Router::new()
        .nest("/v1", stripe)
        .nest("/_simulator", simulator::routes())
        .with_state(state)
}

async fn unrecognized(method: Method, uri: Uri) -> Error {
    Error {
        status: StatusCode::NOT_FOUND,
        ..Error::invalid(format!(
            "Unrecognized request URL ({method}: /v1{}). The simulator's README lists what it knows.",
            uri.path()
        ))
    }
}
