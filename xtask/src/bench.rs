//! `cargo xtask bench`: how fast and how large, printed beside what the same run measures as a floor.
//!
//! Absolute times say more about the machine than about us; ratios to a floor measured a moment before on the same
//! machine can be compared. No test fails because of a time.

pub(crate) mod catalog;
pub(crate) mod containers;
pub(crate) mod critical_path;
pub(crate) mod figures;
mod floor;
mod histogram;
mod load;
pub(crate) mod memory;
pub(crate) mod orders;
pub(crate) mod pages;
mod scratch;
pub(crate) mod start;
mod still;
mod subject;

use crate::{
    events::{Event, Measurement},
    reporter::Reporter,
};

/// What is compared with its goal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Goal(pub(crate) f64);

/// Tells programs one number.
pub(crate) fn tell(
    reporter: &Reporter,
    what: &str,
    condition: &str,
    statistic: &str,
    (value, unit): (f64, &str),
    goal: Option<Goal>,
) {
    reporter.emit(Event::Measurement(Measurement {
        what: what.to_owned(),
        condition: condition.to_owned(),
        statistic: statistic.to_owned(),
        value,
        unit: unit.to_owned(),
        goal: goal.map(|goal| goal.0),
    }));
}
