//! `sqlx`: writes or compares the offline data of the services' SQL statements.

use crate::{
    cli::Sqlx,
    exit::Exit,
    failure::{Failure, Failures, Kind},
    quality::offline_queries::{self, Mode},
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &Sqlx) -> Result<Exit, Failures> {
    let mode = if args.check { Mode::Check } else { Mode::Write };
    let failed = |error: anyhow::Error| {
        Failure::new(
            "project",
            Kind::BuildFailed,
            format!("{error:#}"),
            "correct the statement or the migration",
        )
    };
    let outcomes = offline_queries::refresh(&session.cargo, mode)
        .await
        .map_err(failed)?;
    let mut differs = false;
    for outcome in &outcomes {
        for difference in &outcome.differences {
            differs = true;
            session.reporter.print(&format!(
                "{:<9} {}: {}",
                difference.kind.word(),
                difference.file,
                difference.statement
            ));
        }
        session.reporter.note(format!(
            "{}: {} statements",
            outcome.service, outcome.queries
        ));
    }
    match (mode, differs) {
        (Mode::Check, true) => {
            let detail = "the offline data is not what the statements and the migrations say";
            session
                .reporter
                .emit(crate::events::Event::Failure(Failure::new(
                    "project",
                    Kind::ConfigRejected,
                    detail,
                    "cargo xtask sqlx",
                )));
            Ok(Exit::Changes)
        }
        _ => Ok(Exit::Done),
    }
}
