//! An event: something that happened to an object, with the object as it then was.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::seconds;

/// The version of Stripe's protocol that the objects here follow.
pub(crate) const API_VERSION: &str = "2025-06-30.basil";

#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) position: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) kind: String,
    pub(crate) object: Value,
    pub(crate) request_id: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    /// How many endpoints have not heard of it.
    pub(crate) pending_webhooks: i64,
}

impl Event {
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": seconds(self.created_at),
            "data": { "object": self.object },
            "livemode": false,
            "pending_webhooks": self.pending_webhooks,
            "request": { "id": self.request_id, "idempotency_key": self.idempotency_key },
            "type": self.kind,
        })
    }
}
