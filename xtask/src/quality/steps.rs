//! What `cargo xtask test` does, step by step; each step is also useful alone (`--only`).

use std::{collections::BTreeSet, sync::LazyLock};

use anyhow::{Context as _, Result};
use regex::Regex;

use super::{
    cargo,
    deny::{self, Advisories},
    offline_queries::{self, Mode},
    ordeal, tidy,
    transcript::{Transcript, is_routine},
    tree::Tree,
    visit,
};
use crate::{
    browser, build, generated,
    model::load,
    packages::{self, Consent},
    reporter::talk,
    session::Session,
};

/// What the tests need beside the servers that the stack names, and beside a browser.
const TEST_PACKAGES: [&str; 1] = ["git"];

/// What the tests of containers start, with the packages that have it; a machine may have it from elsewhere.
const CONTAINER_PROGRAMS: [(&str, &[&str]); 2] = [
    ("dockerd", &["docker.io", "iptables"]),
    ("docker-compose", &["docker-compose"]),
];

/// The environment that the platform tests bring up.
const TEST_ENVIRONMENT: &str = "test";

/// Lines of a step's output that are shown when it has failed.
const SHOWN_LINES: usize = 200;

static TEST_RESULT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^test result: \w+\. (\d+) passed; (\d+) failed;")
        .expect("BUG: a fixed pattern compiles")
});

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed(String),
    Failed(String),
    /// Something that it needs is not there; the reason.
    NotRun(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    Packages,
    Format,
    Clippy,
    Documentation,
    Dependencies,
    Tidy,
    Generated,
    OfflineQueries,
    Build,
    Test,
    Browser,
    Crash,
}

/// Tests that ran, as their harnesses counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Step {
    /// In the order in which they run: what is quick to say no comes first, as far as one does not need another.
    pub(crate) const ALL: [Self; 12] = [
        Self::Packages,
        Self::Format,
        Self::Tidy,
        Self::Clippy,
        Self::Documentation,
        Self::Dependencies,
        Self::Generated,
        Self::OfflineQueries,
        Self::Build,
        Self::Test,
        Self::Browser,
        Self::Crash,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Packages => "packages",
            Self::Format => "fmt",
            Self::Clippy => "clippy",
            Self::Documentation => "doc",
            Self::Dependencies => "deny",
            Self::Tidy => "tidy",
            Self::Generated => "generated",
            Self::OfflineQueries => "sqlx",
            Self::Build => "build",
            Self::Test => "test",
            Self::Browser => "browser",
            Self::Crash => "crash",
        }
    }

    pub(crate) fn about(self) -> &'static str {
        match self {
            Self::Packages => "installs the servers and programs that the tests need",
            Self::Format => "the sources are formatted",
            Self::Clippy => "no lint finds anything, in any target",
            Self::Documentation => "the documentation builds without a warning",
            Self::Dependencies => "licences, bans, sources and advisories of the dependencies",
            Self::Tidy => "the project's conventions",
            Self::Generated => "generated schemas are what the types say",
            Self::OfflineQueries => "offline query data is what statements and migrations say",
            Self::Build => "builds every target, the services of the platform tests among them",
            Self::Test => "every test, the platform tests on a real platform included",
            Self::Browser => "people buy and sell in Chromium; every page is looked at, by axe too",
            Self::Crash => "orders while processes are killed, then every invariant",
        }
    }

    /// Steps without which this one cannot tell anything.
    pub(crate) fn needs(self) -> &'static [Self] {
        match self {
            Self::OfflineQueries => &[Self::Packages],
            Self::Test | Self::Browser | Self::Crash => &[Self::Packages, Self::Build],
            _ => &[],
        }
    }

    /// Does it. An error is a failed step, not a failed run.
    pub(crate) async fn run(self, session: &Session, count: &mut Count) -> Verdict {
        let verdict = match self {
            Self::Packages => install(session),
            Self::Format => format(session).await,
            Self::Clippy => {
                let arguments = [
                    "clippy",
                    "--workspace",
                    "--all-targets",
                    "--locked",
                    "--",
                    "--deny",
                    "warnings",
                ];
                cargo_step(session, self, &arguments, &[]).await
            }
            Self::Documentation => {
                let arguments = ["doc", "--workspace", "--no-deps", "--locked"];
                cargo_step(
                    session,
                    self,
                    &arguments,
                    &[("RUSTDOCFLAGS", "--deny warnings")],
                )
                .await
            }
            Self::Dependencies => dependencies(session).await,
            Self::Tidy => conventions(session),
            Self::Generated => Ok(generated_files(session)),
            Self::OfflineQueries => queries(session).await,
            Self::Build => build(session).await,
            Self::Test => test(session, count).await,
            Self::Browser => visit::run(session, TEST_ENVIRONMENT, consent(session)).await,
            Self::Crash => ordeal::run(session, TEST_ENVIRONMENT).await,
        };
        verdict.unwrap_or_else(|error| Verdict::Failed(format!("{error:#}")))
    }
}

fn install(session: &Session) -> Result<Verdict> {
    let components = session
        .environment
        .stack
        .components
        .values()
        .filter_map(|component| component.host.as_ref());
    let jobs = session
        .environment
        .stack
        .jobs
        .values()
        .filter_map(|job| job.host.as_ref());
    let servers = components
        .chain(jobs)
        .flat_map(|host| host.packages.iter().cloned());
    let containers = CONTAINER_PROGRAMS
        .iter()
        .filter(|(program, _)| packages::find_program(program, &[]).is_none())
        .flat_map(|(_, packages)| packages.iter().map(|package| (*package).to_owned()));
    let wanted: BTreeSet<String> = servers
        .chain(containers)
        .chain(TEST_PACKAGES.map(str::to_owned))
        .chain(browser::wanted_packages())
        .collect();
    packages::ensure(&wanted, consent(session), &session.reporter)?;
    Ok(Verdict::Passed(format!(
        "{} packages are installed",
        wanted.len()
    )))
}

async fn format(session: &Session) -> Result<Verdict> {
    let arguments = [
        "fmt",
        "--all",
        "--",
        "--check",
        "--files-with-diff",
        "--color",
        "never",
    ];
    let verdict = cargo_step(session, Step::Format, &arguments, &[]).await?;
    Ok(match verdict {
        Verdict::Failed(files) => {
            Verdict::Failed(format!("not formatted:\n{files}\nhint: cargo fmt --all"))
        }
        other => other,
    })
}

fn conventions(session: &Session) -> Result<Verdict> {
    let findings = tidy::findings(&Tree::read(&session.paths.project)?);
    if findings.is_empty() {
        return Ok(Verdict::Passed(format!(
            "{} conventions hold",
            tidy::CONVENTIONS.len()
        )));
    }
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    Ok(Verdict::Failed(lines.join("\n")))
}

async fn dependencies(session: &Session) -> Result<Verdict> {
    let locked = deny::locked_packages(&session.cargo.workspace)?;
    let program = deny::ensure(&session.cargo).await?;
    deny::check(&session.cargo, &program).await?;
    let advisories = match deny::check_advisories(&session.cargo, &program).await? {
        Advisories::Good => "no advisory".to_owned(),
        Advisories::NotChecked(reason) => {
            format!("advisories not checked: database not reachable ({reason})")
        }
    };
    let deny::LockedPackages { packages, doubled } = locked;
    Ok(Verdict::Passed(format!(
        "{packages} packages in the lock file, {doubled} of them in several versions; {advisories}"
    )))
}

async fn queries(session: &Session) -> Result<Verdict> {
    let outcomes = offline_queries::refresh(&session.cargo, Mode::Check).await?;
    let differences: Vec<String> = outcomes
        .iter()
        .flat_map(|outcome| &outcome.differences)
        .map(|found| format!("{}: {}: {}", found.file, found.kind.word(), found.statement))
        .collect();
    if differences.is_empty() {
        let queries: usize = outcomes.iter().map(|outcome| outcome.queries).sum();
        return Ok(Verdict::Passed(format!(
            "{queries} statements of {} services",
            outcomes.len()
        )));
    }
    Ok(Verdict::Failed(format!(
        "{}\nhint: cargo xtask sqlx",
        differences.join("\n")
    )))
}

fn generated_files(session: &Session) -> Verdict {
    let stale = generated::stale(&session.paths.project);
    if stale.is_empty() {
        return Verdict::Passed("fresh".to_owned());
    }
    Verdict::Failed(format!(
        "not fresh: {}\nhint: cargo xtask render --target schema",
        stale.join(", ")
    ))
}

async fn build(session: &Session) -> Result<Verdict> {
    let arguments = ["build", "--workspace", "--all-targets", "--locked"];
    let verdict = cargo_step(session, Step::Build, &arguments, &[]).await?;
    if !matches!(verdict, Verdict::Passed(_)) {
        return Ok(verdict);
    }
    // `up --env test` takes what is there.
    let environment = load::read(&session.paths.project, TEST_ENVIRONMENT)
        .map_err(|found| anyhow::anyhow!("{found:?}"))?;
    let everything = environment.names().into_iter().cloned().collect();
    build::note_built(&session.cargo, &environment, &everything)?;
    Ok(Verdict::Passed("every target".to_owned()))
}

async fn test(session: &Session, count: &mut Count) -> Result<Verdict> {
    let mut transcript = Transcript::create(&session.cargo, Step::Test.name())?;
    let mut command = cargo::command(
        &session.cargo,
        &["test", "--workspace", "--locked", "--no-fail-fast"],
    );
    let mut failed = Vec::new();
    let status = cargo::run(&mut command, |line| {
        transcript.line(line);
        if let Some(found) = results(line) {
            count.passed += found.passed;
            count.failed += found.failed;
        }
        if let Some(name) = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"))
        {
            failed.push(name.to_owned());
        }
        if !is_routine(line) {
            talk(line);
        }
    });
    let status = status.await.context("cannot run cargo")?;
    let path = transcript.path.display();
    if status.success() && count.failed == 0 {
        return Ok(Verdict::Passed(format!(
            "{} tests; every line is in {path}",
            count.passed
        )));
    }
    if failed.is_empty() {
        failed.push("no test failed, but cargo did: see above".to_owned());
    }
    Ok(Verdict::Failed(format!(
        "{}\nevery line is in {path}",
        failed.join("\n")
    )))
}

/// The numbers of a harness' last line.
pub(super) fn results(line: &str) -> Option<Count> {
    let captures = TEST_RESULT.captures(line)?;
    Some(Count {
        passed: captures[1].parse().ok()?,
        failed: captures[2].parse().ok()?,
    })
}

async fn cargo_step(
    session: &Session,
    step: Step,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<Verdict> {
    let mut transcript = Transcript::create(&session.cargo, step.name())?;
    let mut command = cargo::command(&session.cargo, arguments);
    command.envs(variables.iter().copied());
    let mut shown = Vec::new();
    let status = cargo::run(&mut command, |line| {
        transcript.line(line);
        if !is_routine(line) {
            shown.push(line.to_owned());
        }
    });
    let status = status.await.context("cannot run cargo")?;
    if status.success() {
        return Ok(Verdict::Passed(String::new()));
    }
    let left_out = shown.len().saturating_sub(SHOWN_LINES);
    shown.truncate(SHOWN_LINES);
    if left_out > 0 {
        shown.push(format!(
            "… {left_out} lines more in {}",
            transcript.path.display()
        ));
    }
    Ok(Verdict::Failed(shown.join("\n")))
}

/// Nobody sits at a CI machine who could be asked.
fn consent(session: &Session) -> Consent {
    if session.global.yes || is_ci() {
        Consent::Given
    } else {
        Consent::Ask
    }
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_a_harness_are_read() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.01s";
        assert_eq!(
            results(line),
            Some(Count {
                passed: 12,
                failed: 3
            })
        );
        assert_eq!(results("test a::result: ok"), None);
    }

    #[test]
    fn a_step_needs_only_steps_before_it() {
        for (position, step) in Step::ALL.iter().enumerate() {
            assert!(
                step.needs()
                    .iter()
                    .all(|needed| Step::ALL[..position].contains(needed)),
                "{}",
                step.name()
            );
        }
    }
}
