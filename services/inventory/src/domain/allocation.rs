//! Which shelves an order's lines are taken from: all lines or none, and from one warehouse where that is possible, since
//! each further one is a further parcel.

use std::collections::BTreeMap;

use contracts::{OrderId, ProductId, StockId, VariantId};

use super::{
    hold::Hold,
    shelf::{Impossible, Shelf, Shelves},
};

/// One line of what an order asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) product_id: ProductId,
    pub(crate) variant_id: VariantId,
    pub(crate) quantity: i64,
}

/// What an order asks to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) order_id: OrderId,
    /// As they came; a variant may be in several.
    pub(crate) lines: Vec<Line>,
    /// How long, if nobody asks for it.
    pub(crate) lifetime_s: i64,
}

/// Units of one variant, in no particular place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wish {
    pub(crate) variant_id: VariantId,
    pub(crate) quantity: i64,
}

/// Units from one shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Portion {
    pub(crate) shelf: StockId,
    pub(crate) variant_id: VariantId,
    pub(crate) quantity: i64,
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decision {
    Held(Hold),
    /// For each line, in their order, what could have been had.
    Short(Vec<Supply>),
}

/// How much there is for a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Supply {
    pub(crate) available: i64,
    pub(crate) is_enough: bool,
}

/// Decides one request after the other, each on what the earlier ones have left.
pub(crate) fn decide(
    requests: &[Request],
    shelves: &mut Shelves,
) -> Result<Vec<Decision>, Impossible> {
    requests
        .iter()
        .map(|request| decide_one(request, shelves))
        .collect()
}

fn decide_one(request: &Request, shelves: &mut Shelves) -> Result<Decision, Impossible> {
    let wishes = request.wishes();
    if request.lines.iter().all(|line| line.is_known(shelves))
        && let Some(portions) = allocate(&wishes, shelves)
    {
        return Hold::place(request.order_id, portions, shelves).map(Decision::Held);
    }
    let asked: BTreeMap<VariantId, i64> = wishes
        .iter()
        .map(|wish| (wish.variant_id, wish.quantity))
        .collect();
    let supplies = request.lines.iter().map(|line| {
        let available = if line.is_known(shelves) {
            available(line.variant_id, shelves)
        } else {
            0
        };
        Supply {
            available,
            is_enough: available >= asked[&line.variant_id],
        }
    });
    Ok(Decision::Short(supplies.collect()))
}

impl Request {
    /// Units by variant, in the order of their ids.
    pub(crate) fn wishes(&self) -> Vec<Wish> {
        merged(
            self.lines
                .iter()
                .map(|line| (line.variant_id, line.quantity)),
        )
    }
}

impl Line {
    /// Whether there is such a variant of such a product.
    fn is_known(&self, shelves: &Shelves) -> bool {
        let mut selling = shelves.selling(self.variant_id);
        selling.any(|shelf| shelf.facts.product_id == self.product_id)
    }
}

/// Units by variant, in the order of their ids.
pub(crate) fn merged(units: impl Iterator<Item = (VariantId, i64)>) -> Vec<Wish> {
    let mut of_variant: BTreeMap<VariantId, i64> = BTreeMap::new();
    for (variant_id, quantity) in units {
        *of_variant.entry(variant_id).or_default() += quantity;
    }
    let wishes = of_variant.into_iter().map(|(variant_id, quantity)| Wish {
        variant_id,
        quantity,
    });
    wishes.collect()
}

/// Units of a variant that can be sold, wherever they lie.
pub(crate) fn available(variant: VariantId, shelves: &Shelves) -> i64 {
    shelves.selling(variant).map(Shelf::available).sum()
}

/// From where everything is taken, or nothing where something is short. Each variant is wished for once.
pub(crate) fn allocate(wishes: &[Wish], shelves: &Shelves) -> Option<Vec<Portion>> {
    if let Some(portions) = from_one_warehouse(wishes, shelves) {
        return Some(portions);
    }
    let mut portions = Vec::with_capacity(wishes.len());
    for wish in wishes {
        portions.extend(from_few_shelves(*wish, shelves)?);
    }
    Some(portions)
}

/// The first warehouse, by name, that has everything.
fn from_one_warehouse(wishes: &[Wish], shelves: &Shelves) -> Option<Vec<Portion>> {
    let (first, others) = wishes.split_first()?;
    let mut candidates: Vec<&Shelf> = shelves
        .selling(first.variant_id)
        .filter(|shelf| shelf.available() >= first.quantity)
        .collect();
    candidates.sort_by(|one, other| one.warehouse.cmp(&other.warehouse));
    candidates.into_iter().find_map(|candidate| {
        let mut portions = vec![portion(candidate, first.quantity)];
        for wish in others {
            let shelf = shelves.selling(wish.variant_id).find(|shelf| {
                shelf.warehouse == candidate.warehouse && shelf.available() >= wish.quantity
            })?;
            portions.push(portion(shelf, wish.quantity));
        }
        Some(portions)
    })
}

/// From one shelf if one has enough, and otherwise from the fullest ones.
fn from_few_shelves(wish: Wish, shelves: &Shelves) -> Option<Vec<Portion>> {
    let mut candidates: Vec<&Shelf> = shelves
        .selling(wish.variant_id)
        .filter(|shelf| shelf.available() > 0)
        .collect();
    candidates.sort_by_key(|shelf| (std::cmp::Reverse(shelf.available()), shelf.id));
    let mut portions = Vec::new();
    let mut missing = wish.quantity;
    for shelf in candidates {
        let quantity = missing.min(shelf.available());
        portions.push(portion(shelf, quantity));
        missing -= quantity;
        if missing == 0 {
            return Some(portions);
        }
    }
    None
}

fn portion(shelf: &Shelf, quantity: i64) -> Portion {
    Portion {
        shelf: shelf.id,
        variant_id: shelf.variant_id,
        quantity,
    }
}
