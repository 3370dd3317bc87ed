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
    let failed = |error: String| {
        Failure::new(
            "catalog",
            Kind::Unhealthy,
            error,
            session.command("probe --journey api"),
        )
    };
    let edge = world.address("caddy", "http").map_err(failed)?;
    let service = world.address("catalog", "http").map_err(failed)?;
    let subject = Subject::read(&service).await.map_err(failed)?;
    let size = format!("{} products", subject.total);
    session.reporter.print(&format!(
        "\n{size}, {PER_SECOND} requests a second for {} s each",
        LASTING.as_secs()
    ));
    let mut report = Report {
        reporter: &session.reporter,
        size: &size,
        rows: Vec::new(),
    };

    let edge_floor = report
        .measure(
            "edge alone (404)",
            "edge",
            None,
            &load(&edge, vec!["/livez".into()], StatusCode::NOT_FOUND),
        )
        .await
        .map_err(failed)?;
    let service_floor = report
        .measure(
            "service alone (/livez)",
            "direct",
            None,
            &load(&service, vec!["/livez".into()], StatusCode::OK),
        )
        .await
        .map_err(failed)?;
    let bare = floor::statement(world, PAGE).await.map_err(failed)?;
    report.add("bare statement (pgbench)", "database", None, &bare, 0);
    for (operation, paths) in subject.operations() {
        for (place, address, floor) in [
            ("direct", &service, service_floor),
            ("edge", &edge, edge_floor),
        ] {
            report
                .measure(
                    operation,
                    place,
                    Some(floor),
                    &load(address, paths.clone(), StatusCode::OK),
                )
                .await
                .map_err(failed)?;
        }
    }
    let first = report
        .measure(
            "first page",
            "direct",
            Some(service_floor),
            &load(&service, vec![subject.first_page()], StatusCode::OK),
        )
        .await
        .map_err(failed)?;
    let last = report
        .measure(
            "last page",
            "direct",
            Some(service_floor),
            &load(&service, vec![subject.last_page()], StatusCode::OK),
        )
        .await
        .map_err(failed)?;
    report.print();

    let ratio = last / first;
    tell(
        &session.reporter,
        "last page to first page",
        &size,
        "ratio",
        (ratio, ""),
        Some(PAGING),
    );
    let verdict = if ratio <= PAGING.0 {
        "flat"
    } else {
        "NOT FLAT"
    };
    session.reporter.print(&format!(
        "last page to first page: {ratio:.2} (limit {:.1}): {verdict}",
        PAGING.0
    ));
    Ok(())
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
