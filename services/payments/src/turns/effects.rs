//! What a turn writes beside the payment itself: ledger, refunds, events, dead letters.

use chassis::{
    Correlation,
    correlation::{self, within},
    outbox,
};
use contracts::{
    Event, Money, PaymentId, RefundId,
    orders::PaymentRequested,
    payments::{PaymentCancelled, PaymentCaptured, PaymentDeclined, PaymentRefunded, RefundFailed},
};
use sqlx::{Postgres, Transaction};
use uuid::Uuid;

use super::{Error, RefundOrder, Turn};
use crate::{
    db::{
        self,
        ledger::{Kind, Movement},
        payments::{Request, Stored},
        refunds::NewRefund,
    },
    domain::payment::Effect,
    metrics::PaymentMetrics,
    provider::{self, Intent},
};

/// What the ids of refunds of stray charges are derived with.
const STRAYS: Uuid = Uuid::from_u128(0x1d0c_9a52_7e43_5f6b_8c11_90b2_55e8_73fd);

/// The transaction of a turn.
pub(super) struct Effects<'t, 'c> {
    pub(super) tx: &'t mut Transaction<'c, Postgres>,
    pub(super) stored: &'t mut Stored,
    pub(super) turn: Turn<'t>,
    pub(super) metrics: &'t PaymentMetrics,
}

impl Effects<'_, '_> {
    /// Writes what an effect asks for.
    pub(super) async fn apply(&mut self, effect: Effect) -> Result<(), Error> {
        match (effect, self.turn) {
            (Effect::NoteCharge, Turn::Charged(intent)) => {
                self.note(Kind::Charge, intent).await?;
            }
            (Effect::SayCaptured, Turn::Charged(intent)) => self.say_captured(intent).await?,
            (Effect::ReturnStrayCharge, Turn::Charged(intent)) => {
                self.return_stray(intent).await?;
            }
            (Effect::SayDeclined, Turn::Declined { code, .. }) => self.say_declined(code).await?,
            (Effect::SayCancelled, _) => self.say_cancelled().await?,
            (Effect::SendRefund, Turn::RefundRequested(order)) => self.open_refund(order).await?,
            (Effect::SendRefund, Turn::RefundReopened(refund)) => {
                db::refunds::reopen(self.tx, refund).await?;
            }
            (Effect::SayRefunded, Turn::RefundSucceeded { refund, .. }) => {
                self.say_refunded(refund).await?;
            }
            (Effect::SayRefundFailed, Turn::RefundFailed { refund, why }) => {
                let refund = db::refunds::find(self.tx, refund).await?;
                let refund = refund.ok_or(sqlx::Error::RowNotFound)?;
                let amount = refund.amount()?;
                self.say_refund_failed(refund.id, amount, why, refund.correlation)
                    .await?;
            }
            (effect, turn) => unreachable!("BUG: {effect:?} does not follow from {turn:?}"),
        }
        Ok(())
    }

    fn next_version(&mut self) -> i64 {
        self.stored.version += 1;
        self.stored.version
    }

    fn count(&self, outcome: &str) {
        self.metrics.outcomes.with_label_values(&[outcome]).inc();
    }

    /// What an event of the payment belongs to: an answer to the message that is handled (None), or else, whoever brings the
    /// news, to the request that the payment was made for.
    fn correlation(&self) -> Option<Correlation> {
        match self.turn {
            Turn::CancelRequested | Turn::RefundRequested(_) => None,
            _ => self.stored.correlation.clone(),
        }
    }

    async fn publish<E: Event + Sync>(
        &mut self,
        event: &E,
        correlation: Option<Correlation>,
    ) -> Result<(), Error> {
        within(correlation, outbox::publish(self.tx, event)).await?;
        Ok(())
    }

    fn request(&self) -> Result<&Request, Error> {
        let request = self.stored.request.as_ref();
        Ok(request.ok_or(sqlx::Error::RowNotFound)?)
    }

    async fn note(&mut self, kind: Kind, intent: &Intent) -> Result<(), Error> {
        let movement = Movement {
            payment: self.stored.id,
            kind,
            reference: charge_of(intent),
            minor: intent.amount_received,
            currency: &intent.currency.to_uppercase(),
        };
        Ok(db::ledger::insert(self.tx, &movement).await?)
    }

    /// A charge after it was said that there is and will be none, or a second one: the shopper gets it back. Nobody else is
    /// told, because for everybody else it never was.
    async fn return_stray(&mut self, intent: &Intent) -> Result<(), Error> {
        self.note(Kind::StrayCharge, intent).await?;
        let new = NewRefund {
            id: RefundId(Uuid::new_v5(&STRAYS, intent.id.as_bytes())),
            payment: self.stored.id,
            intent: &intent.id,
            is_stray: true,
            minor: intent.amount_received,
            currency: &intent.currency.to_uppercase(),
            reason: "a charge that should not have been made",
            failure: None,
            correlation: self.stored.correlation.clone(),
        };
        db::refunds::insert(self.tx, &new).await?;
        self.metrics
            .stray_charges
            .with_label_values(&["returned"])
            .inc();
        tracing::error!(payment = %self.stored.id, intent = intent.id, "a stray charge is given back");
        Ok(())
    }

    async fn open_refund(&mut self, order: &RefundOrder<'_>) -> Result<(), Error> {
        self.insert_refund(order, None).await
    }

    /// Answers a refund that cannot be, without sending it.
    pub(super) async fn refuse_refund(
        &mut self,
        order: &RefundOrder<'_>,
        why: &str,
    ) -> Result<(), Error> {
        self.insert_refund(order, Some(why)).await?;
        self.say_refund_failed(order.id, order.amount, why, None)
            .await
    }

    async fn insert_refund(
        &mut self,
        order: &RefundOrder<'_>,
        failure: Option<&str>,
    ) -> Result<(), Error> {
        let new = NewRefund {
            id: order.id,
            payment: self.stored.id,
            intent: self.stored.intent.as_deref().unwrap_or_default(),
            is_stray: false,
            minor: order.amount.minor,
            currency: order.amount.currency.code(),
            reason: order.reason,
            failure,
            correlation: correlation::current(),
        };
        db::refunds::insert(self.tx, &new).await?;
        Ok(())
    }

    async fn say_captured(&mut self, intent: &Intent) -> Result<(), Error> {
        self.count("captured");
        let event = PaymentCaptured {
            version: self.next_version(),
            payment_id: self.stored.id,
            order_id: self.stored.order,
            amount: self.request()?.amount,
            provider: provider::NAME.to_owned(),
            provider_reference: intent.id.clone(),
        };
        let correlation = self.correlation();
        self.publish(&event, correlation).await?;
        Ok(())
    }

    async fn say_declined(&mut self, code: &str) -> Result<(), Error> {
        self.count("declined");
        let attempts = self.stored.payment.attempt;
        let event = PaymentDeclined {
            version: self.next_version(),
            payment_id: self.stored.id,
            order_id: self.stored.order,
            code: code.to_owned(),
            attempts,
        };
        let correlation = self.correlation();
        self.publish(&event, correlation).await?;
        let request = self.request()?;
        let payload = serde_json::json!({
            "paymentId": self.stored.id,
            "orderId": self.stored.order,
            "userId": request.user,
            "amount": request.amount,
            "paymentMethod": request.method,
        });
        let reason = format!("declined after {attempts} attempts: {code}");
        db::dead_letters::put(
            self.tx,
            self.stored.id,
            &PaymentRequested::subject(),
            &payload.to_string(),
            &reason,
            attempts,
        )
        .await?;
        Ok(())
    }

    async fn say_cancelled(&mut self) -> Result<(), Error> {
        self.count("cancelled");
        let event = PaymentCancelled {
            version: self.next_version(),
            payment_id: self.stored.id,
            order_id: self.stored.order,
        };
        let correlation = self.correlation();
        self.publish(&event, correlation).await?;
        Ok(())
    }

    async fn say_refunded(&mut self, refund: RefundId) -> Result<(), Error> {
        self.count("refunded");
        let refund = db::refunds::find(self.tx, refund).await?;
        let refund = refund.ok_or(sqlx::Error::RowNotFound)?;
        let amount = refund.amount()?;
        let event = PaymentRefunded {
            version: self.next_version(),
            payment_id: self.stored.id,
            order_id: self.stored.order,
            refund_id: refund.id,
            amount,
            refunded_total: Money::from_minor(self.stored.payment.refunded, amount.currency),
        };
        self.publish(&event, refund.correlation).await?;
        Ok(())
    }

    async fn say_refund_failed(
        &mut self,
        refund: RefundId,
        amount: Money,
        why: &str,
        correlation: Option<Correlation>,
    ) -> Result<(), Error> {
        self.count("refund_failed");
        let event = RefundFailed {
            version: self.next_version(),
            payment_id: self.stored.id,
            order_id: self.stored.order,
            refund_id: refund,
            amount,
            reason: why.to_owned(),
        };
        self.publish(&event, correlation).await?;
        Ok(())
    }
}

/// The name under which a charge stands in the ledger.
pub(super) fn charge_of(intent: &Intent) -> &str {
    intent.charge().unwrap_or(&intent.id)
}

/// Ends a refund of a payment and notes the money that went back. Gives the amount, unless the refund had ended already or is
/// of a stray charge, which the payment knows nothing of.
pub(super) async fn end_refund(
    tx: &mut Transaction<'_, Postgres>,
    payment: PaymentId,
    id: RefundId,
    outcome: Result<&str, &str>,
) -> Result<Option<i64>, Error> {
    let Some(refund) = db::refunds::find(tx, id).await? else {
        return Err(Error::Unknown);
    };
    if refund.payment != payment || !db::refunds::end(tx, id, outcome).await? {
        return Ok(None);
    }
    if let Ok(reference) = outcome {
        let movement = Movement {
            payment,
            kind: Kind::Refund,
            reference,
            minor: refund.minor,
            currency: &refund.currency,
        };
        db::ledger::insert(tx, &movement).await?;
    } else if refund.is_stray {
        tracing::error!(%payment, refund = %id, "a stray charge could not be given back");
    }
    Ok((!refund.is_stray).then_some(refund.minor))
}
