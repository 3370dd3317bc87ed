//! `GET /.well-known/jwks.json`: the keys that tokens are verified with.

use axum::{
    Json,
    extract::State as FromState,
    http::header,
    response::{IntoResponse as _, Response},
};

use crate::assembly::State;

/// Show the keys.
///
/// A JSON Web Key Set (RFC 7517) of Ed25519 public keys.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "sessions",
    extensions(("x-roles" = json!(chassis::auth::ANYBODY))),
    responses((status = 200, description = "The keys, the one that signs first", body = serde_json::Value))
)]
pub(crate) async fn jwks(FromState(state): FromState<State>) -> Response {
    let headers = [(header::CACHE_CONTROL, "public, max-age=300")];
    (headers, Json(state.keys.published())).into_response()
}
