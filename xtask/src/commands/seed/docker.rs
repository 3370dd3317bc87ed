//! `seed` in a container: the model's job once more, under a name of its own.

use std::time::Instant;

use super::{JOB, LONGEST_SECS, further, no_catalogue};
use crate::{
    cli::Seed,
    commands::converge::{
        docker::{Platform, choice},
        selection,
    },
    exit::Exit,
    failure::Failures,
    lock,
    model::Span,
    runtime::docker::blueprint::Role,
    session::Session,
};

pub(super) async fn run(session: &Session, args: &Seed) -> Result<Exit, Failures> {
    // An `up` beside it could be replacing what it fills.
    let _lock = lock::take(&session.paths, &session.command("seed"))?;
    let platform = Platform::open(session).await?;
    let everything = selection(session, &[])?;
    let images = platform
        .images(session, choice(session, None), &everything)
        .await?;
    let found = platform.difference(session, &images, &everything).await?;
    let mut spec = found
        .blueprint
        .containers
        .get(JOB)
        .cloned()
        .ok_or_else(|| no_catalogue(session))?;
    "seed".clone_into(&mut spec.unit);
    spec.args.extend(further(args));
    spec.role = Role::Job {
        timeout: Span::from_secs(LONGEST_SECS),
    };
    let started = Instant::now();
    let run = platform.apply(session, &found);
    run.run_to_end(&spec).await?;
    let took_ms = started.elapsed().as_millis();
    session.reporter.note(format!("seeded in {took_ms} ms"));
    Ok(Exit::Done)
}
