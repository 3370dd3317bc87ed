//! The life of a hold: made, then committed, released or expired, each once; and what each does to the shelves.
//!
//! ```text
//! (none) ──hold──► HELD ──commit──► COMMITTED ──release──► RELEASED
//!    │               ├──release──► RELEASED ◄──release / commit without goods── EXPIRED
//!    │               └──expiry───► EXPIRED ──commit, goods still there──► COMMITTED
//!    └──release or commit──► RELEASED (a tombstone: no hold for this order any more)
//! ```
//!
//! Every command is answered, also one that changes nothing, and each answer has a version of its own.

use contracts::{OrderId, inventory::ReleaseReason};

use super::{
    allocation::{Portion, allocate, merged},
    shelf::{Impossible, Movement, Reason, Shelves},
};

/// Where a hold stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum State {
    /// The goods lie on the shelf for the order.
    Held,
    /// They have left the shelf.
    Committed,
    /// They are free again, for good.
    Released,
    /// They are free again, but the order may still get others.
    Expired,
}

impl State {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Held, Self::Committed, Self::Released, Self::Expired];

    /// As it is stored.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Held => "HELD",
            Self::Committed => "COMMITTED",
            Self::Released => "RELEASED",
            Self::Expired => "EXPIRED",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// What is promised to one order.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Hold {
    pub(crate) order_id: OrderId,
    pub(crate) state: State,
    pub(crate) version: i64,
    /// From where; of one that ended unsold, from where it had been.
    pub(crate) portions: Vec<Portion>,
}

/// What the order is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Answer {
    Committed,
    CommitFailed(Failure),
    Released(ReleaseReason),
}

/// Why goods cannot be given to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Failure {
    /// There never was a hold, or it was released.
    Released,
    /// The hold expired, and others have bought the goods since.
    SoldSince,
}

impl Failure {
    /// For people.
    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::Released => "The goods had been set free for this order.",
            Self::SoldSince => "The hold had expired, and the goods have been sold since.",
        }
    }
}

impl Hold {
    /// Promises these portions, which must be there.
    pub(crate) fn place(
        order_id: OrderId,
        portions: Vec<Portion>,
        shelves: &mut Shelves,
    ) -> Result<Self, Impossible> {
        let hold = Self {
            order_id,
            state: State::Held,
            version: 1,
            portions,
        };
        hold.shift(0, 1, Reason::Hold, shelves)?;
        Ok(hold)
    }

    /// For an order of which nothing is known: nothing will be held for it any more.
    pub(crate) fn tombstone(order_id: OrderId) -> Self {
        Self {
            order_id,
            state: State::Released,
            version: 0,
            portions: Vec::new(),
        }
    }

    /// Gives the goods to the order for good.
    pub(crate) fn commit(&mut self, shelves: &mut Shelves) -> Result<Answer, Impossible> {
        let answer = match self.state {
            State::Held => {
                self.shift(-1, -1, Reason::Commit, shelves)?;
                self.state = State::Committed;
                Answer::Committed
            }
            State::Committed => Answer::Committed,
            State::Expired => self.commit_after_expiry(shelves)?,
            State::Released => Answer::CommitFailed(Failure::Released),
        };
        self.version += 1;
        Ok(answer)
    }

    /// Takes what there is now, wherever it lies, and otherwise gives up for good: the order goes on without goods.
    fn commit_after_expiry(&mut self, shelves: &mut Shelves) -> Result<Answer, Impossible> {
        let wishes = merged(
            self.portions
                .iter()
                .map(|portion| (portion.variant_id, portion.quantity)),
        );
        let Some(portions) = allocate(&wishes, shelves) else {
            self.state = State::Released;
            return Ok(Answer::CommitFailed(Failure::SoldSince));
        };
        self.portions = portions;
        self.shift(-1, 0, Reason::Commit, shelves)?;
        self.state = State::Committed;
        Ok(Answer::Committed)
    }

    /// Sets the goods free; those that had left the shelf come back to it.
    pub(crate) fn release(&mut self, shelves: &mut Shelves) -> Result<Answer, Impossible> {
        match self.state {
            State::Held => self.shift(0, -1, Reason::Release, shelves)?,
            State::Committed => self.shift(1, 0, Reason::Return, shelves)?,
            State::Released | State::Expired => {}
        }
        self.state = State::Released;
        self.version += 1;
        Ok(Answer::Released(ReleaseReason::Released))
    }

    /// Sets the goods free of a hold that nobody asked for in time; changes no other.
    pub(crate) fn expire(&mut self, shelves: &mut Shelves) -> Result<Option<Answer>, Impossible> {
        if self.state != State::Held {
            return Ok(None);
        }
        self.shift(0, -1, Reason::Expiry, shelves)?;
        self.state = State::Expired;
        self.version += 1;
        Ok(Some(Answer::Released(ReleaseReason::Expired)))
    }

    /// Moves all portions, so many times their quantity.
    fn shift(
        &self,
        on_hand: i64,
        reserved: i64,
        reason: Reason,
        shelves: &mut Shelves,
    ) -> Result<(), Impossible> {
        for portion in &self.portions {
            shelves.apply(Movement {
                shelf: portion.shelf,
                on_hand: on_hand * portion.quantity,
                reserved: reserved * portion.quantity,
                reason,
                reference: self.order_id.0,
                note: None,
            })?;
        }
        Ok(())
    }
}
