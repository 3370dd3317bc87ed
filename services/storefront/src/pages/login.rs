//! `GET` and `POST /login`: signing in, with the cart that was filled before.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, FormView, Input, Typed},
    links::{self, Link},
    render::Head,
    services::Error,
    session::see_other,
    visit::{CART_COOKIE, Visit},
};

const FIELDS: &[Input] = &[
    Input::new("email", "E-mail address"),
    Input::secret("password", "Password"),
];

#[derive(Debug, Serialize)]
struct LoginPage {
    crumbs: Vec<Link>,
    form: FormView,
    next: String,
    register_url: String,
    /// Whether somebody is about to buy.
    is_buying: bool,
}

/// `GET /login`
pub(crate) async fn login(
    State(storefront): State<Storefront>,
    visit: Visit,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    // Whoever was sent here is asked, whatever cookies they have: sending them back could go on for ever.
    if query.is_none() && visit.is_signed_in() {
        return Ok(see_other(links::ACCOUNT));
    }
    let next = next_in(&query.unwrap_or_default());
    show(&storefront, StatusCode::OK, &Form::empty(FIELDS), &next).await
}

/// `POST /login`
pub(crate) async fn enter(
    State(storefront): State<Storefront>,
    visit: Visit,
    typed: Typed,
) -> Result<Response, Failure> {
    let next = after(&typed);
    let mut form = Form::read(FIELDS, &typed);
    form.require(&["email", "password"]);
    if form.is_refused() {
        return show(&storefront, StatusCode::UNPROCESSABLE_ENTITY, &form, &next).await;
    }
    let identity = &storefront.services().identity;
    match identity
        .log_in(&visit, form.text("email"), form.text("password"))
        .await
    {
        Ok(()) => {
            visit.say(Flash::SIGNED_IN);
            bring_cart(&storefront, &visit).await;
            Ok(see_other(&next))
        }
        Err(Error::Refused { problem, .. }) => {
            form.refuse_by(&problem);
            let status =
                StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            show(&storefront, status, &form, &next).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes the guest's cart part of the account's. Where that does not work now, the cart's page does it later: nothing is
/// lost meanwhile.
pub(super) async fn bring_cart(storefront: &Storefront, visit: &Visit) {
    if !visit.has(CART_COOKIE) {
        return;
    }
    match storefront.services().cart.join(visit).await {
        Ok((_, true)) => visit.say(Flash::CAPPED),
        Ok((_, false)) => {}
        Err(error) => tracing::warn!(error = %error, "a guest's cart is joined later"),
    }
}

/// Where to go on afterwards: what the form says, if that is a page of ours.
pub(super) fn after(typed: &Typed) -> String {
    links::own_page(typed.text("next"))
        .unwrap_or(links::ACCOUNT)
        .to_owned()
}

/// The same, of an address.
pub(super) fn next_in(query: &str) -> String {
    let pairs = serde_urlencoded::from_str(query).unwrap_or_default();
    after(&Typed(pairs))
}

async fn show(
    storefront: &Storefront,
    status: StatusCode,
    form: &Form,
    next: &str,
) -> Result<Response, Failure> {
    let view = LoginPage {
        crumbs: vec![Link::home(), Link::here("Sign in")],
        form: form.view(),
        next: next.to_owned(),
        register_url: links::with_next(links::REGISTER, next),
        is_buying: next.starts_with(links::CHECKOUT),
    };
    storefront
        .refused_page(
            status,
            "login.html",
            Head::own("Sign in", links::LOGIN),
            view,
        )
        .await
}
