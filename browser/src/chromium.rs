//! Chromium and its driver: one driver for a run, a browser with a profile of its own for each visit.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context as _, Result, bail};
use tempfile::TempDir;
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities as _, LoggingPrefsLogLevel, WebDriver,
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::{browser::Browser, platform::Platform};

const START: Duration = Duration::from_mins(1);
/// axe looks at every element of a page, and on a busy machine that takes its time.
const SCRIPT: Duration = Duration::from_mins(2);

/// As root in a container, without a screen, and asking nobody outside for anything.
const SWITCHES: [&str; 15] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--disable-search-engine-choice-screen",
    // What is scrolled to must be there at once.
    "--force-prefers-reduced-motion",
    "--hide-scrollbars",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
];

/// Whether pages may run scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// The running driver. It and its browsers end when this is dropped.
#[derive(Debug)]
pub(crate) struct Chromium {
    _driver: Child,
    url: String,
    profiles: TempDir,
}

impl Chromium {
    /// Starts the driver on a port that it chooses itself.
    pub(crate) async fn start() -> Result<Self> {
        let profiles = tempfile::Builder::new()
            .prefix("argosy-browser-")
            .tempdir()?;
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", profiles.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start chromedriver (Debian's package is chromium-driver)")?;
        let output = driver.stdout.take().context("BUG: stdout is piped")?;
        let port = timeout(START, port_of(BufReader::new(output).lines()))
            .await
            .context("chromedriver does not say on which port it listens")??;
        Ok(Self {
            _driver: driver,
            url: format!("http://127.0.0.1:{port}"),
            profiles,
        })
    }

    /// A browser that nobody has used yet.
    pub(crate) async fn open(&self, platform: &Platform, scripts: Scripts) -> Result<Browser> {
        let profile = tempfile::tempdir_in(self.profiles.path())?;
        let mut capabilities = ChromeCapabilities::new();
        capabilities.set_binary(&program()?.to_string_lossy())?;
        for switch in SWITCHES {
            capabilities.add_arg(switch)?;
        }
        capabilities.add_arg(&format!("--user-data-dir={}", profile.path().display()))?;
        capabilities.add_arg("--window-size=1280,900")?;
        capabilities.set_logging_prefs("browser", LoggingPrefsLogLevel::All)?;
        capabilities.set_logging_prefs("performance", LoggingPrefsLogLevel::All)?;
        if scripts == Scripts::Off {
            let preferences =
                serde_json::json!({ "profile.managed_default_content_settings.javascript": 2 });
            capabilities.add_experimental_option("prefs", preferences)?;
        }
        let driver = WebDriver::new(&self.url, capabilities)
            .await
            .context("Chromium does not start")?;
        driver.set_script_timeout(SCRIPT).await?;
        Ok(Browser::new(driver, platform.clone(), profile))
    }
}

/// Debian's name, and the one of other distributions.
pub(crate) fn program() -> Result<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = ["chromium", "chromium-browser", "google-chrome"]
        .iter()
        .flat_map(|name| std::env::split_paths(&folders).map(move |folder| folder.join(name)))
        .find(|path| path.exists());
    found.context("Chromium is not installed (Debian's package is chromium)")
}

async fn port_of(
    mut lines: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
) -> Result<u16> {
    while let Some(line) = lines.next_line().await? {
        if let Some((_, port)) = line.split_once("on port ")
            && let Ok(port) = port.trim_end_matches('.').parse()
            && port != 0
        {
            return Ok(port);
        }
    }
    bail!("chromedriver has ended at once")
}
