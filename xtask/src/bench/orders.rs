//! `bench orders`: placing orders under a fixed load, as is and with parts missing; whole sagas; and stock that everybody wants,
//! each beside what the same run measures of PostgreSQL alone.

use std::time::{Duration, Instant};

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::{
    Goal,
    figures::short,
    histogram::Histogram,
    load::{self, Load, Post, Until},
    scratch::Scratch,
    start, tell,
};
use crate::{
    failure::{Failure, Kind},
    http,
    journeys::{
        World,
        customer::{Customer, expect},
    },
    reporter::table,
    runtime::host::client::Supervisor,
    session::Session,
};

const LASTING: Duration = Duration::from_secs(8);
/// Orders of which the whole saga is timed.
const SAGAS: u32 = 1_000;
const PATIENCE: Duration = Duration::from_mins(5);
/// Of what PostgreSQL does with the same statement.
const THROUGHPUT: Goal = Goal(0.55);
const HOLDS: Goal = Goal(2.0);
const LATENCY_P99_MS: Goal = Goal(10.0);
const EVENT_DELAY_P99_MS: Goal = Goal(100.0);

/// One order with its line, history and two events, as the service writes it.
const PLACE: &str = "
with placed as (
  insert into orders (id, number, user_id, email, idempotency_key, fingerprint, currency, total_minor, payment_method,
    shipping_address, placed_at, state_since, updated_at, deadline)
  values (gen_random_uuid(), 'ARG-' || nextval('order_number'), gen_random_uuid(), 'bench@argosy.example', gen_random_uuid()::text,
    sha256('bench'), 'EUR', 1230, 'pm_card', '{\"street\": \"1 Bench Lane\"}', now(), now(), now(), now())
  returning id
), line as (
  insert into order_line (order_id, position, product_id, variant_id, vendor_id, sku, slug, name, quantity, unit_price_minor)
  select id, 1, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'BENCH', 'bench', 'Bench', 1, 1230 from placed
), history as (
  insert into order_history (order_id, version, to_state, cause) select id, 1, 'PENDING', 'placed' from placed
)
insert into outbox (event_id, subject, aggregate_id, aggregate_version, payload)
select gen_random_uuid(), subject, id, 1, '{\"number\": \"ARG-2026-000001\", \"email\": \"bench@argosy.example\"}'
from placed, unnest(array['shop.orders.order_placed.v1', 'shop.orders.payment_requested.v1']) as subject;
";

/// The simplest way to take one from a shelf that everybody wants.
const TAKE: &str =
    "update hot set reserved = reserved + 1 where id = 1 and on_hand - reserved >= 1;\n";

pub(crate) async fn run(session: &Session, world: &World, per_second: u32) -> Result<(), Failure> {
    let hint = session.command("probe --journey checkout");
    let bench = Bench::prepare(session, world, per_second).await;
    let outcome = match bench {
        Ok(mut bench) => bench.measure().await,
        Err(error) => Err(error),
    };
    outcome.map_err(|error| Failure::new("orders", Kind::Unhealthy, error, hint))
}

struct Bench<'a> {
    session: &'a Session,
    world: &'a World,
    order: Load,
    hold: Load,
    rows: Vec<[String; 5]>,
}

impl<'a> Bench<'a> {
    /// Something to buy with enough of it, and somebody who buys.
    async fn prepare(
        session: &'a Session,
        world: &'a World,
        per_second: u32,
    ) -> Result<Self, String> {
        let administrator = Customer::administrator(world).await?;
        let categories = http::get(&world.edge("/api/categories")?).await?.json()?;
        let body = json!({
            "name": "Bench", "description": "Ordered over and over.", "price": "12.30",
            "category": categories["items"][0]["slug"],
        });
        let answer = administrator
            .send(Method::POST, "/api/products", Some(&body), &[])
            .await?;
        let product = expect(&answer, "POST /api/products", StatusCode::CREATED)?;
        let body = json!({ "productId": product["id"], "quantity": 1_000_000, "warehouseLocation": "Bench" });
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
        let customer = Customer::register(world).await?;
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
                token: customer.token.clone(),
            }),
            expected: StatusCode::CREATED,
            until: Until::End,
            per_second,
            lasting: LASTING,
        };
        let secret = world.paths.secrets().join("internal-token");
        let token = std::fs::read_to_string(&secret)
            .map_err(|error| format!("cannot read {}: {error}", secret.display()))?;
        let variants = http::get(&world.edge(&format!(
            "/api/products/{}",
            product["id"].as_str().unwrap_or_default()
        ))?)
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
                token: token.trim_end().to_owned(),
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
        let before = self.event_delays().await?;
        self.latency("as is").await?;
        self.settle().await?;
        self.tell_event_delay(&self.event_delays().await?.since(&before));
        self.knobs(json!({ "latencyMs": 10_000 })).await?;
        self.latency("provider takes 10 s").await?;
        self.knobs(json!({})).await?;
        for (component, condition) in [("psp", "provider stopped"), ("nats", "broker stopped")] {
            self.stop(component).await?;
            let measured = self.latency(condition).await;
            start::up(self.session, None)
                .await
                .map_err(|failure| failure.detail)?;
            measured?;
        }
        self.settle().await?;
        self.throughput().await?;
        self.sagas().await?;
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
        let what = format!("POST /api/orders at {}/s", self.order.per_second);
        let (p50, p99) = (outcome.times.p50_ms(), outcome.times.p99_ms());
        let reporter = &self.session.reporter;
        tell(reporter, &what, condition, "p50", (p50, "ms"), None);
        tell(
            reporter,
            &what,
            condition,
            "p99",
            (p99, "ms"),
            Some(LATENCY_P99_MS),
        );
        self.rows.push([
            what,
            condition.to_owned(),
            short(p50),
            short(p99),
            outcome.errors.to_string(),
        ]);
        Ok(())
    }

    /// As fast as answers come, beside the same statement in pgbench.
    async fn throughput(&self) -> Result<(), String> {
        let scratch = Scratch::like(self.world, "orders").await?;
        let floor = scratch.per_second(PLACE).await;
        scratch.remove().await?;
        let floor = floor?;
        let ours = load::saturate(&self.order).await?;
        self.compare("POST /api/orders", ours, floor, THROUGHPUT);
        self.settle().await
    }

    fn compare(&self, what: &str, ours: f64, floor: f64, goal: Goal) {
        let reporter = &self.session.reporter;
        tell(reporter, what, "", "per second", (ours, ""), None);
        tell(
            reporter,
            what,
            "PostgreSQL alone",
            "per second",
            (floor, ""),
            None,
        );
        tell(reporter, what, "", "ratio", (ours / floor, ""), Some(goal));
        reporter.print(&format!(
            "{what}: {ours:.0} a second, PostgreSQL alone {floor:.0}: ratio {:.2} (goal {:.2})",
            ours / floor,
            goal.0
        ));
    }

    /// From the first request to the last paid order.
    async fn sagas(&self) -> Result<(), String> {
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
        let rate = f64::from(SAGAS) / started.elapsed().as_secs_f64();
        let reporter = &self.session.reporter;
        tell(
            reporter,
            "sagas, order to paid",
            "",
            "per second",
            (rate, ""),
            None,
        );
        reporter.print(&format!("sagas, order to paid: {rate:.0} a second"));
        Ok(())
    }

    /// Holds of one shelf, beside the bare statement that takes one from a row.
    async fn hot_stock(&self) -> Result<(), String> {
        let scratch = Scratch::like(self.world, "inventory").await?;
        let floor = async {
            scratch
                .execute(
                    "create table hot (id int primary key, on_hand bigint, reserved bigint) with (fillfactor = 50);
                     insert into hot values (1, 1000000000, 0)",
                )
                .await?;
            scratch.per_second(TAKE).await
        }
        .await;
        scratch.remove().await?;
        let ours = load::saturate(&self.hold).await?;
        self.compare("holds of one shelf", ours, floor?, HOLDS);
        Ok(())
    }

    /// How long the services' consumers have taken from an event to its effect.
    async fn event_delays(&self) -> Result<Histogram, String> {
        let mut all = Histogram::default();
        for service in ["orders", "inventory", "payments", "notifications"] {
            let url = format!("http://{}/metrics", self.world.address(service, "http")?);
            all.add(&http::get(&url).await?.text(), "consumer_delay_seconds");
        }
        Ok(all)
    }

    fn tell_event_delay(&self, delays: &Histogram) {
        let Some(p99) = delays.percentile(99) else {
            return;
        };
        let (what, reporter) = ("event to effect", &self.session.reporter);
        tell(
            reporter,
            what,
            "as is",
            "p99",
            (p99 * 1_000.0, "ms"),
            Some(EVENT_DELAY_P99_MS),
        );
        reporter.print(&format!(
            "{what}: p99 {:.0} ms of {} events (goal {:.0})",
            p99 * 1_000.0,
            delays.count(),
            EVENT_DELAY_P99_MS.0
        ));
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

    /// Until nothing is under way: what is measured next must not pay for what was before.
    async fn settle(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let open = crate::database::Database::of(self.world, "orders")?
                .json(
                    "select to_json(count(*)) from orders where deadline is not null",
                    &[],
                )
                .await?;
            if open.as_u64() == Some(0) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("{open} orders are still under way"));
            }
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
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
