//! `up`: brings the platform to what the model says, by the smallest steps.

mod docker;
mod files;
mod host;

use std::collections::BTreeSet;

use super::{
    converge::{Difference, selection},
    runtimes,
};
use crate::{
    certificates,
    cli::Up,
    events::Event,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    lock,
    model::Name,
    preflight,
    render::Rendered,
    reporter::{self, table},
    runtime::chosen::Runtime,
    session::Session,
    urls::urls,
};

pub(crate) async fn run(session: &Session, args: &Up) -> Result<Exit, Failures> {
    preflight::home(&session.paths)?;
    let _lock = lock::take(&session.paths, &session.command("up"))?;
    let selected = selection(session, &args.only)?;
    let first_admin = !session.paths.jobs().join("identity-admin.json").exists();
    let failures = match runtimes::choose(session, args.runtime, &selected).await? {
        Runtime::Host => host::run(session, args, &selected).await?,
        Runtime::Docker => docker::run(session, args, &selected).await?,
    };
    let Some(failures) = failures else {
        session.reporter.note("nothing to do");
        return Ok(Exit::Done);
    };
    if let Some(first) = failures.first() {
        return Ok(first.kind.exit());
    }
    session.reporter.quiet();
    if !args.no_probe && args.only.is_empty() {
        super::probe::after_up(session).await?;
    }
    tell_urls(session, first_admin);
    Ok(Exit::Done)
}

/// A certificate that has expired is told also when there is nothing else to do.
fn check_certificates(
    session: &Session,
    rendered: &Rendered,
    selected: &BTreeSet<Name>,
) -> Result<(), Failures> {
    let (environment, now) = (&session.environment, reporter::now());
    let expired = certificates::expired(environment, rendered, selected, now);
    if expired.is_empty() {
        Ok(())
    } else {
        Err(Failures(expired))
    }
}

/// For programs: what is about to be done. People see each thing as it happens.
fn begin(session: &Session, difference: &Difference) {
    for step in &difference.plan.steps {
        if session.reporter.is_json() {
            session.reporter.emit(Event::Step(step.clone()));
        }
    }
}

async fn interrupted() {
    // Without a handler the signal ends us at once, which is just as safe.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

fn interruption(session: &Session) -> Failure {
    let hint = session.command("up");
    Failure::new(
        "toolkit",
        Kind::Interrupted,
        "interrupted; what has been started goes on",
        format!("{hint} goes on from here"),
    )
}

fn tell_urls(session: &Session, first_admin: bool) {
    if first_admin && session.paths.jobs().join("identity-admin.json").exists() {
        let email = &session.environment.settings().admin_email;
        let password = session.paths.secrets().join("admin-password");
        session.reporter.note(format!(
            "the administrator is {email}; the password is in {}",
            password.display()
        ));
    }
    let urls = urls(&session.environment);
    if session.reporter.is_json() {
        for (name, url) in urls {
            session.reporter.emit(Event::Url {
                name: name.into(),
                url,
            });
        }
        return;
    }
    let rows: Vec<[String; 2]> = urls
        .into_iter()
        .map(|(name, url)| [name.to_owned(), url])
        .collect();
    session
        .reporter
        .print(&format!("\n{}\n", table(["WHERE", "ADDRESS"], &rows)));
}
