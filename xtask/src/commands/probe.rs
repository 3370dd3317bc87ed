//! `probe`: the journeys, told hop by hop.

use std::fs;

use super::converge::docker::Platform;
use crate::{
    cli::Probe,
    events::{Event, Hop},
    exit::Exit,
    failure::{Failure, Failures, IoContext as _, Kind},
    journeys::{self, Journey, World, junit},
    reporter::took,
    runtime::{
        chosen::{self, Runtime},
        docker::{observe, reach::Reach},
    },
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Probe) -> Result<Exit, Failures> {
    let selected = match journeys::select(args.journey.as_deref()) {
        Ok(selected) => selected,
        Err(message) => {
            session.reporter.emit(Event::Failure(Failure::new(
                "toolkit",
                Kind::ModelInvalid,
                message,
                session.command("probe"),
            )));
            return Ok(Exit::Usage);
        }
    };
    let hops = journeys::run(&world(session).await?, &selected, &|hop| {
        session.reporter.emit(Event::Hop(hop.clone()));
    })
    .await;
    if let Some(path) = &args.junit {
        fs::write(path, junit::report(&hops)).doing("write", path)?;
    }
    let failed = hops.iter().filter(|hop| !hop.ok).count();
    session
        .reporter
        .print(&format!("{} passed, {failed} failed", hops.len() - failed));
    Ok(if failed == 0 {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// What `up` ends with: every journey that need not wait for something to happen by itself. People see what failed;
/// programs see every hop.
pub(crate) async fn after_up(session: &Session) -> Result<(), Failures> {
    let components = &session.environment.stack.components;
    // Everything but the first journey goes through the edge to the shop: a stack without them has only that one.
    let has_shop = components.contains_key("caddy") && components.contains_key("storefront");
    let at_once: Vec<&Journey> = journeys::JOURNEYS
        .iter()
        .filter(|journey| !journey.waits && (has_shop || journey.name == "components"))
        .collect();
    let report = |hop: &Hop| {
        if session.reporter.is_json() || !hop.ok {
            session.reporter.emit(Event::Hop(hop.clone()));
        }
    };
    let hops = journeys::run(&world(session).await?, &at_once, &report).await;
    let failed: Vec<&Hop> = hops.iter().filter(|hop| !hop.ok).collect();
    let Some(first) = failed.first() else {
        let took_ms = hops.iter().map(|hop| hop.took_ms).sum();
        session.reporter.note(format!(
            "probed: {} hops of {} journeys are well ({})",
            hops.len(),
            at_once.len(),
            took(took_ms)
        ));
        return Ok(());
    };
    let detail = format!(
        "{} of {} hops failed; the first is {} · {}: {}",
        failed.len(),
        hops.len(),
        first.journey,
        first.hop,
        first.detail
    );
    Err(Failure::new(
        "platform",
        Kind::Unhealthy,
        detail,
        session.command("probe"),
    )
    .into())
}

/// The platform as it runs, wherever it runs.
pub(super) async fn world(session: &Session) -> Result<World, Failure> {
    let mut world = World {
        environment: session.environment.clone(),
        paths: session.paths.clone(),
        containers: None,
    };
    if let Some(chosen) = chosen::remembered(&session.paths)
        && chosen.runtime == Runtime::Docker
    {
        let platform = Platform::open(session).await?;
        let seen = observe::containers(&platform.engine, &platform.names).await?;
        world.containers = Some(Reach::of(&platform.engine, seen.values()));
        world.environment = world.environment.without(&chosen.left_out.iter().collect());
    }
    Ok(world)
}
