//! `POST /api/users/me/addresses`: another entry in the address book.

use axum::{
    extract::State as FromState,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use chassis::{Json, Problem, problem::CONFLICT};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{AddressBody, ProblemBody, invalid},
    signed_in::SignedIn,
};
use crate::{
    assembly::State,
    db,
    domain::address::{MAX_PER_USER, Place},
};

/// A new address.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct AddAddress {
    /// What they call it, such as "Home".
    #[serde(default)]
    #[schema(max_length = 60)]
    label: String,
    /// Whose name is on the door, where it is not the account's.
    #[serde(default)]
    #[schema(max_length = 120)]
    recipient: String,
    #[schema(min_length = 1, max_length = 200, example = "123 Main St")]
    street: String,
    #[schema(min_length = 1, max_length = 120, example = "London")]
    city: String,
    #[serde(default)]
    #[schema(max_length = 120)]
    state: String,
    #[schema(min_length = 1, max_length = 20, example = "SW1A")]
    zip_code: String,
    #[schema(min_length = 2, max_length = 60, example = "UK")]
    country: String,
    /// Whether it becomes the default one; the first one does anyway.
    #[serde(default)]
    default: bool,
}

/// Add an address.
#[utoipa::path(
    post,
    path = "/api/users/me/addresses",
    tag = "addresses",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    request_body = AddAddress,
    responses(
        (status = 201, description = "The address", body = AddressBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The address book is full", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn add_address(
    FromState(state): FromState<State>,
    signed_in: SignedIn,
    Json(request): Json<AddAddress>,
) -> Result<Response, Problem> {
    let user = signed_in.user.id;
    let wants_default = request.default;
    let place = Place::from(request).checked().map_err(invalid)?;

    let mut tx = state.database.begin().await?;
    db::users::lock(&mut tx, user).await?;
    let count = db::addresses::count(&mut tx, user).await?;
    if count >= MAX_PER_USER {
        let detail = format!("An address book holds {MAX_PER_USER} addresses: remove one first.");
        return Err(Problem::new(&CONFLICT, detail));
    }
    let mut address = db::addresses::insert(&mut tx, user, &place).await?;
    if wants_default || count == 0 {
        db::addresses::clear_default(&mut tx, user).await?;
        db::addresses::set_default(&mut tx, address.id).await?;
        address.is_default = true;
    }
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(AddressBody::from(address))).into_response())
}

impl From<AddAddress> for Place {
    fn from(request: AddAddress) -> Self {
        Self {
            label: request.label,
            recipient: request.recipient,
            street: request.street,
            city: request.city,
            state: request.state,
            zip_code: request.zip_code,
            country: request.country,
        }
    }
}
