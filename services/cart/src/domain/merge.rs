//! A guest's cart becomes part of an account's: lines are summed, and capped at what is left, at 99, and at 100 lines.

use std::collections::HashMap;

use contracts::VariantId;

use super::cart::{Cart, Line, MAX_LINES, Quantity};

/// What keeps a line from having all that both carts had of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cap {
    /// There are not so many left.
    Stock,
    /// A line has at most 99.
    Quantity,
    /// The cart has no room for another line: the guest's is left out.
    Lines,
}

/// A line that has fewer than both carts had together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Capped {
    /// The guest's line.
    pub(crate) line: Line,
    /// How many both carts had.
    pub(crate) wanted: i64,
    /// How many there are now; 0 where the line was left out.
    pub(crate) quantity: i32,
    pub(crate) cap: Cap,
}

impl Cart {
    /// Takes over the lines of `guest`. `available` says how many are left of what is known about.
    ///
    /// What is sold out keeps its line, with one: its shopper wanted it, and the line says that there is none.
    pub(crate) fn merge(
        &mut self,
        guest: Vec<Line>,
        available: &HashMap<VariantId, i64>,
    ) -> Vec<Capped> {
        let mut capped = Vec::new();
        for line in guest {
            let position = self.position(line.facts.variant_id);
            let present = position.map_or(0, |index| self.lines[index].quantity.get());
            let wanted = i64::from(present) + i64::from(line.quantity.get());
            if position.is_none() && self.lines.len() >= MAX_LINES {
                capped.push(Capped {
                    line,
                    wanted,
                    quantity: 0,
                    cap: Cap::Lines,
                });
                continue;
            }
            let left = available.get(&line.facts.variant_id).copied();
            let (quantity, cap) = cap(wanted, left);
            if let Some(cap) = cap {
                capped.push(Capped {
                    line: line.clone(),
                    wanted,
                    quantity: quantity.get(),
                    cap,
                });
            }
            let line = Line { quantity, ..line };
            match position {
                Some(index) => self.lines[index].take_over(line),
                None => self.lines.push(line),
            }
        }
        capped
    }
}

impl Line {
    /// The guest's was looked at last: its price is the one that its shopper knows.
    fn take_over(&mut self, guest: Self) {
        let added_at = self.added_at.min(guest.added_at);
        *self = Self { added_at, ..guest };
    }
}

/// How many of those that are wanted a line gets, and what it is that keeps it from having all.
fn cap(wanted: i64, left: Option<i64>) -> (Quantity, Option<Cap>) {
    let granted = wanted.min(left.unwrap_or(i64::MAX));
    let quantity = Quantity::clamp(granted);
    let got = i64::from(quantity.get());
    let cap = match () {
        () if got == wanted => None,
        () if got < granted => Some(Cap::Quantity),
        () => Some(Cap::Stock),
    };
    (quantity, cap)
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::{
        super::facts::{Facts, tests::costing},
        *,
    };

    fn line(facts: &Facts, quantity: i64) -> Line {
        Line {
            quantity: Quantity::new(quantity).unwrap(),
            price_when_added: facts.price,
            added_at: DateTime::UNIX_EPOCH,
            facts: facts.clone(),
        }
    }

    #[test]
    fn a_line_gets_the_sum_or_what_is_left_or_99() {
        for (wanted, left, quantity, expected) in [
            (5, None, 5, None),
            (5, Some(5), 5, None),
            (5, Some(3), 3, Some(Cap::Stock)),
            (5, Some(0), 1, Some(Cap::Stock)),
            (1, Some(0), 1, None),
            (5, Some(-2), 1, Some(Cap::Stock)),
            (120, None, 99, Some(Cap::Quantity)),
            (120, Some(110), 99, Some(Cap::Quantity)),
            (120, Some(99), 99, Some(Cap::Stock)),
        ] {
            let (got, found) = cap(wanted, left);
            assert_eq!(
                (got.get(), found),
                (quantity, expected),
                "{wanted} {left:?}"
            );
        }
    }

    #[test]
    fn a_line_that_has_no_room_is_left_out_and_named() {
        let mut cart = Cart::none();
        for _ in 0..MAX_LINES {
            cart.lines.push(line(&costing(1), 1));
        }
        let (known, new) = (cart.lines[0].facts.clone(), costing(2));
        let capped = cart.merge(vec![line(&known, 2), line(&new, 7)], &HashMap::new());
        assert_eq!(cart.lines.len(), MAX_LINES);
        assert_eq!(cart.lines[0].quantity.get(), 3);
        let left_out = Capped {
            line: line(&new, 7),
            wanted: 7,
            quantity: 0,
            cap: Cap::Lines,
        };
        assert_eq!(capped, [left_out]);
    }

    proptest! {
        /// Carts over a few variants: whatever they hold, nothing of both is lost unsaid.
        #[test]
        fn every_line_of_both_is_there_in_full_or_said_to_be_capped(
            own in proptest::collection::btree_map(0_usize..6, 1_i64..=99, 0..6),
            guest in proptest::collection::btree_map(0_usize..6, 1_i64..=99, 0..6),
            left in proptest::collection::hash_map(0_usize..6, 0_i64..200, 0..6),
        ) {
            let things: Vec<Facts> = (0..6).map(costing).collect();
            let lines = |of: &std::collections::BTreeMap<usize, i64>| -> Vec<Line> {
                of.iter().map(|(thing, quantity)| line(&things[*thing], *quantity)).collect()
            };
            let mut cart = Cart::none();
            cart.lines = lines(&own);
            let available = left.iter().map(|(thing, left)| (things[*thing].variant_id, *left)).collect();
            let capped = cart.merge(lines(&guest), &available);
            for (thing, facts) in things.iter().enumerate() {
                let wanted = own.get(&thing).unwrap_or(&0) + guest.get(&thing).unwrap_or(&0);
                let got = cart.position(facts.variant_id).map_or(0, |index| i64::from(cart.lines[index].quantity.get()));
                let said = capped.iter().find(|capped| capped.line.facts.variant_id == facts.variant_id);
                prop_assert_eq!(said.is_some(), got < wanted);
                if let Some(capped) = said {
                    prop_assert_eq!((capped.wanted, i64::from(capped.quantity)), (wanted, got));
                }
                if guest.contains_key(&thing) && let Some(left) = left.get(&thing) {
                    prop_assert!(got <= (*left).max(1));
                }
            }
        }
    }
}
