//! A list: filters, a table, pages. A parameter that a service refuses does not make an error of the page: the list is shown
//! without it, with what was wrong.

use axum::response::Response;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::{
    outcome::fail,
    parts::{FilterField, Frame, Table},
    query::Query,
    staff::Staff,
};
use crate::{
    Storefront,
    links::Link,
    pages::failure::Failure,
    render::Head,
    services::{Error, Service},
};

/// A page of something, as every service answers.
#[derive(Debug, Deserialize)]
struct Page<T> {
    items: Vec<T>,
    #[serde(default)]
    next: Value,
}

/// A page of something, and what to say of it.
pub(super) struct Listed<T> {
    pub(super) items: Vec<T>,
    /// `after` of the next page.
    next: Option<String>,
    message: Option<String>,
}

impl<T: DeserializeOwned> Listed<T> {
    /// Asks `service` at `path` for what the query wants.
    pub(super) async fn ask(
        service: &Service,
        staff: &Staff,
        path: &str,
        query: &Query,
    ) -> Result<Self, Failure> {
        match service.get::<Page<T>>(&staff.visit, &query.url(path)).await {
            Ok(page) => Ok(Self::new(page, None)),
            Err(Error::Refused { problem, .. }) if problem.status == 400 => {
                let page = service.get(&staff.visit, path).await.map_err(fail)?;
                let detail = problem.detail.trim_end_matches('.');
                let message = format!("Shown without filters: {detail}.");
                Ok(Self::new(page, Some(message)))
            }
            Err(error) => Err(fail(error)),
        }
    }

    fn new(page: Page<T>, message: Option<String>) -> Self {
        let next = match page.next {
            Value::String(next) => Some(next),
            Value::Number(next) => Some(next.to_string()),
            _ => None,
        };
        Self {
            items: page.items,
            next,
            message,
        }
    }
}

/// Everything that a page with a list shows.
#[derive(Debug, Serialize)]
pub(super) struct ListPage {
    frame: Frame,
    /// Where the filters lead.
    action: &'static str,
    filters: Vec<FilterField>,
    table: Table,
    messages: Vec<String>,
    actions: Vec<Link>,
    first_url: Option<String>,
    next_url: Option<String>,
}

impl ListPage {
    /// `path` is the page's own address.
    pub(super) fn new<T>(
        frame: Frame,
        path: &'static str,
        query: &Query,
        listed: &Listed<T>,
        table: Table,
    ) -> Self {
        let next = listed.next.as_ref();
        let is_first = query.text("after").is_empty() || listed.message.is_some();
        Self {
            frame,
            action: path,
            filters: Vec::new(),
            table,
            messages: listed.message.iter().cloned().collect(),
            actions: Vec::new(),
            first_url: (!is_first).then(|| query.without("after").url(path)),
            next_url: next.map(|next| query.with("after", next).url(path)),
        }
    }

    pub(super) fn filters(mut self, filters: Vec<FilterField>) -> Self {
        self.filters = filters;
        self
    }

    pub(super) fn action(mut self, link: Link) -> Self {
        self.actions.push(link);
        self
    }

    pub(super) async fn show(self, storefront: &Storefront) -> Result<Response, Failure> {
        let head = Head::own(self.frame.heading(), self.action);
        storefront.own_page("office/list.html", head, self).await
    }
}
