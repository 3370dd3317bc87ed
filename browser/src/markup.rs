//! html-validate on the pages' sources: browsers forgive wrong HTML, each in its own way.

use std::{fs, process::Stdio};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::process::Command;

use crate::{crawl::Page, platform::Platform};

/// What the standard says, and nothing about taste. Blanks at the ends of lines come from templates, and nobody reads them. A
/// list may have a name: ARIA says so. And an order's page looks again by itself where no script could tell it the news.
const RULES: &str = r#"{
  "root": true,
  "extends": ["html-validate:standard", "html-validate:a11y"],
  "rules": {
    "no-trailing-whitespace": "off",
    "aria-label-misuse": ["error", { "allowAnyNamable": true }],
    "meta-refresh": "off"
  }
}"#;

/// Where something is wrong in these pages, and what.
pub(crate) async fn faults(platform: &Platform, pages: &[&Page]) -> Result<Vec<(String, String)>> {
    let folder = tempfile::Builder::new()
        .prefix("argosy-markup-")
        .tempdir()?;
    let rules = folder.path().join("rules.json");
    fs::write(&rules, RULES)?;
    let mut command = Command::new("node");
    command
        .arg(platform.tool("checks", "html-validate/bin/html-validate.mjs")?)
        .args(["--formatter", "json", "--config"])
        .arg(&rules)
        .current_dir(folder.path())
        .stdin(Stdio::null());
    for (number, page) in pages.iter().enumerate() {
        let name = format!("{number}.html");
        fs::write(folder.path().join(&name), &page.html)?;
        command.arg(name);
    }
    // Into a file: node does not wait for a pipe before it ends.
    let report = folder.path().join("report.json");
    command
        .stdout(fs::File::create(&report)?)
        .stderr(Stdio::piped());
    let node = command.spawn().context("cannot start node")?;
    let output = node.wait_with_output().await?;
    let Ok(report) = serde_json::from_slice::<Value>(&fs::read(&report)?) else {
        bail!(
            "html-validate does not answer: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    let mut faults = Vec::new();
    for file in report.as_array().into_iter().flatten() {
        let path = file["filePath"].as_str().unwrap_or_default();
        let number: Option<usize> = path
            .rsplit('/')
            .next()
            .and_then(|name| name.strip_suffix(".html"))
            .and_then(|number| number.parse().ok());
        let page = number
            .and_then(|number| pages.get(number))
            .map_or(path, |page| page.path.as_str());
        for message in file["messages"].as_array().into_iter().flatten() {
            let text = |field: &str| message[field].as_str().unwrap_or_default().to_owned();
            let fault = format!(
                "{} ({}) at {}",
                text("message"),
                text("ruleId"),
                text("selector")
            );
            faults.push((format!("{page} line {}", message["line"]), fault));
        }
    }
    Ok(faults)
}
