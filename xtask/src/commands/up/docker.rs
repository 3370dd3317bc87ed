//! `up` on a Docker Engine: images, then containers.

use std::collections::BTreeSet;

use super::{begin, check_certificates, files::Changed, interrupted, interruption};
use crate::{
    build,
    cli::Up,
    commands::converge::docker::{DockerDifference, Platform, choice, chosen, image_site},
    failure::{Failure, Failures},
    images::{self, Images},
    model::Name,
    packages::Consent,
    plan::StepKind,
    runtime::{
        chosen,
        docker::{card, places::ContainerPlaces},
        graph::Graph,
    },
    secrets,
    session::Session,
};

/// Whether something has failed, and has been told. None when there is nothing to do.
pub(super) async fn run(
    session: &Session,
    args: &Up,
    selected: &BTreeSet<Name>,
) -> Result<Option<Vec<Failure>>, Failures> {
    let platform = Platform::open(session).await?;
    let images = provide(session, &platform, args, selected).await?;
    let found = platform.difference(session, &images, selected).await?;
    if let Some(path) = &args.plan {
        found.difference.agrees_with(session, path)?;
    }
    check_certificates(session, &found.rendered, selected)?;
    if found.difference.plan.is_empty() && found.is_healthy() {
        chosen::remember(&session.paths, &chosen(&platform, &images))?;
        return Ok(None);
    }
    check_ports(session, &platform, &found).await?;
    let changed = Changed {
        environment: &found.environment,
        templates: &found.templates,
        rendered: &found.rendered,
        places: &ContainerPlaces,
        plan: &found.difference.plan,
    };
    changed.check(session)?;
    begin(session, &found.difference);
    chosen::remember(&session.paths, &chosen(&platform, &images))?;
    tokio::select! {
        failures = apply(session, &platform, &found) => failures.map(Some),
        () = interrupted() => Err(interruption(session).into()),
    }
}

/// Our own programs, secrets, and the images of everything.
async fn provide(
    session: &Session,
    platform: &Platform,
    args: &Up,
    selected: &BTreeSet<Name>,
) -> Result<Images, Failures> {
    let consent = if session.global.yes || session.global.json {
        Consent::Given
    } else {
        Consent::Ask
    };
    build::ensure(
        &session.cargo,
        &session.environment,
        selected,
        &session.reporter,
    )?;
    secrets::ensure(&session.environment.stack, &session.paths)?;
    let images = images::provide(
        &image_site(session),
        &platform.engine.docker,
        choice(session, args.images),
        selected,
        consent,
        &session.reporter,
    )
    .await?;
    if chosen::remembered(&session.paths).is_none() {
        session.reporter.note(&images.taken);
        for (name, reason) in &images.left_out {
            session
                .reporter
                .note(format!("{name} is left out: {reason}"));
        }
        for warning in &images.warnings {
            session.reporter.note(warning);
        }
    }
    Ok(images)
}

/// Ports that are about to be published and that somebody else has.
async fn check_ports(
    session: &Session,
    platform: &Platform,
    found: &DockerDifference,
) -> Result<(), Failures> {
    let created = found
        .difference
        .plan
        .steps
        .iter()
        .filter(|step| step.kind == StepKind::Create);
    let mut taken = Vec::new();
    for spec in created.filter_map(|step| found.blueprint.containers.get(&step.component)) {
        for port in &spec.published {
            let holder = card::port_holder(session, &platform.engine, &spec.unit, port);
            taken.extend(holder.await);
        }
    }
    for failure in &mut taken {
        failure.victims = found.difference.desired.dependents_of(&failure.component);
    }
    if taken.is_empty() {
        Ok(())
    } else {
        Err(Failures(taken))
    }
}

async fn apply(
    session: &Session,
    platform: &Platform,
    found: &DockerDifference,
) -> Result<Vec<Failure>, Failures> {
    let run = platform.apply(session, found);
    run.networks().await?;
    let graph = Graph {
        reporter: &session.reporter,
        desired: &found.difference.desired,
        plan: &found.difference.plan,
    };
    Ok(graph.run(&run).await)
}
