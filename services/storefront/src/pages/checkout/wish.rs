//! The things that a checkout's form carries: each as `product variant quantity price currency`, in one hidden field.

use contracts::{Currency, Money};

use crate::{
    form::Typed,
    services::{cart::Line, orders::WishedItem},
};

/// What stands in the hidden field.
pub(super) fn text(line: &Line, price: Money) -> String {
    format!(
        "{} {} {} {} {}",
        line.product_id,
        line.variant_id,
        line.quantity,
        price.amount(),
        price.currency.code()
    )
}

/// The things of a form; nothing where it is not one of ours.
pub(super) fn items(typed: &Typed) -> Option<Vec<WishedItem>> {
    let items: Option<Vec<WishedItem>> = typed.all("line").map(item).collect();
    items.filter(|items| !items.is_empty())
}

fn item(text: &str) -> Option<WishedItem> {
    let mut parts = text.split(' ');
    let mut next = || parts.next();
    let (product, variant, quantity) = (next()?, next()?, next()?);
    let (amount, currency) = (next()?, next()?);
    let currency: Currency = currency.parse().ok()?;
    Some(WishedItem {
        product_id: product.parse().ok()?,
        variant_id: variant.parse().ok()?,
        quantity: quantity.parse().ok()?,
        price: Money::parse(amount, currency).ok()?.amount(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Vec<WishedItem>> {
        items(&Typed(vec![("line".to_owned(), text.to_owned())]))
    }

    #[test]
    fn a_line_is_read_back_as_it_was_written() {
        let id = "0199b3a0-0000-7000-8000-000000000001";
        let items = read(&format!("{id} {id} 3 12.50 EUR")).unwrap();
        assert_eq!((items[0].quantity, items[0].price.as_str()), (3, "12.50"));
    }

    #[test]
    fn what_is_not_one_of_our_lines_is_no_wish() {
        let id = "0199b3a0-0000-7000-8000-000000000001";
        for text in [
            String::new(),
            format!("{id} {id} 3 12.50"),
            format!("{id} {id} -3 12.50 EUR"),
            format!("{id} {id} 3 1e3 EUR"),
            format!("x {id} 3 12.50 EUR"),
        ] {
            assert!(read(&text).is_none(), "{text:?}");
        }
        assert!(items(&Typed(Vec::new())).is_none());
    }
}
