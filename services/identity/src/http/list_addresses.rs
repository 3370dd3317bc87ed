//! `GET /api/users/me/addresses`: one's own address book.

use axum::extract::State as FromState;
use chassis::{Json, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{AddressBody, ProblemBody},
    signed_in::SignedIn,
};
use crate::{assembly::State, db};

/// An address book: the default address first, then the oldest.
#[derive(Serialize, ToSchema)]
pub(crate) struct AddressBook {
    items: Vec<AddressBody>,
}

/// List my addresses.
#[utoipa::path(
    get,
    path = "/api/users/me/addresses",
    tag = "addresses",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "All of them", body = AddressBook),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn list_addresses(
    FromState(state): FromState<State>,
    signed_in: SignedIn,
) -> Result<Json<AddressBook>, Problem> {
    let mut connection = state.database.acquire().await?;
    let addresses = db::addresses::of_user(&mut connection, signed_in.user.id).await?;
    let items = addresses.into_iter().map(AddressBody::from).collect();
    Ok(Json(AddressBook { items }))
}
