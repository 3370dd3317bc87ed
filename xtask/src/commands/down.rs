//! `down`: ends everything in reverse order; with `--volumes` removes the data too, after the environment's name has
//! been typed.

use std::{
    fs,
    io::{BufRead as _, IsTerminal as _},
};

use super::{
    converge::{docker::Platform, supervisor_failed},
    runtimes,
};
use crate::{
    cli::Down,
    exit::Exit,
    failure::{Failure, Failures, IoContext as _, Kind},
    lock,
    reporter::talk,
    runtime::{
        chosen::{self, Runtime},
        docker::stop,
        host::client::Supervisor,
    },
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Down) -> Result<Exit, Failures> {
    if !session.paths.home.exists() {
        session.reporter.note("nothing runs, and there is no data");
        return Ok(Exit::Done);
    }
    let _lock = lock::take(&session.paths, &session.command("down"))?;
    if args.volumes && !session.global.yes {
        confirm(session)?;
    }
    let runtime = runtimes::current(session);
    match runtime {
        Runtime::Host => {
            end_processes(session).await?;
            if args.volumes {
                forgotten_volumes(session).await?;
            }
        }
        Runtime::Docker => end_containers(session, args).await?,
    }
    chosen::forget(&session.paths)?;
    if args.volumes {
        remove_data(session)?;
    }
    Ok(Exit::Done)
}

async fn end_processes(session: &Session) -> Result<(), Failure> {
    let supervisor = Supervisor::connect_to_end(&session.paths)
        .await
        .map_err(supervisor_failed)?;
    let Some(supervisor) = supervisor else {
        session.reporter.note("nothing runs");
        return Ok(());
    };
    supervisor
        .shutdown(order(session))
        .await
        .map_err(supervisor_failed)?;
    session.reporter.note("everything has ended");
    Ok(())
}

async fn end_containers(session: &Session, args: &Down) -> Result<(), Failure> {
    let platform = Platform::open(session).await?;
    let ended = stop::everything(
        &platform.engine,
        &platform.names,
        &order(session),
        &session.reporter,
    )
    .await?;
    session.reporter.note(if ended == 0 {
        "nothing runs"
    } else {
        "everything has ended"
    });
    if args.volumes {
        stop::remove_volumes(&platform.engine, &platform.names).await?;
    }
    Ok(())
}

/// Volumes of an earlier run in containers: a `down` without `--volumes` has kept them.
async fn forgotten_volumes(session: &Session) -> Result<(), Failure> {
    match Platform::open(session).await {
        Ok(platform) => stop::remove_volumes(&platform.engine, &platform.names).await,
        // Without an engine there are none that could be removed.
        Err(_) => Ok(()),
    }
}

/// What depends on others ends before them.
fn order(session: &Session) -> Vec<Vec<String>> {
    let batches = session.environment.batches().into_iter().rev();
    batches
        .map(|batch| batch.into_iter().map(ToString::to_string).collect())
        .collect()
}

fn confirm(session: &Session) -> Result<(), Failure> {
    let name = session.environment.name.as_str();
    let refused = |detail: &str| {
        Failure::new(
            "toolkit",
            Kind::Interrupted,
            detail,
            session.command("down --volumes --yes"),
        )
    };
    if !std::io::stdin().is_terminal() {
        return Err(refused("removing data needs a person's word, or --yes"));
    }
    talk(&format!(
        "this removes all data of `{name}`: {}, and its volumes where it runs in containers",
        session.paths.home.join("data").display()
    ));
    talk(&format!("type the environment's name to go on: {name}"));
    let mut answer = String::new();
    let _ = std::io::stdin().lock().read_line(&mut answer);
    if answer.trim() == name {
        Ok(())
    } else {
        Err(refused("the name was not typed: nothing was removed"))
    }
}

/// The data, and with it the notes of the jobs that had filled it.
fn remove_data(session: &Session) -> Result<(), Failure> {
    for folder in [session.paths.home.join("data"), session.paths.jobs()] {
        if folder.exists() {
            fs::remove_dir_all(&folder).doing("remove", &folder)?;
        }
    }
    session.reporter.note("the data is removed");
    Ok(())
}
