//! `GET` and `POST /register`: an account of one's own.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use serde::Serialize;

use super::{
    failure::Failure,
    login::{after, bring_cart, next_in},
};
use crate::{
    Storefront,
    flash::Flash,
    form::{Form, FormView, Input, Typed},
    links::{self, Link},
    render::Head,
    services::{Error, identity::NewAccount},
    session::see_other,
    visit::Visit,
};

const FIELDS: &[Input] = &[
    Input::new("firstName", "First name"),
    Input::new("lastName", "Last name"),
    Input::new("email", "E-mail address"),
    Input::secret("password", "Password"),
    Input::new("vendor", "Selling"),
    Input::new("gdprConsent", "Your agreement"),
];

#[derive(Debug, Serialize)]
struct RegisterPage {
    crumbs: Vec<Link>,
    form: FormView,
    next: String,
    login_url: String,
}

/// `GET /register`
pub(crate) async fn register(
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

/// `POST /register`
pub(crate) async fn join(
    State(storefront): State<Storefront>,
    visit: Visit,
    typed: Typed,
) -> Result<Response, Failure> {
    let next = after(&typed);
    let mut form = Form::read(FIELDS, &typed);
    form.require(&["firstName", "lastName", "email", "password"]);
    if !form.is_ticked("gdprConsent") {
        form.refuse("gdprConsent", "is needed for an account");
    }
    if form.is_refused() {
        return show(&storefront, StatusCode::UNPROCESSABLE_ENTITY, &form, &next).await;
    }
    match storefront
        .services()
        .identity
        .register(&visit, &account(&form))
        .await
    {
        Ok(()) => {
            visit.say(Flash::WELCOME);
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

fn account(form: &Form) -> NewAccount<'_> {
    NewAccount {
        email: form.text("email"),
        password: form.text("password"),
        first_name: form.text("firstName"),
        last_name: form.text("lastName"),
        role: if form.is_ticked("vendor") {
            "vendor"
        } else {
            "customer"
        },
        gdpr_consent: form.is_ticked("gdprConsent"),
        session: "cookie",
    }
}

async fn show(
    storefront: &Storefront,
    status: StatusCode,
    form: &Form,
    next: &str,
) -> Result<Response, Failure> {
    let view = RegisterPage {
        crumbs: vec![Link::home(), Link::here("Make an account")],
        form: form.view(),
        next: next.to_owned(),
        login_url: links::login_path(next),
    };
    let head = Head::own("Make an account", links::REGISTER);
    storefront
        .refused_page(status, "register.html", head, view)
        .await
}
