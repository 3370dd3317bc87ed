//! Loads the demo catalogue: the shop's first products, and as many generated ones as somebody wants to measure with.
//!
//! Loading it again changes nothing. Ids are derived from slugs and SKUs, rows are written only where they differ, and a
//! picture is drawn only when the bucket lacks it.

mod demo;
mod generated;
mod ids;
mod load;
mod pictures;

use std::time::Instant;

use anyhow::Context as _;
use chassis::Process;
use sqlx::{Connection as _, PgConnection};

use crate::{config::SeedConfig, db, pictures::Store};

/// Loads the demo, tops it up, and has the planner look at the result.
pub(crate) async fn run(config: SeedConfig, process: &Process) -> anyhow::Result<()> {
    let started = Instant::now();
    let demo = demo::Demo::embedded()?;
    let mut connection = connect(&config).await?;
    tokio::select! {
        outcome = load(&config, &demo, &mut connection) => outcome?,
        () = process.shutdown.cancelled() => anyhow::bail!("asked to end before the catalogue was loaded: run it again, it goes on from here"),
    }
    let products = db::bulk::count_products(&mut connection).await?;
    let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(products, took_ms, "the catalogue is loaded");
    Ok(())
}

async fn load(
    config: &SeedConfig,
    demo: &demo::Demo,
    connection: &mut PgConnection,
) -> anyhow::Result<()> {
    // Before the transaction: drawing takes seconds, and a transaction must not.
    let pictures = pictures::ensure(demo, connection, &Store::new(&config.pictures)).await?;

    let mut tx = connection.begin().await?;
    db::bulk::only_one_seeder(&mut tx).await?;
    load::load(&mut tx, demo, &pictures).await?;
    let generated = generated::top_up(&mut tx, demo, config.products).await?;
    tx.commit().await?;
    if generated > 0 {
        tracing::info!(generated, "topped up with generated products");
    }
    db::bulk::analyze(connection)
        .await
        .context("cannot analyze the tables")
}

async fn connect(config: &SeedConfig) -> anyhow::Result<PgConnection> {
    // Copying a hundred thousand products takes longer than a request may.
    let options = config.database.options()?.options([
        ("statement_timeout", "0"),
        ("idle_in_transaction_session_timeout", "0"),
    ]);
    PgConnection::connect_with(&options)
        .await
        .context("cannot reach the database")
}
