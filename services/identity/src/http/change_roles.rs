//! `PATCH /api/users/{user}/roles`: an admin gives somebody other rights. Each change is kept.

use axum::extract::{Path, State as FromState};
use chassis::{
    Json, Problem,
    audit::{self, Change},
    auth::Principal,
    problem::{CONFLICT, FORBIDDEN},
};
use contracts::UserId;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    body::{ProblemBody, UserBody, invalid},
    get_user::no_such_user,
    signed_in::Administrator,
};
use crate::{
    assembly::State,
    db::{self, sessions::EndedBy},
    domain::{
        Rules,
        account::User,
        rights::{self, Role},
    },
};

/// The rights that somebody shall have; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRoles {
    /// `customer`, `vendor` or `admin`.
    role: Option<String>,
    /// All permissions beyond the role, such as `orders:refund`.
    #[schema(max_items = 20)]
    permissions: Option<Vec<String>>,
}

/// Change somebody's rights.
///
/// Needs to be an admin. Ends the sessions of whom it concerns: tokens say what one may do.
#[utoipa::path(
    patch,
    path = "/api/users/{user}/roles",
    tag = "users",
    extensions(("x-roles" = json!(chassis::auth::ADMINS))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("user" = String, Path, description = "The account's id.")),
    request_body = ChangeRoles,
    responses(
        (status = 200, description = "The changed account", body = UserBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "Not an admin", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "Admins cannot take their own role away", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn change_roles(
    FromState(state): FromState<State>,
    Administrator(admin): Administrator,
    Path(user): Path<String>,
    Json(request): Json<ChangeRoles>,
) -> Result<Json<UserBody>, Problem> {
    let (role, permissions) = request.checked()?;
    let id: UserId = user.parse().map_err(|_| no_such_user())?;
    let mut tx = state.database.begin().await?;
    // Somebody may have taken the admin's own role away while this request was under way: of two who do that to each other,
    // one stays.
    if !db::users::lock_admins(&mut tx)
        .await?
        .contains(&admin.user.id)
    {
        return Err(Problem::new(&FORBIDDEN, "Only an admin may do this."));
    }
    let before = db::users::lock(&mut tx, id)
        .await?
        .ok_or_else(no_such_user)?;
    let role = role.unwrap_or(before.role);
    let permissions = permissions.unwrap_or_else(|| before.permissions.clone());
    if before.role == role && before.permissions == permissions {
        return Ok(Json(before.into()));
    }
    if id == admin.user.id && role != Role::Admin {
        let detail = "Admins cannot take their own role away: another admin has to.";
        return Err(Problem::new(&CONFLICT, detail));
    }
    let after = db::users::set_rights(&mut tx, id, role, &permissions).await?;
    db::users::note_change_of_rights(&mut tx, admin.user.id, &before, &after).await?;
    db::sessions::end_all(&mut tx, id, None, EndedBy::RightsChanged).await?;
    audit::record(&mut tx, &change(admin.principal(), &before, &after)).await?;
    tx.commit().await?;
    tracing::info!(user.id = %id, by = %admin.user.id, from = before.role.name(), to = role.name(), "changed somebody's rights");
    Ok(Json(after.into()))
}

/// Only rights: an account's name and address are personal, and the trail is kept when the account is erased.
fn change(by: Principal, before: &User, after: &User) -> Change {
    let rights = |user: &User| json!({ "role": user.role.name(), "permissions": user.permissions });
    Change {
        by,
        action: "change_roles",
        subject_kind: "user",
        subject_id: after.id.to_string(),
        before: rights(before),
        after: rights(after),
    }
}

type Rights = (Option<Role>, Option<Vec<String>>);

impl ChangeRoles {
    fn checked(self) -> Result<Rights, Problem> {
        let mut rules = Rules::default();
        let role = self.role.and_then(|name| rules.keep(Role::granted(&name)));
        let permissions = self
            .permissions
            .and_then(|names| rules.keep(rights::permissions(names)));
        let violations = rules.violations();
        if violations.is_empty() {
            Ok((role, permissions))
        } else {
            Err(invalid(violations))
        }
    }
}
