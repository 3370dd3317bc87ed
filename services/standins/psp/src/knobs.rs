//! The fault knobs: what they are called, what they may be, and how a change of them is checked.

use chassis::FieldError;
use serde::{Deserialize, Deserializer, Serialize};

/// The longest latency before a request is executed: chassis gives a request 30 s.
const MAX_LATENCY_MS: u64 = 25_000;
/// The longest pause of everything else.
const MAX_PAUSE_MS: u64 = 3_600_000;
const MAX_KEY_SECONDS: u64 = 30 * 86_400;

/// What goes wrong, and how often. Rates are shares from 0 to 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Knobs {
    pub(crate) latency_ms: u64,
    pub(crate) latency_jitter_ms: u64,
    pub(crate) decline_rate: f64,
    pub(crate) error_rate_before_apply: f64,
    pub(crate) error_rate_after_apply: f64,
    /// Whether the 500 after the effect is what the idempotency key answers from then on, as at Stripe.
    pub(crate) keep_error_after_apply: bool,
    pub(crate) drop_answer_rate: f64,
    pub(crate) hang_ms: u64,
    pub(crate) hang_rate: f64,
    pub(crate) rate_limit_rate: f64,
    pub(crate) outage: Outage,
    /// How long a direct debit is `processing`.
    pub(crate) settlement_ms: u64,
    /// How long an idempotency key is remembered.
    pub(crate) idempotency_key_seconds: u64,
    pub(crate) webhooks: WebhookKnobs,
    pub(crate) seed: u64,
}

/// How an outage looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Outage {
    None,
    /// 503.
    Unavailable,
    /// The connection is closed without an answer.
    Closed,
}

/// What goes wrong with webhooks. Rates may also be given as `true` and `false`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WebhookKnobs {
    /// Whether any are sent; meanwhile they wait.
    pub(crate) enabled: bool,
    /// Share that is sent twice.
    pub(crate) duplicate: f64,
    pub(crate) delay_ms: u64,
    /// Share that is held back for up to 2 s, so that later ones overtake.
    pub(crate) out_of_order: f64,
    pub(crate) wrong_signature: f64,
    /// Share that is correctly signed an hour ago.
    pub(crate) old_timestamp: f64,
    /// Pause before the second attempt; it doubles up to a minute.
    pub(crate) retry_ms: u64,
}

impl Knobs {
    /// All is well, but for the declines that are configured.
    pub(crate) fn configured(decline_rate: f64, seed: u64) -> Self {
        Self {
            latency_ms: 0,
            latency_jitter_ms: 0,
            decline_rate,
            error_rate_before_apply: 0.0,
            error_rate_after_apply: 0.0,
            keep_error_after_apply: true,
            drop_answer_rate: 0.0,
            hang_ms: 0,
            hang_rate: 1.0,
            rate_limit_rate: 0.0,
            outage: Outage::None,
            settlement_ms: 1_000,
            idempotency_key_seconds: 86_400,
            webhooks: WebhookKnobs {
                enabled: true,
                duplicate: 0.0,
                delay_ms: 0,
                out_of_order: 0.0,
                wrong_signature: 0.0,
                old_timestamp: 0.0,
                retry_ms: 1_000,
            },
            seed,
        }
    }
}

/// A setting of knobs as it is sent: what is left out is as configured.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(crate) struct Setting {
    latency_ms: Option<u64>,
    latency_jitter_ms: Option<u64>,
    decline_rate: Option<f64>,
    error_rate_before_apply: Option<f64>,
    error_rate_after_apply: Option<f64>,
    keep_error_after_apply: Option<bool>,
    drop_answer_rate: Option<f64>,
    hang_ms: Option<u64>,
    hang_rate: Option<f64>,
    rate_limit_rate: Option<f64>,
    outage: Option<Outage>,
    settlement_ms: Option<u64>,
    idempotency_key_seconds: Option<u64>,
    webhooks: WebhookSetting,
    seed: Option<u64>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct WebhookSetting {
    enabled: Option<bool>,
    #[serde(deserialize_with = "rate_or_switch")]
    duplicate: Option<f64>,
    delay_ms: Option<u64>,
    #[serde(deserialize_with = "rate_or_switch")]
    out_of_order: Option<f64>,
    #[serde(deserialize_with = "rate_or_switch")]
    wrong_signature: Option<f64>,
    #[serde(deserialize_with = "rate_or_switch")]
    old_timestamp: Option<f64>,
    retry_ms: Option<u64>,
}

impl Setting {
    /// The knobs, or every field that is out of bounds.
    pub(crate) fn over(self, base: &Knobs) -> Result<Knobs, Vec<FieldError>> {
        let hooks = self.webhooks;
        let knobs = Knobs {
            latency_ms: self.latency_ms.unwrap_or(base.latency_ms),
            latency_jitter_ms: self.latency_jitter_ms.unwrap_or(base.latency_jitter_ms),
            decline_rate: self.decline_rate.unwrap_or(base.decline_rate),
            error_rate_before_apply: self
                .error_rate_before_apply
                .unwrap_or(base.error_rate_before_apply),
            error_rate_after_apply: self
                .error_rate_after_apply
                .unwrap_or(base.error_rate_after_apply),
            keep_error_after_apply: self
                .keep_error_after_apply
                .unwrap_or(base.keep_error_after_apply),
            drop_answer_rate: self.drop_answer_rate.unwrap_or(base.drop_answer_rate),
            hang_ms: self.hang_ms.unwrap_or(base.hang_ms),
            hang_rate: self.hang_rate.unwrap_or(base.hang_rate),
            rate_limit_rate: self.rate_limit_rate.unwrap_or(base.rate_limit_rate),
            outage: self.outage.unwrap_or(base.outage),
            settlement_ms: self.settlement_ms.unwrap_or(base.settlement_ms),
            idempotency_key_seconds: self
                .idempotency_key_seconds
                .unwrap_or(base.idempotency_key_seconds),
            webhooks: WebhookKnobs {
                enabled: hooks.enabled.unwrap_or(base.webhooks.enabled),
                duplicate: hooks.duplicate.unwrap_or(base.webhooks.duplicate),
                delay_ms: hooks.delay_ms.unwrap_or(base.webhooks.delay_ms),
                out_of_order: hooks.out_of_order.unwrap_or(base.webhooks.out_of_order),
                wrong_signature: hooks
                    .wrong_signature
                    .unwrap_or(base.webhooks.wrong_signature),
                old_timestamp: hooks.old_timestamp.unwrap_or(base.webhooks.old_timestamp),
                retry_ms: hooks.retry_ms.unwrap_or(base.webhooks.retry_ms),
            },
            seed: self.seed.unwrap_or(base.seed),
        };
        let errors = knobs.errors();
        if errors.is_empty() {
            Ok(knobs)
        } else {
            Err(errors)
        }
    }
}

impl Knobs {
    fn errors(&self) -> Vec<FieldError> {
        let hooks = &self.webhooks;
        let rates = [
            ("declineRate", self.decline_rate),
            ("errorRateBeforeApply", self.error_rate_before_apply),
            ("errorRateAfterApply", self.error_rate_after_apply),
            ("dropAnswerRate", self.drop_answer_rate),
            ("hangRate", self.hang_rate),
            ("rateLimitRate", self.rate_limit_rate),
            ("webhooks.duplicate", hooks.duplicate),
            ("webhooks.outOfOrder", hooks.out_of_order),
            ("webhooks.wrongSignature", hooks.wrong_signature),
            ("webhooks.oldTimestamp", hooks.old_timestamp),
        ];
        let wrong_rates = rates
            .into_iter()
            .filter(|(_, rate)| !(0.0..=1.0).contains(rate))
            .map(|(field, rate)| {
                FieldError::new(field, format!("{rate} is not a share: expected 0 to 1"))
            });
        let numbers = [
            ("latencyMs", self.latency_ms, 0, MAX_LATENCY_MS),
            (
                "latencyJitterMs",
                self.latency_jitter_ms,
                0,
                MAX_LATENCY_MS.saturating_sub(self.latency_ms),
            ),
            ("hangMs", self.hang_ms, 0, MAX_PAUSE_MS),
            ("settlementMs", self.settlement_ms, 0, MAX_PAUSE_MS),
            (
                "idempotencyKeySeconds",
                self.idempotency_key_seconds,
                1,
                MAX_KEY_SECONDS,
            ),
            ("webhooks.delayMs", hooks.delay_ms, 0, MAX_PAUSE_MS),
            ("webhooks.retryMs", hooks.retry_ms, 1, 60_000),
        ];
        let wrong_numbers = numbers
            .into_iter()
            .filter(|(_, value, least, most)| !(*least..=*most).contains(value))
            .map(|(field, value, least, most)| {
                FieldError::new(
                    field,
                    format!("{value} is out of bounds: expected {least} to {most}"),
                )
            });
        wrong_rates.chain(wrong_numbers).collect()
    }
}

fn rate_or_switch<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a share from 0 to 1, or true or false")]
    enum Given {
        Switch(bool),
        Rate(f64),
    }
    Ok(Some(match Given::deserialize(deserializer)? {
        Given::Switch(on) => f64::from(u8::from(on)),
        Given::Rate(rate) => rate,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn set(setting: Value) -> Result<Knobs, Vec<FieldError>> {
        let setting: Setting = serde_json::from_value(setting).unwrap();
        setting.over(&Knobs::configured(0.3, 0))
    }

    #[test]
    fn what_is_left_out_is_as_configured() {
        let knobs = set(json!({ "latencyMs": 5, "webhooks": { "duplicate": true } })).unwrap();
        assert_eq!(knobs.latency_ms, 5);
        assert!((knobs.decline_rate - 0.3).abs() < f64::EPSILON);
        assert!((knobs.webhooks.duplicate - 1.0).abs() < f64::EPSILON);
        assert_eq!(set(json!({})).unwrap(), Knobs::configured(0.3, 0));
    }

    #[test]
    fn every_field_out_of_bounds_is_named() {
        let errors = set(json!({
            "declineRate": 1.1, "dropAnswerRate": -0.1, "latencyMs": 25_001, "idempotencyKeySeconds": 0,
            "webhooks": { "oldTimestamp": 2, "retryMs": 0 }
        }))
        .unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "declineRate",
                "dropAnswerRate",
                "webhooks.oldTimestamp",
                "latencyMs",
                "idempotencyKeySeconds",
                "webhooks.retryMs"
            ]
        );
    }
}
