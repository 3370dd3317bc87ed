//! Goods that inventory keeps for an order while it is being paid: all lines or none.

use chassis::{
    FieldError,
    peer::{self, Peer},
};
use contracts::{OrderId, ProductId, VariantId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::pricing::PricedLine;

/// Longer than a payment may take, its repetitions included.
const EXPIRES_IN_SECONDS: u32 = 20 * 60;

/// The inventory, as far as placing an order needs it. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Holds(pub(crate) Peer);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    order_id: OrderId,
    lines: &'a [HoldLine],
    expires_in_seconds: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HoldLine {
    product_id: ProductId,
    variant_id: VariantId,
    quantity: i32,
}

/// Why nothing is held.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is less than was asked for.
    #[error("there is not enough in stock")]
    OutOfStock {
        /// By line, as the order's request knows it.
        errors: Vec<FieldError>,
        /// What inventory says of what is left.
        available: Option<Value>,
    },
    /// It was held once and has been set free.
    #[error("the hold has ended")]
    Ended,
    /// Inventory gave another answer, or none.
    #[error(transparent)]
    Peer(#[from] peer::Error),
}

impl Holds {
    /// Has the goods kept. The same order again is the same hold.
    pub(crate) async fn hold(&self, order: OrderId, lines: &[PricedLine]) -> Result<(), Error> {
        let lines: Vec<HoldLine> = lines
            .iter()
            .map(|line| HoldLine {
                product_id: line.offer.product_id,
                variant_id: line.offer.variant_id,
                quantity: line.quantity,
            })
            .collect();
        let request = Request {
            order_id: order,
            lines: &lines,
            expires_in_seconds: EXPIRES_IN_SECONDS,
        };
        match self.0.post::<Value>("/internal/holds", &request).await {
            Ok(_) => Ok(()),
            Err(peer::Error::Refused { service, refusal }) => match refusal.slug() {
                "out-of-stock" => Err(out_of_stock(&refusal)),
                // Other goods than before: what "the product" means has changed since the first try.
                "hold-ended" | "hold-differs" => Err(Error::Ended),
                _ => Err(peer::Error::Refused { service, refusal }.into()),
            },
            Err(error) => Err(error.into()),
        }
    }
}

#[derive(Deserialize)]
struct LineError {
    field: String,
    message: String,
}

/// `lines[1]` is there what `items[1].quantity` is here.
fn out_of_stock(refusal: &peer::Refusal) -> Error {
    let errors = refusal.members.get("errors").cloned().unwrap_or_default();
    let errors: Vec<LineError> = serde_json::from_value(errors).unwrap_or_default();
    let errors = errors.into_iter().map(|error| {
        let index = error
            .field
            .split(['[', ']'])
            .nth(1)
            .and_then(|index| index.parse::<usize>().ok());
        let field = index.map_or_else(
            || "items".to_owned(),
            |index| format!("items[{index}].quantity"),
        );
        FieldError::new(field, error.message)
    });
    Error::OutOfStock {
        errors: errors.collect(),
        available: refusal.members.get("available").cloned(),
    }
}
