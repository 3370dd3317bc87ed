//! `GET /account`: one's name, password and sessions, and the ways to orders and addresses.

use axum::{extract::State, http::StatusCode, response::Response};
use serde::Serialize;

use super::{failure::Failure, password};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, FormView, Input, Typed},
    links::{self, Link},
    render::Head,
    services::{Error, identity::User},
    session::see_other,
    visit::{Member, Visit},
};

const PROFILE: &[Input] = &[
    Input::new("firstName", "First name"),
    Input::new("lastName", "Last name"),
];

#[derive(Debug, Serialize)]
struct AccountPage {
    crumbs: Vec<Link>,
    greeting: String,
    email: String,
    profile: FormView,
    password: FormView,
}

/// `GET /account`
pub(crate) async fn account(
    State(storefront): State<Storefront>,
    Member(visit): Member,
) -> Result<Response, Failure> {
    show(&storefront, &visit, None, Form::empty(password::FIELDS)).await
}

/// `POST /account/profile`
pub(crate) async fn rename(
    State(storefront): State<Storefront>,
    Member(visit): Member,
    typed: Typed,
) -> Result<Response, Failure> {
    let mut form = Form::read(PROFILE, &typed);
    form.require(&["firstName", "lastName"]);
    if !form.is_refused() {
        let (first, last) = (form.text("firstName"), form.text("lastName"));
        let identity = &storefront.services().identity;
        match identity.rename(&visit, first, last).await {
            Ok(()) => {
                visit.say(Flash::PROFILE);
                return Ok(see_other(links::ACCOUNT));
            }
            Err(Error::Refused { problem, .. }) => form.refuse_all(&problem.errors, ""),
            Err(error) => return Err(error.into()),
        }
    }
    let passwords = Form::empty(password::FIELDS);
    let mut page = show(&storefront, &visit, Some(form), passwords).await?;
    *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(page)
}

/// The page, with forms as they were typed.
pub(super) async fn show(
    storefront: &Storefront,
    visit: &Visit,
    profile: Option<Form>,
    passwords: Form,
) -> Result<Response, Failure> {
    let user = storefront.services().identity.me(visit).await?;
    let profile = profile.unwrap_or_else(|| filled(&user));
    let view = AccountPage {
        crumbs: vec![Link::home(), Link::here("Your account")],
        greeting: format!("Hello, {}", user.first_name),
        email: user.email,
        profile: profile.view(),
        password: passwords.view(),
    };
    let head = Head::own("Your account", links::ACCOUNT);
    storefront.own_page("account.html", head, view).await
}

fn filled(user: &User) -> Form {
    Form::filled(PROFILE, |name| match name {
        "firstName" => user.first_name.clone(),
        _ => user.last_name.clone(),
    })
}
