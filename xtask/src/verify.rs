//! `cargo xtask verify`: what must be true of orders, money, stock, events and mail, checked over every service's database, the
//! broker's streams and the payment provider's own ledger.
//!
//! Nothing is trusted that the services say about themselves: the rows are compared. `docs/invariants.md` lists the rules.

mod across;
mod statements;
mod streams;

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use async_nats::jetstream;

use crate::{broker, database::Database, events::Invariant, journeys::World};
use across::{Books, COMPARISONS};
use statements::STATEMENTS;
use streams::{RULES, Streams};

/// What breaks a rule is told so many times, then counted.
const SHOWN: usize = 3;
const POLL: Duration = Duration::from_millis(500);

/// Waits until nothing is under way, at most `patience`, and judges every rule.
pub(crate) async fn run(
    world: &World,
    patience: Duration,
    on_rule: &(dyn Fn(Invariant) + Sync),
) -> Result<bool, String> {
    let deadline = Instant::now() + patience;
    let jetstream = broker::connect(world).await?;
    while under_way(world, &jetstream).await? > 0 && Instant::now() < deadline {
        tokio::time::sleep(POLL).await;
    }
    let streams = Streams::read(world).await?;
    let mut holds = true;
    let mut tell = |id: &str, broken: &[String]| {
        holds &= broken.is_empty();
        on_rule(invariant(id, broken));
    };
    for statement in STATEMENTS {
        let rows = Database::of(world, statement.service)?
            .rows(statement.query, &[])
            .await?;
        let broken: Vec<String> = rows
            .iter()
            .map(|row| row["what"].as_str().unwrap_or_default().to_owned())
            .collect();
        tell(statement.id, &broken);
    }
    let books = Books::open(world).await?;
    for comparison in COMPARISONS {
        tell(comparison.id, &(comparison.find)(&books));
    }
    for (id, broken) in streams.judge(world).await? {
        tell(id, &broken);
    }
    Ok(holds)
}

/// How many things are not at rest yet.
async fn under_way(world: &World, jetstream: &jetstream::Context) -> Result<u64, String> {
    let counts = [
        (
            "orders",
            "select count(*) from orders where deadline is not null",
        ),
        (
            "payments",
            "select (select count(*) from payment where next_at is not null) + (select count(*) from refund where next_at is not null)",
        ),
        (
            "notifications",
            "select count(*) from email where status in ('PENDING', 'SENDING')",
        ),
    ];
    let mut number = streams::open(jetstream).await?;
    for (service, query) in counts {
        let statement = format!("select to_json(({query}))");
        let count = Database::of(world, service)?.json(&statement, &[]).await?;
        number += count.as_u64().unwrap_or(0);
    }
    Ok(number)
}

fn invariant(id: &str, broken: &[String]) -> Invariant {
    let mut detail = broken
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join("; ");
    if broken.len() > SHOWN {
        let _ = write!(detail, "; and {} more", broken.len() - SHOWN);
    }
    Invariant {
        invariant: id.to_owned(),
        holds: broken.is_empty(),
        detail,
    }
}

/// `docs/invariants.md`.
pub(crate) fn document() -> String {
    let mut text = String::from(
        "# Invariants\n\n<!-- Made by `cargo xtask render --target schema` from xtask/src/verify. -->\n\n\
         `cargo xtask verify` checks them on a running platform; the crash test ends with it.\n\n| Invariant | What must be true |\n|---|---|\n",
    );
    let statements = STATEMENTS
        .iter()
        .map(|statement| (statement.id, statement.about));
    let comparisons = COMPARISONS
        .iter()
        .map(|comparison| (comparison.id, comparison.about));
    for (id, about) in statements.chain(comparisons).chain(RULES.iter().copied()) {
        let _ = writeln!(text, "| `{id}` | {about} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_breaks_a_rule_is_shown_a_few_times_and_counted() {
        let broken: Vec<String> = (0..5).map(|number| format!("order {number}")).collect();
        let told = invariant("orders-settled", &broken);
        assert!(!told.holds);
        assert_eq!(told.detail, "order 0; order 1; order 2; and 2 more");
        assert!(invariant("orders-settled", &[]).holds);
    }

    #[test]
    fn every_rule_has_an_id_of_its_own() {
        let document = document();
        let ids: Vec<&str> = document
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let distinct: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!(distinct.len(), ids.len());
        assert!(ids.len() >= 15, "{ids:?}");
    }
}
