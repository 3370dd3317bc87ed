//! A platform of its own for a step of `cargo xtask test`: comes up, is used, and goes with everything that it kept.

use std::{fs, os::unix::fs::PermissionsExt as _};

use anyhow::Result;
use tempfile::TempDir;
use tokio::process::Command;

use super::{cargo, transcript::Transcript};
use crate::{journeys::World, model::load, paths::Paths, reporter::talk, session::Session};

/// This very program, in an environment with a home of its own.
pub(super) struct Platform<'a> {
    session: &'a Session,
    environment: &'a str,
    home: TempDir,
}

/// Whose lines are shown as they come; they are in the transcript in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Voice {
    Quiet,
    Aloud,
}

impl<'a> Platform<'a> {
    /// Nothing runs yet.
    pub(super) fn new(session: &'a Session, environment: &'a str) -> Result<Self> {
        let home = tempfile::Builder::new()
            .prefix("argosy-test-")
            .tempdir_in("/var/tmp")?;
        // Services' own accounts must reach their folders below it.
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755))?;
        Ok(Self {
            session,
            environment,
            home,
        })
    }

    /// Whether it has come up.
    pub(super) async fn up(&self, transcript: &mut Transcript) -> Result<bool> {
        // Tests kill its processes, so it needs some.
        let arguments = ["up", "--runtime", "host", "--no-probe"];
        self.run(&arguments, Voice::Quiet, transcript).await
    }

    /// Stops it and removes its data.
    pub(super) async fn down(&self, transcript: &mut Transcript) -> Result<bool> {
        self.run(&["down", "--volumes"], Voice::Quiet, transcript)
            .await
    }

    /// Runs a command of the toolkit on it; whether it ended well.
    pub(super) async fn run(
        &self,
        arguments: &[&str],
        voice: Voice,
        transcript: &mut Transcript,
    ) -> Result<bool> {
        // By what runs, not by its path: the build step has put another file there.
        let mut command = Command::new("/proc/self/exe");
        command
            .args(arguments)
            .args(["--yes", "--env", self.environment, "--project"])
            .arg(&self.session.paths.project)
            .arg("--home")
            .arg(self.home.path());
        let status = cargo::run(&mut command, |line| {
            transcript.line(line);
            if voice == Voice::Aloud {
                talk(line);
            }
        });
        Ok(status.await?.success())
    }

    /// What programs that use it need to know.
    pub(super) fn world(&self) -> Result<World> {
        let project = &self.session.paths.project;
        let environment =
            load::read(project, self.environment).map_err(|found| anyhow::anyhow!("{found:?}"))?;
        Ok(World {
            environment,
            paths: Paths {
                project: project.clone(),
                home: self.home.path().join(self.environment),
            },
            containers: None,
        })
    }
}
