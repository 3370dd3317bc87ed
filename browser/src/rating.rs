//! What the most visited pages weigh on the wire, and how Lighthouse rates them.

use std::{fs, process::Stdio};

use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use serde_json::Value;
use tokio::process::Command;

use crate::{
    chromium::{self, Chromium, Scripts},
    output, pages,
    platform::Platform,
    survey,
};

const CATEGORIES: [&str; 4] = ["performance", "accessibility", "best-practices", "seo"];
const KILOBYTE: u32 = 1_000;

/// One number, as a line of JSON.
#[derive(Debug, Serialize)]
struct Line<'a> {
    what: String,
    condition: &'a str,
    value: f64,
    unit: &'a str,
}

/// Prints a line for each number.
pub(crate) async fn run(platform: &Platform, with_lighthouse: bool) -> Result<()> {
    let product = pages::some_product(platform).await?;
    let subjects = [("home page", "/".to_owned()), ("product page", product)];
    let chromium = Chromium::start().await?;
    for (name, path) in &subjects {
        for (device, width, height) in [("phone", 390, 844), ("desktop", 1440, 900)] {
            let bytes = weight(&chromium, platform, path, (width, height)).await?;
            tell(&format!("{name}, bytes"), device, kilobytes(bytes), "kB")?;
        }
    }
    drop(chromium);
    if with_lighthouse {
        for (name, path) in &subjects {
            for (category, score) in lighthouse(platform, path).await? {
                tell(&format!("{name}, Lighthouse"), &category, score, "")?;
            }
        }
    }
    Ok(())
}

fn tell(what: &str, condition: &str, value: f64, unit: &str) -> Result<()> {
    let line = Line {
        what: what.to_owned(),
        condition,
        value,
        unit,
    };
    output::line(&serde_json::to_string(&line)?);
    Ok(())
}

fn kilobytes(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / f64::from(KILOBYTE)
}

/// Everything that came over the wire for a first visit, pictures that are scrolled to included.
async fn weight(
    chromium: &Chromium,
    platform: &Platform,
    path: &str,
    (width, height): (u32, u32),
) -> Result<u64> {
    // A profile of its own: nothing is remembered.
    let browser = chromium.open(platform, Scripts::On).await?;
    let weighed = async {
        browser.resize(width, height).await?;
        browser.open(path).await?;
        survey::settle(&browser).await?;
        let watched = browser.watched().await?;
        let faults = watched.faults();
        if !faults.is_empty() {
            bail!("{path} is not well: {}", faults.join("; "));
        }
        Ok(watched.bytes())
    }
    .await;
    browser.quit().await?;
    weighed
}

/// Category and score, of 100.
async fn lighthouse(platform: &Platform, path: &str) -> Result<Vec<(String, f64)>> {
    let folder = tempfile::Builder::new()
        .prefix("argosy-lighthouse-")
        .tempdir()?;
    let report = folder.path().join("report.json");
    let switches = format!(
        "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --disable-background-networking \
         --disable-component-update --disable-sync --user-data-dir={}",
        folder.path().join("profile").display()
    );
    let output = Command::new("node")
        .arg(platform.tool("lighthouse", "lighthouse/cli/index.js")?)
        .arg(platform.url(path))
        .args(["--output=json", "--quiet", "--no-enable-error-reporting"])
        .arg(format!("--only-categories={}", CATEGORIES.join(",")))
        .arg(format!("--output-path={}", report.display()))
        .arg(format!("--chrome-flags={switches}"))
        .env("CHROME_PATH", chromium::program()?)
        .stdin(Stdio::null())
        .output()
        .await
        .context("cannot start node")?;
    let text = fs::read_to_string(&report).with_context(|| {
        format!(
            "Lighthouse has no report: {}",
            String::from_utf8_lossy(&output.stderr)
        )
    })?;
    let report: Value = serde_json::from_str(&text)?;
    for audit in failed_audits(&report) {
        output::problem(&format!("{path}: {audit}"));
    }
    CATEGORIES
        .iter()
        .map(|category| {
            let score = report["categories"][category]["score"]
                .as_f64()
                .with_context(|| format!("Lighthouse does not rate {category} of {path}"))?;
            Ok(((*category).to_owned(), (score * 100.0).round()))
        })
        .collect()
}

/// What costs points.
fn failed_audits(report: &Value) -> Vec<String> {
    let mut failed = Vec::new();
    for category in CATEGORIES {
        for reference in report["categories"][category]["auditRefs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|reference| reference["weight"].as_f64().unwrap_or_default() > 0.0)
        {
            let audit = &report["audits"][reference["id"].as_str().unwrap_or_default()];
            if let Some(score) = audit["score"].as_f64()
                && score < 0.9
            {
                failed.push(format!(
                    "{category}: {} scores {score:.2} {}",
                    audit["title"],
                    audit["displayValue"].as_str().unwrap_or_default()
                ));
            }
        }
    }
    failed
}
