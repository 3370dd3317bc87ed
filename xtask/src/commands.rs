//! One file for each command, and what several of them share.

mod audit;
mod bench;
mod conformance;
mod converge;
mod crash_test;
mod doctor;
mod down;
mod images;
mod logs;
mod messages;
mod plan;
pub(crate) mod probe;
mod render;
mod runtimes;
mod screenshots;
mod seed;
mod sqlx;
mod status;
mod test;
mod tidy;
mod up;
mod verify;

pub(crate) use converge::rejected;

use crate::{
    cli::{Cli, Command},
    events::Event,
    exit::Exit,
    failure::Failures,
    reporter::Reporter,
    session::Session,
};

/// Runs the command and says how it ended.
pub(crate) async fn run(cli: Cli) -> Exit {
    let global = &cli.global;
    match cli.command {
        Command::Completions { shell } => completions(shell),
        command => match Session::open(global) {
            Ok(session) => with_session(&session, command).await,
            Err((reporter, failures)) => end(&reporter, Err(failures)),
        },
    }
}

async fn with_session(session: &Session, command: Command) -> Exit {
    let result = match command {
        Command::Up(args) => up::run(session, &args).await,
        Command::Down(args) => down::run(session, &args).await,
        Command::Plan(args) => plan::run(session, &args).await,
        Command::Status(args) => status::run(session, &args).await,
        Command::Logs(args) => logs::run(session, &args).await,
        Command::Render(args) => render::run(session, &args),
        Command::Doctor(args) => doctor::run(session, &args).await,
        Command::Seed(args) => seed::run(session, &args).await,
        Command::Probe(args) => probe::run(session, &args).await,
        Command::Test(args) => test::run(session, &args).await,
        Command::Tidy => tidy::run(session),
        Command::Sqlx(args) => sqlx::run(session, &args).await,
        Command::Events(args) => messages::run(session, &args).await,
        Command::Verify(args) => verify::run(session, &args).await,
        Command::Conformance(args) => conformance::run(session, &args).await,
        Command::Screenshots(args) => screenshots::run(session, &args).await,
        Command::CrashTest(args) => crash_test::run(session, &args).await,
        Command::Images(args) => images::run(session, &args).await,
        Command::Audit(_) => audit::run(session).await,
        Command::Bench(args) => bench::run(session, &args).await,
        Command::Completions { shell } => return completions(shell),
    };
    end(&session.reporter, result)
}

/// Tells what failed, unless it has been told already, and closes with the result.
fn end(reporter: &Reporter, result: Result<Exit, Failures>) -> Exit {
    let exit = match result {
        Ok(exit) => exit,
        Err(Failures(failures)) => {
            let exit = failures
                .first()
                .map_or(Exit::Bug, |failure| failure.kind.exit());
            for failure in failures {
                reporter.emit(Event::Failure(failure));
            }
            exit
        }
    };
    reporter.finish(exit);
    exit
}

fn completions(shell: clap_complete::Shell) -> Exit {
    let mut command = <Cli as clap::CommandFactory>::command();
    clap_complete::generate(shell, &mut command, "cargo-xtask", &mut std::io::stdout());
    Exit::Done
}
