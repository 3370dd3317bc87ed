//! `DELETE /api/users/me/addresses/{address}`: an entry less. Orders that went there keep it.

use axum::{
    extract::{Path, State as FromState},
    http::StatusCode,
};
use chassis::Problem;
use uuid::Uuid;

use super::{body::ProblemBody, signed_in::SignedIn, update_address::no_such_address};
use crate::{assembly::State, db};

/// Remove an address.
///
/// Where it was the default one, the oldest of the others becomes it.
#[utoipa::path(
    delete,
    path = "/api/users/me/addresses/{address}",
    tag = "addresses",
    extensions(("x-roles" = json!(chassis::auth::OWNER_ONLY))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("address" = String, Path, description = "Its id.")),
    responses(
        (status = 204, description = "It is gone"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such address in this address book", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove_address(
    FromState(state): FromState<State>,
    signed_in: SignedIn,
    Path(address): Path<String>,
) -> Result<StatusCode, Problem> {
    let user = signed_in.user.id;
    let id: Uuid = address.parse().map_err(|_| no_such_address())?;
    let mut tx = state.database.begin().await?;
    db::users::lock(&mut tx, user).await?;
    let was_default = db::addresses::delete(&mut tx, user, id).await?;
    if was_default.ok_or_else(no_such_address)? {
        let left = db::addresses::of_user(&mut tx, user).await?;
        if let Some(oldest) = left.first() {
            db::addresses::set_default(&mut tx, oldest.id).await?;
        }
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
