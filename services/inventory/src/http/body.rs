//! The shapes that several operations take or answer with.

use chassis::{
    FieldError, Problem,
    auth::Principal,
    problem::{FORBIDDEN, NOT_FOUND},
};
use contracts::{ProductId, StockId, VariantId, VendorId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Violation, shelf::Shelf};

pub(crate) use chassis::problem::ProblemBody;

/// What lies of one variant in one warehouse.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StockBody {
    id: StockId,
    product_id: ProductId,
    variant_id: VariantId,
    vendor_id: VendorId,
    /// The variant's stock keeping unit.
    sku: String,
    product_name: String,
    warehouse_location: String,
    /// Units that lie there.
    on_hand: i64,
    /// Units of them that are promised to orders.
    reserved: i64,
    /// Units of them that can be sold.
    available: i64,
    /// At so many units to sell or fewer, the vendor is told.
    low_stock_threshold: i64,
    /// `ok`, `low` (at the threshold or below) or `out` (nothing to sell).
    level: &'static str,
    /// Rises by one with each change.
    version: i64,
}

impl From<Shelf> for StockBody {
    fn from(shelf: Shelf) -> Self {
        Self {
            id: shelf.id,
            available: shelf.available(),
            product_id: shelf.facts.product_id,
            variant_id: shelf.variant_id,
            vendor_id: shelf.facts.vendor_id,
            sku: shelf.facts.sku,
            product_name: shelf.facts.product_name,
            warehouse_location: shelf.warehouse,
            on_hand: shelf.on_hand,
            reserved: shelf.reserved,
            low_stock_threshold: shelf.threshold,
            level: shelf.level.name(),
            version: shelf.version,
        }
    }
}

/// What the domain found wrong, as the client is told.
pub(crate) fn invalid(violations: Vec<Violation>) -> Problem {
    let errors = violations
        .into_iter()
        .map(|violation| FieldError::new(violation.field, violation.message));
    Problem::invalid(errors.collect())
}

/// Gathers what is wrong, so that a client learns all of it at once.
#[derive(Default)]
pub(crate) struct Rules(Vec<Violation>);

impl Rules {
    /// The value, or its default and a note of what is wrong.
    pub(crate) fn keep<T: Default>(&mut self, outcome: Result<T, Violation>) -> T {
        outcome.unwrap_or_else(|violation| {
            self.0.push(violation);
            T::default()
        })
    }

    /// Whether everything was right.
    pub(crate) fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(invalid(self.0))
        }
    }
}

/// Lets a vendor at what is their own, and admins at everything.
pub(crate) fn require_own(principal: Principal, vendor: VendorId) -> Result<(), Problem> {
    if principal.owns(vendor.0) {
        return Ok(());
    }
    let detail = "This product belongs to another vendor.";
    Err(Problem::new(&FORBIDDEN, detail))
}

/// The id in a path; what is no id names nothing.
pub(crate) fn stock_id(text: &str) -> Result<StockId, Problem> {
    text.parse().map_err(|_| no_such_stock())
}

pub(crate) fn no_such_stock() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such stock.")
}
