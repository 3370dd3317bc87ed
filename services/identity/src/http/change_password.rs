//! `POST /api/users/me/password`: another password, and the end of every other session: somebody else may be in them.

use axum::{
    extract::State as FromState,
    http::{HeaderMap, StatusCode},
};
use chassis::{FieldError, Json, Problem};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, invalid},
    signed_in::SignedIn,
};
use crate::{
    assembly::State,
    db::{self, sessions::EndedBy},
    domain::{Rules, password::Password},
    events,
    throttle::Throttle,
};

/// The old proof and the new one.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ChangePassword {
    #[schema(value_type = String, max_length = 128)]
    current_password: Password,
    #[schema(value_type = String, min_length = 8, max_length = 128)]
    new_password: Password,
}

/// Change my password.
///
/// Ends every other session of the account, and every link that it was sent for a forgotten password.
#[utoipa::path(
    post,
    path = "/api/users/me/password",
    tag = "account",
    extensions(("x-roles" = json!(chassis::auth::SIGNED_IN))),
    security(("accessToken" = []), ("cookie" = [])),
    request_body = ChangePassword,
    responses(
        (status = 204, description = "The password is changed"),
        (status = 400, description = "The current password is wrong, or a field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many failures from here; Retry-After says how long to wait", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many people at this moment", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change_password(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    signed_in: SignedIn,
    Json(request): Json<ChangePassword>,
) -> Result<StatusCode, Problem> {
    let user = signed_in.user;
    let mut rules = Rules::default();
    let current = rules.keep(request.current_password.plausible("currentPassword"));
    let new = rules.keep(request.new_password.acceptable("newPassword", &user.email));
    let (Some(current), Some(new)) = (current, new) else {
        return Err(invalid(rules.violations()));
    };

    // A stolen access token must not become a way to guess the password.
    let throttle = Throttle::of_login(&state.keys, &headers, &user.email, Some(user.id));
    let mut connection = state.database.acquire().await?;
    throttle.require_turn(&mut connection).await?;
    let stored = db::users::password_hash(&mut connection, user.id).await?;
    drop(connection);
    if !state.hasher.verify(current, stored.clone()).await? {
        throttle.note(&mut *state.database.acquire().await?).await?;
        return Err(wrong_password());
    }
    let hash = state.hasher.hash(new).await?;

    let mut tx = state.database.begin().await?;
    let stored = stored.unwrap_or_default();
    let changed = db::users::set_password(&mut tx, user.id, &stored, &hash).await?;
    // It may have been changed while ours was checked.
    let version = changed.ok_or_else(wrong_password)?;
    // Whoever asked for a link meanwhile must not get in by it.
    db::resets::end_all(&mut tx, user.id).await?;
    throttle.succeeded(&mut tx).await?;
    let sessions = db::sessions::end_all(
        &mut tx,
        user.id,
        Some(signed_in.session),
        EndedBy::PasswordChanged,
    )
    .await?;
    events::publish_password_changed(&mut tx, user.id, version, &user.email).await?;
    tx.commit().await?;
    state.wake_outbox();
    tracing::info!(user.id = %user.id, sessions, "changed the password");
    Ok(StatusCode::NO_CONTENT)
}

fn wrong_password() -> Problem {
    let message = "is not the account's password";
    Problem::invalid(vec![FieldError::new("currentPassword", message)])
}
