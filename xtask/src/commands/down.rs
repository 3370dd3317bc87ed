//! `down`: ends everything in reverse order; with `--volumes` removes the data too, after the environment's name has
//! been typed.

use std::{
    fs,
    io::{BufRead as _, IsTerminal as _},
};

use super::converge::supervisor_failed;
use crate::{
    cli::Down,
    exit::Exit,
    failure::{Failure, Failures, IoContext as _, Kind},
    lock,
    reporter::talk,
    runtime::host::client::Supervisor,
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
    match Supervisor::connect_to_end(&session.paths)
        .await
        .map_err(supervisor_failed)?
    {
        Some(supervisor) => {
            let order = session.environment.batches().into_iter().rev();
            let order = order
                .map(|batch| batch.into_iter().map(ToString::to_string).collect())
                .collect();
            supervisor
                .shutdown(order)
                .await
                .map_err(supervisor_failed)?;
            session.reporter.note("everything has ended");
        }
        None => session.reporter.note("nothing runs"),
    }
    if args.volumes {
        remove_data(session)?;
    }
    Ok(Exit::Done)
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
        "this removes all data of `{name}` in {}",
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
