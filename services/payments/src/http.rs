//! The payments service's API: its route table, and its description.

mod body;
mod get_payment;
mod list_payment_methods;
mod list_payments;
mod receive_webhook;
mod retry_payment;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use chassis::{Database, admin, api_docs::Credentials, auth::Verifier};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{ApiKey, ApiKeyValue, SecurityScheme},
};

use crate::assembly::State;

/// The provider's events are a few KiB.
const MAX_WEBHOOK_BYTES: usize = 32 * 1024;

/// The name of the package, the binary and the component.
const SERVICE: &str = "payments";

/// What is where. The edge passes `/api` on, and `/webhooks/psp`.
pub(crate) fn routes() -> Router<State> {
    let webhook =
        post(receive_webhook::receive_webhook).layer(DefaultBodyLimit::max(MAX_WEBHOOK_BYTES));
    Router::new()
        .route(
            "/api/payment-methods",
            get(list_payment_methods::list_payment_methods),
        )
        .route("/api/payments", get(list_payments::list_payments))
        .route("/api/payments/{payment}", get(get_payment::get_payment))
        .route(
            "/api/payments/{payment}/retry",
            post(retry_payment::retry_payment),
        )
        .route("/webhooks/psp", webhook)
}

/// What every service offers to admins.
pub(crate) fn admin_routes(database: Database, verifier: Verifier) -> Router {
    admin::routes(SERVICE, database, verifier)
}

/// The API as an OpenAPI 3.1 document.
pub fn openapi() -> utoipa::openapi::OpenApi {
    admin::describe(Description::openapi(), SERVICE)
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Payments",
        description = "What became of payments. They are made by placing orders, not here. Errors are RFC 9457 problems; each kind has a page under /problems/.",
        license(name = "Apache-2.0")
    ),
    paths(
        list_payment_methods::list_payment_methods,
        list_payments::list_payments,
        get_payment::get_payment,
        retry_payment::retry_payment,
        receive_webhook::receive_webhook,
    ),
    components(schemas(body::ProblemBody)),
    modifiers(&Credentials, &ProviderSignature)
)]
struct Description;

/// How the provider says that it is the provider.
struct ProviderSignature;

impl Modify for ProviderSignature {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let about = "`t=<seconds>,v1=<HMAC-SHA256 of \"t.body\">`, not older than five minutes.";
        let header = ApiKey::Header(ApiKeyValue::with_description("Stripe-Signature", about));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("providerSignature", SecurityScheme::ApiKey(header));
    }
}
