//! Looks at every kind of page that somebody can reach, with every eye that there is.
//!
//! Each page is loaded once: links, assets, console and policy, HTML, accessibility in both colour schemes, and whether it
//! fits a narrow screen. What is wrong is gathered, so that one run tells everything.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Result, bail, ensure};
use serde_json::json;

use crate::{accessibility, browser::Browser, crawl, markup, output};

/// Fails with everything that is wrong with what can be reached from `starts`.
pub(crate) async fn run(browser: &Browser, starts: &[&str]) -> Result<()> {
    run_within(browser, starts, &[]).await
}

/// The same for one part of the shop: links that lead out of it must lead somewhere, and are not gone on from.
pub(crate) async fn run_within(browser: &Browser, starts: &[&str], within: &[&str]) -> Result<()> {
    let started = Instant::now();
    let cookies = browser.cookies().await?;
    let crawl = crawl::run(&browser.platform, &cookies, starts, within).await?;
    let pages = crawl::kinds(&crawl.pages);
    ensure!(
        !pages.is_empty(),
        "there is no page to look at: {}",
        crawl.broken.join(" · ")
    );
    let mut faults = Faults::default();
    for broken in &crawl.broken {
        faults.add("leads nowhere", broken.clone());
    }
    for (page, fault) in markup::faults(&browser.platform, &pages).await? {
        faults.add(&fault, page);
    }
    let axe = accessibility::source(&browser.platform)?;
    for page in &pages {
        for fault in look_at(browser, &page.path, &axe).await? {
            faults.add(&fault, page.path.clone());
        }
    }
    output::problem(&format!(
        "  {} addresses, {} kinds of pages: {} s",
        crawl.asked,
        pages.len(),
        started.elapsed().as_secs()
    ));
    faults.verdict()
}

/// What is wrong, and where: the same thing on twenty pages is told once.
#[derive(Debug, Default)]
struct Faults(BTreeMap<String, Vec<String>>);

impl Faults {
    fn add(&mut self, what: &str, place: String) {
        self.0.entry(what.to_owned()).or_default().push(place);
    }

    fn verdict(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let lines = self.0.iter().map(|(what, places)| {
            let shown: Vec<&str> = places.iter().take(3).map(String::as_str).collect();
            format!("{what}\n    {} times: {}", places.len(), shown.join(" · "))
        });
        bail!("{}", lines.collect::<Vec<_>>().join("\n"))
    }
}

/// What is wrong with one page, as Chromium shows it.
pub(crate) async fn look_at(browser: &Browser, path: &str, axe: &str) -> Result<Vec<String>> {
    browser.resize(1280, 900).await?;
    browser.prefer("light").await?;
    browser.watched().await?;
    browser.open(path).await?;
    settle(browser).await?;
    let mut faults = browser.watched().await?.faults();
    for scheme in ["light", "dark"] {
        faults.extend(accessibility::faults(browser, axe, scheme).await?);
    }
    faults.extend(too_wide(browser).await?);
    Ok(faults)
}

/// Scrolls through the page, so that pictures further down are fetched, and waits for them.
pub(crate) async fn settle(browser: &Browser) -> Result<()> {
    browser.ask_async(SCROLL_THROUGH, Vec::new()).await?;
    Ok(())
}

const SCROLL_THROUGH: &str = "
const done = arguments[arguments.length - 1];
(async () => {
  const frame = () => new Promise(next => requestAnimationFrame(next));
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight) {
    scrollTo({ top: y, behavior: 'instant' });
    await frame();
    await frame();
  }
  // What a closed <details> holds has a place and is not fetched.
  const pictures = [...document.images].filter(one => one.checkVisibility());
  await Promise.all(pictures.map(one => one.decode().catch(() => {})));
  scrollTo({ top: 0, behavior: 'instant' });
  await frame();
})().then(() => done(true), error => done(String(error)));
";

/// WCAG 1.4.10: at 320 pixels nobody scrolls sideways. Tables may, within themselves.
async fn too_wide(browser: &Browser) -> Result<Vec<String>> {
    browser.resize(320, 640).await?;
    let script = "
const limit = document.documentElement.clientWidth;
if (document.documentElement.scrollWidth <= limit) return null;
const wide = [...document.querySelectorAll('body *')].filter(one => one.getBoundingClientRect().right > limit + 1);
const last = wide.filter(one => !wide.some(other => other !== one && one.contains(other)))
  .sort((one, other) => other.getBoundingClientRect().right - one.getBoundingClientRect().right).slice(0, 3);
return { width: document.documentElement.scrollWidth,
         culprits: last.map(one => one.tagName.toLowerCase() + (one.className ? '.' + one.className : '')) };
";
    let found = browser.ask(script, vec![json!(null)]).await?;
    if found.is_null() {
        return Ok(Vec::new());
    }
    Ok(vec![format!(
        "is {} pixels wide on a screen of 320: {}",
        found["width"], found["culprits"]
    )])
}
