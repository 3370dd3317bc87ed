//! `cargo xtask test`: runs the steps in order, goes on after a failure as far as that makes sense, and sums up.

use std::time::Instant;

use super::steps::{Count, Step, Verdict};
use crate::{
    reporter::{talk, took},
    session::Session,
};

/// One step that was asked for, and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) step: Step,
    pub(crate) verdict: Verdict,
    pub(crate) took_ms: u64,
}

/// The whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Summary {
    pub(crate) reports: Vec<Report>,
    pub(crate) tests: Count,
}

/// The steps that `--only` names; all without it. The error names the first that does not exist.
pub(crate) fn select(names: &[String]) -> Result<Vec<Step>, String> {
    if let Some(unknown) = names
        .iter()
        .find(|name| Step::ALL.iter().all(|step| step.name() != *name))
    {
        let known: Vec<&str> = Step::ALL.iter().map(|step| step.name()).collect();
        return Err(format!(
            "there is no step `{unknown}`: expected {}",
            known.join(", ")
        ));
    }
    let wanted = |step: &Step| names.is_empty() || names.iter().any(|name| name == step.name());
    Ok(Step::ALL.into_iter().filter(wanted).collect())
}

/// Runs the steps and says how each went as it ends.
pub(crate) async fn run(session: &Session, steps: &[Step], on_report: impl Fn(&Report)) -> Summary {
    let mut summary = Summary::default();
    for step in steps {
        let started = Instant::now();
        let verdict = if let Some(reason) = summary.obstacle(*step) {
            Verdict::NotRun(reason)
        } else {
            talk(&format!("· {} · {} …", step.name(), step.about()));
            step.run(session, &mut summary.tests).await
        };
        let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let report = Report {
            step: *step,
            verdict,
            took_ms,
        };
        on_report(&report);
        summary.reports.push(report);
    }
    summary
}

impl Summary {
    /// Why a step cannot tell anything: one that it needs went wrong. One that was not asked for is taken as good.
    fn obstacle(&self, step: Step) -> Option<String> {
        let bad = self
            .reports
            .iter()
            .filter(|report| !matches!(report.verdict, Verdict::Passed(_)));
        let needed = bad
            .map(|report| report.step)
            .find(|bad| step.needs().contains(bad))?;
        Some(format!("it needs `{}`", needed.name()))
    }

    pub(crate) fn is_good(&self) -> bool {
        self.reports
            .iter()
            .all(|report| matches!(report.verdict, Verdict::Passed(_)))
    }

    /// One line for each step, and last the line that CI looks for.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self.reports.iter().map(Report::line).collect();
        let count = self.count();
        lines.push(format!("{} passed, {} failed", count.passed, count.failed));
        lines
    }

    /// Tests, and each other step as one; a step that could not run has failed.
    fn count(&self) -> Count {
        let others = self
            .reports
            .iter()
            .filter(|report| report.step != Step::Test);
        let good = others
            .clone()
            .filter(|report| matches!(report.verdict, Verdict::Passed(_)))
            .count();
        let Count { passed, mut failed } = self.tests;
        let testing = self.reports.iter().find(|report| report.step == Step::Test);
        if failed == 0
            && testing.is_some_and(|report| !matches!(report.verdict, Verdict::Passed(_)))
        {
            failed = 1;
        }
        Count {
            passed: passed + good,
            failed: failed + others.count() - good,
        }
    }
}

impl Report {
    /// `✓ clippy     12.3 s` and what there is to say about it.
    pub(crate) fn line(&self) -> String {
        let (mark, detail) = match &self.verdict {
            Verdict::Passed(detail) => ("✓", detail.as_str()),
            Verdict::Failed(detail) => ("✗", detail.lines().next().unwrap_or_default()),
            Verdict::NotRun(reason) => ("-", reason.as_str()),
        };
        format!(
            "{mark} {:<10} {:>12}  {detail}",
            self.step.name(),
            took(self.took_ms)
        )
        .trim_end()
        .to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(step: Step, verdict: Verdict) -> Report {
        Report {
            step,
            verdict,
            took_ms: 1_500,
        }
    }

    #[test]
    fn an_unknown_step_is_refused_with_the_known_ones() {
        let error = select(&["clipy".to_owned()]).unwrap_err();
        assert!(
            error.contains("`clipy`") && error.contains("clippy, doc"),
            "{error}"
        );
    }

    #[test]
    fn chosen_steps_keep_their_order() {
        assert_eq!(
            select(&["tidy".to_owned(), "fmt".to_owned()]).unwrap(),
            [Step::Format, Step::Tidy]
        );
        assert_eq!(select(&[]).unwrap(), Step::ALL);
    }

    #[test]
    fn a_failed_step_keeps_only_those_from_running_that_need_it() {
        let summary = Summary {
            reports: vec![report(Step::Build, Verdict::Failed("x".into()))],
            ..Summary::default()
        };
        assert_eq!(
            summary.obstacle(Step::Test),
            Some("it needs `build`".to_owned())
        );
        assert_eq!(summary.obstacle(Step::OfflineQueries), None);
    }

    #[test]
    fn the_last_line_counts_tests_and_steps() {
        let reports = vec![
            report(Step::Format, Verdict::Passed(String::new())),
            report(Step::Test, Verdict::Passed("12 tests".into())),
        ];
        let summary = Summary {
            reports,
            tests: Count {
                passed: 12,
                failed: 0,
            },
        };
        assert_eq!(
            summary.lines(),
            [
                "✓ fmt               1.5 s",
                "✓ test              1.5 s  12 tests",
                "13 passed, 0 failed"
            ]
        );
    }

    #[test]
    fn tests_that_could_not_run_are_a_failure() {
        let reports = vec![
            report(Step::Build, Verdict::Failed("x".into())),
            report(Step::Test, Verdict::NotRun("it needs `build`".into())),
        ];
        let summary = Summary {
            reports,
            ..Summary::default()
        };
        assert!(!summary.is_good());
        assert_eq!(summary.lines().last().unwrap(), "0 passed, 2 failed");
    }
}
