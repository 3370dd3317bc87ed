//! The shapes that several operations take or answer with.

use chassis::{FieldError, Problem, problem::NOT_FOUND};
use chrono::{DateTime, Utc};
use contracts::{Money, ProductId, VariantId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{
    cart::{Cart, Quantity},
    view::{Notice, ShownLine, item_count, subtotal},
};

pub(crate) use chassis::problem::ProblemBody;

/// What somebody means to buy.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CartBody {
    /// Rises by one with each change; 0 where there is no cart yet.
    version: i64,
    /// How many things there are in all.
    item_count: i32,
    /// What everything that is still sold costs now. Null where the lines are in several currencies: they cannot be ordered
    /// together.
    subtotal: Option<Money>,
    /// The one that was put in first comes first.
    lines: Vec<LineBody>,
    /// Who could not be asked: `catalog` (facts and prices may be old), `inventory` (what is left is unknown).
    #[schema(example = json!([]))]
    degraded: Vec<&'static str>,
}

/// One kind of thing in a cart.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LineBody {
    product_id: ProductId,
    variant_id: VariantId,
    /// The product's name in URLs.
    slug: String,
    /// What the product is called.
    name: String,
    /// What this form of it is called.
    variant: String,
    /// Address of a small picture.
    picture: Option<String>,
    #[schema(minimum = 1, maximum = 99)]
    quantity: i32,
    /// What one costs now.
    unit_price: Money,
    /// What one cost when it was last put in.
    unit_price_when_added: Money,
    /// What the line costs now.
    total: Money,
    /// How many can be bought; null where that is unknown.
    available: Option<i64>,
    /// What should be noticed, the most important first.
    notices: Vec<NoticeBody>,
    added_at: DateTime<Utc>,
}

/// Something that should be noticed about a line.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NoticeBody {
    /// `no_longer_sold`, `out_of_stock`, `only_n_left` or `price_changed`.
    kind: &'static str,
    /// The same for people.
    message: String,
}

impl CartBody {
    pub(super) fn new(cart: &Cart, lines: &[ShownLine<'_>], degraded: Vec<&'static str>) -> Self {
        Self {
            version: cart.version,
            item_count: item_count(cart),
            subtotal: subtotal(lines),
            lines: lines.iter().map(LineBody::from).collect(),
            degraded,
        }
    }
}

impl From<&ShownLine<'_>> for LineBody {
    fn from(shown: &ShownLine<'_>) -> Self {
        let facts = shown.facts.clone();
        Self {
            product_id: facts.product_id,
            variant_id: facts.variant_id,
            slug: facts.slug,
            name: facts.product_name,
            variant: facts.variant_name,
            picture: facts.picture,
            quantity: shown.line.quantity.get(),
            unit_price: facts.price,
            unit_price_when_added: shown.line.price_when_added,
            total: shown.total(),
            available: shown.available,
            notices: shown
                .notices
                .iter()
                .map(|notice| NoticeBody::new(*notice, facts.price))
                .collect(),
            added_at: shown.line.added_at,
        }
    }
}

impl NoticeBody {
    fn new(notice: Notice, price: Money) -> Self {
        let (kind, message) = match notice {
            Notice::NoLongerSold => ("no_longer_sold", "This is no longer sold.".to_owned()),
            Notice::OutOfStock => ("out_of_stock", "This is sold out at present.".to_owned()),
            Notice::OnlyLeft(left) => ("only_n_left", format!("Only {left} left.")),
            Notice::PriceChanged(before) => (
                "price_changed",
                format!("The price was {before} when you put it in, and is {price} now."),
            ),
        };
        Self { kind, message }
    }
}

/// A quantity within its bounds.
pub(super) fn quantity(number: i64) -> Result<Quantity, Problem> {
    Quantity::new(number).ok_or_else(|| {
        let most = Quantity::MAX.get();
        let message = match number {
            0 => format!("must be from 1 to {most}; to take something out, DELETE its line"),
            _ => format!("must be from 1 to {most}"),
        };
        Problem::invalid(vec![FieldError::new("quantity", message)])
    })
}

/// The variant that a path names, if it can be one.
pub(super) fn variant(path: &str) -> Result<VariantId, Problem> {
    path.parse().map_err(|_| no_such_line())
}

/// The answer to a change of a line that is not there.
pub(super) fn no_such_line() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such variant in this cart.")
}
