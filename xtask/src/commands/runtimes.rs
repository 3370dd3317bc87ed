//! Which runtime a command works on.

use std::collections::BTreeSet;

use crate::{
    cli::RuntimeChoice,
    failure::{Failure, Kind},
    model::{Name, Program},
    runtime::{
        chosen::{self, Runtime},
        docker::engine::Engine,
    },
    session::Session,
};

/// The one that the environment runs on; before the first `up` the one that is asked for, and else the best that this
/// machine has.
pub(crate) async fn choose(
    session: &Session,
    asked: RuntimeChoice,
    selected: &BTreeSet<Name>,
) -> Result<Runtime, Failure> {
    let asked = match asked {
        RuntimeChoice::Auto => None,
        RuntimeChoice::Host => Some(Runtime::Host),
        RuntimeChoice::Docker => Some(Runtime::Docker),
    };
    if let Some(chosen) = chosen::remembered(&session.paths) {
        return match asked {
            Some(asked) if asked != chosen.runtime => {
                Err(other_runtime(session, chosen.runtime, asked))
            }
            _ => Ok(chosen.runtime),
        };
    }
    match asked {
        Some(asked) => Ok(asked),
        None => best(session, selected).await,
    }
}

/// Where the environment runs; the host before the first `up`.
pub(crate) fn current(session: &Session) -> Runtime {
    chosen::remembered(&session.paths).map_or(Runtime::Host, |chosen| chosen.runtime)
}

/// Containers where an engine answers and everything that the shop cannot do without has an image.
async fn best(session: &Session, selected: &BTreeSet<Name>) -> Result<Runtime, Failure> {
    let Ok(engine) = Engine::connect(session.global.docker_host.as_deref()).await else {
        return Ok(Runtime::Host);
    };
    if let Some(name) = selected.iter().find(|name| !has_image(session, name)) {
        session.reporter.note(format!(
            "runtime: host, because {name} has no image in the model"
        ));
        return Ok(Runtime::Host);
    }
    session.reporter.note(format!(
        "runtime: docker, because an engine ({}) answers at {}",
        engine.version, engine.host
    ));
    Ok(Runtime::Docker)
}

fn has_image(session: &Session, name: &Name) -> bool {
    let optional = session
        .environment
        .stack
        .components
        .get(name)
        .is_some_and(|component| !component.essential);
    match session.environment.origin_of(name) {
        Some(Program::Foreign { image, .. }) => image.is_some() || optional,
        Some(Program::Own(_)) | None => true,
    }
}

fn other_runtime(session: &Session, now: Runtime, asked: Runtime) -> Failure {
    let detail = format!(
        "the environment `{}` runs on the {} runtime; its data are there, so it cannot go on with {}",
        session.environment.name,
        now.word(),
        asked.word()
    );
    let hint = format!(
        "{}, then {}",
        session.command("down"),
        session.command(&format!("up --runtime {}", asked.word()))
    );
    Failure::new("toolkit", Kind::OtherRuntime, detail, hint)
}
