//! `GET` and `POST /forgotten-password`: asking for a way back in. What the page says afterwards is the same whether there is
//! such an account or not.

use axum::{
    extract::{RawQuery, State},
    http::StatusCode,
    response::Response,
};
use serde::Serialize;

use super::failure::Failure;
use crate::{
    Storefront,
    form::{Form, FormView, Input, Typed},
    links::{self, Link},
    render::Head,
    services::Error,
    session::see_other,
    visit::Visit,
};

const FIELDS: &[Input] = &[Input::new("email", "E-mail address")];
/// In the address after the form was sent, so that loading the page again sends nothing.
const SENT: &str = "sent";

#[derive(Debug, Serialize)]
struct ForgottenPasswordPage {
    crumbs: Vec<Link>,
    form: FormView,
    is_sent: bool,
}

/// `GET /forgotten-password`
pub(crate) async fn forgotten_password(
    State(storefront): State<Storefront>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let is_sent = query.as_deref() == Some(SENT);
    show(&storefront, StatusCode::OK, &Form::empty(FIELDS), is_sent).await
}

/// `POST /forgotten-password`
pub(crate) async fn ask(
    State(storefront): State<Storefront>,
    visit: Visit,
    typed: Typed,
) -> Result<Response, Failure> {
    let mut form = Form::read(FIELDS, &typed);
    form.require(&["email"]);
    if form.is_refused() {
        return show(&storefront, StatusCode::UNPROCESSABLE_ENTITY, &form, false).await;
    }
    let identity = &storefront.services().identity;
    match identity.request_reset(&visit, form.text("email")).await {
        Ok(()) => Ok(see_other(&format!("{}?{SENT}", links::FORGOTTEN_PASSWORD))),
        Err(Error::Refused { problem, .. }) => {
            form.refuse_all(&problem.errors, "");
            if !form.is_refused() {
                form.refuse_whole(&problem.detail);
            }
            let status =
                StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            show(&storefront, status, &form, false).await
        }
        Err(error) => Err(error.into()),
    }
}

async fn show(
    storefront: &Storefront,
    status: StatusCode,
    form: &Form,
    is_sent: bool,
) -> Result<Response, Failure> {
    let view = ForgottenPasswordPage {
        crumbs: vec![Link::home(), Link::here("Forgotten password")],
        form: form.view(),
        is_sent,
    };
    let head = Head::own("Forgotten password", links::FORGOTTEN_PASSWORD);
    storefront
        .refused_page(status, "forgotten_password.html", head, view)
        .await
}
