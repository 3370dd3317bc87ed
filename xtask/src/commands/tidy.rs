//! `tidy`: the project's conventions.

use crate::{
    events::Event,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    quality::{tidy, tree::Tree},
    session::Session,
};

pub(crate) fn run(session: &Session) -> Result<Exit, Failures> {
    let unreadable = |error: anyhow::Error| {
        Failure::new(
            "project",
            Kind::NotWritable,
            format!("{error:#}"),
            "cargo xtask doctor",
        )
    };
    let findings = tidy::findings(&Tree::read(&session.paths.project).map_err(unreadable)?);
    for finding in &findings {
        session.reporter.emit(Event::Finding(finding.clone()));
        session.reporter.print(&finding.to_string());
    }
    if findings.is_empty() {
        session
            .reporter
            .print(&format!("{} conventions hold", tidy::CONVENTIONS.len()));
        return Ok(Exit::Done);
    }
    session
        .reporter
        .note(format!("{} findings", findings.len()));
    Ok(Exit::Changes)
}
