//! `bench up`: `up` when there is nothing to do, and a cold start beside its critical path.
//!
//! The cold start takes a home of its own: the environment's data stays where it is, and the environment comes back as it
//! was found.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use super::{
    Goal, critical_path,
    figures::{Times, milliseconds, short},
    tell,
};
use crate::{
    events::{Event, Phase},
    failure::{Failure, Kind},
    model::Environment,
    reporter::table,
    runtime::host::client::Supervisor,
    session::Session,
    this_program::{Run, clear, home_beside, toolkit},
};

/// For the 95th percentile, in milliseconds.
const NOTHING_TO_DO: Goal = Goal(200.0);
const UP: [&str; 4] = ["up", "--runtime", "host", "--no-probe"];
/// Of the cold start to its critical path.
const COLD: Goal = Goal(1.15);

pub(crate) async fn run(session: &Session, runs: u32) -> Result<(), Failure> {
    let ran_before = matches!(Supervisor::connect(&session.paths).await, Ok(Some(_)));
    up(session, None).await?;
    nothing_to_do(session, None, runs, &UP).await?;
    toolkit(session, None, &["down"]).await?;
    let cold = cold(session).await;
    if ran_before {
        session.reporter.note("starting the environment again");
        up(session, None).await?;
    }
    cold
}

/// How long `up` takes when nothing has changed.
pub(super) async fn nothing_to_do(
    session: &Session,
    home: Option<&Path>,
    runs: u32,
    arguments: &[&str],
) -> Result<(), Failure> {
    let mut times = Vec::new();
    for _ in 0..runs {
        let run = toolkit(session, home, arguments).await?;
        if run
            .events
            .iter()
            .any(|event| matches!(event, Event::Step(_)))
        {
            let detail = "`up` still finds something to do right after an `up`";
            return Err(Failure::new(
                "toolkit",
                Kind::StalePlan,
                detail,
                session.command("plan"),
            ));
        }
        times.push(run.took);
    }
    let Some(times) = Times::new(times) else {
        return Ok(());
    };
    let what = "up, nothing to do";
    tell(
        &session.reporter,
        what,
        "",
        "p50",
        (times.p50_ms(), "ms"),
        None,
    );
    tell(
        &session.reporter,
        what,
        "",
        "p95",
        (times.p95_ms(), "ms"),
        Some(NOTHING_TO_DO),
    );
    let rows = [[
        what.to_owned(),
        runs.to_string(),
        short(times.p50_ms()),
        short(times.p95_ms()),
        short(NOTHING_TO_DO.0),
    ]];
    session
        .reporter
        .print(&table(["", "RUNS", "p50 ms", "p95 ms", "GOAL p95"], &rows));
    Ok(())
}

async fn cold(session: &Session) -> Result<(), Failure> {
    let root = home_beside(session, "bench");
    let run = up(session, Some(&root)).await;
    let cleared = clear(session, &root).await;
    let run = run?;
    cleared?;
    let times = own_times(&run.events);
    let (chain, path_ms) = critical_path::longest(&times, &needs(&session.environment));
    let took = milliseconds(run.took);
    let path = milliseconds(Duration::from_millis(path_ms.max(1)));
    let ratio = took / path;
    tell(
        &session.reporter,
        "cold up",
        "",
        "value",
        (took, "ms"),
        None,
    );
    tell(
        &session.reporter,
        "critical path of a cold up",
        "",
        "value",
        (path, "ms"),
        None,
    );
    tell(
        &session.reporter,
        "cold up to its critical path",
        "",
        "ratio",
        (ratio, ""),
        Some(COLD),
    );
    let rows = [[
        short(took),
        path_ms.to_string(),
        format!("{ratio:.2}"),
        format!("{:.2}", COLD.0),
    ]];
    session.reporter.print("");
    session.reporter.print(&table(
        ["COLD UP ms", "CRITICAL PATH ms", "RATIO", "GOAL"],
        &rows,
    ));
    let chain: Vec<String> = chain
        .iter()
        .map(|name| format!("{name} {} ms", times.get(name).copied().unwrap_or(0)))
        .collect();
    session
        .reporter
        .print(&format!("critical path: {}", chain.join(" → ")));
    Ok(())
}

/// How long each component and job worked itself, waiting not counted.
fn own_times(events: &[Event]) -> BTreeMap<String, u64> {
    let done = events.iter().filter_map(|event| match event {
        Event::Progress(progress)
            if matches!(progress.phase, Phase::Healthy | Phase::Completed) =>
        {
            Some(progress)
        }
        _ => None,
    });
    done.filter_map(|progress| Some((progress.component.clone(), progress.took_ms?)))
        .collect()
}

fn needs(environment: &Environment) -> BTreeMap<String, BTreeSet<String>> {
    let of = |name| {
        environment
            .dependencies(name)
            .into_keys()
            .map(ToString::to_string)
            .collect()
    };
    environment
        .names()
        .into_iter()
        .map(|name| (name.to_string(), of(name)))
        .collect()
}

/// Brings up what has been stopped, or everything in another home.
pub(crate) async fn up(session: &Session, home: Option<&Path>) -> Result<Run, Failure> {
    toolkit(session, home, &UP).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Progress;

    fn progress(component: &str, phase: Phase, took_ms: Option<u64>) -> Event {
        Event::Progress(Progress {
            component: component.into(),
            phase,
            waits_on: Vec::new(),
            took_ms,
        })
    }

    #[test]
    fn only_what_was_reached_has_a_time() {
        let events = [
            progress("postgres", Phase::Starting, Some(10)),
            progress("postgres", Phase::Healthy, Some(900)),
            progress("init", Phase::Completed, Some(100)),
            progress("catalog", Phase::Skipped, Some(5)),
            progress("nats", Phase::Unchanged, None),
        ];
        assert_eq!(
            own_times(&events),
            BTreeMap::from([("postgres".to_owned(), 900), ("init".to_owned(), 100)])
        );
    }
}
