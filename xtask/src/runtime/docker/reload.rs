//! Lets a running container take its changed files: by signal, by a POST, or by a command in it.

use std::time::Duration;

use bollard::{
    exec::{CreateExecOptions, StartExecResults},
    query_parameters::KillContainerOptionsBuilder,
};
use futures::StreamExt as _;

use super::{
    engine::{Engine, in_words},
    reach::Reach,
};
use crate::{http, render::RenderedReload};

const LONGEST: Duration = Duration::from_secs(20);

/// What the component or its tool answered is the error.
pub(super) async fn reload(
    engine: &Engine,
    container: &str,
    reach: &Reach,
    how: &RenderedReload,
) -> Result<(), String> {
    let done = async {
        match how {
            RenderedReload::Signal(which) => {
                let options = KillContainerOptionsBuilder::default()
                    .signal(which.name())
                    .build();
                let sent = engine.docker.kill_container(container, Some(options)).await;
                sent.map_err(|error| in_words(&error))
            }
            RenderedReload::Http { address, path } => {
                http::post(&reach.translate(address)?, path).await
            }
            RenderedReload::Command(command) => run(engine, container, command).await,
        }
    };
    tokio::time::timeout(LONGEST, done)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", LONGEST.as_secs())))
}

/// Starting says nothing of a command that does not exist, so its exit code is always asked for.
async fn run(engine: &Engine, container: &str, command: &[String]) -> Result<(), String> {
    let program = command.first().map_or("", String::as_str);
    let told = |error: bollard::errors::Error| format!("{program}: {}", in_words(&error));
    let options = CreateExecOptions {
        cmd: Some(command.to_vec()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..CreateExecOptions::default()
    };
    let exec = engine
        .docker
        .create_exec(container, options)
        .await
        .map_err(told)?;
    let mut said = String::new();
    if let StartExecResults::Attached { mut output, .. } = engine
        .docker
        .start_exec(&exec.id, None)
        .await
        .map_err(told)?
    {
        while let Some(line) = output.next().await {
            said.push_str(&line.map_err(told)?.to_string());
        }
    }
    let end = engine.docker.inspect_exec(&exec.id).await.map_err(told)?;
    if end.exit_code == Some(0) {
        return Ok(());
    }
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!("{program}: {}", last.unwrap_or("no reason given")))
}
