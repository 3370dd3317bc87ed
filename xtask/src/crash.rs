//! `cargo xtask crash-test`: shoppers order while processes are killed at random, databases, broker and the payment provider
//! included; afterwards every invariant must hold.
//!
//! One seed decides who orders what and who is killed when. It is printed, so that a run that found something can be repeated;
//! how the processes interleave is not in its power.

mod nemesis;
mod outage;
mod shoppers;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use hyper::{Method, StatusCode};
use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    database::Database,
    events::Invariant,
    http,
    journeys::{
        World,
        customer::{Customer, expect},
    },
    session::Session,
    verify,
};
use nemesis::Nemesis;
use shoppers::{Outcome, Receipt, Shelf};

/// How long everything gets to come to rest after the last kill: payments in doubt wait for up to two minutes between tries.
const QUIET: Duration = Duration::from_mins(4);
/// Shoppers at once.
const SHOPPERS: usize = 16;
/// Accounts that they share.
const ACCOUNTS: usize = 8;

/// What is sold, and how much of it there is: enough of the first two.
const SHELVES: [(&str, u32); 3] = [("plenty", 100_000), ("enough", 100_000), ("scarce", 40)];
const PLENTIFUL: usize = 2;

/// What is asked of a run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ordeal {
    pub(crate) orders: usize,
    pub(crate) kills: usize,
    pub(crate) seed: u64,
    /// How long the broker is stopped before anybody is killed; zero: not at all.
    pub(crate) outage: Duration,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) accepted: usize,
    pub(crate) sold_out: usize,
    /// Orders that were placed while the broker was stopped, each accepted at the first try.
    pub(crate) without_broker: usize,
    /// Requests without an answer, or with one that said to come back.
    pub(crate) repeated: usize,
    pub(crate) kills: BTreeMap<String, usize>,
    pub(crate) load: Duration,
    pub(crate) holds: bool,
    /// What a receipt says and the orders' database does not, and who was never served.
    pub(crate) lies: Vec<String>,
}

/// Runs it on a platform that is up.
pub(crate) async fn run(
    session: &Session,
    world: &World,
    ordeal: Ordeal,
    tell: &(dyn Fn(String) + Sync),
    on_rule: &(dyn Fn(Invariant) + Sync),
) -> Result<Report, String> {
    let shelves = prepare(world, tell).await?;
    let mut accounts = Vec::new();
    for _ in 0..ACCOUNTS {
        accounts.push(Arc::new(Customer::register(world).await?));
    }
    // What is sold out is refused whether or not there is a broker.
    let in_plenty = &shelves[..PLENTIFUL];
    let without_broker = outage::endure(session, ordeal, &accounts, in_plenty, tell).await?;
    trouble_at_the_provider(world, ordeal.seed, true).await?;
    let started = Instant::now();
    let taken = Arc::new(AtomicUsize::new(0));
    let done = Arc::new(AtomicBool::new(false));
    let mut shoppers = JoinSet::new();
    for number in 0..SHOPPERS {
        let shopper = shoppers::Shopper {
            customer: Arc::clone(&accounts[number % ACCOUNTS]),
            shelves: shelves.clone(),
            dice: StdRng::seed_from_u64(ordeal.seed.wrapping_add(1 + number as u64)),
            taken: Arc::clone(&taken),
            orders: ordeal.orders,
            until: None,
            thought: Duration::ZERO,
        };
        shoppers.spawn(shopper.shop());
    }
    let nemesis = Nemesis {
        world,
        dice: StdRng::seed_from_u64(ordeal.seed),
        kills: ordeal.kills,
        orders: ordeal.orders,
        taken: Arc::clone(&taken),
        done: Arc::clone(&done),
    };
    let shopping = async {
        let mut receipts = Vec::new();
        while let Some(shopped) = shoppers.join_next().await {
            receipts.extend(shopped.map_err(|error| format!("a shopper broke off: {error}"))?);
        }
        done.store(true, Ordering::Release);
        Ok::<_, String>(receipts)
    };
    let (receipts, kills) = tokio::join!(shopping, nemesis.rage(tell));
    let (receipts, kills) = (receipts?, kills?);
    let load = started.elapsed();
    tell(format!(
        "{} orders in {} s; waiting until all is quiet",
        receipts.len(),
        load.as_secs()
    ));
    trouble_at_the_provider(world, ordeal.seed, false).await?;
    let holds = verify::run(world, QUIET, on_rule).await?;
    let mut lies = lies(world, &without_broker).await?;
    lies.extend(self::lies(world, &receipts).await?);
    Ok(Report {
        accepted: count(&receipts, |receipt| {
            matches!(receipt.outcome, Outcome::Accepted(_))
        }),
        sold_out: count(&receipts, |receipt| receipt.outcome == Outcome::SoldOut),
        without_broker: without_broker.len(),
        repeated: receipts.iter().map(|receipt| receipt.tries - 1).sum(),
        kills,
        load,
        holds,
        lies,
    })
}

fn count(receipts: &[Receipt], is_counted: impl Fn(&Receipt) -> bool) -> usize {
    receipts
        .iter()
        .filter(|receipt| is_counted(receipt))
        .count()
}

/// Products with enough to sell, and one with too little.
async fn prepare(world: &World, tell: &(dyn Fn(String) + Sync)) -> Result<Vec<Shelf>, String> {
    let administrator = Customer::administrator(world).await?;
    let mut shelves = Vec::new();
    for (name, units) in SHELVES {
        let body = json!({
            "name": format!("Crash test, {name}"), "description": "Bought and bought again while processes are killed.",
            "price": "12.30", "category": category(world).await?,
        });
        let answer = administrator
            .send(Method::POST, "/api/products", Some(&body), &[])
            .await?;
        let product = expect(&answer, "POST /api/products", StatusCode::CREATED)?;
        let body = json!({ "productId": product["id"], "quantity": units, "warehouseLocation": "Crash test" });
        let key = uuid::Uuid::new_v4().to_string();
        let answer = administrator
            .send(
                Method::POST,
                "/api/inventory",
                Some(&body),
                &[("idempotency-key", &key)],
            )
            .await?;
        if !answer.status.is_success() {
            return Err(format!(
                "POST /api/inventory answers with {}: {}",
                answer.status,
                answer.excerpt()
            ));
        }
        let product = product["id"].as_str().unwrap_or_default().to_owned();
        shelves.push(Shelf { product });
    }
    tell(format!("{} products are on the shelves", shelves.len()));
    Ok(shelves)
}

async fn category(world: &World) -> Result<Value, String> {
    let categories = http::get(&world.edge("/api/categories")?).await?.json()?;
    Ok(categories["items"][0]["slug"].clone())
}

/// Lets the provider decline, fail, drop answers and repeat itself, or not any more.
async fn trouble_at_the_provider(world: &World, seed: u64, on: bool) -> Result<(), String> {
    let knobs = if on {
        json!({
            "declineRate": 0.1, "errorRateBeforeApply": 0.05, "errorRateAfterApply": 0.03, "dropAnswerRate": 0.05,
            "rateLimitRate": 0.02, "latencyMs": 5, "latencyJitterMs": 40, "seed": seed,
            "webhooks": { "duplicate": 0.1, "outOfOrder": 0.1, "wrongSignature": 0.02 },
        })
    } else {
        json!({})
    };
    let url = format!("http://{}/_simulator/knobs", world.address("psp", "http")?);
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match http::send(Method::PUT, &url, Some(knobs.to_string())).await {
            Ok(answer) if answer.status == StatusCode::OK => return Ok(()),
            Ok(answer) if Instant::now() > deadline => {
                return Err(format!("the provider's knobs: {}", answer.excerpt()));
            }
            Err(error) if Instant::now() > deadline => return Err(error),
            _ => tokio::time::sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Every 201 is an order, and every key is one.
async fn lies(world: &World, receipts: &[Receipt]) -> Result<Vec<String>, String> {
    let rows = Database::of(world, "orders")?
        .rows("select id, idempotency_key from orders", &[])
        .await?;
    let stored: BTreeMap<&str, &str> = rows
        .iter()
        .filter_map(|row| Some((row["idempotency_key"].as_str()?, row["id"].as_str()?)))
        .collect();
    let mut lies = Vec::new();
    for receipt in receipts {
        let found = stored.get(receipt.key.as_str()).copied();
        match &receipt.outcome {
            Outcome::Accepted(order) if found != Some(order) => lies.push(format!(
                "order {order} was accepted under {}, stored is {found:?}",
                receipt.key
            )),
            Outcome::GaveUp(answer) => lies.push(format!(
                "nobody served {} in {} tries; the last answer: {answer}",
                receipt.key, receipt.tries
            )),
            _ => {}
        }
    }
    Ok(lies)
}
