//! `minio-init`: makes the object store's buckets what a file says they are.

use std::{io::Write, process::ExitCode};

use clap::Parser;

mod arguments;
mod buckets_file;
mod failure;
mod lifecycle;
mod policy;
mod reconcile;
mod store;

use arguments::Arguments;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let file = buckets_file::read(&arguments.buckets)?;
    let store = store::connect(&arguments).await?;
    for bucket in &file.buckets {
        let outcome = reconcile::reconcile(&store, bucket).await?;
        writeln!(std::io::stdout(), "{}: {outcome}", bucket.name)?;
    }
    Ok(())
}
