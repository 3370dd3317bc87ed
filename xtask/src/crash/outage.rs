//! The broker is stopped while people order: each order is accepted at the first try, and everything that it asks for comes after.
//!
//! That the events arrive afterwards, each once and in order, is for the invariants to say.

use std::{
    sync::{Arc, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use rand::{SeedableRng as _, rngs::StdRng};
use tokio::task::JoinSet;

use super::{
    Ordeal,
    shoppers::{Outcome, Receipt, Shelf, Shopper},
};
use crate::{
    bench::start, journeys::customer::Customer, runtime::host::client::Supervisor, session::Session,
};

const BROKER: &str = "nats";
/// Shoppers at once.
const SHOPPERS: usize = 4;
/// Between two orders of one of them: the question is whether they are served, not how fast.
const THOUGHT: Duration = Duration::from_millis(100);

/// What was ordered meanwhile. The error says which order was not accepted at once.
pub(super) async fn endure(
    session: &Session,
    ordeal: Ordeal,
    accounts: &[Arc<Customer>],
    shelves: &[Shelf],
    tell: &(dyn Fn(String) + Sync),
) -> Result<Vec<Receipt>, String> {
    if ordeal.outage.is_zero() {
        return Ok(Vec::new());
    }
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(|error| error.to_string())?
        .ok_or("nothing runs")?;
    supervisor
        .stop(BROKER)
        .await
        .map_err(|error| error.to_string())?;
    let receipts = shop(ordeal, accounts, shelves).await;
    start::up(session, None)
        .await
        .map_err(|failure| failure.detail)?;
    let receipts = receipts?;
    tell(format!(
        "{} orders in {} s without the broker",
        receipts.len(),
        ordeal.outage.as_secs()
    ));
    let refused = receipts
        .iter()
        .find(|receipt| receipt.tries > 1 || !matches!(receipt.outcome, Outcome::Accepted(_)));
    if let Some(receipt) = refused {
        return Err(format!(
            "without the broker the order {} was not accepted at the first try: {receipt:?}",
            receipt.key
        ));
    }
    Ok(receipts)
}

async fn shop(
    ordeal: Ordeal,
    accounts: &[Arc<Customer>],
    shelves: &[Shelf],
) -> Result<Vec<Receipt>, String> {
    let taken = Arc::new(AtomicUsize::new(0));
    let mut shoppers = JoinSet::new();
    for (number, account) in accounts.iter().take(SHOPPERS).enumerate() {
        let shopper = Shopper {
            customer: Arc::clone(account),
            shelves: shelves.to_vec(),
            dice: StdRng::seed_from_u64(ordeal.seed.wrapping_sub(1 + number as u64)),
            taken: Arc::clone(&taken),
            orders: usize::MAX,
            until: Some(Instant::now() + ordeal.outage),
            thought: THOUGHT,
        };
        shoppers.spawn(shopper.shop());
    }
    let mut receipts = Vec::new();
    while let Some(shopped) = shoppers.join_next().await {
        receipts.extend(shopped.map_err(|error| format!("a shopper broke off: {error}"))?);
    }
    Ok(receipts)
}
