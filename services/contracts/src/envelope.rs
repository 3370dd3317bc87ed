//! What every message on the broker is wrapped in: CloudEvents 1.0 in JSON, so that any tool can read our streams.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A CloudEvents 1.0 envelope with our three extensions (`aggregateversion`, `causationid`, `traceparent`; extension
/// names are lower case by that standard).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Envelope<Data> {
    /// The CloudEvents version, always `1.0`.
    pub specversion: String,
    /// Unique for ever; what consumers de-duplicate by.
    pub id: Uuid,
    /// The event's versioned subject.
    #[serde(rename = "type")]
    pub kind: String,
    /// The service that published it.
    pub source: String,
    /// The aggregate that it happened to.
    pub subject: Uuid,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Always `application/json`.
    pub datacontenttype: String,
    /// The aggregate's version after it happened.
    pub aggregateversion: i64,
    /// The message or request that caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub causationid: Option<String>,
    /// The W3C trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The event itself.
    pub data: Data,
}

impl<Data> Envelope<Data> {
    /// The version of CloudEvents that this is.
    pub const SPECVERSION: &'static str = "1.0";
    /// The media type of `data`.
    pub const DATACONTENTTYPE: &'static str = "application/json";
}
