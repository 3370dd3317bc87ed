//! What a wish costs: the catalogue's prices decide, and what the client counted on is compared with them.

use std::collections::HashSet;

use contracts::{Currency, Money, VariantId};

use super::{
    Violation,
    offer::{Offer, Offers},
    wish::WishedItem,
};

/// The most that the payment provider charges at once, in minor units.
pub(crate) const MAX_TOTAL_MINOR: i64 = 99_999_999;

/// A wish with its prices.
#[derive(Debug, Clone)]
pub(crate) struct Priced {
    pub(crate) lines: Vec<PricedLine>,
    pub(crate) total: Money,
}

/// A position with what it is and costs.
#[derive(Debug, Clone)]
pub(crate) struct PricedLine {
    pub(crate) offer: Offer,
    pub(crate) quantity: i32,
}

impl PricedLine {
    /// What all of it costs.
    pub(crate) fn total(&self) -> Money {
        let unit = self.offer.price;
        Money::from_minor(
            unit.minor.saturating_mul(i64::from(self.quantity)),
            unit.currency,
        )
    }
}

/// A price that is not what the client counted on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Changed {
    /// Which position, from 0.
    pub(crate) index: usize,
    pub(crate) variant: VariantId,
    pub(crate) expected: Money,
    pub(crate) current: Money,
}

/// Why a wish cannot be fulfilled. The first of these that holds is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It makes no sense.
    Invalid(Vec<Violation>),
    /// Something of it can no longer be bought.
    NotForSale(Vec<Violation>),
    /// It costs something else.
    PriceChanged(Vec<Changed>),
}

/// Finds each position's offer and adds up.
pub(crate) fn price(items: &[WishedItem], offers: &Offers) -> Result<Priced, Refusal> {
    let lines = find(items, offers)?;
    let currency = lines
        .first()
        .map_or(Currency::default(), |line| line.offer.price.currency);
    let (mut invalid, mut gone, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    for (index, (item, line)) in items.iter().zip(&lines).enumerate() {
        let field = |name: &str| format!("items[{index}].{name}");
        let offer = &line.offer;
        if !seen.insert(offer.variant_id) {
            let message = "stands in the order already: send it once with the whole quantity";
            invalid.push(Violation::new(field("productId"), message));
        }
        if offer.price.currency != currency {
            let message = format!(
                "is priced in {}, the items before it in {currency}: order them apart",
                offer.price.currency
            );
            invalid.push(Violation::new(field("productId"), message));
        }
        if offer.is_archived {
            let message = format!("{} is not for sale any more", offer.product_name);
            gone.push(Violation::new(field("productId"), message));
        }
        match item
            .price
            .as_ref()
            .map(|price| price.in_currency(offer.price.currency))
        {
            Some(Ok(expected)) if expected != offer.price => changed.push(Changed {
                index,
                variant: offer.variant_id,
                expected,
                current: offer.price,
            }),
            Some(Err(error)) => invalid.push(Violation::new(field("price"), error.to_string())),
            Some(Ok(_)) | None => {}
        }
    }
    if !invalid.is_empty() {
        return Err(Refusal::Invalid(invalid));
    }
    if !gone.is_empty() {
        return Err(Refusal::NotForSale(gone));
    }
    if !changed.is_empty() {
        return Err(Refusal::PriceChanged(changed));
    }
    let total = add_up(&lines, currency)?;
    Ok(Priced { lines, total })
}

fn find(items: &[WishedItem], offers: &Offers) -> Result<Vec<PricedLine>, Refusal> {
    let mut unknown = Vec::new();
    let mut lines = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let of_product = offers
            .get(&item.product)
            .filter(|offers| !offers.is_empty());
        let Some(of_product) = of_product else {
            let message = format!("there is no product {}", item.product);
            unknown.push(Violation::new(format!("items[{index}].productId"), message));
            continue;
        };
        let offer = match item.variant {
            Some(variant) => of_product.iter().find(|offer| offer.variant_id == variant),
            None => of_product.first(),
        };
        match offer {
            Some(offer) => lines.push(PricedLine {
                offer: offer.clone(),
                quantity: item.quantity,
            }),
            None => unknown.push(Violation::new(
                format!("items[{index}].variantId"),
                format!("is no variant of the product {}", item.product),
            )),
        }
    }
    if unknown.is_empty() {
        Ok(lines)
    } else {
        Err(Refusal::Invalid(unknown))
    }
}

fn add_up(lines: &[PricedLine], currency: Currency) -> Result<Money, Refusal> {
    let total = lines
        .iter()
        .fold(0_i64, |sum, line| sum.saturating_add(line.total().minor));
    let wrong = |message: String| Refusal::Invalid(vec![Violation::new("items", message)]);
    if total > MAX_TOTAL_MINOR {
        let most = Money::from_minor(MAX_TOTAL_MINOR, currency);
        return Err(wrong(format!(
            "cost more than {most} together: order them apart"
        )));
    }
    if total < 1 {
        return Err(wrong("cost nothing: there is nothing to pay".to_owned()));
    }
    Ok(Money::from_minor(total, currency))
}

#[cfg(test)]
mod tests {
    use contracts::{ProductId, VendorId};
    use uuid::Uuid;

    use super::*;

    fn offer(product: u128, variant: u128, minor: i64) -> Offer {
        Offer {
            product_id: ProductId(Uuid::from_u128(product)),
            variant_id: VariantId(Uuid::from_u128(variant)),
            vendor_id: VendorId(Uuid::from_u128(1)),
            sku: "S".to_owned(),
            slug: "s".to_owned(),
            product_name: "Lamp".to_owned(),
            variant_name: "Black".to_owned(),
            price: Money::from_minor(minor, Currency::Eur),
            picture: None,
            is_archived: false,
        }
    }

    fn offers(all: &[Offer]) -> Offers {
        let mut offers = Offers::new();
        for offer in all {
            let mut of_product: Vec<Offer> = offers
                .get(&offer.product_id)
                .map(|known| known.to_vec())
                .unwrap_or_default();
            of_product.push(offer.clone());
            offers.insert(offer.product_id, of_product.into());
        }
        offers
    }

    fn item(
        product: u128,
        variant: Option<u128>,
        quantity: i32,
        price: Option<&str>,
    ) -> WishedItem {
        WishedItem {
            product: ProductId(Uuid::from_u128(product)),
            variant: variant.map(|variant| VariantId(Uuid::from_u128(variant))),
            quantity,
            price: price.map(|price| serde_json::from_str(price).unwrap()),
        }
    }

    fn fields(refusal: Refusal) -> Vec<String> {
        let (Refusal::Invalid(violations) | Refusal::NotForSale(violations)) = refusal else {
            panic!("{refusal:?}");
        };
        violations.into_iter().map(|found| found.field).collect()
    }

    #[test]
    fn the_first_variant_counts_where_none_is_named() {
        let offers = offers(&[offer(1, 10, 1_000), offer(1, 11, 1_500)]);
        let items = [item(1, None, 2, Some("10")), item(1, Some(11), 1, None)];
        let priced = price(&items, &offers).unwrap();
        assert_eq!(priced.total, Money::from_minor(3_500, Currency::Eur));
        assert_eq!(priced.lines[0].offer.name(), "Lamp, Black");
    }

    #[test]
    fn another_price_is_told_with_the_right_one() {
        let offers = offers(&[offer(1, 10, 1_000)]);
        let Err(Refusal::PriceChanged(changed)) = price(&[item(1, None, 1, Some("0.01"))], &offers)
        else {
            panic!("it is not refused");
        };
        assert_eq!(changed[0].current.minor, 1_000);
        assert_eq!(changed[0].index, 0);
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        let mut archived = offer(2, 20, 1);
        archived.is_archived = true;
        let offers = offers(&[
            offer(1, 10, 1_000),
            archived,
            offer(3, 30, 0),
            offer(4, 40, i64::MAX),
        ]);
        let wrong = |items: &[WishedItem]| fields(price(items, &offers).unwrap_err());
        assert_eq!(wrong(&[item(9, None, 1, None)]), ["items[0].productId"]);
        assert_eq!(wrong(&[item(1, Some(20), 1, None)]), ["items[0].variantId"]);
        assert_eq!(
            wrong(&[item(1, None, 1, None), item(1, Some(10), 1, None)]),
            ["items[1].productId"]
        );
        assert_eq!(
            wrong(&[item(1, None, 1, Some("0.001"))]),
            ["items[0].price"]
        );
        assert_eq!(wrong(&[item(2, None, 1, None)]), ["items[0].productId"]);
        assert_eq!(wrong(&[item(3, None, 1, None)]), ["items"]);
        assert_eq!(wrong(&[item(4, None, 999, None)]), ["items"]);
    }
}
