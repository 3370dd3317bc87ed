//! Lets a running component take its changed files: by signal, by a POST, or by a command.

use std::{path::Path, process::Stdio, time::Duration};

use tokio::process::Command;

use super::{client::Supervisor, protocol::ProcessSpec};
use crate::{http, packages, render::RenderedReload};

const LONGEST: Duration = Duration::from_secs(20);

/// What the component or its tool answered is the error.
pub(super) async fn reload(
    supervisor: &Supervisor,
    spec: &ProcessSpec,
    how: &RenderedReload,
) -> Result<(), String> {
    let done = async {
        match how {
            RenderedReload::Signal(signal) => supervisor
                .signal(&spec.name, *signal)
                .await
                .map_err(|error| error.to_string()),
            RenderedReload::Http { address, path } => http::post(address, path).await,
            RenderedReload::Command(command) => run(command, spec).await,
        }
    };
    tokio::time::timeout(LONGEST, done)
        .await
        .unwrap_or_else(|_| Err(format!("no answer within {} s", LONGEST.as_secs())))
}

async fn run(command: &[String], spec: &ProcessSpec) -> Result<(), String> {
    let Some((program, args)) = command.split_first() else {
        return Ok(());
    };
    let path =
        packages::find_program(program, &[]).unwrap_or_else(|| Path::new(program).to_owned());
    let output = Command::new(path)
        .args(args)
        .env_clear()
        .envs(&spec.env)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await;
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or("no reason given");
    Err(format!("{program}: {last}"))
}
