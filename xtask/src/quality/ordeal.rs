//! The step `crash` of `cargo xtask test`: a platform comes up, is ordered from while its processes are killed, is verified, and
//! goes.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use anyhow::Result;
use tokio::process::Command;

use super::{
    cargo,
    steps::{Step, Verdict},
    transcript::Transcript,
};
use crate::{reporter::talk, session::Session};

/// Of the crash step: as many as a few minutes allow.
const CRASH_ORDERS: &str = "2000";
const CRASH_KILLS: &str = "50";

/// On a platform of its own, which is gone afterwards.
pub(super) async fn run(session: &Session, environment: &str) -> Result<Verdict> {
    let home = tempfile::Builder::new()
        .prefix("argosy-crash-")
        .tempdir_in("/var/tmp")?;
    // Services' own accounts must reach their folders below it.
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755))?;
    let mut transcript = Transcript::create(&session.cargo, Step::Crash.name())?;
    let toolkit = Toolkit {
        session,
        environment,
        home: home.path(),
    };
    // It kills processes, so it needs some.
    let arguments = ["up", "--runtime", "host", "--no-probe"];
    let up = toolkit.run(&arguments, &mut transcript).await?;
    let mut verdict = Verdict::Failed(format!(
        "the platform does not come up; every line is in {}",
        transcript.path.display()
    ));
    if up {
        let arguments = [
            "crash-test",
            "--orders",
            CRASH_ORDERS,
            "--kills",
            CRASH_KILLS,
        ];
        let holds = toolkit.run(&arguments, &mut transcript).await?;
        verdict = if holds {
            Verdict::Passed(format!(
                "{CRASH_ORDERS} orders, {CRASH_KILLS} kills, every invariant holds"
            ))
        } else {
            Verdict::Failed(format!("every line is in {}", transcript.path.display()))
        };
    }
    toolkit.run(&["down", "--volumes"], &mut transcript).await?;
    Ok(verdict)
}

/// This very program, in an environment with a home of its own.
struct Toolkit<'a> {
    session: &'a Session,
    environment: &'a str,
    home: &'a Path,
}

impl Toolkit<'_> {
    /// Whether it ended well.
    async fn run(&self, arguments: &[&str], transcript: &mut Transcript) -> Result<bool> {
        // By what runs, not by its path: the build step has put another file there.
        let mut command = Command::new("/proc/self/exe");
        command
            .args(arguments)
            .args(["--yes", "--env", self.environment, "--project"])
            .arg(&self.session.paths.project)
            .arg("--home")
            .arg(self.home);
        let status = cargo::run(&mut command, |line| {
            transcript.line(line);
            if arguments[0] == "crash-test" {
                talk(line);
            }
        });
        Ok(status.await?.success())
    }
}
