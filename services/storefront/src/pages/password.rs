//! `POST /account/password`: another password, for which the present one is needed.

use axum::{extract::State, http::StatusCode, response::Response};

use super::{account::show, failure::Failure};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, Input, Typed},
    links,
    services::Error,
    session::see_other,
    visit::Member,
};

pub(super) const FIELDS: &[Input] = &[
    Input::secret("currentPassword", "Present password"),
    Input::secret("newPassword", "New password"),
];

/// `POST /account/password`
pub(crate) async fn change(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    typed: Typed,
) -> Result<Response, Failure> {
    let mut form = Form::read(FIELDS, &typed);
    form.require(&["currentPassword", "newPassword"]);
    if !form.is_refused() {
        let (current, new) = (form.text("currentPassword"), form.text("newPassword"));
        let identity = &storefront.services().identity;
        match identity.change_password(&visit, current, new).await {
            Ok(()) => {
                visit.say(Flash::PASSWORD);
                return Ok(see_other(links::ACCOUNT));
            }
            Err(Error::Refused { problem, .. }) => {
                form.refuse_by(&problem);
            }
            Err(error) => return Err(error.into()),
        }
    }
    let mut page = show(&storefront, &visit, None, form).await?;
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(page)
}
