//! Pages for what went wrong: what happened, what to do now, and the number to quote.
//!
//! A handler returns a [`Failure`]; the layer [`show`] turns it into a page, because only there the request's id is
//! known. It is logged there too, once.

use std::{any::Any, sync::Arc};

use anyhow::anyhow;
use axum::{
    extract::{Request, State},
    http::{HeaderName, HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use chassis::{rate_limit, server::RequestId};
use serde::Serialize;

use crate::{
    Storefront,
    catalog::{self, Category},
    flags::{FOXTROT, Flag, LIMA, NOVEMBER, UNIFORM, YANKEE},
    links::{self, Link},
    render::Head,
    services,
    session::see_other,
    visit::Visit,
};

/// When a shopper may try again: about what a restart of the catalogue takes.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("5");

/// What the page says of the answer that it is made of.
const KEPT: [HeaderName; 4] = [
    header::ALLOW,
    header::RETRY_AFTER,
    rate_limit::STANDING,
    rate_limit::POLICY,
];

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Failure {
    /// There is nothing at this address; what exactly is not there.
    NotFound(&'static str),
    /// The address does not take this method.
    MethodNotAllowed,
    /// Whoever asks asks too often.
    TooMany,
    /// The catalogue does not answer, or not sensibly.
    CatalogueAway(anyhow::Error),
    /// Another service does not answer, or not sensibly; which one.
    Away(&'static str, anyhow::Error),
    /// One must be signed in for this; where to go on afterwards.
    SignIn(String),
    /// Whoever is signed in may not do this; why not.
    Forbidden(&'static str),
    /// The form was not one of ours.
    ForeignPage,
    /// What was sent cannot be read as a form.
    NotAForm,
    /// Our own mistake.
    Broken(anyhow::Error),
}

/// A failure on its way from a handler to [`show`]: extensions must be `Clone`, errors are not.
#[derive(Clone)]
struct Pending(Arc<Failure>);

#[derive(Debug, Serialize)]
struct FailurePage {
    flag: Flag,
    heading: &'static str,
    explanation: &'static str,
    ways_on: Vec<Link>,
    request_id: String,
}

impl Failure {
    pub(crate) const NO_SUCH_DEPARTMENT: Self =
        Self::NotFound("There is no department of this name.");
    pub(crate) const NO_SUCH_ORDER: Self = Self::NotFound(
        "There is no such order in your account. Perhaps you ordered with another one.",
    );
    pub(crate) const NO_SUCH_ADDRESS: Self =
        Self::NotFound("There is no such address in your address book.");
    const NO_SUCH_PRODUCT: Self = Self::NotFound("We do not carry this product, or no longer do.");
    const NO_SUCH_PAGE: Self =
        Self::NotFound("The address may have been mistyped, or what was here has moved on.");

    /// The catalogue's error about a single product.
    pub(crate) fn of_a_product(error: catalog::Error) -> Self {
        if matches!(error, catalog::Error::NotFound) {
            Self::NO_SUCH_PRODUCT
        } else {
            Self::from(error)
        }
    }

    /// The catalogue's error about a department that was there a moment ago.
    pub(crate) fn of_a_department(error: catalog::Error) -> Self {
        match error {
            catalog::Error::Refused(fields)
                if fields.iter().any(|refused| refused.field == "category") =>
            {
                Self::NO_SUCH_DEPARTMENT
            }
            other => Self::from(other),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::CatalogueAway(_) | Self::Away(..) => StatusCode::SERVICE_UNAVAILABLE,
            Self::SignIn(_) => StatusCode::SEE_OTHER,
            Self::ForeignPage | Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotAForm => StatusCode::BAD_REQUEST,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The flag that a ship would fly, the heading, and what to say.
    fn words(&self) -> (Flag, &'static str, &'static str) {
        match self {
            Self::NotFound(what) => (NOVEMBER, "There is nothing at this address", what),
            Self::MethodNotAllowed => (
                UNIFORM,
                "This page can only be read",
                "What was sent to it has not been used. Nothing was changed.",
            ),
            Self::TooMany => (
                LIMA,
                "That was a little fast",
                "More was asked for from your connection than we can answer at once. Load this page again in a moment.",
            ),
            Self::CatalogueAway(_) => (
                YANKEE,
                "The shop cannot reach its shelves",
                "Our catalogue does not answer right now. It usually takes a few seconds: load this page again in a moment.",
            ),
            Self::Away(service, _) => away(service),
            Self::SignIn(_) => (NOVEMBER, "Sign in first", "This page is about an account."),
            Self::Forbidden(why) => (UNIFORM, "This is not for you", why),
            Self::ForeignPage => (
                UNIFORM,
                "That did not come from this shop",
                "What was sent has not been used, because it does not say that it was filled in on a page of ours. \
                 Go back to the page, load it again, and send it from there.",
            ),
            Self::NotAForm => (
                UNIFORM,
                "That could not be read",
                "What was sent is not a form, or a larger one than ours. Nothing was changed.",
            ),
            Self::Broken(_) => (
                FOXTROT,
                "Something broke on our side",
                "You did nothing wrong. We have been told, and will mend it.",
            ),
        }
    }

    fn log(&self) {
        match self {
            Self::NotFound(_)
            | Self::MethodNotAllowed
            | Self::TooMany
            | Self::SignIn(_)
            | Self::Forbidden(_)
            | Self::ForeignPage
            | Self::NotAForm => {}
            Self::CatalogueAway(error) | Self::Away(_, error) => {
                tracing::warn!(error = format!("{error:#}"), "a page could not be filled");
            }
            Self::Broken(error) => {
                tracing::error!(error = format!("{error:#}"), "a page could not be made");
            }
        }
    }
}

impl From<catalog::Error> for Failure {
    fn from(error: catalog::Error) -> Self {
        match error {
            catalog::Error::NotFound => Self::NO_SUCH_PAGE,
            catalog::Error::Refused(_) => Self::Broken(error.into()),
            catalog::Error::Unreachable { .. }
            | catalog::Error::Failed { .. }
            | catalog::Error::Resting => Self::CatalogueAway(error.into()),
        }
    }
}

/// For pages that have no other answer to it.
impl From<services::Error> for Failure {
    fn from(error: services::Error) -> Self {
        match error {
            services::Error::NotFound(_) => Self::NO_SUCH_PAGE,
            services::Error::SignIn(_) => match Visit::current() {
                Some(visit) if visit.is_unrenewed() => {
                    Self::Away("identity", anyhow!("the session could not be renewed"))
                }
                visit => {
                    Self::SignIn(visit.map_or_else(String::new, |visit| visit.page().to_owned()))
                }
            },
            services::Error::Refused { ref problem, .. } if problem.status == 429 => Self::TooMany,
            services::Error::Refused { .. } => Self::Broken(error.into()),
            services::Error::Away { service, source } => Self::Away(service, source),
        }
    }
}

/// What to say when this service is away.
fn away(service: &str) -> (Flag, &'static str, &'static str) {
    match service {
        "cart" => (
            YANKEE,
            "Your cart cannot be opened right now",
            "Nothing in it is lost. It usually takes a few seconds: load this page again in a moment.",
        ),
        "orders" => (
            YANKEE,
            "Your orders cannot be shown right now",
            "They are safe, and what you ordered is on its way as before. Load this page again in a moment.",
        ),
        "identity" => (
            YANKEE,
            "Accounts cannot be reached right now",
            "You can go on looking around, and what is in your cart stays there. Try again in a moment.",
        ),
        _ => (
            YANKEE,
            "A part of the shop does not answer",
            "It usually takes a few seconds: try again in a moment. Nothing was changed.",
        ),
    }
}

impl From<minijinja::Error> for Failure {
    fn from(error: minijinja::Error) -> Self {
        Self::Broken(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if let Self::SignIn(next) = &self {
            return see_other(&links::login_path(next));
        }
        let mut response = self.status().into_response();
        response.extensions_mut().insert(Pending(Arc::new(self)));
        response
    }
}

/// For addresses that no route knows.
pub(crate) async fn no_such_page() -> Failure {
    Failure::NO_SUCH_PAGE
}

/// For methods that a route does not take.
pub(crate) async fn method_not_allowed() -> Failure {
    Failure::MethodNotAllowed
}

/// For a handler that panicked: what it said goes to the log, not to the shopper.
#[expect(
    clippy::needless_pass_by_value,
    reason = "the layer that catches panics hands it over like this"
)]
pub(crate) fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text = payload
        .downcast_ref::<&str>()
        .map(ToString::to_string)
        .or_else(|| payload.downcast_ref::<String>().cloned());
    Failure::Broken(anyhow!("a handler panicked: {}", text.unwrap_or_default())).into_response()
}

/// Layer around all pages: makes the page of a [`Failure`].
pub(crate) async fn show(
    State(storefront): State<Storefront>,
    request: Request,
    next: Next,
) -> Response {
    let request_id = request
        .extensions()
        .get::<RequestId>()
        .map_or_else(String::new, |id| id.0.clone());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Pending>() {
        Some(Pending(failure)) => page(&storefront, &failure, request_id, response).await,
        // From the layer that counts requests, which knows nothing of pages. A form that is shown again is one already.
        None if response.status() == StatusCode::TOO_MANY_REQUESTS && !is_page(&response) => {
            page(&storefront, &Failure::TooMany, request_id, response).await
        }
        None => response,
    }
}

fn is_page(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

/// Keeps the status of `response` and what its headers say about trying again, and gives it a body.
async fn page(
    storefront: &Storefront,
    failure: &Failure,
    request_id: String,
    response: Response,
) -> Response {
    failure.log();
    let departments = departments(storefront, failure).await;
    let (flag, heading, explanation) = failure.words();
    let head = Head {
        title: format!("{heading} · Argosy"),
        description: explanation.to_owned(),
        path: String::new(),
        search_text: String::new(),
        canonical_url: None,
    };
    let view = FailurePage {
        flag,
        heading,
        explanation,
        ways_on: ways_on(failure, &departments),
        request_id,
    };
    let mut page = match storefront.page("error.html", &head, &departments, view) {
        Ok(page) => page,
        Err(error) => {
            tracing::error!(error = %error, "the page for a failure could not be made either");
            return failure.status().into_response();
        }
    };
    *page.status_mut() = failure.status();
    page.headers_mut().extend(
        response
            .headers()
            .iter()
            .filter(|(name, _)| KEPT.contains(name))
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    page.headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if matches!(failure, Failure::CatalogueAway(_) | Failure::Away(..)) {
        page.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    page
}

/// For the header. A catalogue that has just failed is not asked again.
async fn departments(storefront: &Storefront, failure: &Failure) -> Arc<[Category]> {
    match storefront.departments().last_known().await {
        Some(known) => known,
        None if matches!(failure, Failure::CatalogueAway(_) | Failure::TooMany) => Arc::default(),
        None => storefront.departments().current().await.unwrap_or_default(),
    }
}

/// Where to go from here. Without the catalogue only the pages that need none are worth naming.
fn ways_on(failure: &Failure, departments: &[Category]) -> Vec<Link> {
    if matches!(failure, Failure::CatalogueAway(_)) {
        return vec![
            Link::new("Front page", links::HOME),
            Link::new("About Argosy", links::ABOUT),
        ];
    }
    let front = [
        Link::new("Front page", links::HOME),
        Link::new("Everything we carry", links::SEARCH),
    ];
    front
        .into_iter()
        .chain(departments.iter().map(links::to_category))
        .collect()
}
