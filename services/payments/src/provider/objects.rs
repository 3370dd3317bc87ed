//! Stripe's objects, as much of them as matters here.

use std::collections::HashMap;

use contracts::{PaymentId, RefundId};
use serde::Deserialize;

/// A `PaymentIntent`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Intent {
    pub(crate) id: String,
    pub(crate) amount_received: i64,
    /// Lower case.
    pub(crate) currency: String,
    status: IntentStatus,
    #[serde(default)]
    latest_charge: Option<Charge>,
    #[serde(default)]
    last_payment_error: Option<PaymentError>,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum IntentStatus {
    Succeeded,
    /// It takes its time.
    Processing,
    /// Declined, or not tried.
    RequiresPaymentMethod,
    Canceled,
    /// Nothing that an intent of ours should come to.
    #[serde(other)]
    Other,
}

/// What became of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict<'a> {
    /// The money is ours.
    Charged,
    /// Nothing was charged, and nothing will be: nobody but us could try it again. With the reason.
    Declined(&'a str),
    /// Not yet known.
    Open,
    /// It waits for something that will not happen.
    Stuck,
}

/// Its id, or itself where that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum Charge {
    Id(String),
    Expanded {
        id: String,
        #[serde(default)]
        amount_refunded: i64,
    },
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
struct PaymentError {
    code: Option<String>,
    decline_code: Option<String>,
}

impl Intent {
    /// The payment that it was made for, if it was made by us.
    pub(crate) fn payment(&self) -> Option<PaymentId> {
        self.metadata.get("payment_id")?.parse().ok()
    }

    /// The payment's attempt that it was made for.
    pub(crate) fn attempt(&self) -> Option<i32> {
        self.metadata.get("attempt")?.parse().ok()
    }

    /// The charge that moved the money.
    pub(crate) fn charge(&self) -> Option<&str> {
        match self.latest_charge.as_ref()? {
            Charge::Id(id) | Charge::Expanded { id, .. } => Some(id),
        }
    }

    /// How much of the charge went back, where the charge itself was asked for.
    pub(crate) fn amount_refunded(&self) -> Option<i64> {
        match self.latest_charge.as_ref()? {
            Charge::Id(_) => None,
            Charge::Expanded {
                amount_refunded, ..
            } => Some(*amount_refunded),
        }
    }

    /// What became of it.
    pub(crate) fn verdict(&self) -> Verdict<'_> {
        let error = self.last_payment_error.as_ref();
        let code = error.and_then(|error| error.decline_code.as_deref().or(error.code.as_deref()));
        match self.status {
            IntentStatus::Succeeded => Verdict::Charged,
            IntentStatus::Canceled => Verdict::Declined(code.unwrap_or("canceled")),
            // Without an error it has not been tried yet.
            IntentStatus::RequiresPaymentMethod if error.is_some() => {
                Verdict::Declined(code.unwrap_or("generic_decline"))
            }
            IntentStatus::Processing | IntentStatus::RequiresPaymentMethod => Verdict::Open,
            IntentStatus::Other => Verdict::Stuck,
        }
    }
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct RefundObject {
    pub(crate) id: String,
    pub(crate) status: RefundStatus,
    pub(crate) amount: i64,
    #[serde(default)]
    metadata: HashMap<String, String>,
}

/// What became of a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RefundStatus {
    Succeeded,
    Failed,
    Canceled,
    /// Pending, or waiting for somebody.
    #[serde(other)]
    Open,
}

impl RefundObject {
    /// The refund that it was made for, if it was made by us.
    pub(crate) fn refund(&self) -> Option<RefundId> {
        self.metadata.get("refund_id")?.parse().ok()
    }
}

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    #[serde(default)]
    pub(super) has_more: bool,
}

/// What a webhook tells.
#[derive(Debug)]
pub(crate) struct Notice {
    /// The event's id.
    pub(crate) id: String,
    /// Such as `payment_intent.succeeded`.
    pub(crate) kind: String,
    pub(crate) subject: Subject,
}

/// What a notice is about.
#[derive(Debug)]
pub(crate) enum Subject {
    Intent(Box<Intent>),
    Refund(RefundObject),
    /// Nothing that matters here.
    Other,
}

#[derive(Deserialize)]
struct RawEvent {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    data: RawData,
}

#[derive(Deserialize)]
struct RawData {
    object: serde_json::Value,
}

impl Notice {
    /// Reads the body of a webhook. A kind that we do not know is no error: the provider adds some from time to time.
    pub(crate) fn read(body: &[u8]) -> serde_json::Result<Self> {
        let RawEvent { id, kind, data } = serde_json::from_slice(body)?;
        let subject = match kind.as_str() {
            "payment_intent.succeeded"
            | "payment_intent.payment_failed"
            | "payment_intent.canceled" => {
                Subject::Intent(Box::new(serde_json::from_value(data.object)?))
            }
            "refund.updated" | "refund.failed" => {
                Subject::Refund(serde_json::from_value(data.object)?)
            }
            _ => Subject::Other,
        };
        Ok(Self { id, kind, subject })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_intent_is_read_with_its_charge_expanded_or_not() {
        let read = |charge: &str| {
            let text = format!(
                r#"{{"id":"pi_1","amount_received":5,"currency":"eur","status":"requires_action","latest_charge":{charge},"metadata":{{"attempt":"2"}}}}"#
            );
            serde_json::from_str::<Intent>(&text).unwrap()
        };
        let intent = read(r#"{"id":"ch_1","amount_refunded":3,"more":1}"#);
        assert_eq!(
            (intent.charge(), intent.amount_refunded()),
            (Some("ch_1"), Some(3))
        );
        assert_eq!(
            (intent.verdict(), intent.attempt()),
            (Verdict::Stuck, Some(2))
        );
        assert_eq!(intent.payment(), None);
        assert_eq!(read("\"ch_1\"").charge(), Some("ch_1"));
        assert_eq!(read("null").charge(), None);
    }

    #[test]
    fn an_intent_that_was_not_tried_is_not_declined() {
        let verdict = |status: &str, error: &str| {
            let text = format!(
                r#"{{"id":"pi_1","amount_received":0,"currency":"eur","status":"{status}","last_payment_error":{error}}}"#
            );
            let intent: Intent = serde_json::from_str(&text).unwrap();
            match intent.verdict() {
                Verdict::Declined(code) => code.to_owned(),
                other => format!("{other:?}"),
            }
        };
        let error = r#"{"code":"card_declined","decline_code":"lost_card"}"#;
        assert_eq!(verdict("requires_payment_method", "null"), "Open");
        assert_eq!(verdict("requires_payment_method", error), "lost_card");
        assert_eq!(verdict("canceled", "null"), "canceled");
        assert_eq!(verdict("processing", "null"), "Open");
        assert_eq!(verdict("succeeded", error), "Charged");
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body: Vec<u8>) {
            let _ = Notice::read(&body);
        }
    }
}
