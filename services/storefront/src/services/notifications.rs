//! Messages to the people of the shop.

use axum::http::Method;
use serde::Serialize;

use super::{Error, Service};
use crate::visit::Visit;

/// What a message is about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Topic {
    #[default]
    Question,
    Order,
    Return,
    Selling,
}

/// Something that somebody wants to tell the shop.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message<'a> {
    pub(crate) topic: Topic,
    /// Not needed of somebody who is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<&'a str>,
    /// Not needed of somebody who is signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) order_number: Option<&'a str>,
    pub(crate) text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) document: Option<Document<'a>>,
}

/// A file that goes with it.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    pub(crate) name: &'a str,
    /// In base64.
    pub(crate) content: String,
}

/// Asks the notifications service.
#[derive(Debug, Clone)]
pub(crate) struct Notifications(pub(crate) Service);

impl Notifications {
    /// Hands a message over; it is kept when this returns.
    pub(crate) async fn send(&self, visit: &Visit, message: &Message<'_>) -> Result<(), Error> {
        self.0
            .change::<serde_json::Value>(visit, Method::POST, "/api/messages", message)
            .await
            .map(drop)
    }
}
