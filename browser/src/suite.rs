//! Runs the tests, some at the same time, and says of each how it went in the words that `cargo test` uses.

use std::{
    cell::RefCell,
    collections::VecDeque,
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use futures::future::{LocalBoxFuture, join_all};
use tokio::time::timeout;

use crate::{
    browser::Browser,
    chromium::{Chromium, Scripts},
    output,
    platform::Platform,
    scenarios::TESTS,
};

/// No test takes so long that is not stuck, also where two cores do everything.
const DEADLINE: Duration = Duration::from_mins(5);

/// One test: a sentence, and what makes it true.
pub(crate) struct Test {
    pub(crate) name: &'static str,
    pub(crate) scripts: Scripts,
    pub(crate) run: for<'a> fn(&'a Browser) -> LocalBoxFuture<'a, Result<()>>,
}

/// Prints the names.
pub(crate) fn list() {
    for test in TESTS {
        output::line(test.name);
    }
}

/// Runs the tests whose name contains the filter; whether all passed comes back.
pub(crate) async fn run(platform: Platform, filter: Option<&str>, at_once: usize) -> Result<bool> {
    let started = Instant::now();
    let chosen: VecDeque<&'static Test> = TESTS
        .iter()
        .filter(|test| filter.is_none_or(|filter| test.name.contains(filter)))
        .collect();
    let left_out = TESTS.len() - chosen.len();
    if chosen.is_empty() {
        bail!("no test is called that: `browser test --list` names them");
    }
    output::line(&format!("\nrunning {} tests", chosen.len()));
    let chromium = Chromium::start().await?;
    let worker = Worker {
        chromium: &chromium,
        platform: &platform,
        waiting: &RefCell::new(chosen),
    };
    // They mostly wait for browsers: one thread serves them all.
    let workers = (0..at_once.max(1)).map(|_| worker.work());
    let (mut passed, mut failures) = (0, Vec::new());
    for (good, bad) in join_all(workers).await {
        passed += good;
        failures.extend(bad);
    }
    for (name, error) in &failures {
        let error = output::in_words(error);
        output::line(&format!("\n---- {name} ----\n{error}"));
    }
    let verdict = if failures.is_empty() { "ok" } else { "FAILED" };
    output::line(&format!(
        "\ntest result: {verdict}. {passed} passed; {} failed; 0 ignored; 0 measured; {left_out} filtered out; finished in {:.2}s",
        failures.len(),
        started.elapsed().as_secs_f64()
    ));
    Ok(failures.is_empty())
}

/// Takes one test after the other until none is left.
struct Worker<'a> {
    chromium: &'a Chromium,
    platform: &'a Platform,
    waiting: &'a RefCell<VecDeque<&'static Test>>,
}

impl Worker<'_> {
    async fn work(&self) -> (usize, Vec<(&'static str, anyhow::Error)>) {
        let (mut passed, mut failures) = (0, Vec::new());
        while let Some(test) = self.next() {
            let started = Instant::now();
            let verdict = match self.perform(test).await {
                Ok(()) => {
                    passed += 1;
                    "ok"
                }
                Err(error) => {
                    failures.push((test.name, error));
                    "FAILED"
                }
            };
            output::line(&format!("test {} ... {verdict}", test.name));
            output::problem(&format!(
                "  {:.1} s  {}",
                started.elapsed().as_secs_f64(),
                test.name
            ));
        }
        (passed, failures)
    }

    fn next(&self) -> Option<&'static Test> {
        self.waiting.borrow_mut().pop_front()
    }

    /// In a browser of its own, which ends with the test.
    async fn perform(&self, test: &Test) -> Result<()> {
        let browser = self.chromium.open(self.platform, test.scripts).await?;
        let outcome = match timeout(DEADLINE, (test.run)(&browser)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(anyhow::anyhow!("not done within {} s", DEADLINE.as_secs())),
        };
        let outcome = match outcome {
            Ok(()) => Ok(()),
            Err(error) => match browser.keep(test.name).await {
                Ok(()) => Err(error.context(format!(
                    "what the browser showed is in {}",
                    self.platform.place.out.display()
                ))),
                Err(_) => Err(error),
            },
        };
        browser.quit().await?;
        outcome
    }
}
