//! `bench pages`: what the shop's most visited pages cost who visits them. Bytes on the wire and Lighthouse's rating come from
//! Chromium; the time to the first byte is taken at the edge under a fixed load, beside a static file of the same Caddy.

use std::time::Duration;

use hyper::StatusCode;
use serde::Deserialize;

use super::{
    Goal,
    figures::short,
    load::{self, Load, Until},
    still::{self, StillFile},
    tell,
};
use crate::{
    browser::{Browser, Tool},
    failure::{Failure, Kind},
    http,
    journeys::World,
    packages::Consent,
    quality::cargo,
    reporter::{Reporter, table},
    session::Session,
};

const LASTING: Duration = Duration::from_secs(10);
/// Of a page, its first byte, under load.
const FIRST_BYTE_P99_MS: Goal = Goal(15.0);
/// Of a page with everything that a first visit fetches.
const BYTES_KB: Goal = Goal(150.0);
/// Of each category.
const LIGHTHOUSE: Goal = Goal(95.0);

pub(crate) async fn run(
    session: &Session,
    world: &World,
    per_second: u32,
    with_lighthouse: bool,
) -> Result<(), Failure> {
    let reporter = &session.reporter;
    let hint = session.command("probe --journey browse");
    let mut report = Report {
        reporter,
        rows: Vec::new(),
    };
    first_bytes(&mut report, world, per_second)
        .await
        .map_err(|error| Failure::new("storefront", Kind::Unhealthy, error, &hint))?;
    let mut tools = vec![Tool::Checks];
    tools.extend(with_lighthouse.then_some(Tool::Lighthouse));
    let consent = if session.global.yes {
        Consent::Given
    } else {
        Consent::Ask
    };
    let browser = Browser::ready(&session.cargo, &tools, consent, reporter).await?;
    ratings(&mut report, session, world, &browser, with_lighthouse)
        .await
        .map_err(|error| Failure::new("storefront", Kind::Unhealthy, error, hint))?;
    report.print();
    Ok(())
}

/// Home and a product, and the home page's bytes as a file.
async fn first_bytes(
    report: &mut Report<'_>,
    world: &World,
    per_second: u32,
) -> Result<(), String> {
    let edge = world.address("caddy", "http")?;
    let home = http::get(&world.edge("/")?).await?;
    let product = some_product(world).await?;
    let still = StillFile::serve(world, &home.body).await?;
    let load = |address: &str, path: &str, lasting| Load {
        address: address.to_owned(),
        paths: vec![path.to_owned()],
        post: None,
        expected: StatusCode::OK,
        until: Until::FirstByte,
        per_second,
        lasting,
    };
    let measured = async {
        for (what, address, path, goal) in [
            ("static file", still.address(), still::PATH, None),
            ("home page", &edge, "/", Some(FIRST_BYTE_P99_MS)),
            ("product page", &edge, &product, Some(FIRST_BYTE_P99_MS)),
        ] {
            // Connections and whatever is remembered for a moment are there before it counts.
            load::run(&load(address, path, Duration::from_secs(2))).await?;
            let outcome = load::run(&load(address, path, LASTING)).await?;
            if let Some(error) = outcome.first_error {
                return Err(format!(
                    "{what}: {} errors, the first: {error}",
                    outcome.errors
                ));
            }
            let condition = format!("{per_second} a second");
            let what = format!("{what}, first byte");
            let (p50, p99) = (outcome.times.p50_ms(), outcome.times.p99_ms());
            report.at_most(&what, &condition, "p50", (p50, "ms"), None);
            report.at_most(&what, &condition, "p99", (p99, "ms"), goal);
        }
        Ok(())
    }
    .await;
    let ended = still.end().await;
    measured.and(ended)
}

async fn some_product(world: &World) -> Result<String, String> {
    let list = http::get(&world.edge("/api/products?limit=1")?)
        .await?
        .json()?;
    let slug = list["items"][0]["slug"].as_str();
    slug.map(|slug| format!("/products/{slug}"))
        .ok_or_else(|| "the catalogue is empty".to_owned())
}

/// A line of the program's output.
#[derive(Debug, Deserialize)]
struct Rating {
    what: String,
    condition: String,
    value: f64,
    unit: String,
}

async fn ratings(
    report: &mut Report<'_>,
    session: &Session,
    world: &World,
    browser: &Browser,
    with_lighthouse: bool,
) -> Result<(), String> {
    let arguments: &[&str] = if with_lighthouse {
        &["rate"]
    } else {
        &["rate", "--without-lighthouse"]
    };
    let out = session.cargo.target.join("test-logs/browser");
    let mut command = browser.command(world, &out, arguments)?;
    let mut others = Vec::new();
    let mut ratings: Vec<Rating> = Vec::new();
    let status = cargo::run(&mut command, |line| match serde_json::from_str(line) {
        Ok(rating) => ratings.push(rating),
        Err(_) => others.push(line.to_owned()),
    })
    .await
    .map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("no ratings: {}", others.join("\n")));
    }
    for Rating {
        what,
        condition,
        value,
        unit,
    } in ratings
    {
        if unit.is_empty() {
            report.at_least(&what, &condition, value, LIGHTHOUSE);
        } else {
            report.at_most(&what, &condition, "value", (value, &unit), Some(BYTES_KB));
        }
    }
    for line in others {
        session.reporter.note(line);
    }
    Ok(())
}

/// Rows of the table.
struct Report<'a> {
    reporter: &'a Reporter,
    rows: Vec<[String; 5]>,
}

impl Report<'_> {
    fn at_most(
        &mut self,
        what: &str,
        condition: &str,
        statistic: &str,
        value: (f64, &str),
        goal: Option<Goal>,
    ) {
        let verdict = goal.map(|goal| (goal, value.0 <= goal.0));
        self.add(what, condition, statistic, value, verdict);
    }

    fn at_least(&mut self, what: &str, condition: &str, value: f64, goal: Goal) {
        let verdict = (goal, value >= goal.0);
        self.add(what, condition, "value", (value, ""), Some(verdict));
    }

    fn add(
        &mut self,
        what: &str,
        condition: &str,
        statistic: &str,
        (value, unit): (f64, &str),
        verdict: Option<(Goal, bool)>,
    ) {
        let goal = verdict.map(|(goal, _)| goal);
        tell(
            self.reporter,
            what,
            condition,
            statistic,
            (value, unit),
            goal,
        );
        let verdict = match verdict {
            Some((goal, true)) => format!("within {}", short(goal.0)),
            Some((goal, false)) => format!("NOT within {}", short(goal.0)),
            None => String::new(),
        };
        let value = format!("{} {unit}", short(value)).trim_end().to_owned();
        self.rows.push([
            what.to_owned(),
            condition.to_owned(),
            statistic.to_owned(),
            value,
            verdict,
        ]);
    }

    fn print(&self) {
        let head = ["WHAT", "CONDITION", "STATISTIC", "VALUE", "GOAL"];
        self.reporter.print(&table(head, &self.rows));
    }
}
