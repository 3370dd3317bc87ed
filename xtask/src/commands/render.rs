//! `render`: writes or checks the components' configuration files, or the project's generated files.

use std::{fs, path::Path};

use super::converge::rejected;
use crate::{
    cli::{Render, RenderTarget},
    exit::Exit,
    failure::{Failure, Failures, IoContext as _, Kind},
    generated,
    render::{
        self, HostPlaces,
        check::{self, Checks},
        write,
    },
    session::Session,
};

pub(crate) fn run(session: &Session, args: &Render) -> Result<Exit, Failures> {
    match (args.target, args.check) {
        (RenderTarget::Files, false) => write_files(session, args.out.as_deref()),
        (RenderTarget::Files, true) => check_files(session),
        (RenderTarget::Schema, false) => write_generated(session),
        (RenderTarget::Schema, true) => check_generated(session),
    }
}

fn write_files(session: &Session, out: Option<&Path>) -> Result<Exit, Failures> {
    let places = HostPlaces {
        paths: session.paths.clone(),
    };
    let templates =
        render::read::templates(&session.paths.project, &session.environment).map_err(rejected)?;
    let rendered = render::render(&session.environment, &templates, &places).map_err(rejected)?;
    let out = out.map_or_else(|| session.paths.staging(), Path::to_owned);
    for (name, unit) in rendered
        .units
        .iter()
        .filter(|(_, unit)| !unit.files.is_empty())
    {
        let folder = out.join(name.as_str());
        let written = write::unit(unit, &folder).map_err(|error| Failure::from(error.source))?;
        for target in unit.files.keys() {
            let word = if written.changed.contains(target) {
                "written  "
            } else {
                "unchanged"
            };
            session
                .reporter
                .print(&format!("{word} {}", folder.join(target).display()));
        }
    }
    Ok(Exit::Done)
}

fn check_files(session: &Session) -> Result<Exit, Failures> {
    let places = HostPlaces {
        paths: session.paths.clone(),
    };
    let templates =
        render::read::templates(&session.paths.project, &session.environment).map_err(rejected)?;
    let rendered = render::render(&session.environment, &templates, &places).map_err(rejected)?;
    let staging = session.paths.staging();
    let programs = crate::packages::folders();
    let checks = Checks {
        environment: &session.environment,
        templates: &templates,
        rendered: &rendered,
        places: &places,
        staging: &staging,
        programs: &programs,
    };
    let report =
        check::check(&checks, &|_, _| true).map_err(|error| Failure::from(error.source))?;
    for skipped in &report.skipped {
        session.reporter.note(format!(
            "not checked: {} of {}, because `{}` is not there",
            skipped.target, skipped.unit, skipped.program
        ));
    }
    if !report.failures.is_empty() {
        return Err(rejected(crate::model::diagnostic::Diagnostics(
            report.failures,
        )));
    }
    session.reporter.print(&format!(
        "{} files accepted by their programs",
        report.passed
    ));
    Ok(Exit::Done)
}

fn write_generated(session: &Session) -> Result<Exit, Failures> {
    let files = generated::files(&session.paths.project).map_err(|error| {
        Failure::new(
            "project",
            Kind::ConfigRejected,
            format!("{error:#}"),
            "cargo xtask render --target schema",
        )
    })?;
    for (path, text) in files {
        let path = session.paths.project.join(path);
        fs::write(&path, text).doing("write", &path)?;
        session
            .reporter
            .print(&format!("written {}", path.display()));
    }
    Ok(Exit::Done)
}

fn check_generated(session: &Session) -> Result<Exit, Failures> {
    let stale = generated::stale(&session.paths.project);
    if stale.is_empty() {
        session.reporter.print("the generated files are fresh");
        return Ok(Exit::Done);
    }
    let detail = format!("not as the code makes them: {}", stale.join(", "));
    Err(Failure::new(
        "project",
        Kind::ConfigRejected,
        detail,
        "cargo xtask render --target schema",
    )
    .into())
}
