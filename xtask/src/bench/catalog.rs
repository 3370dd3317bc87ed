//! `bench catalog`: the catalogue's reads under a fixed load, at the edge and at the service itself, at several sizes.
//!
//! Beside them the floors of the same run: what the edge answers alone, what the service answers without a thought, and
//! the bare statement in pgbench. And the promise of key paging: the last page costs what the first does.

use std::time::Duration;

use hyper::StatusCode;

use super::{
    Goal,
    figures::{Times, short},
    load::{self, Load},
    subject::{PAGE, Subject},
    tell,
};
use crate::{
    bench::floor,
    failure::{Failure, Kind},
    journeys::World,
    reporter::{Reporter, table},
    session::Session,
};

/// Load of each operation. Low enough for two cores that also run everything else: latency is measured, not capacity.
const PER_SECOND: u32 = 40;
const LASTING: Duration = Duration::from_secs(5);
/// Of the last page to the first.
const PAGING: Goal = Goal(1.5);

/// Measures at the catalogue's present size and prints a table.
pub(crate) async fn run(session: &Session, world: &World) -> Result<(), Failure> {
    let hint = session.command("probe --journey api");
    let measured = measure(&session.reporter, world).await;
    measured.map_err(|error| Failure::new("catalog", Kind::Unhealthy, error, hint))
}

async fn measure(reporter: &Reporter, world: &World) -> Result<(), String> {
    let edge = world.address("caddy", "http")?;
    let service = world.address("catalog", "http")?;
    let subject = Subject::read(&service).await?;
    let size = format!("{} products", subject.total);
    let seconds = LASTING.as_secs();
    reporter.print(&format!(
        "\n{size}, {PER_SECOND} requests a second for {seconds} s each"
    ));
    let mut report = Report {
        reporter,
        size: &size,
        rows: Vec::new(),
    };

    let alone = load(&edge, vec!["/livez".into()], StatusCode::NOT_FOUND);
    let edge_floor = report
        .measure("edge alone (404)", "edge", None, &alone)
        .await?;
    let alone = load(&service, vec!["/livez".into()], StatusCode::OK);
    let service_floor = report
        .measure("service alone (/livez)", "direct", None, &alone)
        .await?;
    let bare = floor::statement(world, PAGE).await?;
    report.add("bare statement (pgbench)", "database", None, &bare, 0);
    for (operation, paths) in subject.operations() {
        let direct = load(&service, paths.clone(), StatusCode::OK);
        report
            .measure(operation, "direct", Some(service_floor), &direct)
            .await?;
        let through = load(&edge, paths, StatusCode::OK);
        report
            .measure(operation, "edge", Some(edge_floor), &through)
            .await?;
    }
    let first = load(&service, vec![Subject::first_page()], StatusCode::OK);
    let first = report
        .measure("first page", "direct", Some(service_floor), &first)
        .await?;
    let last = load(&service, vec![subject.last_page()], StatusCode::OK);
    let last = report
        .measure("last page", "direct", Some(service_floor), &last)
        .await?;
    report.print();
    tell_paging(reporter, &size, last / first);
    Ok(())
}

fn tell_paging(reporter: &Reporter, size: &str, ratio: f64) {
    let what = "last page to first page";
    tell(reporter, what, size, "ratio", (ratio, ""), Some(PAGING));
    let verdict = if ratio <= PAGING.0 {
        "flat"
    } else {
        "NOT FLAT"
    };
    reporter.print(&format!(
        "{what}: {ratio:.2} (limit {:.1}): {verdict}",
        PAGING.0
    ));
}

fn load(address: &str, paths: Vec<String>, expected: StatusCode) -> Load {
    Load {
        address: address.to_owned(),
        paths,
        expected,
        per_second: PER_SECOND,
        lasting: LASTING,
    }
}

/// Rows of the table.
struct Report<'a> {
    reporter: &'a Reporter,
    size: &'a str,
    rows: Vec<[String; 6]>,
}

impl Report<'_> {
    /// Runs the load and adds its row; the median in milliseconds comes back.
    async fn measure(
        &mut self,
        what: &str,
        place: &str,
        floor: Option<f64>,
        load: &Load,
    ) -> Result<f64, String> {
        let outcome = load::run(load)
            .await
            .map_err(|error| format!("{what}, {place}: {error}"))?;
        if let Some(error) = &outcome.first_error {
            self.reporter.note(format!(
                "{what}, {place}: {} errors, the first: {error}",
                outcome.errors
            ));
        }
        Ok(self.add(what, place, floor, &outcome.times, outcome.errors))
    }

    fn add(
        &mut self,
        what: &str,
        place: &str,
        floor: Option<f64>,
        times: &Times,
        errors: usize,
    ) -> f64 {
        let (p50, p99) = (times.p50_ms(), times.p99_ms());
        let name = format!("{what}, {place}");
        tell(self.reporter, &name, self.size, "p50", (p50, "ms"), None);
        tell(self.reporter, &name, self.size, "p99", (p99, "ms"), None);
        if let Some(floor) = floor {
            tell(
                self.reporter,
                &name,
                self.size,
                "ratio",
                (p50 / floor, ""),
                None,
            );
        }
        let ratio = floor
            .map(|floor| format!("{:.1}", p50 / floor))
            .unwrap_or_default();
        self.rows.push([
            what.to_owned(),
            place.to_owned(),
            short(p50),
            short(p99),
            ratio,
            errors.to_string(),
        ]);
        p50
    }

    fn print(&self) {
        self.reporter.print(&table(
            [
                "OPERATION",
                "WHERE",
                "p50 ms",
                "p99 ms",
                "p50 / FLOOR",
                "ERRORS",
            ],
            &self.rows,
        ));
    }
}
