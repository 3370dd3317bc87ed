//! What `bench` can measure.

use clap::{Args, Subcommand};

use crate::runtime::chosen::Runtime;

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(crate) what: BenchWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchWhat {
    /// No-op `up`, and a cold start: of processes beside its critical path, of containers beside docker-compose's.
    Up {
        /// How many no-op runs.
        #[arg(long, default_value_t = 20)]
        runs: u32,
        #[arg(long, value_enum, default_value_t = Runtime::Host)]
        runtime: Runtime,
        /// How many cold starts of each in containers.
        #[arg(long, default_value_t = 3)]
        rounds: u32,
    },
    /// The catalogue's reads at each of these sizes.
    Catalog {
        #[arg(long, value_delimiter = ',', default_value = "60,100000")]
        products: Vec<u32>,
    },
    /// Placing orders: as is, with a slow or missing provider, without the broker; whole sagas; stock that everybody wants.
    Orders {
        /// Orders a second while latency is measured.
        #[arg(long, default_value_t = 200)]
        per_second: u32,
    },
    /// Resident memory of our services when idle.
    Memory,
    /// The shop's pages: bytes, time to the first byte beside a static file of the same edge, Lighthouse.
    Pages {
        /// Requests a second while the first byte is timed.
        #[arg(long, default_value_t = 200)]
        per_second: u32,
        /// Leave out Lighthouse, which takes about a minute.
        #[arg(long)]
        without_lighthouse: bool,
    },
}
