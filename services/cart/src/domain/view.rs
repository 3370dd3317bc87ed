//! A line as its shopper should see it now: with today's price, and what they should notice.

use contracts::Money;

use super::{
    cart::{Cart, Line},
    facts::Facts,
};

/// From here on down it is worth saying how few are left.
const FEW: i64 = 5;

/// Something that a shopper should notice about a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notice {
    /// It cost this when it was put in.
    PriceChanged(Money),
    /// There is none left.
    OutOfStock,
    /// There are only so many left.
    OnlyLeft(i64),
    /// It has left the shop.
    NoLongerSold,
}

/// A line as it is shown.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ShownLine<'a> {
    pub(crate) line: &'a Line,
    /// What is known of it, as new as can be had.
    pub(crate) facts: &'a Facts,
    /// How many can be bought; nothing where that is unknown.
    pub(crate) available: Option<i64>,
    /// The most important one first.
    pub(crate) notices: Vec<Notice>,
}

impl<'a> ShownLine<'a> {
    /// `forms` are those that the line's product has now; nothing while the catalogue cannot be asked.
    pub(crate) fn new(line: &'a Line, forms: Option<&'a [Facts]>, available: Option<i64>) -> Self {
        let variant = line.facts.variant_id;
        let found = forms.and_then(|forms| forms.iter().find(|facts| facts.variant_id == variant));
        let is_gone = forms.is_some() && found.is_none();
        let facts = found.unwrap_or(&line.facts);
        let available = available.map(|number| number.max(0));
        let notices = if is_gone || facts.is_archived {
            vec![Notice::NoLongerSold]
        } else {
            let shortage = available.and_then(|left| shortage(left, line.quantity.get()));
            let change = price_change(line.price_when_added, facts.price);
            shortage.into_iter().chain(change).collect()
        };
        Self {
            line,
            facts,
            available,
            notices,
        }
    }

    /// What the whole line costs now.
    pub(crate) fn total(&self) -> Money {
        let minor = i64::from(self.line.quantity.get()).saturating_mul(self.facts.price.minor);
        Money::from_minor(minor, self.facts.price.currency)
    }

    fn is_sold(&self) -> bool {
        !self.notices.contains(&Notice::NoLongerSold)
    }
}

fn shortage(left: i64, wanted: i32) -> Option<Notice> {
    match left {
        0 => Some(Notice::OutOfStock),
        few if few < i64::from(wanted) || few <= FEW => Some(Notice::OnlyLeft(few)),
        _ => None,
    }
}

fn price_change(when_added: Money, now: Money) -> Option<Notice> {
    (now != when_added).then_some(Notice::PriceChanged(when_added))
}

/// What everything that is still sold costs now. Nothing where the lines are in several currencies, which cannot be added
/// up; an empty cart costs nothing in the currency of the house.
pub(crate) fn subtotal(lines: &[ShownLine<'_>]) -> Option<Money> {
    let mut totals = lines
        .iter()
        .filter(|line| line.is_sold())
        .map(ShownLine::total);
    let Some(first) = totals.next() else {
        return Some(Money::from_minor(0, contracts::Currency::default()));
    };
    totals.try_fold(first, |sum, total| {
        (sum.currency == total.currency)
            .then(|| Money::from_minor(sum.minor.saturating_add(total.minor), sum.currency))
    })
}

/// How many things a cart holds in all.
pub(crate) fn item_count(cart: &Cart) -> i32 {
    cart.lines.iter().map(|line| line.quantity.get()).sum()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use contracts::Currency;

    use super::{
        super::{cart::Quantity, facts::tests::costing},
        *,
    };

    fn line(quantity: i64, minor: i64) -> Line {
        let facts = costing(minor);
        Line {
            quantity: Quantity::new(quantity).unwrap(),
            price_when_added: facts.price,
            added_at: DateTime::UNIX_EPOCH,
            facts,
        }
    }

    fn eur(minor: i64) -> Money {
        Money::from_minor(minor, Currency::Eur)
    }

    #[test]
    fn what_a_shopper_should_know_of_the_stock_is_said() {
        for (quantity, available, expected) in [
            (1, None, None),
            (1, Some(6), None),
            (7, Some(7), None),
            (7, Some(6), Some(Notice::OnlyLeft(6))),
            (1, Some(5), Some(Notice::OnlyLeft(5))),
            (1, Some(0), Some(Notice::OutOfStock)),
            (1, Some(-3), Some(Notice::OutOfStock)),
        ] {
            let line = line(quantity, 1000);
            let shown = ShownLine::new(&line, None, available);
            let expected: Vec<Notice> = expected.into_iter().collect();
            assert_eq!(shown.notices, expected, "{quantity} of {available:?}");
        }
    }

    #[test]
    fn a_changed_price_counts_at_once_and_the_old_one_is_said() {
        let line = line(2, 1000);
        let mut now = line.facts.clone();
        now.price = eur(1250);
        let forms = [now];
        let shown = ShownLine::new(&line, Some(&forms), Some(0));
        let notices = [Notice::OutOfStock, Notice::PriceChanged(eur(1000))];
        assert_eq!(
            (shown.notices.as_slice(), shown.total()),
            (notices.as_slice(), eur(2500))
        );
    }

    #[test]
    fn what_left_the_shop_says_only_that_and_costs_nothing() {
        let (gone, stays) = (line(2, 1000), line(3, 100));
        let mut archived = gone.facts.clone();
        archived.is_archived = true;
        let archived = [archived];
        for forms in [&[], archived.as_slice()] {
            let shown = [
                ShownLine::new(&gone, Some(forms), Some(0)),
                ShownLine::new(&stays, None, None),
            ];
            assert_eq!(shown[0].notices, [Notice::NoLongerSold]);
            assert_eq!(subtotal(&shown), Some(eur(300)));
        }
    }

    #[test]
    fn euros_and_yen_have_no_sum() {
        let (euros, mut yen) = (line(1, 1000), line(1, 1000));
        yen.facts.price.currency = Currency::Jpy;
        let shown = [&euros, &yen].map(|line| ShownLine::new(line, None, None));
        assert_eq!(subtotal(&shown), None);
        assert_eq!(subtotal(&[]), Some(eur(0)));
    }
}
