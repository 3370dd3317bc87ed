//! `audit --live`: is everything that runs shut in as the model says?

use std::collections::{BTreeMap, BTreeSet};

use super::{
    converge::{
        docker::{Platform, choice},
        selection,
    },
    runtimes,
};
use crate::{
    events::{Event, LiveCheck},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    reporter::table,
    runtime::{
        chosen::Runtime,
        docker::audit::{Subject, Verdict},
    },
    session::Session,
};

pub(crate) async fn run(session: &Session) -> Result<Exit, Failures> {
    if runtimes::current(session) != Runtime::Docker {
        let detail = "nothing runs in containers here, and processes of the host are not shut in";
        let hint = session.command("up --runtime docker");
        return Err(Failure::new("toolkit", Kind::OtherRuntime, detail, hint).into());
    }
    let platform = Platform::open(session).await?;
    let everything = selection(session, &[])?;
    let images = platform
        .images(session, choice(session, None), &everything)
        .await?;
    let found = platform.difference(session, &images, &everything).await?;
    let secrets = secrets(session);
    let mut verdicts = Vec::new();
    for seen in found.view.seen.values() {
        match found.blueprint.containers.get(&seen.unit) {
            Some(spec) => verdicts.extend(
                Subject {
                    seen,
                    spec,
                    names: &platform.names,
                    is_here: platform.engine.is_here(),
                    secrets: &secrets,
                }
                .verdicts(),
            ),
            None if seen.is_job => {}
            None => verdicts.push(Verdict {
                unit: seen.unit.clone(),
                rule: "in the model",
                ok: false,
                detail: "runs, and is not in the model".into(),
                reason: None,
            }),
        }
    }
    let missing = missing(&found.blueprint, &found.view.seen);
    verdicts.extend(missing);
    Ok(tell(session, &verdicts))
}

/// What does not run has not been looked at, so it has not passed.
fn missing(
    blueprint: &crate::runtime::docker::blueprint::Blueprint,
    seen: &BTreeMap<String, crate::runtime::docker::observe::Seen>,
) -> Vec<Verdict> {
    let services = blueprint
        .containers
        .values()
        .filter(|spec| spec.service().is_some());
    let absent = services.filter(|spec| !seen.contains_key(&spec.unit));
    absent
        .map(|spec| Verdict {
            unit: spec.unit.clone(),
            rule: "runs",
            ok: false,
            detail: "there is no container of it".into(),
            reason: None,
        })
        .collect()
}

fn secrets(session: &Session) -> BTreeMap<String, String> {
    let names = session.environment.stack.secrets.keys();
    let read = |name: &crate::model::Name| {
        let path = session.paths.secrets().join(name.as_str());
        Some((name.to_string(), std::fs::read_to_string(path).ok()?))
    };
    names.filter_map(read).collect()
}

fn tell(session: &Session, verdicts: &[Verdict]) -> Exit {
    if session.reporter.is_json() {
        for verdict in verdicts {
            session.reporter.emit(Event::LiveCheck(LiveCheck {
                component: verdict.unit.clone(),
                rule: verdict.rule.to_owned(),
                ok: verdict.ok,
                detail: verdict.detail.clone(),
                reason: verdict.reason.clone(),
            }));
        }
    }
    let noteworthy = verdicts
        .iter()
        .filter(|verdict| !verdict.ok || verdict.reason.is_some());
    let rows: Vec<[String; 4]> = noteworthy
        .map(|verdict| {
            let reason = verdict
                .reason
                .as_ref()
                .map(|reason| format!("allowed: {reason}"));
            [
                verdict.unit.clone(),
                verdict.rule.to_owned(),
                verdict.detail.clone(),
                reason.unwrap_or_else(|| "WRONG".to_owned()),
            ]
        })
        .collect();
    if !rows.is_empty() {
        session
            .reporter
            .print(&table(["COMPONENT", "RULE", "FOUND", "VERDICT"], &rows));
    }
    let wrong = verdicts.iter().filter(|verdict| !verdict.ok).count();
    let units: BTreeSet<&String> = verdicts.iter().map(|verdict| &verdict.unit).collect();
    session.reporter.print(&format!(
        "{} checks on {} containers, {wrong} wrong",
        verdicts.len(),
        units.len()
    ));
    if wrong == 0 {
        Exit::Done
    } else {
        Exit::Changes
    }
}
