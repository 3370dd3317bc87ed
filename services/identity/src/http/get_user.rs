//! `GET /api/users/{user}`: an account, for its owner and for admins.

use axum::extract::{Path, State as FromState};
use chassis::{
    Json, Problem,
    auth::OWNERS,
    problem::{FORBIDDEN, NOT_FOUND},
};
use contracts::UserId;

use super::{
    body::{ProblemBody, UserBody},
    signed_in::SignedIn,
};
use crate::{assembly::State, db};

/// Show an account.
///
/// Needs to be one's own, or an admin.
#[utoipa::path(
    get,
    path = "/api/users/{user}",
    tag = "users",
    extensions(("x-roles" = json!(chassis::auth::OWNERS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("user" = String, Path, description = "The account's id.")),
    responses(
        (status = 200, description = "The account", body = UserBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not one's own account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_user(
    FromState(state): FromState<State>,
    signed_in: SignedIn,
    Path(user): Path<String>,
) -> Result<Json<UserBody>, Problem> {
    let id = user.parse::<UserId>().ok();
    if id == Some(signed_in.user.id) {
        return Ok(Json(signed_in.user.into()));
    }
    // Before it is known whether there is such an account: that is nobody's business either.
    if !OWNERS.contains(&signed_in.user.role.name()) {
        return Err(Problem::new(&FORBIDDEN, "This is somebody else's account."));
    }
    let mut connection = state.database.acquire().await?;
    let id = id.ok_or_else(no_such_user)?;
    let user = db::users::get(&mut connection, id).await?;
    Ok(Json(user.ok_or_else(no_such_user)?.into()))
}

pub(super) fn no_such_user() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such account.")
}
