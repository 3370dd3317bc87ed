//! `POST /logout` and `POST /account/sign-out-everywhere`: the end of one or all sessions.

use axum::{extract::State, response::Response};

use super::failure::Failure;
use crate::{
    Storefront,
    flash::Flash,
    links,
    services::Error,
    session::see_other,
    visit::{Member, Visit},
};

/// `POST /logout`. Who is not signed in (any more) is signed out.
pub(crate) async fn logout(
    State(storefront): State<Storefront>,
    visit: Visit,
) -> Result<Response, Failure> {
    match storefront.services().identity.log_out(&visit).await {
        Ok(()) | Err(Error::SignIn(_)) => Ok(ended(&visit, Flash::SIGNED_OUT)),
        Err(error) => Err(error.into()),
    }
}

/// `POST /account/sign-out-everywhere`
pub(crate) async fn everywhere(
    State(storefront): State<Storefront>,
    Member(visit): Member,
) -> Result<Response, Failure> {
    storefront
        .services()
        .identity
        .log_out_everywhere(&visit)
        .await?;
    Ok(ended(&visit, Flash::SIGNED_OUT_EVERYWHERE))
}

/// Nothing of the account stays in the browser.
fn ended(visit: &Visit, flash: Flash) -> Response {
    visit.sign_out();
    visit.set_items(0);
    visit.say(flash);
    see_other(links::HOME)
}
