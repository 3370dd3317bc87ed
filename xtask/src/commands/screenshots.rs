//! `screenshots`: a picture of every page of the running shop, to be looked at.

use super::probe::world;
use crate::{
    browser::{Browser, Tool},
    cli::Screenshots,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    packages::Consent,
    quality::cargo,
    session::Session,
};

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
    let mut arguments = vec!["screenshots"];
    if let Some(only) = &args.only {
        arguments.extend(["--only", only]);
    }
    let failed =
        |detail: String| Failure::new("shop", Kind::Unhealthy, detail, session.command("status"));
    let mut command = browser
        .command(&world(session).await?, &out, &arguments)
        .map_err(failed)?;
    let mut lines = Vec::new();
    let status = cargo::run(&mut command, |line| {
        session.reporter.note(line);
        lines.push(line.to_owned());
    })
    .await
    .map_err(|error| failed(error.to_string()))?;
    if status.success() {
        return Ok(Exit::Done);
    }
    Err(failed("not every page could be shown".to_owned())
        .with_log_tail(lines)
        .into())
}
