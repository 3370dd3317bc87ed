//! What belongs together: the trace that work is part of (W3C Trace Context), and the request or message that caused it.
//!
//! Both go with whatever leaves a service: calls of other services carry them as headers, events as attributes of their
//! envelope. They are known to everything that runs inside [`Correlation::scope`], so that no function has to hand them on;
//! work that is done later by somebody else (a worker that finds a row) stores them in the row.

mod trace_parent;

use std::future::Future;

use http::{HeaderMap, HeaderName, HeaderValue};
use tracing::Instrument as _;

pub use trace_parent::TraceParent;

/// The header in which services hand the id of a request on.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header of W3C Trace Context.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

tokio::task_local! {
    static CURRENT: Correlation;
}

/// Which trace work belongs to, and what caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correlation {
    /// Our own place in the trace: what we cause names it as its parent.
    pub trace: TraceParent,
    /// The id of the message that is handled, else of the request that is answered.
    pub cause: String,
}

impl Correlation {
    /// Of work that `cause` has caused: in the trace that it came with, or in one of its own.
    pub fn caused_by(cause: impl Into<String>, parent: Option<TraceParent>) -> Self {
        Self {
            trace: parent.map_or_else(TraceParent::fresh, TraceParent::child),
            cause: cause.into(),
        }
    }

    /// As two columns hold it; None if there is none, or none that can be read.
    pub fn stored(traceparent: Option<&str>, causation_id: Option<&str>) -> Option<Self> {
        Some(Self {
            trace: traceparent?.parse().ok()?,
            cause: causation_id?.to_owned(),
        })
    }

    /// The same trace, with another cause: of two events that are written together, one may be the other's reason.
    #[must_use]
    pub fn because_of(self, cause: impl Into<String>) -> Self {
        Self {
            cause: cause.into(),
            ..self
        }
    }

    /// Does the work as a part of this: what it logs, calls and publishes says so.
    pub async fn scope<T>(self, work: impl Future<Output = T>) -> T {
        let span = tracing::info_span!(
            "work",
            trace.id = %self.trace.trace_id(),
            span.id = %self.trace.span_id(),
            causation.id = self.cause,
        );
        CURRENT.scope(self, work.instrument(span)).await
    }

    /// The same for work whose log lines are in a span already.
    pub(crate) async fn scope_only<T>(self, work: impl Future<Output = T>) -> T {
        CURRENT.scope(self, work).await
    }

    /// The same for work that waits for nothing.
    pub fn scope_now<T>(self, work: impl FnOnce() -> T) -> T {
        CURRENT.sync_scope(self, work)
    }
}

/// What is being worked on belongs to; None in work that nobody asked for, such as a look at the clock.
pub fn current() -> Option<Correlation> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Does the work as a part of what was `stored` with it, or, where nothing was, of what is being worked on.
pub async fn within<T>(stored: Option<Correlation>, work: impl Future<Output = T>) -> T {
    match stored {
        Some(correlation) => correlation.scope(work).await,
        None => work.await,
    }
}

/// The same for work that waits for nothing.
pub fn within_now<T>(stored: Option<Correlation>, work: impl FnOnce() -> T) -> T {
    match stored {
        Some(correlation) => correlation.scope_now(work),
        None => work(),
    }
}

/// The columns `traceparent` and `causation_id` of a row that continues this.
pub fn columns(correlation: Option<&Correlation>) -> (Option<String>, Option<String>) {
    let traceparent = correlation.map(|correlation| correlation.trace.to_string());
    (
        traceparent,
        correlation.map(|correlation| correlation.cause.clone()),
    )
}

/// The headers to send along with a call of another service; none outside of any work that was asked for.
pub fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    if let Some(correlation) = current() {
        let trace = HeaderValue::from_str(&correlation.trace.to_string());
        headers.extend(trace.ok().map(|value| (TRACEPARENT, value)));
        let cause = HeaderValue::from_str(&correlation.cause);
        headers.extend(cause.ok().map(|value| (REQUEST_ID, value)));
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_done_inside_knows_its_trace_and_what_is_done_outside_knows_none() {
        let outer = Correlation::caused_by("request-1", None);
        let seen = outer.clone().scope(async { (current(), headers()) }).await;
        assert_eq!(seen.0.as_ref(), Some(&outer));
        assert_eq!(seen.1[REQUEST_ID], "request-1");
        assert_eq!(seen.1[TRACEPARENT], outer.trace.to_string());
        assert_eq!(current(), None);
        assert!(headers().is_empty());
    }

    #[tokio::test]
    async fn a_row_brings_its_own_and_without_one_what_is_there_stays() {
        let (request, row) = (
            Correlation::caused_by("request", None),
            Correlation::caused_by("message", None),
        );
        let (traceparent, causation_id) = columns(Some(&row));
        let stored = Correlation::stored(traceparent.as_deref(), causation_id.as_deref());
        assert_eq!(stored, Some(row));
        let (with, without) = request
            .clone()
            .scope(async {
                let with = within(stored.clone(), async { current() }).await;
                (with, within(None, async { current() }).await)
            })
            .await;
        assert_eq!((with, without), (stored, Some(request)));
        assert_eq!(Correlation::stored(Some("nonsense"), Some("a")), None);
        assert_eq!(Correlation::stored(None, None), None);
    }
}
