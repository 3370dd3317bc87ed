//! Hidden subcommands: what the toolkit starts itself as. They run before anything else of the toolkit does, because
//! each needs a process with a single thread.

use std::{path::PathBuf, process::ExitCode};

use anyhow::{Context as _, bail};
use rustix::process::Pid;

use super::{guard, journal, shim, supervisor};
use crate::paths::Paths;

/// Runs a hidden subcommand, if the command line names one.
pub(crate) fn dispatch() -> Option<ExitCode> {
    let mut args = std::env::args_os()
        .skip(1)
        .filter_map(|arg| arg.into_string().ok());
    let run = match args.next()?.as_str() {
        "__exec" => return Some(shim::main(args)),
        "__guard" => |options: &Options| guard::run(&options.paths, &options.environment),
        "__supervise" => supervise,
        _ => return None,
    };
    std::panic::set_hook(Box::new(|panic| journal::note(&format!("a bug: {panic}"))));
    Some(
        Options::parse(args)
            .and_then(|options| run(&options))
            .unwrap_or_else(|error| {
                journal::note(&format!("error: {error:#}"));
                ExitCode::FAILURE
            }),
    )
}

/// Without a guard it becomes one, and starts itself again.
fn supervise(options: &Options) -> anyhow::Result<ExitCode> {
    let Some(guard) = options.guard else {
        return guard::run(&options.paths, &options.environment);
    };
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    rustix::thread::set_name(c"argosy-superv").context("cannot name itself")?;
    // One thread is plenty, and keeps the supervisor small.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(supervisor::run(&options.paths, &options.environment, guard))?;
    // A look at some port or at the memory may still be under way; nobody waits for it.
    runtime.shutdown_background();
    Ok(ExitCode::SUCCESS)
}

struct Options {
    paths: Paths,
    environment: String,
    guard: Option<Pid>,
}

impl Options {
    fn parse(mut args: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let (mut home, mut environment, mut guard) = (None, None, None);
        while let Some(option) = args.next() {
            let value = args
                .next()
                .with_context(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--home" => home = Some(PathBuf::from(value)),
                "--environment" => environment = Some(value),
                "--guard" => {
                    guard = Some(
                        value
                            .parse()
                            .ok()
                            .and_then(Pid::from_raw)
                            .context("--guard needs a process id")?,
                    );
                }
                _ => bail!("unknown option {option}"),
            }
        }
        let home = std::path::absolute(home.context("--home is missing")?)?;
        // The supervisor never looks at the project itself.
        let paths = Paths {
            project: home.clone(),
            home,
        };
        Ok(Self {
            paths,
            environment: environment.context("--environment is missing")?,
            guard,
        })
    }
}
