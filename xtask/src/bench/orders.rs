//! `bench orders`: placing orders under a fixed load, as is and with parts missing; whole sagas; and stock that everybody wants,
//! each beside what the same run measures of PostgreSQL alone.

mod delays;
mod statements;

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Goal,
    figures::{Times, short},
    load::{self, Load, Post, Until},
    scratch::Scratch,
    start, tell,
};
use crate::{
    failure::{Failure, Kind},
    http,
    journeys::{
        World,
        customer::{Customer, expect, text},
    },
    reporter::table,
    runtime::host::client::Supervisor,
    session::Session,
};
use statements::{HOLD, PLACE, SHELF, TAKE};

const LASTING: Duration = Duration::from_secs(8);
/// Orders of which the whole saga is timed.
const SAGAS: u32 = 1_000;
const PATIENCE: Duration = Duration::from_mins(5);
/// Of what PostgreSQL does with the same statement.
const THROUGHPUT: Goal = Goal(0.55);
const HOLDS: Goal = Goal(2.0);
const LATENCY_P99_MS: Goal = Goal(10.0);

/// Who want the last of something at the same moment: as many as two full batches of holds, while one is decided and the next
/// one gathers.
const BUYERS: u32 = 512;
/// Accounts that order in turn.
const CUSTOMERS: usize = 16;

pub(crate) async fn run(session: &Session, world: &World, per_second: u32) -> Result<(), Failure> {
    let hint = session.command("probe --journey checkout");
    let outcome = async {
        let administrator = Customer::administrator(world).await?;
        let product = bring(world, &administrator).await?;
        let measured = async {
            let mut bench = Bench::prepare(session, world, per_second, &product).await?;
            bench.measure().await
        }
        .await;
        let taken = take_away(&administrator, &product).await;
        measured.and(taken)
    };
    outcome
        .await
        .map_err(|error| Failure::new("orders", Kind::Unhealthy, error, hint))
}

struct Bench<'a> {
    session: &'a Session,
    world: &'a World,
    order: Load,
    hold: Load,
    rows: Vec<[String; 5]>,
}

impl<'a> Bench<'a> {
    /// Those who buy, and what they send.
    async fn prepare(
        session: &'a Session,
        world: &'a World,
        per_second: u32,
        product: &Value,
    ) -> Result<Self, String> {
        let mut tokens = Vec::new();
        for _ in 0..CUSTOMERS {
            tokens.push(Customer::register(world).await?.token());
        }
        let body = json!({
            "items": [{ "productId": product["id"], "quantity": 1 }],
            "shippingAddress": { "street": "1 Bench Lane", "city": "London", "zipCode": "SW1A", "country": "UK" },
            "paymentMethod": "pm_card_visa",
        });
        let order = Load {
            address: world.address("orders", "http")?,
            paths: vec!["/api/orders".to_owned()],
            post: Some(Post {
                body: body.to_string(),
                tokens,
            }),
            expected: StatusCode::CREATED,
            until: Until::End,
            per_second,
            lasting: LASTING,
        };
        let secret = world.paths.secrets().join("internal-token");
        let token = std::fs::read_to_string(&secret)
            .map_err(|error| format!("cannot read {}: {error}", secret.display()))?;
        let variants = http::get(&world.edge(&format!("/api/products/{}", text(product, "id")?))?)
            .await?
            .json()?;
        let line = json!({
            "productId": product["id"], "variantId": variants["variants"][0]["id"], "quantity": 1,
        });
        let hold = Load {
            address: world.address("inventory", "http")?,
            paths: vec!["/internal/holds".to_owned()],
            post: Some(Post {
                body: json!({ "orderId": "{uuid}", "lines": [line], "expiresInSeconds": 60 })
                    .to_string(),
                tokens: vec![token.trim_end().to_owned()],
            }),
            ..order.clone()
        };
        Ok(Self {
            session,
            world,
            order,
            hold,
            rows: Vec::new(),
        })
    }

    async fn measure(&mut self) -> Result<(), String> {
        // Caches filled, connections open.
        let warm = Load {
            lasting: Duration::from_secs(1),
            ..self.order.clone()
        };
        load::run(&warm).await?;
        self.latency_of_postgres().await?;
        let before = self.event_delays().await?;
        self.latency("as is").await?;
        self.settle().await?;
        let delay = self.event_delay_since(&before).await?;
        self.tell_event_delay(self.order.per_second, Vec::from_iter(delay));
        self.knobs(json!({ "latencyMs": 10_000 })).await?;
        self.latency("provider takes 10 s").await?;
        self.knobs(json!({})).await?;
        self.settle().await?;
        let alone = self.throughput_of_postgres().await?;
        for (component, condition) in [("psp", "provider stopped"), ("nats", "broker stopped")] {
            self.stop(component).await?;
            let mut measured = self.latency(condition).await;
            if measured.is_ok() && component == "nats" {
                // Nothing but these statements is at work then.
                measured = self.throughput(condition, alone, Some(THROUGHPUT)).await;
            }
            start::up(self.session, None)
                .await
                .map_err(|failure| failure.detail)?;
            measured?;
        }
        self.settle().await?;
        self.throughput("with all that follows", alone, None)
            .await?;
        self.settle().await?;
        let finished_per_second = self.sagas().await?;
        self.settle().await?;
        self.steady_event_delay(finished_per_second).await?;
        self.hot_stock().await?;
        let head = ["WHAT", "CONDITION", "p50 ms", "p99 ms", "ERRORS"];
        self.session.reporter.print(&table(head, &self.rows));
        Ok(())
    }

    async fn latency(&mut self, condition: &str) -> Result<(), String> {
        let outcome = load::run(&self.order).await?;
        if let Some(error) = &outcome.first_error {
            self.session.reporter.note(format!(
                "{condition}: {} errors, the first: {error}",
                outcome.errors
            ));
        }
        self.tell_latency(
            condition,
            &outcome.times,
            outcome.errors,
            Some(LATENCY_P99_MS),
        );
        Ok(())
    }

    fn tell_latency(&mut self, condition: &str, times: &Times, errors: usize, goal: Option<Goal>) {
        let what = format!("POST /api/orders at {}/s", self.order.per_second);
        let (p50, p99) = (times.p50_ms(), times.p99_ms());
        let reporter = &self.session.reporter;
        tell(reporter, &what, condition, "p50", (p50, "ms"), None);
        tell(reporter, &what, condition, "p99", (p99, "ms"), goal);
        self.rows.push([
            what,
            condition.to_owned(),
            short(p50),
            short(p99),
            errors.to_string(),
        ]);
    }

    /// The order's statement alone, begun as often.
    async fn latency_of_postgres(&mut self) -> Result<(), String> {
        let scratch = Scratch::like(self.world, "orders").await?;
        let times = scratch.at(PLACE, self.order.per_second).await;
        scratch.remove().await?;
        self.tell_latency("PostgreSQL alone", &times?, 0, None);
        Ok(())
    }

    /// Orders a second of which PostgreSQL does hold and order, one after the other, in pgbench.
    async fn throughput_of_postgres(&self) -> Result<f64, String> {
        let mut seconds = 0.0;
        for (service, setup, script) in [("orders", "select 1", PLACE), ("inventory", SHELF, HOLD)]
        {
            let scratch = Scratch::like(self.world, service).await?;
            scratch.execute(setup).await?;
            let rate = scratch.per_second(script).await;
            scratch.remove().await?;
            seconds += 1.0 / rate?;
        }
        Ok(1.0 / seconds)
    }

    /// As fast as answers come.
    async fn throughput(
        &self,
        condition: &str,
        alone: f64,
        goal: Option<Goal>,
    ) -> Result<(), String> {
        let ours = load::saturate(&self.order, load::CONNECTIONS).await?;
        self.compare("POST /api/orders", condition, (ours, alone), goal);
        Ok(())
    }

    fn compare(&self, what: &str, condition: &str, (ours, alone): (f64, f64), goal: Option<Goal>) {
        let reporter = &self.session.reporter;
        tell(reporter, what, condition, "per second", (ours, ""), None);
        let floor = "PostgreSQL alone";
        tell(reporter, what, floor, "per second", (alone, ""), None);
        tell(reporter, what, condition, "ratio", (ours / alone, ""), goal);
        let goal = goal.map_or_else(String::new, |goal| format!(" (goal {:.2})", goal.0));
        reporter.print(&format!(
            "{what}, {condition}: {ours:.0} a second, PostgreSQL alone {alone:.0}: ratio {:.2}{goal}",
            ours / alone,
        ));
    }

    /// Orders a second, from the first request to the last paid order.
    async fn sagas(&self) -> Result<u32, String> {
        let before = self.paid().await?;
        let load = Load {
            per_second: SAGAS,
            lasting: Duration::from_secs(1),
            ..self.order.clone()
        };
        let started = Instant::now();
        let outcome = load::run(&load).await?;
        let wanted = before + u64::from(SAGAS) - outcome.errors as u64;
        while self.paid().await? < wanted {
            if started.elapsed() > PATIENCE {
                return Err(format!(
                    "{} of {SAGAS} orders are paid after {} s",
                    self.paid().await? - before,
                    PATIENCE.as_secs()
                ));
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let took_ms = started.elapsed().as_millis().max(1);
        let rate = u32::try_from(u128::from(SAGAS) * 1_000 / took_ms).unwrap_or(u32::MAX);
        let reporter = &self.session.reporter;
        tell(
            reporter,
            "sagas, order to paid",
            "",
            "per second",
            (f64::from(rate), ""),
            None,
        );
        reporter.print(&format!("sagas, order to paid: {rate} a second"));
        Ok(rate)
    }

    /// Holds of one shelf, beside the bare statement that takes one from a row.
    async fn hot_stock(&self) -> Result<(), String> {
        let scratch = Scratch::like(self.world, "inventory").await?;
        let floor = async {
            scratch.execute(SHELF).await?;
            scratch.per_second(TAKE).await
        }
        .await;
        scratch.remove().await?;
        let ours = load::saturate(&self.hold, BUYERS).await?;
        self.compare("holds of one shelf", "at once", (ours, floor?), Some(HOLDS));
        Ok(())
    }

    async fn paid(&self) -> Result<u64, String> {
        let count = crate::database::Database::of(self.world, "orders")?
            .json(
                "select to_json(count(*)) from orders where state = 'PAID'",
                &[],
            )
            .await?;
        Ok(count.as_u64().unwrap_or(0))
    }

    /// Until nothing is under way, mails included: what is measured next must not pay for what was before.
    async fn settle(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        for (service, under_way, what) in [
            ("orders", "orders where deadline is not null", "orders"),
            (
                "notifications",
                // A mail that failed may be tried again in hours.
                "email where status in ('PENDING', 'SENDING') and next_at < now() + interval '1 minute'",
                "mails",
            ),
        ] {
            let database = crate::database::Database::of(self.world, service)?;
            let count = format!("select to_json(count(*)) from {under_way}");
            loop {
                let open = database.json(&count, &[]).await?;
                if open.as_u64() == Some(0) {
                    break;
                }
                if Instant::now() > deadline {
                    return Err(format!("{open} {what} are still under way"));
                }
                tokio::time::sleep(Duration::from_millis(250)).await;
            }
        }
        Ok(())
    }

    async fn knobs(&self, knobs: Value) -> Result<(), String> {
        let url = format!(
            "http://{}/_simulator/knobs",
            self.world.address("psp", "http")?
        );
        let answer = http::send(Method::PUT, &url, Some(knobs.to_string())).await?;
        expect(&answer, "the provider's knobs", StatusCode::OK).map(drop)
    }

    async fn stop(&self, component: &str) -> Result<(), String> {
        let supervisor = Supervisor::connect(&self.world.paths)
            .await
            .map_err(|error| error.to_string())?
            .ok_or("nothing runs")?;
        supervisor
            .stop(component)
            .await
            .map_err(|error| error.to_string())
    }
}

/// Something to buy, with enough of it.
async fn bring(world: &World, administrator: &Customer) -> Result<Value, String> {
    let categories = http::get(&world.edge("/api/categories")?).await?.json()?;
    let body = json!({
        "name": "Bench", "description": "Ordered over and over.", "price": "12.30",
        "category": categories["items"][0]["slug"],
    });
    let answer = administrator
        .send(Method::POST, "/api/products", Some(&body), &[])
        .await?;
    let product = expect(&answer, "POST /api/products", StatusCode::CREATED)?;
    let body =
        json!({ "productId": product["id"], "quantity": 1_000_000, "warehouseLocation": "Bench" });
    let answer = administrator
        .send(
            Method::POST,
            "/api/inventory",
            Some(&body),
            &[("idempotency-key", &uuid::Uuid::new_v4().to_string())],
        )
        .await?;
    if !answer.status.is_success() {
        return Err(format!("POST /api/inventory: {}", answer.excerpt()));
    }
    Ok(product)
}

/// Out of the shop again, where nobody else is to meet it.
async fn take_away(administrator: &Customer, product: &Value) -> Result<(), String> {
    let path = format!("/api/products/{}", text(product, "id")?);
    let answer = administrator.send(Method::DELETE, &path, None, &[]).await?;
    if answer.status == StatusCode::NO_CONTENT {
        return Ok(());
    }
    Err(format!("DELETE {path}: {}", answer.excerpt()))
}
