//! Shelves: what lies of a variant in a warehouse, how much of it is promised, and every movement of either.
//!
//! Numbers change through [`Shelves::apply`] alone, which refuses what would break the invariant
//! `0 <= reserved <= on hand` and writes down each movement, so that the ledger folds to the shelves.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{ProductId, StockId, VariantId, VendorId};
use uuid::Uuid;

/// How grave a shelf's state is, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Level {
    /// There is more than the threshold.
    Enough,
    /// The threshold or less, but something.
    Low,
    /// Nothing to sell.
    Out,
}

impl Level {
    /// All of them, in rising order.
    pub(crate) const ALL: [Self; 3] = [Self::Enough, Self::Low, Self::Out];

    /// Of so many units that can be sold.
    pub(crate) fn of(available: i64, threshold: i64) -> Self {
        if available <= 0 {
            Self::Out
        } else if available <= threshold {
            Self::Low
        } else {
            Self::Enough
        }
    }

    /// As it is stored and shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Enough => "ok",
            Self::Low => "low",
            Self::Out => "out",
        }
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// What the catalogue says of the variant on a shelf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) product_id: ProductId,
    pub(crate) vendor_id: VendorId,
    pub(crate) sku: String,
    pub(crate) product_name: String,
    pub(crate) is_archived: bool,
}

/// What lies of one variant in one warehouse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shelf {
    pub(crate) id: StockId,
    pub(crate) variant_id: VariantId,
    pub(crate) warehouse: String,
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) threshold: i64,
    /// What was told of it last.
    pub(crate) level: Level,
    pub(crate) version: i64,
    pub(crate) facts: Facts,
}

impl Shelf {
    /// Units that can be sold.
    pub(crate) fn available(&self) -> i64 {
        self.on_hand - self.reserved
    }
}

/// Why a shelf changed; together with what it was for, it happens once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Reason {
    Restock,
    Adjustment,
    /// Promised to an order.
    Hold,
    /// Left for an order.
    Commit,
    /// The order does not want it any more.
    Release,
    /// Nobody asked for it in time.
    Expiry,
    /// Came back from an order.
    Return,
}

impl Reason {
    /// As it is stored and shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Restock => "restock",
            Self::Adjustment => "adjustment",
            Self::Hold => "hold",
            Self::Commit => "commit",
            Self::Release => "release",
            Self::Expiry => "expiry",
            Self::Return => "return",
        }
    }
}

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Movement {
    pub(crate) shelf: StockId,
    /// How the units on hand change.
    pub(crate) on_hand: i64,
    /// How the reserved ones change.
    pub(crate) reserved: i64,
    pub(crate) reason: Reason,
    /// The order or request that it is for.
    pub(crate) reference: Uuid,
    /// What people said of it.
    pub(crate) note: Option<String>,
}

/// A movement that no shelf could make: what is stored contradicts itself, or the caller did not look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the shelf {shelf} cannot change by {on_hand} on hand and {reserved} reserved: it has {has_on_hand} and {has_reserved}"
)]
pub(crate) struct Impossible {
    pub(crate) shelf: StockId,
    pub(crate) on_hand: i64,
    pub(crate) reserved: i64,
    pub(crate) has_on_hand: i64,
    pub(crate) has_reserved: i64,
}

/// Some shelves, those that a transaction has locked, and what has happened to them since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shelves {
    rows: BTreeMap<StockId, Shelf>,
    of_variant: BTreeMap<VariantId, Vec<StockId>>,
    movements: Vec<Movement>,
    touched: BTreeSet<StockId>,
}

/// What is to be stored of a change.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Posting {
    /// The shelves that changed, as they are now, in the order of their ids.
    pub(crate) shelves: Vec<Shelf>,
    /// How they came to be so.
    pub(crate) movements: Vec<Movement>,
    /// Those of them that are in a graver state than was told last.
    pub(crate) alerts: Vec<Shelf>,
}

impl Shelves {
    /// As they were read.
    pub(crate) fn new(shelves: Vec<Shelf>) -> Self {
        let mut own = Self::default();
        for shelf in shelves {
            let of_variant = own.of_variant.entry(shelf.variant_id).or_default();
            of_variant.push(shelf.id);
            own.rows.insert(shelf.id, shelf);
        }
        own
    }

    /// One of them, as it is by now.
    pub(crate) fn get(&self, id: StockId) -> Option<&Shelf> {
        self.rows.get(&id)
    }

    /// Those from which a variant can be sold, in the order of their ids.
    pub(crate) fn selling(&self, variant: VariantId) -> impl Iterator<Item = &Shelf> {
        let ids = self.of_variant.get(&variant).map_or(&[][..], Vec::as_slice);
        let shelves = ids.iter().filter_map(|id| self.rows.get(id));
        shelves.filter(|shelf| !shelf.facts.is_archived)
    }

    /// Changes a shelf, or nothing.
    pub(crate) fn apply(&mut self, movement: Movement) -> Result<(), Impossible> {
        let found = self.rows.get_mut(&movement.shelf);
        let (has_on_hand, has_reserved) = found
            .as_ref()
            .map_or((0, 0), |shelf| (shelf.on_hand, shelf.reserved));
        let impossible = Impossible {
            shelf: movement.shelf,
            on_hand: movement.on_hand,
            reserved: movement.reserved,
            has_on_hand,
            has_reserved,
        };
        let on_hand = has_on_hand.checked_add(movement.on_hand);
        let reserved = has_reserved.checked_add(movement.reserved);
        let (Some(changed), Some(on_hand), Some(reserved)) = (found, on_hand, reserved) else {
            return Err(impossible);
        };
        if !(0..=on_hand).contains(&reserved) {
            return Err(impossible);
        }
        changed.on_hand = on_hand;
        changed.reserved = reserved;
        self.touched.insert(movement.shelf);
        self.movements.push(movement);
        Ok(())
    }

    /// Sets the number of units at which a vendor is told.
    pub(crate) fn set_threshold(&mut self, id: StockId, threshold: i64) {
        if let Some(changed) = self.rows.get_mut(&id)
            && changed.threshold != threshold
        {
            changed.threshold = threshold;
            self.touched.insert(id);
        }
    }

    /// What has changed since these were read.
    pub(crate) fn into_posting(mut self) -> Posting {
        let mut posting = Posting {
            movements: self.movements,
            ..Posting::default()
        };
        for id in self.touched {
            let Some(mut changed) = self.rows.remove(&id) else {
                continue;
            };
            let told = changed.level;
            changed.level = Level::of(changed.available(), changed.threshold);
            changed.version += 1;
            if changed.level > told {
                posting.alerts.push(changed.clone());
            }
            posting.shelves.push(changed);
        }
        posting
    }
}
