//! `test`: everything that CI runs.

use crate::{
    cli::TestArgs,
    events::{Event, TestStep, TestVerdict},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    quality::{
        steps::{Step, Verdict},
        suite::{self, Report},
    },
    reporter::{Reporter, table, talk},
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &TestArgs) -> Result<Exit, Failures> {
    if args.list {
        let rows: Vec<[String; 2]> = Step::ALL
            .iter()
            .map(|step| [step.name().to_owned(), step.about().to_owned()])
            .collect();
        session
            .reporter
            .print(&table(["STEP", "WHAT IT CHECKS"], &rows));
        return Ok(Exit::Done);
    }
    let steps = match suite::select(&args.only) {
        Ok(steps) => steps,
        Err(message) => {
            session.reporter.emit(Event::Failure(Failure::new(
                "toolkit",
                Kind::ModelInvalid,
                message,
                "cargo xtask test --list",
            )));
            return Ok(Exit::Usage);
        }
    };
    let summary = suite::run(session, &steps, |report| tell(&session.reporter, report)).await;
    session.reporter.print("");
    for line in summary.lines() {
        session.reporter.print(&line);
    }
    Ok(if summary.is_good() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn tell(reporter: &Reporter, report: &Report) {
    let (verdict, detail) = match &report.verdict {
        Verdict::Passed(detail) => (TestVerdict::Passed, detail),
        Verdict::Failed(detail) => (TestVerdict::Failed, detail),
        Verdict::NotRun(reason) => (TestVerdict::NotRun, reason),
    };
    reporter.emit(Event::TestStep(TestStep {
        step: report.step.name().to_owned(),
        verdict,
        took_ms: report.took_ms,
        detail: detail.clone(),
    }));
    if reporter.is_json() {
        return;
    }
    talk(&report.line());
    if let Verdict::Failed(detail) = &report.verdict {
        talk(detail);
    }
}
