//! An operator wants a payment looked at again. That never makes a new charge of a payment that has ended.
//!
//! | the payment is | what happens |
//! |---|---|
//! | waiting, or in doubt | it is due now: the same attempt, the same key |
//! | `MANUAL`, unclear | in doubt again: looked up; sent only if its key cannot have been forgotten yet |
//! | `MANUAL`, the books differ | captured again, until the reconciler finds that they still differ |
//! | `MANUAL`, a refund failed or is unclear | the refund is looked up, and sent again if it was not made |
//! | waiting for a refund | it is due now |
//! | declined, with an open dead letter | it is said again that it was declined (the same event), and the dead letter is closed |
//! | anything else | refused |

use contracts::{Event as _, PaymentId, payments::PaymentDeclined};
use sqlx::{Postgres, Transaction};

use crate::{
    db,
    domain::{
        payment::{Refusal, State, Trouble},
        refund,
    },
    turns::{Error, Turn, Turns},
};

/// Does what the table above says.
pub(crate) async fn reopen(
    tx: &mut Transaction<'_, Postgres>,
    turns: &Turns,
    id: PaymentId,
) -> Result<(), Error> {
    let stored = db::payments::lock(tx, id).await?.ok_or(Error::Unknown)?;
    let strays = reopen_strays(tx, id).await?;
    let outcome = match stored.payment.state {
        State::Pending | State::InDoubt => db::queue::hasten(tx, id).await.map_err(Error::from),
        State::RefundPending => db::refund_queue::hasten(tx, id).await.map_err(Error::from),
        State::Manual(Trouble::RefundUnclear) => {
            turns.take(tx, id, Turn::Reopened).await?;
            db::refund_queue::hasten(tx, id).await.map_err(Error::from)
        }
        State::Manual(Trouble::RefundFailed) => reopen_refunds(tx, turns, id).await,
        State::Manual(_) => turns.take(tx, id, Turn::Reopened).await,
        State::Declined => say_declined_again(tx, id).await,
        State::Captured | State::Cancelled | State::Refunded => Err(Refusal::Ended.into()),
    };
    match outcome {
        Err(Error::Refused(_)) if strays => Ok(()),
        outcome => outcome,
    }
}

/// Refunds that the provider has refused are sent again; those that never were sent are not.
async fn reopen_refunds(
    tx: &mut Transaction<'_, Postgres>,
    turns: &Turns,
    id: PaymentId,
) -> Result<(), Error> {
    let mut any = false;
    let refunds = db::refunds::of_payment(tx, id).await?;
    let refused = refunds.iter().filter(|refund| {
        refund.state == refund::State::Failed && refund.was_sent && !refund.is_stray
    });
    for refund in refused {
        turns.take(tx, id, Turn::RefundReopened(refund.id)).await?;
        any = true;
    }
    any.then_some(())
        .ok_or(Error::Refused(Refusal::NeedsAttention))
}

/// Whether there was a stray charge that could not be given back, or is unclear.
async fn reopen_strays(tx: &mut Transaction<'_, Postgres>, id: PaymentId) -> Result<bool, Error> {
    let refunds = db::refunds::of_payment(tx, id).await?;
    let mut any = false;
    for stray in refunds.iter().filter(|refund| refund.is_stray) {
        match stray.state {
            refund::State::Failed => db::refunds::reopen(tx, stray.id).await?,
            refund::State::InDoubt => db::refund_queue::hasten(tx, id).await?,
            refund::State::Pending | refund::State::Succeeded => continue,
        }
        any = true;
    }
    Ok(any)
}

async fn say_declined_again(
    tx: &mut Transaction<'_, Postgres>,
    id: PaymentId,
) -> Result<(), Error> {
    if !db::dead_letters::close(tx, id).await? {
        return Err(Refusal::Ended.into());
    }
    db::outbox::say_again(tx, id, &PaymentDeclined::subject()).await?;
    Ok(())
}
