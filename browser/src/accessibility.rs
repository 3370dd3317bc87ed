//! axe-core on the page that is open: what people with a screen reader, a keyboard or weak eyes would stumble over.

use std::fs;

use anyhow::{Result, anyhow};
use serde_json::{Value, json};

use crate::{browser::Browser, platform::Platform};

/// WCAG 2.2 AA and what came before it, and what axe's authors hold for good practice.
const RULES: [&str; 7] = [
    "wcag2a",
    "wcag2aa",
    "wcag21a",
    "wcag21aa",
    "wcag22a",
    "wcag22aa",
    "best-practice",
];

/// axe's own words for what keeps somebody from using a page.
const GRAVE: [&str; 2] = ["serious", "critical"];

/// Nothing may move while colours are compared.
const WITHOUT_MOTION: &str = "
const done = arguments[arguments.length - 1];
axe.run(document, arguments[0]).then(found => done(found.violations.map(one => ({
  id: one.id, impact: one.impact, help: one.help,
  where: one.nodes.slice(0, 3).map(node => node.target.join(' ') + ' (' + (node.any[0]?.message ?? node.failureSummary) + ')'),
  number: one.nodes.length,
}))), error => done({ error: String(error) }));
";

/// What axe found in this colour scheme. The second scheme is only looked at for its colours.
pub(crate) async fn faults(browser: &Browser, source: &str, scheme: &str) -> Result<Vec<String>> {
    browser.prefer(scheme).await?;
    let only = if scheme == "dark" {
        json!({ "type": "rule", "values": ["color-contrast", "link-in-text-block"] })
    } else {
        json!({ "type": "tag", "values": RULES })
    };
    browser.ask(source, Vec::new()).await?;
    let options = json!({ "runOnly": only, "resultTypes": ["violations"] });
    let found = browser.ask_async(WITHOUT_MOTION, vec![options]).await?;
    let violations = found
        .as_array()
        .ok_or_else(|| anyhow!("axe did not run: {found}"))?;
    Ok(violations
        .iter()
        .filter(|one| GRAVE.contains(&one["impact"].as_str().unwrap_or_default()))
        .map(|one| in_words(one, scheme))
        .collect())
}

/// axe itself, to be run in pages.
pub(crate) fn source(platform: &Platform) -> Result<String> {
    Ok(fs::read_to_string(
        platform.tool("checks", "axe-core/axe.min.js")?,
    )?)
}

fn in_words(violation: &Value, scheme: &str) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let places: Vec<String> = violation["where"]
        .as_array()
        .into_iter()
        .flatten()
        .map(text)
        .collect();
    format!(
        "{} ({}, {scheme}): {}; {} times, such as {}",
        text(&violation["id"]),
        text(&violation["impact"]),
        text(&violation["help"]),
        violation["number"],
        places.join("; ")
    )
}
