//! The words of the saga: where an order stands, what happens to it, and what is told of it.

use super::order::{Ending, Pay, State, Stock};

/// Where an order stands. Amounts are minor units of its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Progress {
    pub(crate) state: State,
    pub(crate) version: i64,
    pub(crate) stock: Stock,
    pub(crate) pay: Pay,
    /// Set once it is to end before it was sent.
    pub(crate) ending: Option<Ending>,
    pub(crate) total: i64,
    /// Has gone back.
    pub(crate) refunded: i64,
    /// Is asked to go back.
    pub(crate) refunding: i64,
    pub(crate) is_shipped: bool,
}

/// What happens to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    PaymentStarted,
    PaymentCaptured {
        amount: i64,
    },
    PaymentDeclined,
    PaymentCancelled,
    RefundCompleted {
        amount: i64,
        /// Not reported as failed before.
        was_pending: bool,
    },
    RefundFailed {
        amount: i64,
    },
    StockCommitted,
    StockCommitFailed,
    StockReleased {
        /// The hold ended by itself: not an answer to our request.
        is_expiry: bool,
    },
    CancelAsked,
    /// It was not paid in time.
    TimeRanOut,
    RefundAsked {
        amount: i64,
    },
    Shipped,
    Delivered,
}

/// A row of the order's history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    pub(crate) from: State,
    pub(crate) to: State,
    pub(crate) version: i64,
}

/// What is told to others, in the version that the order has then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Message {
    RequestPaymentCancel,
    RequestStockCommit,
    RequestStockRelease,
    /// A refund of the saga's own: there is at most one.
    RequestAutomaticRefund {
        amount: i64,
    },
    /// The refund that somebody asked for.
    RequestAskedRefund {
        amount: i64,
    },
    AnnouncePaid,
    AnnounceShipped,
    AnnounceDelivered,
    AnnounceCancelled,
    AnnounceFailed,
    AnnounceRefunded,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Step {
    pub(crate) after: Progress,
    pub(crate) turns: Vec<Turn>,
    pub(crate) messages: Vec<Message>,
}

/// Why nothing came of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It has had its effect, or is overtaken.
    #[error("it has had its effect, or is overtaken")]
    Stale,
    /// Somebody asked for what this state does not allow.
    #[error("{0}")]
    NotNow(&'static str),
    /// More money is asked back than is left.
    #[error("at most {left} can go back")]
    TooMuch { left: i64 },
    /// Another service says what cannot be after what it said before: somebody has to look at it.
    #[error("{0}")]
    Contradiction(&'static str),
}

impl Progress {
    /// A new order.
    pub(crate) const fn placed(total: i64) -> Self {
        Self {
            state: State::Pending,
            version: 1,
            stock: Stock::Held,
            pay: Pay::Open,
            ending: None,
            total,
            refunded: 0,
            refunding: 0,
            is_shipped: false,
        }
    }

    /// What can still be asked back.
    pub(crate) fn refundable(&self) -> i64 {
        match self.pay {
            Pay::Captured => self.total - self.refunded - self.refunding,
            Pay::Open | Pay::Failed | Pay::Refunded => 0,
        }
    }

    /// Whether anybody owes an answer.
    pub(crate) fn waits(&self) -> bool {
        !self.outstanding().is_empty()
    }

    /// What has been asked and not been answered.
    pub(crate) fn outstanding(&self) -> Vec<Outstanding> {
        let open = matches!(self.state, State::Pending | State::PaymentPending);
        let cancelling = self.state == State::Cancelling;
        let ended = matches!(
            self.state,
            State::Cancelled | State::Failed | State::Refunded
        );
        let questions = [
            (open, Outstanding::Payment),
            (
                cancelling && self.pay == Pay::Open,
                Outstanding::PaymentCancel,
            ),
            (
                self.state == State::Paid && self.stock == Stock::Held,
                Outstanding::StockCommit,
            ),
            (
                cancelling && self.stock != Stock::Gone,
                Outstanding::StockRelease,
            ),
            (!ended && self.refunding > 0, Outstanding::Refund),
            // Money that could not be given back: an operator's decision is what is missing.
            (
                cancelling && self.pay == Pay::Captured && self.refunding == 0,
                Outstanding::Decision,
            ),
        ];
        questions
            .into_iter()
            .filter_map(|(is_open, question)| is_open.then_some(question))
            .collect()
    }

    /// Whether inventory was ever asked to hand the goods over.
    pub(super) fn was_paid_for(&self) -> bool {
        self.state == State::Paid
            || self.is_shipped
            || matches!(self.ending, Some(Ending::Refunded | Ending::OutOfStock))
    }
}

/// A question that another service has not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outstanding {
    Payment,
    PaymentCancel,
    StockCommit,
    StockRelease,
    Refund,
    /// Nobody can be asked again: a person has to decide.
    Decision,
}
