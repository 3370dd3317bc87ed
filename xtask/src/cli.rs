//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::{images::Choice, model::Span};

/// Brings the Argosy platform up, and says what is going on in it.
#[derive(Debug, Parser)]
#[command(
    name = "xtask",
    bin_name = "cargo xtask",
    version,
    max_term_width = 110
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// The environment: a file in infra/environments.
    #[arg(long, global = true, default_value = "dev", env = "ARGOSY_ENV")]
    pub(crate) env: String,
    /// One JSON object a line instead of text for people; described by docs/toolkit-events.schema.json.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Ask nothing: install what is missing, remove what was asked to be removed.
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// Where state and data live, instead of .argosy in the project.
    #[arg(long, global = true, env = "ARGOSY_HOME", hide_env_values = true)]
    pub(crate) home: Option<PathBuf>,
    /// The folder that holds infra/, caddy/ and the other data folders, instead of this project.
    #[arg(long, global = true, env = "ARGOSY_PROJECT", hide = true)]
    pub(crate) project: Option<PathBuf>,
    /// The Docker Engine: unix://…, or tcp://… (TLS with `DOCKER_TLS_VERIFY`).
    #[arg(long, global = true, env = "DOCKER_HOST", hide = true)]
    pub(crate) docker_host: Option<String>,
    #[arg(long, global = true, env = "CARGO", hide = true)]
    pub(crate) cargo: Option<PathBuf>,
    #[arg(long, global = true, env = "CARGO_TARGET_DIR", hide = true)]
    pub(crate) target_dir: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start the platform, or bring it to what the model says; does nothing when nothing has changed.
    Up(Up),
    /// Stop the platform and keep its data.
    Down(Down),
    /// Show what `up` would do and why; exit code 10 when there is something to do.
    Plan(PlanArgs),
    /// Show what runs, how it is, and since when.
    Status(Status),
    /// Show the logs of all or some components as one stream.
    Logs(Logs),
    /// Use the running platform as its users do, hop by hop.
    Probe(Probe),
    /// Write the rendered configuration, or check the generated files of the project.
    Render(Render),
    /// Look for what is missing on this machine and print the command that mends it.
    Doctor(Doctor),
    /// Fill the catalogue with the demo products, or with many generated ones.
    Seed(Seed),
    /// Install what the tests need and run everything that CI runs.
    Test(TestArgs),
    /// Check the project's conventions.
    Tidy,
    /// Write, or with --check compare, the offline data of the services' SQL queries.
    Sqlx(Sqlx),
    /// The services' events: streams, their readers, and messages that could not be handled.
    Events(Events),
    /// Check what must be true of orders, money, stock and events; exit code 10 when something is not.
    Verify(Verify),
    /// Order while processes are killed at random, then check every invariant. Never on a real shop.
    CrashTest(CrashTest),
    /// Measure, beside a limit measured in the same run.
    Bench(Bench),
    /// The images that containers run from: build them, or look their digests up.
    Images(Images),
    /// Look at what runs: is everything shut in as the model says? Exit code 10 when something is not.
    Audit(Audit),
    /// Take a picture of every page of the running shop: narrow and wide, light and dark.
    Screenshots(Screenshots),
    /// Print a completion script for a shell.
    Completions { shell: Shell },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RuntimeChoice {
    /// The best that this machine has.
    Auto,
    /// Plain processes under a supervisor.
    Host,
    /// Containers on a Docker Engine.
    Docker,
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    #[arg(long, value_enum, default_value_t = RuntimeChoice::Auto)]
    pub(crate) runtime: RuntimeChoice,
    /// Where containers' images of programs that are not ours come from; `auto` says what it took and why.
    #[arg(long, value_enum)]
    pub(crate) images: Option<Choice>,
    /// Only these components and jobs, and what they need.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Apply this plan, made by `plan --out`; refused when the world has moved since.
    #[arg(long, value_name = "FILE", conflicts_with = "only")]
    pub(crate) plan: Option<PathBuf>,
    /// Do not probe the platform at the end.
    #[arg(long)]
    pub(crate) no_probe: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Down {
    /// Remove the data too; asks for the environment's name unless --yes.
    #[arg(long)]
    pub(crate) volumes: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// As for `up`; one that runs already is looked at where it runs.
    #[arg(long, value_enum, default_value_t = RuntimeChoice::Auto)]
    pub(crate) runtime: RuntimeChoice,
    /// As for `up`.
    #[arg(long, value_enum)]
    pub(crate) images: Option<Choice>,
    /// Keep the plan in this file, for `up --plan`.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Only these components and jobs, and what they need.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Status {
    /// Go on showing changes until interrupted.
    #[arg(long)]
    pub(crate) watch: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Logs {
    /// Components and jobs; all when none is named.
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Go on as lines come.
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only lines younger than this: 30s, 10m, 2h.
    #[arg(long, value_name = "DURATION")]
    pub(crate) since: Option<String>,
    /// So many last lines of each component when --since is not given.
    #[arg(short = 'n', long, default_value_t = 100)]
    pub(crate) lines: usize,
}

#[derive(Debug, Args)]
pub(crate) struct Probe {
    /// Only this journey.
    #[arg(long, value_name = "NAME")]
    pub(crate) journey: Option<String>,
    /// Also write a report in the form of `JUnit`.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RenderTarget {
    /// The components' configuration files of the environment.
    Files,
    /// The project's generated files: JSON Schemas for editors and for --json, documents, the Compose files, the images' lock.
    Schema,
    /// The environment as files for Docker Compose, with its secrets.
    Compose,
}

#[derive(Debug, Args)]
pub(crate) struct Render {
    #[arg(long, value_enum, default_value_t = RenderTarget::Files)]
    pub(crate) target: RenderTarget,
    /// Where to write; the environment's staging folder by default, for `compose` the project's folder of that name.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Write nothing; check with each file's own program (files), or compare with what is committed (schema, compose).
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Doctor {
    /// Run the commands that mend what was found.
    #[arg(long)]
    pub(crate) fix: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Seed {
    /// Top the catalogue up to so many products.
    #[arg(long, value_name = "N")]
    pub(crate) products: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Only these steps.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Show the steps and end.
    #[arg(long)]
    pub(crate) list: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Screenshots {
    /// Where the pictures go; target/screenshots by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Only pages whose name contains this.
    #[arg(long, value_name = "TEXT")]
    pub(crate) only: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Sqlx {
    /// Change nothing; fail when a file is missing, stale or left over.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Events {
    #[command(subcommand)]
    pub(crate) action: EventsAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsAction {
    /// Show each stream's durable consumers and how far they are.
    List,
    /// Let consumers read their stream from its start; what they have seen already has no effect again.
    Replay {
        #[arg(value_name = "CONSUMER", conflicts_with = "all")]
        consumers: Vec<String>,
        /// Every consumer of every stream.
        #[arg(long)]
        all: bool,
    },
    /// Messages that could not be handled.
    DeadLetters {
        #[command(subcommand)]
        action: DeadLetterAction,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterAction {
    /// Show them, oldest first.
    List {
        /// Only those of this service.
        #[arg(long, value_name = "NAME")]
        service: Option<String>,
    },
    /// Hand them to their consumers again.
    Replay(ReplayDeadLetters),
}

#[derive(Debug, Args)]
pub(crate) struct ReplayDeadLetters {
    /// Their ids, as `list` shows them.
    #[arg(value_name = "ID", conflicts_with = "all")]
    pub(crate) ids: Vec<i64>,
    /// Only those of this service.
    #[arg(long, value_name = "NAME")]
    pub(crate) service: Option<String>,
    /// All of them.
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Wait until nothing is under way any more, at most this long: 30s, 2m.
    #[arg(long, value_name = "DURATION", default_value = "30s")]
    pub(crate) quiet: Span,
}

#[derive(Debug, Args)]
pub(crate) struct CrashTest {
    #[arg(long, default_value_t = 10_000)]
    pub(crate) orders: usize,
    /// kill -9, spread over the orders.
    #[arg(long, default_value_t = 200)]
    pub(crate) kills: usize,
    /// How long people order without the broker before the first kill, such as 60s; 0s: not at all.
    #[arg(long, default_value = "60s")]
    pub(crate) broker_outage: Span,
    /// Repeats the choices of an earlier run.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
}

#[derive(Debug, Args)]
pub(crate) struct Bench {
    #[command(subcommand)]
    pub(crate) what: BenchWhat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BenchWhat {
    /// No-op `up`, and a cold start beside its critical path.
    Up {
        /// How many no-op runs.
        #[arg(long, default_value_t = 20)]
        runs: u32,
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

#[derive(Debug, Args)]
pub(crate) struct Images {
    #[command(subcommand)]
    pub(crate) action: ImagesAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImagesAction {
    /// Ask the registries for the digest of every published image and write infra/images.lock.
    Lock(ImagesLock),
    /// Build or pull what `up --runtime docker` would, and name it for the rendered Compose files.
    Build(ImagesBuild),
}

#[derive(Debug, Args)]
pub(crate) struct ImagesLock {
    /// Write nothing and ask nobody; fail when the file does not list what the project names.
    #[arg(long)]
    pub(crate) check: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ImagesBuild {
    /// Where the images of programs that are not ours come from.
    #[arg(long, value_enum, default_value_t = Choice::Auto)]
    pub(crate) images: Choice,
    /// Only for these components and jobs, and what they need.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Build everything anew, with today's packages.
    #[arg(long)]
    pub(crate) refresh: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Audit {
    /// What runs, and not what is written.
    #[arg(long, required = true)]
    pub(crate) live: bool,
}
