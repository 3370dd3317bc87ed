//! `PATCH /api/users/me/addresses/{address}`: an entry that says something else, or becomes the default one.

use axum::extract::{Path, State as FromState};
use chassis::{FieldError, Json, Problem, problem::NOT_FOUND};
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    body::{AddressBody, ProblemBody, invalid},
    signed_in::SignedIn,
};
use crate::{assembly::State, db, domain::address::Place};

/// What shall be different; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateAddress {
    #[schema(max_length = 60)]
    label: Option<String>,
    #[schema(max_length = 120)]
    recipient: Option<String>,
    #[schema(min_length = 1, max_length = 200)]
    street: Option<String>,
    #[schema(min_length = 1, max_length = 120)]
    city: Option<String>,
    #[schema(max_length = 120)]
    state: Option<String>,
    #[schema(min_length = 1, max_length = 20)]
    zip_code: Option<String>,
    #[schema(min_length = 2, max_length = 60)]
    country: Option<String>,
    /// `true` makes it the default one, in place of the present one.
    default: Option<bool>,
}

/// Change an address.
#[utoipa::path(
    patch,
    path = "/api/users/me/addresses/{address}",
    tag = "addresses",
    extensions(("x-roles" = json!(chassis::auth::OWNER_ONLY))),
    security(("accessToken" = []), ("cookie" = [])),
    params(("address" = String, Path, description = "Its id.")),
    request_body = UpdateAddress,
    responses(
        (status = 200, description = "The changed address", body = AddressBody),
        (status = 400, description = "A field is unknown or not valid", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "No valid access token", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "The cookie was sent by another site's page", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "There is no such address in this address book", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn update_address(
    FromState(state): FromState<State>,
    signed_in: SignedIn,
    Path(address): Path<String>,
    Json(request): Json<UpdateAddress>,
) -> Result<Json<AddressBody>, Problem> {
    let user = signed_in.user.id;
    let id: Uuid = address.parse().map_err(|_| no_such_address())?;
    let wants_default = request.default;
    if wants_default == Some(false) {
        let message = "can only become true: make another address the default one";
        return Err(Problem::invalid(vec![FieldError::new("default", message)]));
    }

    let mut tx = state.database.begin().await?;
    db::users::lock(&mut tx, user).await?;
    let address = db::addresses::get(&mut tx, user, id).await?;
    let mut address = address.ok_or_else(no_such_address)?;
    address.place = request.apply(address.place).checked().map_err(invalid)?;
    db::addresses::update(&mut tx, id, &address.place).await?;
    if wants_default.is_some() && !address.is_default {
        db::addresses::clear_default(&mut tx, user).await?;
        db::addresses::set_default(&mut tx, id).await?;
        address.is_default = true;
    }
    tx.commit().await?;
    Ok(Json(address.into()))
}

/// Also the answer for somebody else's address: ids tell nothing.
pub(super) fn no_such_address() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such address in your address book.")
}

impl UpdateAddress {
    fn apply(self, place: Place) -> Place {
        Place {
            label: self.label.unwrap_or(place.label),
            recipient: self.recipient.unwrap_or(place.recipient),
            street: self.street.unwrap_or(place.street),
            city: self.city.unwrap_or(place.city),
            state: self.state.unwrap_or(place.state),
            zip_code: self.zip_code.unwrap_or(place.zip_code),
            country: self.country.unwrap_or(place.country),
        }
    }
}
