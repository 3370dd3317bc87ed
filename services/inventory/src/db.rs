//! Every SQL statement of the inventory: one function each, on a connection that the caller has, inside or outside a
//! transaction that the caller began. Nothing here begins or commits.
//!
//! Rows are locked in one sequence everywhere, so that no two transactions wait for each other: tombstones, then holds, then
//! stock, each in the order of their ids.

pub(crate) mod facts;
pub(crate) mod holds;
pub(crate) mod ledger;
pub(crate) mod posting;
pub(crate) mod requests;
pub(crate) mod stock;
pub(crate) mod supply;

/// A stored name that no code of ours wrote.
fn unreadable(column: &str, value: &str) -> sqlx::Error {
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source: format!("{value:?} is not known").into(),
    }
}
