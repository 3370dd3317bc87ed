//! What makes a struct an event: a subject, a version, and the aggregate that it happened to.

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// Something that happened, in the past tense, as other services are told of it.
///
/// The JSON of every event is locked by a snapshot. When a snapshot has to change, the change is a new struct with the
/// next `VERSION`: a consumer of the old one must never meet a field that it does not know.
pub trait Event: Serialize + DeserializeOwned {
    /// `shop.<service>.<event>`, without the version.
    const SUBJECT: &'static str;
    /// Counts from 1.
    const VERSION: u16;

    /// The id of the aggregate that this happened to; events of one aggregate arrive in order.
    fn aggregate_id(&self) -> Uuid;

    /// The aggregate's version after it happened, which rises by one with every event.
    fn aggregate_version(&self) -> i64;

    /// The subject on the broker: `shop.<service>.<event>.v<n>`.
    fn subject() -> String {
        format!("{}.v{}", Self::SUBJECT, Self::VERSION)
    }
}

/// Implements [`Event`] for a struct whose aggregate is one of its id fields and which has a field `version`.
macro_rules! event {
    ($event:ty, $aggregate:ident, $subject:literal, $version:literal) => {
        impl crate::Event for $event {
            const SUBJECT: &'static str = $subject;
            const VERSION: u16 = $version;

            fn aggregate_id(&self) -> uuid::Uuid {
                self.$aggregate.0
            }

            fn aggregate_version(&self) -> i64 {
                self.version
            }
        }
    };
}

pub(crate) use event;
