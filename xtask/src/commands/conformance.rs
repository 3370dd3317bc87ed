//! `conformance`: the platform on each runtime in turn, from nothing and in a home of its own; the same probes and the same
//! invariants there; and what they say, side by side.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use clap::ValueEnum as _;

use crate::{
    cli::Conformance,
    events::{Conformity, Event},
    exit::Exit,
    failure::{Failure, Failures},
    reporter::table,
    runtime::chosen::Runtime,
    session::Session,
    this_program::{clear, home_beside, toolkit, whatever},
};

const RUNTIMES: [Runtime; 2] = [Runtime::Host, Runtime::Docker];
/// The suite of what `verify` says; every other one is a journey.
const INVARIANTS: &str = "invariants";

/// By suite and name: what went wrong, where something did.
type Findings = BTreeMap<(String, String), Option<String>>;

pub(crate) async fn run(session: &Session, args: &Conformance) -> Result<Exit, Failures> {
    let mut all = Vec::new();
    for runtime in RUNTIMES {
        session
            .reporter
            .note(format!("{}: up from nothing", runtime.word()));
        all.push(once(session, runtime, args).await?);
    }
    let compared = compare(&all);
    let reporter = &session.reporter;
    for conformity in &compared {
        if reporter.is_json() || !is_well(conformity) {
            reporter.emit(Event::Conformity(conformity.clone()));
        }
    }
    reporter.print(&table(["SUITE", "HOST", "DOCKER"], &summary(&compared)));
    let different = compared.iter().filter(|one| !is_well(one)).count();
    reporter.print(&if different == 0 {
        format!("{} things are well on both runtimes", compared.len())
    } else {
        format!(
            "{different} of {} things are not well on both runtimes",
            compared.len()
        )
    });
    Ok(if different == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Up, probed, verified and away again, however it went.
async fn once(
    session: &Session,
    runtime: Runtime,
    args: &Conformance,
) -> Result<Findings, Failure> {
    let home = home_beside(session, &format!("conformance-{}", runtime.word()));
    let findings = examined(session, &home, runtime, args).await;
    let cleared = clear(session, &home).await;
    let findings = findings?;
    cleared?;
    Ok(findings)
}

async fn examined(
    session: &Session,
    home: &Path,
    runtime: Runtime,
    args: &Conformance,
) -> Result<Findings, Failure> {
    let mut up = vec!["up", "--no-probe", "--runtime", runtime.word()];
    let images = args.images.and_then(|images| images.to_possible_value());
    if let Some(images) = images.as_ref().filter(|_| runtime == Runtime::Docker) {
        up.extend(["--images", images.get_name()]);
    }
    toolkit(session, Some(home), &up).await?;
    session.reporter.note(format!(
        "{}: every probe, then every invariant",
        runtime.word()
    ));
    let mut findings = Findings::new();
    for command in ["probe", "verify"] {
        let run = whatever(session, Some(home), &[command]).await?;
        findings.extend(run.events.into_iter().filter_map(finding));
    }
    Ok(findings)
}

fn finding(event: Event) -> Option<((String, String), Option<String>)> {
    match event {
        Event::Hop(hop) => Some(((hop.journey, hop.hop), (!hop.ok).then_some(hop.detail))),
        Event::Invariant(told) => Some((
            (INVARIANTS.to_owned(), told.invariant),
            (!told.holds).then_some(told.detail),
        )),
        // A suite that could not even begin must not be taken for one that has nothing to say.
        Event::Failure(failure) => Some((
            (failure.component, failure.kind.to_string()),
            Some(failure.detail),
        )),
        _ => None,
    }
}

/// Everything that either has told, in the order of suites.
fn compare(all: &[Findings]) -> Vec<Conformity> {
    let names: BTreeSet<&(String, String)> = all.iter().flat_map(Findings::keys).collect();
    names
        .into_iter()
        .map(|key| {
            let told = RUNTIMES.iter().zip(all).map(|(runtime, findings)| {
                let wrong = match findings.get(key) {
                    Some(wrong) => wrong.clone(),
                    None => Some("was not looked at".to_owned()),
                };
                (runtime.word().to_owned(), wrong)
            });
            Conformity {
                suite: key.0.clone(),
                name: key.1.clone(),
                runtimes: told.collect(),
            }
        })
        .collect()
}

fn is_well(conformity: &Conformity) -> bool {
    conformity.runtimes.values().all(Option::is_none)
}

/// A row for each suite: how many of its things are well, by runtime.
fn summary(compared: &[Conformity]) -> Vec<[String; 3]> {
    let mut suites: BTreeMap<&str, Vec<&Conformity>> = BTreeMap::new();
    for conformity in compared {
        suites
            .entry(&conformity.suite)
            .or_default()
            .push(conformity);
    }
    suites
        .into_iter()
        .map(|(suite, things)| {
            let well = |runtime: Runtime| {
                let well = things
                    .iter()
                    .filter(|thing| matches!(thing.runtimes.get(runtime.word()), Some(None)));
                format!("{} of {}", well.count(), things.len())
            };
            let [host, docker] = RUNTIMES.map(well);
            [suite.to_owned(), host, docker]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(told: &[(&str, &str, Option<&str>)]) -> Findings {
        told.iter()
            .map(|(suite, name, wrong)| {
                (
                    ((*suite).to_owned(), (*name).to_owned()),
                    wrong.map(str::to_owned),
                )
            })
            .collect()
    }

    #[test]
    fn what_one_runtime_never_looked_at_is_not_well() {
        let host = findings(&[("edge", "front page", None), ("checkout", "paid", None)]);
        let docker = findings(&[("edge", "front page", None)]);
        let compared = compare(&[host, docker]);
        let wrong: Vec<&str> = compared
            .iter()
            .filter(|one| !is_well(one))
            .map(|one| one.name.as_str())
            .collect();
        assert_eq!(wrong, ["paid"]);
    }

    #[test]
    fn a_failure_on_one_is_counted_there_only() {
        let host = findings(&[("edge", "front page", None), ("edge", "search", None)]);
        let docker = findings(&[
            ("edge", "front page", None),
            ("edge", "search", Some("502")),
        ]);
        let rows = summary(&compare(&[host, docker]));
        assert_eq!(rows, [["edge", "2 of 2", "1 of 2"].map(str::to_owned)]);
    }
}
