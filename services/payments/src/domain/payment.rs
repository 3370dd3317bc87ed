//! The state machine of a payment: what may follow what, and what has to be said and noted when it does.
//!
//! It is a pure function so that every order of events can be tried (see `model.rs`). Two rules carry it. What is in doubt
//! stays so until the provider has said what happened: a cancellation, a time-out or a crash concludes nothing. And what
//! has been said to others is never taken back: a charge that turns up later is a stray one and is given back.

#[cfg(test)]
mod model;
#[cfg(test)]
mod sequences;
mod state;

pub(crate) use state::{State, Trouble};

/// How often a payment is tried with another key after a definitive decline.
pub(crate) const ATTEMPTS: i32 = 3;

/// As much of a payment as decides what may happen to it. Amounts are in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Payment {
    pub(crate) state: State,
    /// From 1; part of the idempotency key.
    pub(crate) attempt: i32,
    pub(crate) cancel_requested: bool,
    pub(crate) amount: i64,
    pub(crate) captured: i64,
    /// Asked to go back, or back.
    pub(crate) refunding: i64,
    /// Back.
    pub(crate) refunded: i64,
}

/// Something that happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Event {
    /// Nobody wants the charge any more.
    CancelRequested,
    /// A worker is about to send.
    SendingBegins,
    /// The provider has charged.
    Charged {
        minor: i64,
        is_right_currency: bool,
        /// It is the charge that we have noted already.
        is_known: bool,
    },
    /// The provider has definitely not charged under this attempt's key, and never will.
    Declined {
        attempt: i32,
        /// The same again cannot succeed.
        is_final: bool,
    },
    /// In doubt for too long, and not in the provider's books.
    NeverFound,
    /// The provider's books do not have the charge, or have more refunds of it than ours.
    BooksDiffer,
    /// Somebody wants money back.
    RefundRequested { minor: i64 },
    /// Money went back.
    RefundSucceeded { minor: i64 },
    /// The provider refused to give money back.
    RefundFailed { minor: i64 },
    /// A refund is in doubt for too long, and not in the provider's books.
    RefundNeverFound,
    /// An operator wants a refused refund to be tried again.
    RefundReopened { minor: i64 },
    /// An operator wants it to be looked at again.
    Reopened,
}

/// What has to be done about it, in the same transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Effect {
    /// Say that it is being made.
    SayStarted,
    /// Say that the money is ours.
    SayCaptured,
    /// Say that it was declined for the last time, and keep it for an operator.
    SayDeclined,
    /// Say that nothing was charged and never will be.
    SayCancelled,
    /// Say that money went back.
    SayRefunded,
    /// Say that money could not be given back.
    SayRefundFailed,
    /// Note the charge in the ledger.
    NoteCharge,
    /// Note the charge in the ledger as one that should not be, and give it back.
    ReturnStrayCharge,
    /// Send the refund.
    SendRefund,
}

/// Why an event cannot have its effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the payment is not captured yet")]
    NotYet,
    #[error("a person has to look at the payment first")]
    NeedsAttention,
    #[error("nothing was charged")]
    NothingCharged,
    #[error("it is more than what is left of the charge")]
    TooMuch,
    #[error("the payment has ended")]
    Ended,
}

/// What follows, and what has to be done.
pub(crate) type Turn = Result<(Payment, &'static [Effect]), Refusal>;

impl Payment {
    /// One that was just asked for.
    #[cfg(test)]
    pub(crate) const fn requested(amount: i64) -> Self {
        Self {
            state: State::Pending,
            attempt: 1,
            cancel_requested: false,
            amount,
            captured: 0,
            refunding: 0,
            refunded: 0,
        }
    }

    /// What `event` makes of it.
    pub(crate) fn after(self, event: Event) -> Turn {
        match event {
            Event::CancelRequested => Ok(self.cancel()),
            Event::SendingBegins => Ok(self.begin_sending()),
            Event::Charged {
                minor,
                is_right_currency,
                is_known,
            } => Ok(self.charged(minor, is_right_currency, is_known)),
            Event::Declined { attempt, is_final } => Ok(self.declined(attempt, is_final)),
            Event::NeverFound if self.state == State::InDoubt => {
                Ok((self.to(State::Manual(Trouble::Unclear)), &[]))
            }
            Event::BooksDiffer if self.state == State::Captured => {
                Ok((self.to(State::Manual(Trouble::BooksDiffer)), &[]))
            }
            Event::RefundNeverFound if self.state == State::RefundPending => {
                Ok((self.to(State::Manual(Trouble::RefundUnclear)), &[]))
            }
            Event::NeverFound | Event::BooksDiffer | Event::RefundNeverFound => Ok((self, &[])),
            Event::RefundRequested { minor } => self.request_refund(minor),
            Event::RefundSucceeded { minor } => Ok(self.refund_succeeded(minor)),
            Event::RefundFailed { minor } => Ok(self.refund_failed(minor)),
            Event::RefundReopened { minor } => self.reopen_refund(minor),
            Event::Reopened => self.reopen(),
        }
    }

    fn to(self, state: State) -> Self {
        Self { state, ..self }
    }

    fn cancel(self) -> (Self, &'static [Effect]) {
        let asked = Self {
            cancel_requested: true,
            ..self
        };
        match self.state {
            State::Pending => (asked.to(State::Cancelled), &[Effect::SayCancelled]),
            // Only the provider knows; whoever asked is answered when it has said it.
            State::InDoubt | State::Manual(Trouble::Unclear) => (asked, &[]),
            // Nothing was charged: whoever asks gets that for an answer, once.
            State::Declined if !self.cancel_requested => (asked, &[Effect::SayCancelled]),
            // It has been said what happened.
            _ => (self, &[]),
        }
    }

    fn begin_sending(self) -> (Self, &'static [Effect]) {
        match self.state {
            State::Pending if self.attempt == 1 => (self.to(State::InDoubt), &[Effect::SayStarted]),
            State::Pending => (self.to(State::InDoubt), &[]),
            _ => (self, &[]),
        }
    }

    fn charged(
        self,
        minor: i64,
        is_right_currency: bool,
        is_known: bool,
    ) -> (Self, &'static [Effect]) {
        match self.state {
            State::Pending | State::InDoubt | State::Manual(Trouble::Unclear) => {
                let captured = Self {
                    captured: minor,
                    ..self
                };
                if minor == self.amount && is_right_currency {
                    let effects = &[Effect::NoteCharge, Effect::SayCaptured];
                    (captured.to(State::Captured), effects)
                } else {
                    let state = State::Manual(Trouble::WrongAmount);
                    (captured.to(state), &[Effect::NoteCharge])
                }
            }
            _ if is_known => (self, &[]),
            _ => (self, &[Effect::ReturnStrayCharge]),
        }
    }

    fn declined(self, attempt: i32, is_final: bool) -> (Self, &'static [Effect]) {
        if !self.state.is_unclear() || attempt != self.attempt {
            return (self, &[]);
        }
        if self.cancel_requested {
            return (self.to(State::Cancelled), &[Effect::SayCancelled]);
        }
        if is_final || self.attempt >= ATTEMPTS {
            return (self.to(State::Declined), &[Effect::SayDeclined]);
        }
        let next = Self {
            attempt: self.attempt + 1,
            ..self
        };
        (next.to(State::Pending), &[])
    }

    fn request_refund(self, minor: i64) -> Turn {
        match self.state {
            State::Pending | State::InDoubt => Err(Refusal::NotYet),
            State::Manual(_) => Err(Refusal::NeedsAttention),
            State::Declined | State::Cancelled => Err(Refusal::NothingCharged),
            State::Captured | State::RefundPending | State::Refunded => self.reserve(minor),
        }
    }

    fn reserve(self, minor: i64) -> Turn {
        let refunding = self.refunding.checked_add(minor);
        match refunding.filter(|refunding| minor > 0 && *refunding <= self.captured) {
            None => Err(Refusal::TooMuch),
            Some(refunding) => {
                let reserved = Self { refunding, ..self };
                Ok((reserved.to(State::RefundPending), &[Effect::SendRefund]))
            }
        }
    }

    fn refund_succeeded(self, minor: i64) -> (Self, &'static [Effect]) {
        let done = Self {
            refunded: self.refunded + minor,
            ..self
        };
        (done.to(done.settled()), &[Effect::SayRefunded])
    }

    fn refund_failed(self, minor: i64) -> (Self, &'static [Effect]) {
        let given_up = Self {
            refunding: self.refunding - minor,
            ..self
        };
        let state = State::Manual(Trouble::RefundFailed);
        (given_up.to(state), &[Effect::SayRefundFailed])
    }

    fn reopen_refund(self, minor: i64) -> Turn {
        match self.state {
            // The latter when there are several of them.
            State::Manual(Trouble::RefundFailed) | State::RefundPending => self.reserve(minor),
            _ => Err(Refusal::Ended),
        }
    }

    fn reopen(self) -> Turn {
        match self.state {
            State::Pending | State::InDoubt | State::RefundPending => Ok((self, &[])),
            // The same attempt, so the same key; one that is too old is only looked for.
            State::Manual(Trouble::Unclear) => Ok((self.to(State::InDoubt), &[])),
            // The reconciler looks again.
            State::Manual(Trouble::BooksDiffer) => Ok((self.to(State::Captured), &[])),
            State::Manual(Trouble::RefundUnclear) => Ok((self.to(State::RefundPending), &[])),
            State::Manual(Trouble::WrongAmount | Trouble::RefundFailed) => {
                Err(Refusal::NeedsAttention)
            }
            State::Captured | State::Declined | State::Cancelled | State::Refunded => {
                Err(Refusal::Ended)
            }
        }
    }

    /// Where a captured payment is by what went back; a person who has to look at it still has to.
    fn settled(self) -> State {
        if let State::Manual(Trouble::RefundFailed) = self.state {
            return self.state;
        }
        if self.refunding > self.refunded {
            State::RefundPending
        } else if self.refunded == self.captured {
            State::Refunded
        } else {
            State::Captured
        }
    }
}
