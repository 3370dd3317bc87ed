//! Gives money back, in the same way in which charges are made: marked, sent under a key of its own, concluded.

use chassis::{
    failpoint,
    process::Chain,
    worker::{Step, Worker},
};

use super::{Desk, Pool, is_worth_a_look};
use crate::{
    db::{self, queue::Postponement, refund_queue::Leased},
    provider::{Failure, RefundObject, RefundRequest, RefundStatus},
    turns::Turn,
};

/// The worker that sends refunds.
pub(crate) struct SendRefunds {
    desk: Desk,
    calls: Pool,
}

impl SendRefunds {
    pub(crate) fn new(desk: Desk, calls: Pool) -> Self {
        Self { desk, calls }
    }
}

impl Worker for SendRefunds {
    const NAME: &'static str = "send_refunds";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let room = self.desk.provider.room(self.calls.free());
        let leased = if room == 0 {
            Vec::new()
        } else {
            self.desk.lease_refunds(room).await?
        };
        if leased.is_empty() {
            let any = self.calls.settle().await;
            return Ok(if any { Step::Worked(0) } else { Step::Idle });
        }
        let number = leased.len();
        for refund in leased {
            let desk = self.desk.clone();
            self.calls.start(async move {
                let id = refund.id;
                if let Err(error) = desk.refund(refund).await {
                    tracing::warn!(refund = %id, error = %Chain(&error), "what the provider said could not be noted");
                }
            });
        }
        Ok(Step::Worked(number))
    }
}

/// What a try has brought.
enum Learned {
    Succeeded(String),
    Failed(String),
    /// It is known there and takes its time.
    Settling(String),
    /// Too old to be sent again, and not in the provider's books.
    Nowhere,
    Nothing(Failure),
}

impl From<RefundObject> for Learned {
    fn from(refund: RefundObject) -> Self {
        match refund.status {
            RefundStatus::Succeeded => Self::Succeeded(refund.id),
            RefundStatus::Failed => Self::Failed("the provider could not complete it".to_owned()),
            RefundStatus::Canceled => Self::Failed("it was cancelled at the provider".to_owned()),
            RefundStatus::Open => Self::Settling(refund.id),
        }
    }
}

impl Desk {
    async fn lease_refunds(&self, room: usize) -> anyhow::Result<Vec<Leased>> {
        let mut connection = self.database.acquire().await?;
        if !db::refund_queue::has_due(&mut connection).await? {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        // One statement, committed by itself.
        let leased = db::refund_queue::lease(&mut connection, limit, self.terms()).await?;
        if !leased.is_empty() {
            failpoint::hit("payments.refund.after_lease");
        }
        Ok(leased)
    }

    async fn refund(&self, leased: Leased) -> anyhow::Result<()> {
        let learned = self.learn_refund(&leased).await;
        failpoint::hit("payments.refund.after_response_before_commit");
        let refund = leased.id;
        let turn = match &learned {
            Learned::Succeeded(reference) => Turn::RefundSucceeded { refund, reference },
            Learned::Failed(why) => Turn::RefundFailed { refund, why },
            Learned::Nowhere => {
                let mut connection = self.database.acquire().await?;
                db::refund_queue::set_aside(&mut connection, refund).await?;
                drop(connection);
                Turn::RefundNeverFound
            }
            Learned::Settling(reference) => {
                return self.postpone_refund(&leased, None, Some(reference)).await;
            }
            Learned::Nothing(failure) => {
                return self.postpone_refund(&leased, Some(failure), None).await;
            }
        };
        self.turns
            .conclude(leased.payment, turn, "payments.refund.after_commit")
            .await
    }

    async fn learn_refund(&self, leased: &Leased) -> Learned {
        if leased.is_worth_a_look || leased.is_stale {
            match self.look_up_refund(leased).await {
                Ok(Some(found)) => return found,
                Ok(None) if leased.is_stale => return Learned::Nowhere,
                Ok(None) => {}
                Err(failure) => return Learned::Nothing(failure),
            }
        }
        failpoint::hit("payments.refund.before_send");
        let request = RefundRequest {
            refund: leased.id,
            attempt: leased.attempt,
            intent: &leased.intent,
            minor: leased.minor,
        };
        match self.provider.refund(&request).await {
            Ok(refund) => refund.into(),
            // It may say so because it was made before, under a key that was forgotten.
            Err(Failure::Refused { code, message }) => match self.look_up_refund(leased).await {
                Ok(Some(found)) => found,
                Ok(None) => Learned::Failed(format!("{code}: {message}")),
                Err(failure) => Learned::Nothing(failure),
            },
            Err(failure) if is_worth_a_look(&failure, leased.server_errors) => {
                match self.look_up_refund(leased).await {
                    Ok(Some(found)) => found,
                    Ok(None) | Err(_) => Learned::Nothing(failure),
                }
            }
            Err(failure) => Learned::Nothing(failure),
        }
    }

    async fn look_up_refund(&self, leased: &Leased) -> Result<Option<Learned>, Failure> {
        let found = self
            .provider
            .refund_of(&leased.intent, leased.id, leased.minor)
            .await?;
        Ok(found.map(Learned::from))
    }

    async fn postpone_refund(
        &self,
        leased: &Leased,
        failure: Option<&Failure>,
        reference: Option<&str>,
    ) -> anyhow::Result<()> {
        let setback = self.setback(failure, leased.failures, leased.server_errors);
        let postponement = Postponement {
            pause: setback.pause,
            failures: setback.failures,
            server_errors: setback.server_errors,
            reference,
        };
        let mut connection = self.database.acquire().await?;
        db::refund_queue::postpone(&mut connection, leased, &postponement).await?;
        Ok(())
    }
}
