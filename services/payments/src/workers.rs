//! What happens in the background.

mod charge_payments;
mod forget_webhooks;
mod measure_payments;
mod pool;
mod reconcile;
mod replay_declined;
mod send_refunds;

use std::{sync::Arc, time::Duration};

use chassis::{Database, planted::is_planted};
use rand::Rng as _;

use crate::{
    config::TimingConfig,
    db::queue::Terms,
    provider::{Failure, Provider, Unclear},
    turns::Turns,
};

pub(crate) use charge_payments::ChargePayments;
pub(crate) use forget_webhooks::ForgetWebhooks;
pub(crate) use measure_payments::MeasurePayments;
pub(crate) use pool::Pool;
pub(crate) use reconcile::Reconcile;
pub(crate) use replay_declined::ReplayDeclined;
pub(crate) use send_refunds::SendRefunds;

/// What the workers that ask the provider have in common. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Desk {
    pub(crate) database: Database,
    pub(crate) provider: Provider,
    pub(crate) turns: Turns,
    pub(crate) timing: Arc<TimingConfig>,
}

impl Desk {
    fn terms(&self) -> Terms {
        Terms {
            lease: Duration::from_millis(self.timing.lease_ms),
            doubt_limit: Duration::from_secs(self.timing.doubt_limit_s),
        }
    }

    /// How long to wait after a try that brought nothing, and how many such tries there have been then.
    fn setback(&self, failure: Option<&Failure>, failures: i32, server_errors: i32) -> Setback {
        let spread = rand::rng().random_range(0.0..=1.0);
        if let Some(Failure::NotAsked { retry_after }) = failure {
            // It was not tried.
            let pause = (*retry_after)
                .max(Duration::from_millis(10))
                .mul_f64(1.0 + spread / 10.0);
            return Setback {
                pause,
                failures,
                server_errors,
            };
        }
        let failures = failures.saturating_add(1);
        let pause = self.timing.retry_pauses_ms.after(failures, spread);
        let unclear = match failure {
            Some(Failure::Unclear(unclear)) => Some(unclear),
            _ => None,
        };
        let wanted = unclear.and_then(|unclear| unclear.retry_after);
        let is_server_error = unclear.is_some_and(|unclear| unclear.is_server_error);
        Setback {
            pause: pause.max(wanted.unwrap_or_default()),
            failures,
            server_errors: server_errors.saturating_add(i32::from(is_server_error)),
        }
    }
}

struct Setback {
    pause: Duration,
    failures: i32,
    server_errors: i32,
}

/// Whether asking again under the same key may never bring the truth, which then is to be looked for in the provider's books.
fn is_worth_a_look(failure: &Failure, earlier_server_errors: i32) -> bool {
    let Failure::Unclear(Unclear {
        outcome,
        is_server_error,
        is_kept,
        ..
    }) = failure
    else {
        return false;
    };
    *is_kept
        || (*is_server_error && earlier_server_errors > 0)
        || ["key_reused", "unexpected"].contains(outcome)
}

/// Whether the mark is left out that makes a charge repeatable: a defect, planted to prove that the tests find it.
fn charges_before_the_mark() -> bool {
    is_planted("charge_before_in_doubt")
}
