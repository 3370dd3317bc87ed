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
        let size = mebibytes(bytes);
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

/// To a sixteenth of a MiB, which no eye misses.
fn mebibytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 16).unwrap_or(u32::MAX)) / 16.0
}

#[cfg(test)]
mod tests {
    use super::mebibytes;

    #[test]
    fn memory_is_told_in_mebibytes() {
        assert_eq!(mebibytes(0).to_string(), "0");
        assert_eq!(mebibytes(30 << 20).to_string(), "30");
        assert_eq!(mebibytes((30 << 20) + (1 << 19)).to_string(), "30.5");
    }
}
