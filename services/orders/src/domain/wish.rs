//! What somebody wants to order, checked as far as that goes without asking anybody.

use contracts::{Amount, ProductId, VariantId, orders::ShippingAddress};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{Rules, Violation, identifiers::Fingerprint, text};

/// Positions of one order.
pub(crate) const MAX_ITEMS: usize = 50;
/// Of one position.
pub(crate) const MAX_QUANTITY: i32 = 999;

/// What somebody wants to order.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) items: Vec<WishedItem>,
    pub(crate) address: ShippingAddress,
    pub(crate) payment_method: String,
}

/// One position of it.
#[derive(Debug, Clone)]
pub(crate) struct WishedItem {
    pub(crate) product: ProductId,
    /// The first one on the product's page where none is named.
    pub(crate) variant: Option<VariantId>,
    pub(crate) quantity: i32,
    /// What the client counts on: a check, never an input.
    pub(crate) price: Option<Amount>,
}

/// As it came: nothing about it is known to be right.
#[derive(Debug, Clone)]
pub(crate) struct RawItem {
    pub(crate) product: ProductId,
    pub(crate) variant: Option<VariantId>,
    pub(crate) quantity: i64,
    pub(crate) price: Option<Amount>,
}

impl Wish {
    /// Checks everything and reports all that is wrong.
    pub(crate) fn check(
        items: Vec<RawItem>,
        address: &ShippingAddress,
        payment_method: &str,
    ) -> Result<Self, Vec<Violation>> {
        let mut rules = Rules::default();
        if items.is_empty() || items.len() > MAX_ITEMS {
            let found = items.len();
            rules.refuse(
                "items",
                format!("must have 1 to {MAX_ITEMS} entries, has {found}"),
            );
        }
        let items = items
            .into_iter()
            .enumerate()
            .filter_map(|(index, item)| {
                let quantity = rules.keep(quantity(index, item.quantity))?;
                Some(WishedItem {
                    product: item.product,
                    variant: item.variant,
                    quantity,
                    price: item.price,
                })
            })
            .collect();
        let address = checked_address(address, &mut rules);
        let payment_method = rules
            .keep(checked_method(payment_method))
            .unwrap_or_default();
        let violations = rules.violations();
        if violations.is_empty() {
            Ok(Self {
                items,
                address,
                payment_method,
            })
        } else {
            Err(violations)
        }
    }

    /// The same for the same wish, however its JSON was written.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        let items = self.items.iter().map(|item| {
            let price = item.price.as_ref().map(Amount::digits);
            json!([item.product, item.variant, item.quantity, price])
        });
        let items: Vec<_> = items.collect();
        let canonical = json!([items, self.address, self.payment_method]);
        Sha256::digest(canonical.to_string()).into()
    }
}

fn quantity(index: usize, quantity: i64) -> Result<i32, Violation> {
    i32::try_from(quantity)
        .ok()
        .filter(|quantity| (1..=MAX_QUANTITY).contains(quantity))
        .ok_or_else(|| {
            Violation::new(
                format!("items[{index}].quantity"),
                format!("must be a whole number from 1 to {MAX_QUANTITY}, is {quantity}"),
            )
        })
}

fn checked_address(address: &ShippingAddress, rules: &mut Rules) -> ShippingAddress {
    let field = |name: &str| format!("shippingAddress.{name}");
    let mut needed = |name: &str, text: &str, min, max| {
        rules
            .keep(text::bounded(&field(name), text, min, max))
            .unwrap_or_default()
    };
    let (street, city) = (
        needed("street", &address.street, 1, 200),
        needed("city", &address.city, 1, 120),
    );
    let (zip_code, country) = (
        needed("zipCode", &address.zip_code, 1, 20),
        needed("country", &address.country, 2, 60),
    );
    let mut optional = |name: &str, text: &Option<String>| {
        rules
            .keep(text::optional(&field(name), text.as_deref(), 120))
            .flatten()
    };
    ShippingAddress {
        recipient: optional("recipient", &address.recipient),
        street,
        city,
        state: optional("state", &address.state),
        zip_code,
        country,
    }
}

/// The provider's name of a method: `pm_` and letters, digits or underscores.
pub(crate) fn checked_method(name: &str) -> Result<String, Violation> {
    let rest = name.strip_prefix("pm_").unwrap_or_default();
    let is_plain = rest
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if (1..=200).contains(&rest.len()) && is_plain {
        return Ok(name.to_owned());
    }
    let message =
        "must be a payment method such as pm_card_visa: pm_ and letters, digits or underscores";
    Err(Violation::new("paymentMethod", message))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn address() -> ShippingAddress {
        ShippingAddress {
            recipient: None,
            street: " 123 Main St ".to_owned(),
            city: "London".to_owned(),
            state: Some("UK".to_owned()),
            zip_code: "SW1A".to_owned(),
            country: "UK".to_owned(),
        }
    }

    fn item(quantity: i64, price: &str) -> RawItem {
        RawItem {
            product: ProductId(Uuid::from_u128(7)),
            variant: None,
            quantity,
            price: serde_json::from_str(price).unwrap(),
        }
    }

    fn wish(quantity: i64, price: &str) -> Wish {
        Wish::check(vec![item(quantity, price)], &address(), "pm_card").unwrap()
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let mut address = address();
        address.city = String::new();
        let items = vec![item(0, "1"), item(999, "1"), item(1_000_000_000, "1")];
        let violations = Wish::check(items, &address, "visa").unwrap_err();
        let fields: Vec<&str> = violations
            .iter()
            .map(|found| found.field.as_str())
            .collect();
        assert_eq!(
            fields,
            [
                "items[0].quantity",
                "items[2].quantity",
                "shippingAddress.city",
                "paymentMethod"
            ]
        );
        assert_eq!(
            Wish::check(Vec::new(), &self::address(), "pm_card").unwrap_err()[0].field,
            "items"
        );
    }

    #[test]
    fn the_fingerprint_is_of_what_is_asked_for() {
        assert_eq!(
            wish(2, "1299.99").fingerprint(),
            wish(2, "\"1299.99\"").fingerprint()
        );
        assert_ne!(
            wish(2, "1299.99").fingerprint(),
            wish(3, "1299.99").fingerprint()
        );
        assert_ne!(
            wish(2, "1299.99").fingerprint(),
            wish(2, "1300").fingerprint()
        );
        assert_eq!(wish(1, "1").address.street, "123 Main St");
    }

    proptest! {
        #[test]
        fn no_name_of_a_method_gets_past_the_pattern(name: String) {
            if let Ok(name) = checked_method(&name) {
                prop_assert!(name.starts_with("pm_") && name.is_ascii());
            }
        }
    }
}
