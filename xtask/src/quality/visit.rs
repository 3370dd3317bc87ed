//! The step `browser` of `cargo xtask test`: a platform comes up, is used in Chromium, and goes.

use anyhow::Result;

use super::{
    cargo,
    platform::Platform,
    steps::{Step, Verdict, results},
    transcript::{Transcript, is_routine},
};
use crate::{
    browser::{Browser, Tool},
    packages::Consent,
    reporter::talk,
    session::Session,
};

/// On a platform of its own, which is gone afterwards.
pub(super) async fn run(session: &Session, environment: &str, consent: Consent) -> Result<Verdict> {
    let browser =
        Browser::ready(&session.cargo, &[Tool::Checks], consent, &session.reporter).await?;
    let mut transcript = Transcript::create(&session.cargo, Step::Browser.name())?;
    let platform = Platform::new(session, environment)?;
    let verdict = if platform.up(&mut transcript).await? {
        test(session, &browser, &platform, &mut transcript).await
    } else {
        Ok(Verdict::Failed(format!(
            "the platform does not come up; every line is in {}",
            transcript.path.display()
        )))
    };
    platform.down(&mut transcript).await?;
    verdict
}

async fn test(
    session: &Session,
    browser: &Browser,
    platform: &Platform<'_>,
    transcript: &mut Transcript,
) -> Result<Verdict> {
    let out = session.cargo.target.join("test-logs/browser");
    let world = platform.world()?;
    let mut command = browser
        .command(&world, &out, &["test"])
        .map_err(anyhow::Error::msg)?;
    let (mut passed, mut failed) = (0, Vec::new());
    let status = cargo::run(&mut command, |line| {
        transcript.line(line);
        if let Some(count) = results(line) {
            passed = count.passed;
        }
        let name = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"));
        failed.extend(name.map(str::to_owned));
        if !is_routine(line) {
            talk(line);
        }
    });
    if status.await?.success() {
        return Ok(Verdict::Passed(format!("{passed} tests in Chromium")));
    }
    if failed.is_empty() {
        failed.push("no test failed, but the program did: see above".to_owned());
    }
    Ok(Verdict::Failed(format!(
        "{}\nevery line is in {}, pictures are in {}",
        failed.join("\n"),
        transcript.path.display(),
        out.display()
    )))
}
