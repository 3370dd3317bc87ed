//! A cart and its bounds.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use contracts::{Money, ProductId, VariantId};
use uuid::Uuid;

use super::facts::Facts;

/// Lines of a cart; the database counts them too.
pub(crate) const MAX_LINES: usize = 100;

/// How many of one thing, from 1 to 99.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quantity(i32);

impl Quantity {
    pub(crate) const ONE: Self = Self(1);
    pub(crate) const MAX: Self = Self(99);

    /// Nothing unless the number is within the bounds.
    pub(crate) fn new(number: i64) -> Option<Self> {
        let number = i32::try_from(number).ok()?;
        (Self::ONE.0..=Self::MAX.0)
            .contains(&number)
            .then_some(Self(number))
    }

    /// The nearest one within the bounds.
    pub(crate) fn clamp(number: i64) -> Self {
        Self::new(number).unwrap_or(if number < 1 { Self::ONE } else { Self::MAX })
    }

    pub(crate) fn get(self) -> i32 {
        self.0
    }
}

/// One kind of thing in a cart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) quantity: Quantity,
    /// What one cost when it was last put in.
    pub(crate) price_when_added: Money,
    /// When it was first put in; lines are shown in this order.
    pub(crate) added_at: DateTime<Utc>,
    /// What is known of it.
    pub(crate) facts: Facts,
}

/// What somebody means to buy: at most [`MAX_LINES`] lines, each of another variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cart {
    pub(crate) id: Uuid,
    /// Rises by one with every change.
    pub(crate) version: i64,
    /// When it is forgotten if nobody uses it.
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) lines: Vec<Line>,
}

impl Cart {
    /// What somebody has who never put anything in: it is stored nowhere.
    pub(crate) fn none() -> Self {
        Self {
            id: Uuid::nil(),
            version: 0,
            expires_at: DateTime::UNIX_EPOCH,
            lines: Vec::new(),
        }
    }

    pub(super) fn position(&self, variant: VariantId) -> Option<usize> {
        self.lines
            .iter()
            .position(|line| line.facts.variant_id == variant)
    }
}

/// What products these lines are of.
pub(crate) fn products(lines: &[Line]) -> BTreeSet<ProductId> {
    lines.iter().map(|line| line.facts.product_id).collect()
}

/// What variants these lines are of.
pub(crate) fn variants(lines: &[Line]) -> BTreeSet<VariantId> {
    lines.iter().map(|line| line.facts.variant_id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(number: i64) -> Quantity {
        Quantity::new(number).unwrap()
    }

    #[test]
    fn what_is_no_quantity_is_refused_and_clamped_to_one_that_is() {
        for (number, nearest) in [(i64::MIN, 1), (-1, 1), (0, 1), (100, 99), (1 << 40, 99)] {
            assert_eq!(Quantity::new(number), None);
            assert_eq!(Quantity::clamp(number).get(), nearest);
        }
        assert_eq!(quantity(1), Quantity::ONE);
        assert_eq!(quantity(99), Quantity::MAX);
    }
}
