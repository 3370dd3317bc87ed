//! `screenshots`: a picture of every page of the running shop, to be looked at.

mod absence;

use std::path::Path;

use super::probe::world;
use crate::{
    browser::{Browser, Tool},
    cli::Screenshots,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    journeys::World,
    packages::Consent,
    quality::cargo,
    session::Session,
};
use absence::Absences;

pub(crate) async fn run(session: &Session, args: &Screenshots) -> Result<Exit, Failures> {
    let consent = if session.global.yes {
        Consent::Given
    } else {
        Consent::Ask
    };
    let browser =
        Browser::ready(&session.cargo, &[Tool::Checks], consent, &session.reporter).await?;
    let default = session.cargo.target.join("screenshots");
    let out = args.out.as_ref().unwrap_or(&default);
    let out = std::path::absolute(out).unwrap_or_else(|_| out.clone());
    let failed =
        |detail: String| Failure::new("shop", Kind::Unhealthy, detail, session.command("status"));
    let world = world(session).await?;
    let absences = Absences::begin(session, &world).await.map_err(failed)?;
    let taken = take(session, args, &browser, &world, &out, &absences).await;
    absences.end().await.map_err(failed)?;
    match taken.map_err(failed)? {
        lines if lines.is_empty() => Ok(Exit::Done),
        lines => Err(failed("not every page could be shown".to_owned())
            .with_log_tail(lines)
            .into()),
    }
}

/// What was said, if not every page could be shown.
async fn take(
    session: &Session,
    args: &Screenshots,
    browser: &Browser,
    world: &World,
    out: &Path,
    absences: &Absences,
) -> Result<Vec<String>, String> {
    let without: Vec<String> = absences
        .shops
        .iter()
        .map(|(part, shop)| format!("--without={part}={shop}"))
        .collect();
    let mut arguments = vec!["screenshots"];
    arguments.extend(without.iter().map(String::as_str));
    if let Some(only) = &args.only {
        arguments.extend(["--only", only]);
    }
    let mut command = browser.command(world, out, &arguments)?;
    let mut lines = Vec::new();
    let status = cargo::run(&mut command, |line| {
        session.reporter.note(line);
        lines.push(line.to_owned());
    })
    .await
    .map_err(|error| error.to_string())?;
    if status.success() {
        lines.clear();
    }
    Ok(lines)
}
