//! What an order does when something happens: the whole saga as one pure function.
//!
//! [`step`] takes where an order stands and what happened, and gives where it stands then, each turn that it took, and what
//! is to be told to whom. It knows two facts besides the state: what inventory said of the goods and what payments said of
//! the money. A time-out may ask for an answer, and never stands in for one. Every interleaving with duplicated, delayed and
//! reordered answers is walked through in `tests`.

use super::{
    order::{Ending, Pay, State, Stock},
    progress::{Event, Message, Progress, Refusal, Step, Turn},
};

#[cfg(test)]
mod tests;

type Outcome = Result<Step, Refusal>;

/// What comes of `event` for an order that stands at `before`.
pub(crate) fn step(before: Progress, event: Event) -> Outcome {
    let draft = Draft::of(before);
    match event {
        Event::PaymentStarted => draft.payment_started(),
        Event::PaymentCaptured { amount } => draft.payment_captured(amount),
        Event::PaymentDeclined => draft.payment_over(Ending::Declined),
        Event::PaymentCancelled => draft.payment_over(Ending::Cancelled),
        Event::RefundCompleted {
            amount,
            was_pending,
        } => draft.refund_completed(amount, was_pending),
        Event::RefundFailed { amount } => draft.refund_failed(amount),
        Event::StockCommitted => draft.stock_committed(),
        Event::StockCommitFailed => draft.stock_commit_failed(),
        Event::StockReleased { is_expiry } => draft.stock_released(is_expiry),
        Event::CancelAsked => draft.cancel(),
        Event::TimeRanOut => draft.run_out(),
        Event::RefundAsked { amount } => draft.refund(amount),
        Event::Shipped => draft.ship(),
        Event::Delivered => draft.deliver(),
    }
}

/// A step that is being made.
struct Draft {
    now: Progress,
    turns: Vec<Turn>,
    messages: Vec<Message>,
}

impl Draft {
    fn of(now: Progress) -> Self {
        Self {
            now,
            turns: Vec::new(),
            messages: Vec::new(),
        }
    }

    fn turn(&mut self, to: State) {
        self.now.version += 1;
        self.turns.push(Turn {
            from: self.now.state,
            to,
            version: self.now.version,
        });
        self.now.state = to;
    }

    fn tell(&mut self, message: Message) {
        self.messages.push(message);
    }

    #[expect(
        clippy::unnecessary_wraps,
        reason = "every branch of `step` ends in an outcome"
    )]
    fn done(self) -> Outcome {
        Ok(Step {
            after: self.now,
            turns: self.turns,
            messages: self.messages,
        })
    }

    fn payment_started(mut self) -> Outcome {
        match self.now.state {
            State::Pending => {
                self.turn(State::PaymentPending);
                self.done()
            }
            _ => Err(Refusal::Stale),
        }
    }

    fn payment_captured(mut self, amount: i64) -> Outcome {
        if amount != self.now.total {
            return Err(Refusal::Contradiction(
                "another amount was charged than the order's total",
            ));
        }
        match (self.now.state, self.now.pay) {
            (State::Pending | State::PaymentPending, _) => {
                // Whoever has charged has begun to: the news of it was overtaken.
                if self.now.state == State::Pending {
                    self.turn(State::PaymentPending);
                }
                self.now.pay = Pay::Captured;
                self.turn(State::Paid);
                self.tell(Message::AnnouncePaid);
                self.tell(Message::RequestStockCommit);
                self.done()
            }
            // Too late: it goes back.
            (State::Cancelling, Pay::Open) => {
                self.now.pay = Pay::Captured;
                self.turn(State::Cancelling);
                self.refund_the_rest();
                self.done()
            }
            (_, Pay::Captured | Pay::Refunded) => Err(Refusal::Stale),
            (_, Pay::Open | Pay::Failed) => Err(Refusal::Contradiction(
                "money was charged after payments had said that it never would be",
            )),
        }
    }

    /// Payments will not charge: `ending` says why.
    fn payment_over(mut self, ending: Ending) -> Outcome {
        match (self.now.state, self.now.pay) {
            (State::Pending | State::PaymentPending, _) => {
                self.now.pay = Pay::Failed;
                self.now.ending = Some(ending);
                self.turn(State::Cancelling);
                self.tell(Message::RequestStockRelease);
                self.done()
            }
            (State::Cancelling, Pay::Open) => {
                self.now.pay = Pay::Failed;
                self.settle();
                self.done()
            }
            (_, Pay::Failed) => Err(Refusal::Stale),
            (_, Pay::Open | Pay::Captured | Pay::Refunded) => Err(Refusal::Contradiction(
                "payments says that nothing was charged, after it had charged",
            )),
        }
    }

    fn refund_completed(mut self, amount: i64, was_pending: bool) -> Outcome {
        if was_pending {
            self.now.refunding -= amount;
        }
        self.now.refunded += amount;
        let is_covered = self.now.refunding >= 0
            && self.now.refunded + self.now.refunding <= self.now.total
            && self.now.pay == Pay::Captured;
        if !is_covered {
            return Err(Refusal::Contradiction("more went back than was charged"));
        }
        if self.now.refunded < self.now.total {
            self.turn(self.now.state);
            return self.done();
        }
        self.now.pay = Pay::Refunded;
        match self.now.state {
            State::Cancelling if self.now.stock == Stock::Gone => self.settle(),
            State::Shipped | State::Delivered => {
                self.turn(State::Refunded);
                self.tell(Message::AnnounceRefunded);
            }
            State::Paid => {
                self.now.ending = Some(Ending::Refunded);
                self.turn(State::Cancelling);
                self.tell(Message::RequestStockRelease);
            }
            same => self.turn(same),
        }
        self.done()
    }

    fn refund_failed(mut self, amount: i64) -> Outcome {
        if self.now.refunding < amount {
            return Err(Refusal::Contradiction(
                "a refund failed that was not asked for",
            ));
        }
        self.now.refunding -= amount;
        self.turn(self.now.state);
        self.done()
    }

    fn stock_committed(mut self) -> Outcome {
        match self.now.stock {
            Stock::Committed | Stock::Gone => Err(Refusal::Stale),
            Stock::Held if self.now.was_paid_for() => {
                self.now.stock = Stock::Committed;
                self.done()
            }
            Stock::Held => Err(Refusal::Contradiction(
                "goods were handed over that were not asked for",
            )),
        }
    }

    fn stock_commit_failed(mut self) -> Outcome {
        match (self.now.state, self.now.stock) {
            (_, Stock::Gone) => Err(Refusal::Stale),
            (State::Paid, Stock::Held) => {
                self.now.stock = Stock::Gone;
                self.now.ending = Some(Ending::OutOfStock);
                self.turn(State::Cancelling);
                self.refund_the_rest();
                self.done()
            }
            (State::Cancelling, Stock::Held) if self.now.was_paid_for() => {
                self.now.stock = Stock::Gone;
                self.settle();
                self.done()
            }
            (_, Stock::Committed) => Err(Refusal::Contradiction(
                "goods are missing that had been handed over",
            )),
            (_, Stock::Held) => Err(Refusal::Contradiction(
                "goods could not be handed over that were not asked for",
            )),
        }
    }

    fn stock_released(mut self, is_expiry: bool) -> Outcome {
        match (self.now.state, self.now.stock) {
            (_, Stock::Gone) => Err(Refusal::Stale),
            // Handing over takes the goods anew if it can, and inventory tells which. So the end of a hold says nothing
            // about an order that may yet be, or was, paid.
            (State::Cancelling, _) if is_expiry && self.now.was_paid_for() => Err(Refusal::Stale),
            (State::Cancelling, _) => {
                self.now.stock = Stock::Gone;
                self.settle();
                self.done()
            }
            _ if is_expiry => Err(Refusal::Stale),
            _ => Err(Refusal::Contradiction(
                "goods were set free that are still needed",
            )),
        }
    }

    fn cancel(self) -> Outcome {
        match self.now.state {
            State::Pending | State::PaymentPending => self.ask_to_end(Ending::Cancelled),
            State::Cancelling | State::Cancelled => Err(Refusal::Stale),
            State::Paid => Err(Refusal::NotNow(
                "it is paid: ask for the money back instead",
            )),
            State::Shipped | State::Delivered => Err(Refusal::NotNow(
                "it has been sent: ask for the money back instead",
            )),
            State::Failed | State::Refunded => Err(Refusal::NotNow("it has ended")),
        }
    }

    fn run_out(self) -> Outcome {
        match self.now.state {
            State::Pending | State::PaymentPending => self.ask_to_end(Ending::Expired),
            _ => Err(Refusal::Stale),
        }
    }

    fn ask_to_end(mut self, ending: Ending) -> Outcome {
        self.now.ending = Some(ending);
        self.turn(State::Cancelling);
        self.tell(Message::RequestPaymentCancel);
        self.tell(Message::RequestStockRelease);
        self.done()
    }

    fn refund(mut self, amount: i64) -> Outcome {
        if self.now.pay != Pay::Captured {
            return Err(Refusal::NotNow(match self.now.pay {
                Pay::Refunded => "all of the money has gone back",
                _ => "no money has come in",
            }));
        }
        let left = self.now.refundable();
        if amount < 1 || amount > left {
            return Err(Refusal::TooMuch { left });
        }
        self.now.refunding += amount;
        if self.now.state == State::Paid && amount == left {
            self.now.ending = Some(Ending::Refunded);
            self.turn(State::Cancelling);
            self.tell(Message::RequestStockRelease);
        } else {
            self.turn(self.now.state);
        }
        self.tell(Message::RequestAskedRefund { amount });
        self.done()
    }

    fn ship(mut self) -> Outcome {
        match (self.now.state, self.now.stock) {
            (State::Paid, Stock::Committed) => {
                self.now.is_shipped = true;
                self.turn(State::Shipped);
                self.tell(Message::AnnounceShipped);
                self.done()
            }
            (State::Paid, _) => Err(Refusal::NotNow(
                "the warehouse has not handed the goods over yet",
            )),
            (State::Shipped | State::Delivered, _) => {
                Err(Refusal::NotNow("it has been sent already"))
            }
            _ => Err(Refusal::NotNow("only a paid order can be sent")),
        }
    }

    fn deliver(mut self) -> Outcome {
        match self.now.state {
            State::Shipped => {
                self.turn(State::Delivered);
                self.tell(Message::AnnounceDelivered);
                self.done()
            }
            State::Delivered => Err(Refusal::NotNow("it has arrived already")),
            _ => Err(Refusal::NotNow("only what was sent can arrive")),
        }
    }

    fn refund_the_rest(&mut self) {
        let amount = self.now.refundable();
        if amount > 0 {
            self.now.refunding += amount;
            self.tell(Message::RequestAutomaticRefund { amount });
        }
    }

    /// Ends the order if both answers are there.
    fn settle(&mut self) {
        if self.now.stock != Stock::Gone {
            return;
        }
        let (end, announcement) = match (self.now.pay, self.now.ending) {
            (Pay::Failed, Some(Ending::Declined)) => (State::Failed, Message::AnnounceFailed),
            (Pay::Failed, _) => (State::Cancelled, Message::AnnounceCancelled),
            (Pay::Refunded, _) => (State::Refunded, Message::AnnounceRefunded),
            (Pay::Open | Pay::Captured, _) => return,
        };
        self.turn(end);
        self.tell(announcement);
    }
}
