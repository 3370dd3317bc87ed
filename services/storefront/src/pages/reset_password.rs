//! `GET` and `POST /reset-password`: a new password for whoever has the link of a mail.
//!
//! The link carries its code in the query, since without a script nothing else reaches us; from there the page takes it into its
//! form. No page or picture that follows is told more of the address than the host (`Referrer-Policy`), nothing keeps a copy
//! (`no-store`), and the edge leaves the code out of its log. The policy is not `no-referrer`: under that one a browser sends the
//! form with `Origin: null`, as it would somebody else's page.

use axum::{
    extract::{RawQuery, State},
    http::{HeaderValue, StatusCode, header},
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
    visit::Visit,
};

const FIELDS: &[Input] = &[Input::secret("newPassword", "New password")];

#[derive(Debug, Serialize)]
struct ResetPasswordPage {
    crumbs: Vec<Link>,
    form: FormView,
    code: String,
    /// Whether the code can still count, as far as is known.
    is_open: bool,
    ask_url: &'static str,
}

/// `GET /reset-password`
pub(crate) async fn reset_password(
    State(storefront): State<Storefront>,
    RawQuery(query): RawQuery,
) -> Result<Response, Failure> {
    let pairs = serde_urlencoded::from_str(&query.unwrap_or_default()).unwrap_or_default();
    let code = Typed(pairs).text("code").to_owned();
    let mut form = Form::empty(FIELDS);
    if code.is_empty() {
        form.refuse_whole(
            "This link is not whole: open it as it stands in the mail, or ask for another one",
        );
        return show(&storefront, StatusCode::NOT_FOUND, &form, None).await;
    }
    show(&storefront, StatusCode::OK, &form, Some(code)).await
}

/// `POST /reset-password`
pub(crate) async fn set(
    State(storefront): State<Storefront>,
    visit: Visit,
    typed: Typed,
) -> Result<Response, Failure> {
    let mut form = Form::read(FIELDS, &typed);
    let code = typed.text("code").to_owned();
    form.require(&["newPassword"]);
    if form.is_refused() {
        return show(
            &storefront,
            StatusCode::UNPROCESSABLE_ENTITY,
            &form,
            Some(code),
        )
        .await;
    }
    let identity = &storefront.services().identity;
    match identity
        .reset_password(&visit, &code, form.text("newPassword"))
        .await
    {
        Ok(()) => {
            visit.say(Flash::PASSWORD_RESET);
            // What the cookies stood for has ended.
            visit.sign_out();
            Ok(see_other(&links::with_next(links::LOGIN, links::ACCOUNT)))
        }
        Err(Error::Refused { problem, .. }) => {
            let is_about_code = problem.errors.iter().any(|error| error.field == "code");
            for error in &problem.errors {
                if error.field == "code" {
                    form.refuse_whole(&format!("The link {}", error.message));
                } else {
                    form.refuse(&error.field, &error.message);
                }
            }
            if !form.is_refused() {
                form.refuse_whole(&problem.detail);
            }
            let status =
                StatusCode::from_u16(problem.status).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
            let is_open = !is_about_code && status != StatusCode::GONE;
            show(&storefront, status, &form, is_open.then_some(code)).await
        }
        Err(error) => Err(error.into()),
    }
}

/// With the form while there is a code that can count; with what to do instead otherwise.
async fn show(
    storefront: &Storefront,
    status: StatusCode,
    form: &Form,
    code: Option<String>,
) -> Result<Response, Failure> {
    let view = ResetPasswordPage {
        crumbs: vec![Link::home(), Link::here("New password")],
        form: form.view(),
        is_open: code.is_some(),
        code: code.unwrap_or_default(),
        ask_url: links::FORGOTTEN_PASSWORD,
    };
    let head = Head::own("New password", links::RESET_PASSWORD);
    let mut page = storefront
        .refused_page(status, "reset_password.html", head, view)
        .await?;
    let headers = page.headers_mut();
    headers.insert(
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin"),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(page)
}
