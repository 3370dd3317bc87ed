//! The program of `browser/`, which uses the shop in Chromium: builds it, has npm install what it looks at pages with, and
//! tells it where the platform is.
//!
//! It is a program of its own so that the toolkit need not be built with a `WebDriver` client to bring a platform up.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use tokio::process::Command;

use crate::{
    build::Cargo,
    digest,
    failure::{Failure, IoContext as _, Kind},
    journeys::World,
    model::BuildProfile,
    packages::{self, Consent},
    paths,
    quality::cargo as quiet_cargo,
    reporter::Reporter,
};

/// Debian's packages without which nothing of this works.
pub(crate) const PACKAGES: [&str; 2] = ["chromium", "chromium-driver"];

/// Debian's packages for npm; not needed where another npm is installed.
const NPM_PACKAGE: &str = "npm";

/// Folders of `browser/tools`, each with a lock file that holds the digest of every package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// axe-core and html-validate.
    Checks,
    /// Lighthouse, which is ten times as large and only needed for measurements.
    Lighthouse,
}

/// The program, ready to be run.
#[derive(Debug)]
pub(crate) struct Browser {
    program: PathBuf,
    tools: PathBuf,
}

impl Tool {
    fn folder(self) -> &'static str {
        match self {
            Self::Checks => "checks",
            Self::Lighthouse => "lighthouse",
        }
    }
}

/// What must be installed for it.
pub(crate) fn wanted_packages() -> BTreeSet<String> {
    let npm = packages::find_program("npm", &[])
        .is_none()
        .then_some(NPM_PACKAGE);
    PACKAGES.into_iter().chain(npm).map(str::to_owned).collect()
}

impl Browser {
    /// Installs, builds and fetches whatever is missing.
    pub(crate) async fn ready(
        cargo: &Cargo,
        tools: &[Tool],
        consent: Consent,
        reporter: &Reporter,
    ) -> Result<Self, Failure> {
        packages::ensure(&wanted_packages(), consent, reporter)?;
        let arguments = ["build", "--package", "browser", "--locked"];
        output(
            &mut quiet_cargo::command(cargo, &arguments),
            Kind::BuildFailed,
            "cargo build --package browser",
        )
        .await?;
        let browser = Self {
            program: paths::binary(&cargo.target, BuildProfile::Dev, "browser"),
            tools: cargo.target.join("tools/browser"),
        };
        for tool in tools {
            browser.install(&cargo.workspace, *tool).await?;
        }
        Ok(browser)
    }

    /// The program with its arguments. Pictures go to `out`.
    pub(crate) fn command(
        &self,
        world: &World,
        out: &Path,
        arguments: &[&str],
    ) -> Result<Command, String> {
        // As people type it: cookies and addresses of the shop's own pages are those of this host.
        let shop = world.edge("")?.replace("127.0.0.1", "localhost");
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .env("BROWSER_SHOP_URL", shop)
            .env(
                "BROWSER_ADMIN_EMAIL",
                &world.environment.settings().admin_email,
            )
            .env(
                "BROWSER_ADMIN_PASSWORD_FILE",
                world.paths.secrets().join("admin-password"),
            )
            .env("BROWSER_TOOLS", &self.tools)
            .env("BROWSER_OUT", out);
        quiet_cargo::as_from_a_shell(command.as_std_mut());
        Ok(command)
    }

    /// Has npm install exactly what the lock file says, unless that has been done; no package runs a script of its own.
    async fn install(&self, workspace: &Path, tool: Tool) -> Result<(), Failure> {
        let source = workspace.join("browser/tools").join(tool.folder());
        let target = self.tools.join(tool.folder());
        let stamp = target.join("installed");
        let mut contents = Vec::new();
        for name in ["package.json", "package-lock.json"] {
            let path = source.join(name);
            contents.push((name, fs::read_to_string(&path).doing("read", &path)?));
        }
        let wanted = digest::of_parts(contents.iter().map(|(_, text)| text.as_str()));
        if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(());
        }
        fs::create_dir_all(&target).doing("create", &target)?;
        for (name, text) in &contents {
            let path = target.join(name);
            fs::write(&path, text).doing("write", &path)?;
        }
        let mut npm = Command::new("npm");
        npm.args([
            "ci",
            "--ignore-scripts",
            "--no-audit",
            "--no-fund",
            "--loglevel=error",
        ])
        .current_dir(&target);
        let hint = format!("npm ci --ignore-scripts   (in {})", target.display());
        output(&mut npm, Kind::InstallFailed, &hint).await?;
        fs::write(&stamp, wanted).doing("write", &stamp)
    }
}

/// Runs it to its end; the failure has its last lines.
async fn output(command: &mut Command, kind: Kind, hint: &str) -> Result<(), Failure> {
    let mut lines = Vec::new();
    let status = quiet_cargo::run(command, |line| lines.push(line.to_owned())).await;
    let detail = match status {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => format!("it ended with {status}"),
        Err(error) => error.to_string(),
    };
    let tail = lines.split_off(lines.len().saturating_sub(20));
    Err(Failure::new("browser", kind, detail, hint).with_log_tail(tail))
}
