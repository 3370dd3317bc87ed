//! `bench memory`: what each component holds in memory while nobody asks for anything.

use super::{Goal, figures::short, tell};
use crate::{
    failure::{Failure, Kind},
    reporter::table,
    runtime::host::client::Supervisor,
    session::Session,
};

/// For each service of ours, in MiB.
const GOAL: Goal = Goal(30.0);
const MEBIBYTE: f64 = 1_048_576.0;

pub(crate) async fn run(session: &Session) -> Result<(), Failure> {
    let unreachable =
        |error: String| Failure::new("toolkit", Kind::Supervisor, error, session.command("up"));
    let supervisor = Supervisor::connect(&session.paths)
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    let supervisor =
        supervisor.ok_or_else(|| unreachable("the platform does not run".to_owned()))?;
    let mut processes = supervisor
        .status()
        .await
        .map_err(|error| unreachable(error.to_string()))?;
    let ours: Vec<&str> = session
        .environment
        .stack
        .components
        .iter()
        .filter(|(_, component)| component.binary.is_some())
        .map(|(name, _)| name.as_str())
        .collect();
    let is_ours = |name: &str| ours.contains(&name);
    processes.sort_by_key(|process| (!is_ours(&process.name), process.name.clone()));
    let mut rows = Vec::new();
    for process in processes {
        let Some(bytes) = process.memory_bytes else {
            continue;
        };
        let goal = is_ours(&process.name).then_some(GOAL);
        let size = bytes as f64 / MEBIBYTE;
        tell(
            &session.reporter,
            &process.name,
            "idle",
            "value",
            (size, "MiB"),
            goal,
        );
        let verdict = match goal {
            Some(goal) if size <= goal.0 => "within the goal",
            Some(_) => "over the goal",
            None => "",
        };
        let goal = goal.map(|goal| short(goal.0)).unwrap_or_default();
        rows.push([process.name, short(size), goal, verdict.to_owned()]);
    }
    session
        .reporter
        .print(&table(["COMPONENT", "RESIDENT MiB", "GOAL", ""], &rows));
    Ok(())
}
