//! `bench`: measurements, each beside a limit measured in the same run.

use super::{probe, seed};
use crate::{
    bench,
    cli::{Bench, BenchWhat, Seed},
    exit::Exit,
    failure::Failures,
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Bench) -> Result<Exit, Failures> {
    match &args.what {
        BenchWhat::Up { runs } => bench::start::run(session, *runs).await?,
        BenchWhat::Orders { per_second } => {
            bench::orders::run(session, &probe::world(session), *per_second).await?;
        }
        BenchWhat::Memory => bench::memory::run(session).await?,
        BenchWhat::Pages {
            per_second,
            without_lighthouse,
        } => {
            let world = probe::world(session);
            bench::pages::run(session, &world, *per_second, !without_lighthouse).await?;
        }
        BenchWhat::Catalog { products } => {
            let world = probe::world(session);
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
