//! What somebody is to an order. Whoever is nothing to it does not learn that it exists.

use chassis::{
    Problem,
    auth::{Principal, Role},
    problem::{FORBIDDEN, NOT_FOUND},
};
use contracts::{OrderId, UserId, VendorId};

use crate::db::views::Line;

/// What somebody is to an order; one may be several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) is_admin: bool,
    pub(super) is_owner: bool,
    /// Sells something of it.
    pub(super) is_seller: bool,
}

impl Relation {
    /// What `principal` is to an order of `owner`'s with these lines; a 404 if that is nothing.
    pub(super) fn of(principal: Principal, owner: UserId, lines: &[Line]) -> Result<Self, Problem> {
        let vendor = VendorId::from(principal.user);
        let relation = Self {
            is_admin: principal.role == Role::Admin,
            is_owner: principal.user == owner,
            is_seller: principal.role == Role::Vendor
                && lines.iter().any(|line| line.vendor == vendor),
        };
        if relation.is_admin || relation.is_owner || relation.is_seller {
            Ok(relation)
        } else {
            Err(no_such_order())
        }
    }

    /// Whether they see all of it, and not only what they sell.
    pub(super) fn sees_everything(self) -> bool {
        self.is_admin || self.is_owner
    }
}

/// The id in a path.
pub(super) fn order_id(text: &str) -> Result<OrderId, Problem> {
    text.parse().map_err(|_| no_such_order())
}

pub(super) fn no_such_order() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such order.")
}

pub(super) fn forbidden(detail: &str) -> Problem {
    Problem::new(&FORBIDDEN, detail)
}
