//! Ends containers in their own manner, and takes away what is ours.

use std::time::Instant;

use bollard::{
    errors::Error,
    query_parameters::{
        ListNetworksOptionsBuilder, RemoveContainerOptionsBuilder, RemoveVolumeOptions,
    },
};
use futures::future::join_all;

use super::{
    engine::{Engine, gone, in_words, refused, status},
    names::Names,
    observe,
};
use crate::{events::Phase, failure::Failure, reporter::Reporter, runtime::graph::tell};

/// Stops a container with its own signal and patience, then removes it with its own volume.
pub(crate) async fn take_away(engine: &Engine, container: &str) -> Result<(), Error> {
    stop(engine, container).await?;
    let options = RemoveContainerOptionsBuilder::default()
        .force(true)
        .v(true)
        .build();
    let removed = engine
        .docker
        .remove_container(container, Some(options))
        .await;
    match removed {
        // Somebody is removing it at this moment.
        Err(error) if status(&error) == Some(409) => Ok(()),
        other => gone(other),
    }
}

pub(crate) async fn stop(engine: &Engine, container: &str) -> Result<(), Error> {
    // A paused one cannot take a signal.
    let _ = engine.docker.unpause_container(container).await;
    gone(engine.docker.stop_container(container, None).await)
}

/// Ends everything of ours: what depends on others first, batch by batch.
pub(crate) async fn everything(
    engine: &Engine,
    names: &Names,
    batches: &[Vec<String>],
    reporter: &Reporter,
) -> Result<usize, Failure> {
    let seen = observe::containers(engine, names).await?;
    let known = |unit: &str| batches.iter().flatten().any(|name| name == unit);
    let others: Vec<String> = seen.keys().filter(|unit| !known(unit)).cloned().collect();
    for batch in std::iter::once(&others).chain(batches) {
        let ends = batch.iter().filter_map(|unit| seen.get(unit));
        let ended = join_all(ends.map(|seen| async {
            let started = Instant::now();
            tell(reporter, &seen.unit, Phase::Stopping, Some(started));
            take_away(engine, &seen.id)
                .await
                .map_err(|error| refused(&seen.unit, "stop its container", &error))?;
            tell(reporter, &seen.unit, Phase::Stopped, Some(started));
            Ok(())
        }))
        .await;
        ended.into_iter().collect::<Result<(), Failure>>()?;
    }
    remove_networks(engine, names, reporter).await?;
    Ok(seen.len())
}

async fn remove_networks(
    engine: &Engine,
    names: &Names,
    reporter: &Reporter,
) -> Result<(), Failure> {
    let options = ListNetworksOptionsBuilder::default()
        .filters(&names.filters())
        .build();
    let list = engine
        .docker
        .list_networks(Some(options))
        .await
        .map_err(|error| refused("engine", "list networks", &error))?;
    for network in list {
        let (Some(id), Some(name)) = (network.id, network.name) else {
            continue;
        };
        match engine.docker.remove_network(&id).await {
            // Somebody else's container is in it; or Engine 20.10 believes so, until it is started again (moby/moby#43286).
            Err(error) if status(&error) == Some(403) => {
                reporter.note(format!("the network {name} stays: {}", in_words(&error)));
            }
            other => gone(other).map_err(|error| refused("engine", "remove a network", &error))?,
        }
    }
    Ok(())
}

/// The data of every component.
pub(crate) async fn remove_volumes(engine: &Engine, names: &Names) -> Result<(), Failure> {
    for unit in observe::volumes(engine, names).await?.into_keys() {
        let volume = names.volume(&unit);
        gone(
            engine
                .docker
                .remove_volume(&volume, None::<RemoveVolumeOptions>)
                .await,
        )
        .map_err(|error| refused(&unit, "remove its volume", &error))?;
    }
    Ok(())
}
