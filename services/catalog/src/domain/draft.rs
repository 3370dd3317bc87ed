//! What a vendor wants to sell, checked before anything is stored.

use std::collections::{BTreeMap, HashSet};

use contracts::{Amount, Currency, Money, ProductId, VariantId};

use super::{
    Violation,
    product::{Attributes, Facets, facets},
    text::bounded,
};

/// Ten million of a currency with two decimals: above it is a typing mistake.
const MAX_PRICE_MINOR: i64 = 1_000_000_000;
const MAX_ATTRIBUTES: usize = 40;
pub(crate) const MAX_VARIANTS: usize = 100;

/// A new product, as it was asked for.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) summary: Option<String>,
    pub(crate) description: String,
    pub(crate) price: Amount,
    pub(crate) currency: Currency,
    pub(crate) category: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) variants: Vec<VariantWish>,
}

/// One of its forms, as it was asked for.
#[derive(Debug)]
pub(crate) struct VariantWish {
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) price: Option<Amount>,
    pub(crate) options: BTreeMap<String, String>,
}

/// A new product that keeps every rule.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) description: String,
    pub(crate) price: Money,
    pub(crate) category: String,
    pub(crate) attributes: Attributes,
    pub(crate) variants: Vec<VariantDraft>,
}

/// One of its forms.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VariantDraft {
    pub(crate) id: VariantId,
    pub(crate) sku: String,
    pub(crate) name: String,
    pub(crate) price_minor: Option<i64>,
    pub(crate) options: Attributes,
}

impl Draft {
    /// Checks every field and reports all that are wrong. A product without variants gets one of its own.
    pub(crate) fn check(wish: Wish, id: ProductId) -> Result<Self, Vec<Violation>> {
        let mut rules = Rules::default();
        let name = rules.keep(bounded("name", &wish.name, 1, 200));
        let description = rules.keep(bounded("description", &wish.description, 0, 10_000));
        let summary = rules.keep(summary(wish.summary.as_deref(), &wish.description));
        let price = rules.keep(price("price", &wish.price, wish.currency));
        let category = rules.keep(bounded("category", &wish.category, 1, 80));
        let attributes = rules.keep_all(attributes("attributes", &wish.attributes));
        let variants = rules.keep_all(variants(wish.variants, wish.currency));
        rules.into_result()?;
        let variants = if variants.is_empty() {
            vec![VariantDraft::only(id, &name)]
        } else {
            variants
        };
        let price = price.unwrap_or(Money::from_minor(0, wish.currency));
        Ok(Self {
            name,
            summary,
            description,
            price,
            category,
            attributes,
            variants,
        })
    }

    pub(crate) fn facets(&self) -> Facets {
        facets(
            &self.attributes,
            self.variants.iter().map(|variant| &variant.options),
        )
    }
}

impl VariantDraft {
    /// Checks one that comes to a product, and reports every field that is wrong.
    pub(crate) fn check(wish: VariantWish, currency: Currency) -> Result<Self, Vec<Violation>> {
        variant("", wish, currency)
    }

    /// The one form of a product that comes in one form.
    fn only(id: ProductId, name: &str) -> Self {
        let name = name.chars().take(120).collect();
        let sku = format!("P-{}", id.0.simple()).to_uppercase();
        Self {
            id: VariantId::generate(),
            sku,
            name,
            price_minor: None,
            options: Attributes::new(),
        }
    }
}

/// Collects what is wrong, so that all of it is reported at once.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Violation>);

impl Rules {
    /// The value, or its default when a rule is broken: the default is never used, because the result will be an error.
    pub(crate) fn keep<T: Default>(&mut self, outcome: Result<T, Violation>) -> T {
        outcome.unwrap_or_else(|violation| {
            self.0.push(violation);
            T::default()
        })
    }

    pub(crate) fn keep_all<T: Default>(&mut self, outcome: Result<T, Vec<Violation>>) -> T {
        outcome.unwrap_or_else(|violations| {
            self.0.extend(violations);
            T::default()
        })
    }

    pub(crate) fn into_result(self) -> Result<(), Vec<Violation>> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(self.0)
        }
    }
}

/// Given, or the description's first sentence.
fn summary(given: Option<&str>, description: &str) -> Result<String, Violation> {
    if let Some(given) = given {
        return bounded("summary", given, 0, 300);
    }
    let sentence = description
        .trim()
        .split_inclusive(['.', '!', '?', '\n'])
        .next()
        .unwrap_or_default();
    Ok(sentence
        .trim()
        .trim_end_matches('.')
        .chars()
        .filter(|character| !character.is_control())
        .take(300)
        .collect())
}

/// A price that can be paid: not negative, in whole minor units, below the bound.
pub(crate) fn price(
    field: &str,
    amount: &Amount,
    currency: Currency,
) -> Result<Option<Money>, Violation> {
    let money = amount
        .in_currency(currency)
        .map_err(|error| Violation::new(field, error.to_string()))?;
    if money.minor < 0 {
        return Err(Violation::new(field, "must not be negative"));
    }
    if money.minor > MAX_PRICE_MINOR {
        let most = Money::from_minor(MAX_PRICE_MINOR, currency);
        return Err(Violation::new(field, format!("must be at most {most}")));
    }
    Ok(Some(money))
}

/// Keys that can stand in a URL, values that can stand in a table.
pub(crate) fn attributes(
    field: &str,
    attributes: &BTreeMap<String, String>,
) -> Result<Attributes, Vec<Violation>> {
    let mut rules = Rules::default();
    if attributes.len() > MAX_ATTRIBUTES {
        rules.keep(Err::<(), _>(Violation::new(
            field,
            format!("must have at most {MAX_ATTRIBUTES} entries"),
        )));
    }
    let mut checked = Attributes::new();
    for (key, value) in attributes.iter().take(MAX_ATTRIBUTES) {
        let field = format!("{field}.{key}");
        if !is_key(key) {
            let message = "a key has 1 to 40 lower-case letters, digits, dashes or underscores";
            rules.keep(Err::<(), _>(Violation::new(field.clone(), message)));
        }
        checked.insert(key.clone(), rules.keep(bounded(&field, value, 1, 200)));
    }
    rules.into_result().map(|()| checked)
}

pub(crate) fn is_key(key: &str) -> bool {
    let allowed = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_'
    };
    (1..=40).contains(&key.len()) && key.bytes().all(allowed)
}

/// One form of a product, whose fields are called `prefix` and their name.
fn variant(
    prefix: &str,
    wish: VariantWish,
    currency: Currency,
) -> Result<VariantDraft, Vec<Violation>> {
    let mut rules = Rules::default();
    let field = |name: &str| format!("{prefix}{name}");
    let sku = rules.keep(bounded(&field("sku"), &wish.sku, 1, 64));
    let name = rules.keep(bounded(&field("name"), &wish.name, 1, 120));
    let price = wish
        .price
        .map(|amount| price(&field("price"), &amount, currency));
    let price_minor = rules
        .keep(price.unwrap_or(Ok(None)))
        .map(|money| money.minor);
    let options = rules.keep_all(attributes(&field("options"), &wish.options));
    rules.into_result().map(|()| VariantDraft {
        id: VariantId::generate(),
        sku,
        name,
        price_minor,
        options,
    })
}

fn variants(
    wishes: Vec<VariantWish>,
    currency: Currency,
) -> Result<Vec<VariantDraft>, Vec<Violation>> {
    let mut rules = Rules::default();
    if wishes.len() > MAX_VARIANTS {
        return Err(vec![Violation::new(
            "variants",
            format!("must have at most {MAX_VARIANTS} entries"),
        )]);
    }
    let mut skus = HashSet::new();
    let mut drafts = Vec::with_capacity(wishes.len());
    for (index, wish) in wishes.into_iter().enumerate() {
        let prefix = format!("variants[{index}].");
        if !skus.insert(wish.sku.trim().to_owned()) {
            let message = "must be another one for each variant";
            rules.keep(Err::<(), _>(Violation::new(
                format!("{prefix}sku"),
                message,
            )));
        }
        drafts.extend(rules.keep_all(variant(&prefix, wish, currency).map(Some)));
    }
    rules.into_result().map(|()| drafts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        serde_json::from_str(text).unwrap()
    }

    fn wish() -> Wish {
        Wish {
            name: "Laptop".to_owned(),
            summary: None,
            description: "Gaming laptop. Fast.".to_owned(),
            price: amount("1299.99"),
            currency: Currency::Eur,
            category: "electronics".to_owned(),
            attributes: BTreeMap::new(),
            variants: Vec::new(),
        }
    }

    fn fields(wish: Wish) -> Vec<String> {
        let violations = Draft::check(wish, ProductId::generate()).unwrap_err();
        violations
            .into_iter()
            .map(|violation| violation.field)
            .collect()
    }

    #[test]
    fn a_plain_product_gets_a_summary_and_one_variant() {
        let draft = Draft::check(wish(), ProductId::generate()).unwrap();
        assert_eq!(draft.price, Money::from_minor(129_999, Currency::Eur));
        assert_eq!(draft.summary, "Gaming laptop");
        assert_eq!(draft.variants.len(), 1);
        assert!(draft.variants[0].sku.len() <= 64);
    }

    #[test]
    fn every_field_that_is_wrong_is_reported_at_once() {
        let variant = |sku: &str| VariantWish {
            sku: sku.to_owned(),
            name: String::new(),
            price: Some(amount("-1")),
            options: BTreeMap::new(),
        };
        let bad = Wish {
            name: " ".to_owned(),
            description: "x".repeat(10_001),
            price: amount("-0.01"),
            attributes: BTreeMap::from([("Bad key".to_owned(), "value".to_owned())]),
            variants: vec![variant("A"), variant("A")],
            ..wish()
        };
        let expected = [
            "name",
            "description",
            "price",
            "attributes.Bad key",
            "variants[0].name",
            "variants[0].price",
            "variants[1].sku",
            "variants[1].name",
            "variants[1].price",
        ];
        assert_eq!(fields(bad), expected);
    }

    #[test]
    fn a_price_of_half_a_cent_is_refused() {
        assert_eq!(
            fields(Wish {
                price: amount("0.005"),
                ..wish()
            }),
            ["price"]
        );
        assert_eq!(
            fields(Wish {
                price: amount("10000000.01"),
                ..wish()
            }),
            ["price"]
        );
    }
}
