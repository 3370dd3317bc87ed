//! `bench catalog`: the catalogue's reads under a fixed load, at the edge and at the service itself, at several sizes.
//!
//! Beside them the floors of the same run: what the edge answers alone, what the service answers without a thought, and
//! the bare statement in pgbench. And the promise of key paging: the last page costs what the first does.

use std::time::Duration;

use hyper::StatusCode;

use super::{
    Goal,
    figures::{Times, short},
    load::{self, Load, Until},
    subject::{Operation, PAGE, PER_SECOND, Subject},
    tell,
};
use crate::{
    bench::floor,
    failure::{Failure, Kind},
    journeys::World,
    reporter::{Reporter, table},
    session::Session,
};

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
    reporter.print(&format!("\n{size}, {seconds} s of each"));
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
    report.add(
        ("bare statement (pgbench)", "database"),
        None,
        &bare,
        ["", ""].map(str::to_owned),
    );
    for Operation {
        name,
        mut paths,
        per_second,
    } in subject.operations()
    {
        // What one place has asked for is remembered for a while: the other one asks for something else.
        let half = paths.len() / 2;
        let others = if half > 0 {
            paths.split_off(half)
        } else {
            paths.clone()
        };
        let direct = Load {
            per_second,
            ..load(&service, paths, StatusCode::OK)
        };
        report
            .measure(name, "direct", Some(service_floor), &direct)
            .await?;
        let through = Load {
            per_second,
            ..load(&edge, others, StatusCode::OK)
        };
        report
            .measure(name, "edge", Some(edge_floor), &through)
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
        post: None,
        expected,
        until: Until::End,
        per_second: PER_SECOND,
        lasting: LASTING,
    }
}

/// Rows of the table.
struct Report<'a> {
    reporter: &'a Reporter,
    size: &'a str,
    rows: Vec<[String; 7]>,
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
        let errors = outcome.errors;
        if let Some(error) = &outcome.first_error {
            self.reporter.note(format!(
                "{what}, {place}: {errors} errors, the first: {error}"
            ));
        }
        let counts = [load.per_second.to_string(), errors.to_string()];
        Ok(self.add((what, place), floor, &outcome.times, counts))
    }

    /// Adds the row of something measured; requests a second and errors as they are to be shown.
    fn add(
        &mut self,
        (what, place): (&str, &str),
        floor: Option<f64>,
        times: &Times,
        counts: [String; 2],
    ) -> f64 {
        let (p50, p99) = (times.p50_ms(), times.p99_ms());
        let name = format!("{what}, {place}");
        tell(self.reporter, &name, self.size, "p50", (p50, "ms"), None);
        tell(self.reporter, &name, self.size, "p99", (p99, "ms"), None);
        let ratio = floor.map(|floor| p50 / floor);
        if let Some(ratio) = ratio {
            tell(self.reporter, &name, self.size, "ratio", (ratio, ""), None);
        }
        let ratio = ratio.map(|ratio| format!("{ratio:.1}")).unwrap_or_default();
        let [per_second, errors] = counts;
        self.rows.push([
            what.to_owned(),
            place.to_owned(),
            per_second,
            short(p50),
            short(p99),
            ratio,
            errors,
        ]);
        p50
    }

    fn print(&self) {
        let head = [
            "OPERATION",
            "WHERE",
            "PER SECOND",
            "p50 ms",
            "p99 ms",
            "p50 / FLOOR",
            "ERRORS",
        ];
        self.reporter.print(&table(head, &self.rows));
    }
}
