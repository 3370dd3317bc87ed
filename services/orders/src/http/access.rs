//! What somebody is to an order. Whoever is nothing to it does not learn that it exists.

use chassis::{
    Problem,
    auth::{OWNERS, Principal, Role, Who},
    problem::{FORBIDDEN, NOT_FOUND},
};
use contracts::{OrderId, UserId, VendorId};

use crate::db::views::Line;

/// Who learns of an order: whoever ordered, whoever sells something of it, and admins.
pub(super) const PARTIES: Who = &["owner", "seller", "admin"];
/// Who says what becomes of the goods.
pub(super) const SELLERS: Who = &["seller", "admin"];

/// What somebody is to an order; one may be several things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Relation {
    is_admin: bool,
    is_owner: bool,
    /// Sells something of it.
    is_seller: bool,
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
        if relation.is_one_of(PARTIES) {
            Ok(relation)
        } else {
            Err(no_such_order())
        }
    }

    /// Refuses whoever is none of these to it.
    pub(super) fn require(self, who: Who, refusal: &str) -> Result<(), Problem> {
        if self.is_one_of(who) {
            Ok(())
        } else {
            Err(forbidden(refusal))
        }
    }

    fn is_one_of(self, who: Who) -> bool {
        let names = [
            (self.is_admin, "admin"),
            (self.is_owner, "owner"),
            (self.is_seller, "seller"),
        ];
        names.iter().any(|(is, name)| *is && who.contains(name))
    }

    /// Whether they see all of it, and not only what they sell.
    pub(super) fn sees_everything(self) -> bool {
        self.is_one_of(OWNERS)
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
