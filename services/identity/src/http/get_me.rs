//! `GET /api/users/me`: one's own account.

use chassis::{Json, Problem};

use super::{
    body::{ProblemBody, UserBody},
    signed_in::SignedIn,
};

/// Show my account.
#[utoipa::path(
    get,
    path = "/api/users/me",
    tag = "account",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    responses(
        (status = 200, description = "The account", body = UserBody),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get_me(signed_in: SignedIn) -> Result<Json<UserBody>, Problem> {
    Ok(Json(signed_in.user.into()))
}
