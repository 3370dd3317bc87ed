//! `status` of containers.

use std::collections::BTreeMap;

use bollard::{
    models::ContainerStateStatusEnum as State,
    query_parameters::{EventsOptionsBuilder, StatsOptionsBuilder},
};
use futures::{StreamExt as _, future::join_all};

use super::{show, stopped, tell};
use crate::{
    cli::Status,
    commands::{converge::docker::Platform, probe::world},
    digest,
    events::{ComponentStatus, timestamp},
    exit::Exit,
    failure::Failures,
    health,
    journeys::World,
    runtime::docker::{
        HEALTH_TIMEOUT,
        engine::{Engine, refused},
        names::UNIT,
        observe::{self, Seen},
    },
    session::Session,
};

pub(super) async fn run(session: &Session, args: &Status) -> Result<Exit, Failures> {
    let platform = Platform::open(session).await?;
    let all = everything(session, &platform).await?;
    show(session, &all.into_values().collect::<Vec<_>>());
    if args.watch {
        return watch(session, &platform).await;
    }
    Ok(Exit::Done)
}

/// What is wanted and what is there, whether or not it is both.
async fn everything(
    session: &Session,
    platform: &Platform,
) -> Result<BTreeMap<String, ComponentStatus>, Failures> {
    let seen = observe::containers(&platform.engine, &platform.names).await?;
    let world = world(session).await?;
    let components = seen.values().filter(|seen| !seen.is_job);
    let looked = join_all(components.map(|seen| component(&platform.engine, &world, seen))).await;
    let wanted = world.environment.stack.components.keys();
    let mut all: BTreeMap<String, ComponentStatus> = wanted
        .map(|name| {
            let status = ComponentStatus {
                runtime: "docker".into(),
                ..stopped(name.to_string())
            };
            (name.to_string(), status)
        })
        .collect();
    all.extend(
        looked
            .into_iter()
            .map(|status| (status.component.clone(), status)),
    );
    Ok(all)
}

async fn component(engine: &Engine, world: &World, seen: &Seen) -> ComponentStatus {
    let (health, memory_bytes) = tokio::join!(health(world, seen), memory(engine, seen));
    let (health, detail) = health;
    let config = seen.container.config.as_ref();
    let known = world.environment.stack.components.iter();
    let mut known = known.filter(|(name, _)| name.as_str() == seen.unit);
    let ports = known.next().map(|(_, component)| {
        let ports = component.ports.iter();
        ports
            .map(|(name, number)| (name.to_string(), *number))
            .collect()
    });
    let name = seen.container.name.as_deref().unwrap_or_default();
    ComponentStatus {
        component: seen.unit.clone(),
        runtime: "docker".into(),
        state: state(seen.state()).into(),
        health: health.into(),
        pid: None,
        container: Some(name.trim_start_matches('/').to_owned()),
        image: config.and_then(|config| config.image.clone()),
        image_digest: seen.container.image.clone(),
        restarts: seen
            .container
            .restart_count
            .and_then(|count| count.try_into().ok())
            .unwrap_or(0),
        since: seen.since().map(timestamp),
        memory_bytes,
        ports: ports.unwrap_or_default(),
        digest: Some(digest::of_inputs(&seen.made_from)),
        detail,
    }
}

async fn health(world: &World, seen: &Seen) -> (&'static str, Option<String>) {
    if !seen.is_running() {
        return ("unhealthy", Some(seen.ending()));
    }
    let Some(check) = world.health_check(&seen.unit) else {
        return ("unknown", None);
    };
    match health::probe(&check, HEALTH_TIMEOUT).await {
        Ok(()) => ("healthy", None),
        Err(detail) => ("unhealthy", Some(detail)),
    }
}

/// What it holds and could not give back at once: files that are merely kept in memory do not count.
async fn memory(engine: &Engine, seen: &Seen) -> Option<u64> {
    if !seen.is_running() {
        return None;
    }
    let options = StatsOptionsBuilder::default()
        .stream(false)
        .one_shot(true)
        .build();
    let mut stats = engine.docker.stats(&seen.id, Some(options));
    let memory = stats.next().await?.ok()?.memory_stats?;
    let kept = memory.stats.as_ref().and_then(|stats| {
        stats
            .get("total_inactive_file")
            .or_else(|| stats.get("inactive_file"))
            .copied()
    });
    Some(memory.usage?.saturating_sub(kept.unwrap_or(0)))
}

fn state(state: State) -> &'static str {
    match state {
        State::RUNNING => "running",
        State::PAUSED => "paused",
        State::RESTARTING => "backing-off",
        State::REMOVING | State::STOPPING => "stopping",
        State::CREATED | State::EXITED | State::DEAD | State::EMPTY => "stopped",
    }
}

/// Each change of a component as the engine tells it, looked at again.
async fn watch(session: &Session, platform: &Platform) -> Result<Exit, Failures> {
    let mut filters = platform.names.filters();
    filters.insert("type".to_owned(), vec!["container".to_owned()]);
    let options = EventsOptionsBuilder::default().filters(&filters).build();
    let mut news = platform.engine.docker.events(Some(options));
    loop {
        let event = tokio::select! {
            event = news.next() => event,
            _ = tokio::signal::ctrl_c() => return Ok(Exit::Interrupted),
        };
        let Some(event) = event else {
            return Ok(Exit::Done);
        };
        let event = event.map_err(|error| refused("engine", "listen to its events", &error))?;
        let attributes = event.actor.and_then(|actor| actor.attributes);
        let unit = attributes.and_then(|attributes| attributes.get(UNIT).cloned());
        if let Some(status) = everything(session, platform)
            .await?
            .get(&unit.unwrap_or_default())
        {
            tell(session, status);
        }
    }
}
