//! `PATCH /api/users/me`: another name.

use axum::extract::State as FromState;
use chassis::{Json, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, UserBody, invalid},
    signed_in::SignedIn,
};
use crate::{
    assembly::State,
    db,
    domain::{Rules, account::name},
};

/// What shall be different; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateMe {
    #[schema(min_length = 1, max_length = 80)]
    first_name: Option<String>,
    #[schema(min_length = 1, max_length = 80)]
    last_name: Option<String>,
}

/// Change my account.
#[utoipa::path(
    patch,
    path = "/api/users/me",
    tag = "account",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    request_body = UpdateMe,
    responses(
        (status = 200, description = "The changed account", body = UserBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_me(
    FromState(state): FromState<State>,
    signed_in: SignedIn,
    Json(request): Json<UpdateMe>,
) -> Result<Json<UserBody>, Problem> {
    let mut rules = Rules::default();
    let mut keep =
        |field, text: Option<String>| text.and_then(|text| rules.keep(name(field, &text)));
    let first_name = keep("firstName", request.first_name);
    let last_name = keep("lastName", request.last_name);
    let violations = rules.violations();
    if !violations.is_empty() {
        return Err(invalid(violations));
    }
    if first_name.is_none() && last_name.is_none() {
        return Ok(Json(signed_in.user.into()));
    }
    let mut connection = state.database.acquire().await?;
    let user = db::users::rename(
        &mut connection,
        signed_in.user.id,
        first_name.as_deref(),
        last_name.as_deref(),
    );
    Ok(Json(user.await?.into()))
}
