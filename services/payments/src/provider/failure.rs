//! What an answer that is no success means for a payment: whether the provider has definitely done nothing.

use std::time::Duration;

use serde::Deserialize;

/// Why a call brought no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Failure {
    /// It was not made: the provider has not answered for a while.
    #[error("the provider is not asked for another {} ms", retry_after.as_millis())]
    NotAsked { retry_after: Duration },
    /// The card was declined: nothing was charged, and nothing will be under this key.
    #[error("declined: {code}")]
    Declined {
        code: String,
        intent: Option<String>,
    },
    /// The request cannot be executed as it is: nothing was done, and nothing will be.
    #[error("refused: {code}: {message}")]
    Refused { code: String, message: String },
    /// Nobody here knows what the provider did, or it asks to be asked again.
    #[error("{0}")]
    Unclear(Unclear),
}

/// What is not clear, and what is known about that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub(crate) struct Unclear {
    pub(crate) what: String,
    /// For metrics.
    pub(crate) outcome: &'static str,
    /// The provider itself failed, perhaps after the effect.
    pub(crate) is_server_error: bool,
    /// The key will give this answer for ever.
    pub(crate) is_kept: bool,
    /// When the provider wants to be asked again.
    pub(crate) retry_after: Option<Duration>,
}

impl Unclear {
    pub(crate) fn new(outcome: &'static str, what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            outcome,
            is_server_error: false,
            is_kept: false,
            retry_after: None,
        }
    }
}

impl Failure {
    /// For metrics.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Self::NotAsked { .. } => "not_asked",
            Self::Declined { .. } => "declined",
            Self::Refused { .. } => "refused",
            Self::Unclear(unclear) => unclear.outcome,
        }
    }
}

/// An answer as it arrived.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// It was given to an earlier request under the same key.
    pub(super) is_replayed: bool,
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document {
    error: Error,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Error {
    #[serde(rename = "type")]
    kind: String,
    code: Option<String>,
    decline_code: Option<String>,
    message: String,
    payment_intent: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

/// Reads an answer that is not 200. Whatever is not known for certain to have had no effect is unclear.
pub(super) fn read(answer: &Answer) -> Failure {
    let Error {
        kind,
        code,
        decline_code,
        message,
        payment_intent,
    } = serde_json::from_slice::<Document>(&answer.body)
        .unwrap_or_default()
        .error;
    let unclear = |outcome| {
        Failure::Unclear(Unclear {
            retry_after: answer.retry_after,
            ..Unclear::new(outcome, format!("{} {kind}: {message}", answer.status))
        })
    };
    match (answer.status, kind.as_str()) {
        (402, "card_error") => Failure::Declined {
            code: decline_code
                .or(code)
                .unwrap_or_else(|| "generic_decline".to_owned()),
            intent: payment_intent.map(|intent| intent.id),
        },
        // Our key: nothing was executed, but that is for an operator to mend and no fault of this payment.
        (401 | 403, _) => unclear("unauthorized"),
        (409, _) => unclear("in_use"),
        (429, _) => unclear("rate_limited"),
        // Another request was made under our key: what that one did is not known.
        (400, "idempotency_error") => unclear("key_reused"),
        (400 | 404, "invalid_request_error") => Failure::Refused {
            code: code.unwrap_or_else(|| "invalid_request".to_owned()),
            message,
        },
        (500.., _) => Failure::Unclear(Unclear {
            is_server_error: true,
            is_kept: answer.is_replayed,
            retry_after: answer.retry_after,
            ..Unclear::new("server_error", format!("{} {message}", answer.status))
        }),
        _ => unclear("unexpected"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn failure(status: u16, body: &str) -> Failure {
        read(&Answer {
            status,
            is_replayed: status == 500,
            retry_after: None,
            body: body.as_bytes().to_vec(),
        })
    }

    #[test]
    fn only_what_certainly_had_no_effect_is_definitive() {
        let declined = r#"{"error":{"type":"card_error","code":"card_declined","decline_code":"lost_card","message":"x","payment_intent":{"id":"pi_1"}}}"#;
        assert_eq!(
            failure(402, declined),
            Failure::Declined {
                code: "lost_card".to_owned(),
                intent: Some("pi_1".to_owned())
            }
        );
        let refused = r#"{"error":{"type":"invalid_request_error","code":"resource_missing","message":"No such PaymentMethod"}}"#;
        assert_eq!(failure(400, refused).outcome(), "refused");
        for (status, body, outcome) in [
            (
                400,
                r#"{"error":{"type":"idempotency_error"}}"#,
                "key_reused",
            ),
            (409, r#"{"error":{"type":"idempotency_error"}}"#, "in_use"),
            (
                429,
                r#"{"error":{"type":"invalid_request_error"}}"#,
                "rate_limited",
            ),
            (
                401,
                r#"{"error":{"type":"invalid_request_error"}}"#,
                "unauthorized",
            ),
            (400, "<html>", "unexpected"),
            (402, "{}", "unexpected"),
            (302, "", "unexpected"),
            (503, "", "server_error"),
        ] {
            assert_eq!(failure(status, body).outcome(), outcome, "{status} {body}");
        }
        let Failure::Unclear(unclear) = failure(500, "{}") else {
            panic!("a 500 is unclear");
        };
        assert!(unclear.is_server_error && unclear.is_kept);
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic_or_conclude(status in 500..600_u16, body: String) {
            prop_assert_eq!(failure(status, &body).outcome(), "server_error");
        }
    }
}
