//! `bench`: measurements, each beside a limit measured in the same run.

use std::{os::unix::process::CommandExt as _, process::Command};

use super::{probe, seed};
use crate::{
    bench,
    cli::{Bench, BenchWhat, Seed},
    exit::Exit,
    failure::{Failure, Failures},
    runtime::chosen::Runtime,
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Bench) -> Result<Exit, Failures> {
    if cfg!(debug_assertions) {
        return Err(again_optimised(session).into());
    }
    match &args.what {
        BenchWhat::Up {
            runs,
            runtime: Runtime::Host,
            ..
        } => bench::start::run(session, *runs).await?,
        BenchWhat::Up {
            runs,
            runtime: Runtime::Docker,
            rounds,
        } => bench::containers::run(session, *runs, *rounds).await?,
        BenchWhat::Orders { per_second } => {
            bench::orders::run(session, &probe::world(session).await?, *per_second).await?;
        }
        BenchWhat::Memory => bench::memory::run(session).await?,
        BenchWhat::Pages {
            per_second,
            without_lighthouse,
        } => {
            let world = probe::world(session).await?;
            bench::pages::run(session, &world, *per_second, !without_lighthouse).await?;
        }
        BenchWhat::Catalog { products } => {
            let world = probe::world(session).await?;
            for size in products {
                seed::run(
                    session,
                    &Seed {
                        products: Some(*size),
                    },
                )
                .await?;
                bench::catalog::run(session, &world).await?;
            }
        }
    }
    Ok(Exit::Done)
}

/// Becomes the toolkit built as a release, with the same arguments: on the machine that it measures, a client that takes longer than
/// the server would measure itself. Comes back only if it cannot.
fn again_optimised(session: &Session) -> Failure {
    let mut command = Command::new(&session.cargo.program);
    crate::quality::cargo::as_from_a_shell(&mut command);
    command
        .current_dir(&session.cargo.workspace)
        .args(["run", "--quiet", "--release", "--package", "xtask", "--"])
        .args(std::env::args_os().skip(1))
        .env("CARGO_TARGET_DIR", &session.cargo.target);
    session
        .reporter
        .note("the toolkit is built as a release first, so as not to measure itself");
    command.exec().into()
}
