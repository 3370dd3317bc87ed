//! One person's browser, used as people use it: things are found by what they say, and waited for.
//!
//! Nothing here knows a class or an id of a page. A test that finds the button "Place order" still passes after a redesign,
//! and fails when a person could no longer find it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use tempfile::TempDir;
use thirtyfour::{
    By, Key, WebDriver, WebElement,
    error::{WebDriverError, WebDriverErrorInner},
};

use crate::{platform::Platform, thing::Thing, watch};

/// How long a page may take to show what is expected of it, on a machine that is busy with more than this.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// Whether the page was replaced under a command. Chromium's driver says so in two ways: as a stale element, which is the
/// standard's, and as an error of its own.
fn was_replaced(error: &WebDriverError) -> bool {
    matches!(**error, WebDriverErrorInner::StaleElementReference(_))
        || error
            .to_string()
            .contains("does not belong to the document")
}

#[derive(Debug)]
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    pub(crate) platform: Platform,
    /// Removed with the browser.
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn new(driver: WebDriver, platform: Platform, profile: TempDir) -> Self {
        Self {
            driver,
            platform,
            _profile: profile,
        }
    }

    /// Goes to a path of the shop.
    pub(crate) async fn open(&self, path: &str) -> Result<()> {
        self.driver
            .goto(self.platform.url(path))
            .await
            .with_context(|| format!("cannot open {path}"))
    }

    /// Path and query of the page that is shown.
    pub(crate) async fn path(&self) -> Result<String> {
        let url = self.driver.current_url().await?;
        Ok(match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        })
    }

    /// The first such thing that can be seen, as soon as there is one.
    pub(crate) async fn find(&self, thing: Thing<'_>) -> Result<WebElement> {
        let started = Instant::now();
        loop {
            if let Some(found) = self.look_for(thing).await? {
                return Ok(found);
            }
            if started.elapsed() > PATIENCE {
                return Err(self.in_vain(&format!("there is no {thing}")).await);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// The same without waiting.
    pub(crate) async fn look_for(&self, thing: Thing<'_>) -> Result<Option<WebElement>> {
        for by in thing.ways() {
            let found = match self.driver.find_all(by).await {
                Err(error) if was_replaced(&error) => return Ok(None),
                found => found?,
            };
            for element in found {
                // An element that has gone since it was found is not there.
                if element.is_displayed().await.unwrap_or(false) {
                    return Ok(Some(element));
                }
            }
        }
        Ok(None)
    }

    pub(crate) async fn press(&self, name: &str) -> Result<()> {
        self.click(Thing::Button(name)).await
    }

    pub(crate) async fn follow(&self, name: &str) -> Result<()> {
        self.click(Thing::Link(name)).await
    }

    /// News may replace a part of the page between looking and clicking: then it is looked for again.
    async fn click(&self, thing: Thing<'_>) -> Result<()> {
        let started = Instant::now();
        loop {
            match self.find(thing).await?.click().await {
                Err(error) if was_replaced(&error) && started.elapsed() < PATIENCE => {}
                clicked => {
                    return clicked.with_context(|| format!("cannot click the {thing}"));
                }
            }
        }
    }

    /// Replaces what a field holds.
    pub(crate) async fn fill(&self, label: &str, text: &str) -> Result<()> {
        let field = self.find(Thing::Field(label)).await?;
        let filled = async {
            if field.tag_name().await? != "select" {
                field.clear().await?;
            }
            field.send_keys(text).await
        };
        filled
            .await
            .with_context(|| format!("cannot fill in the {}", Thing::Field(label)))
    }

    /// Gives a file field the path of a file.
    pub(crate) async fn attach(&self, label: &str, file: &std::path::Path) -> Result<()> {
        // The field itself may be hidden behind a label that looks better.
        let [by, ..] = Thing::Field(label).ways();
        let field = self
            .driver
            .find(by)
            .await
            .with_context(|| format!("there is no {}", Thing::Field(label)))?;
        field.send_keys(file.to_string_lossy().as_ref()).await?;
        Ok(())
    }

    /// Everything that can be read on the page, in one line.
    pub(crate) async fn text(&self) -> Result<String> {
        let body = self.driver.find(By::Tag("body")).await?;
        let text = body.text().await?;
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Waits until the page says this.
    pub(crate) async fn sees(&self, words: &str) -> Result<()> {
        self.until(&format!("the page does not say \"{words}\""), async || {
            // A page that is just being replaced has no body yet.
            Ok(self.text().await.is_ok_and(|text| text.contains(words)))
        })
        .await
    }

    /// Waits until the address begins with this path.
    pub(crate) async fn arrives_at(&self, path: &str) -> Result<()> {
        self.until(&format!("the address does not become {path}"), async || {
            Ok(self.path().await?.starts_with(path))
        })
        .await
    }

    /// Asks again until it is so; `problem` says what is wrong while it is not.
    pub(crate) async fn until(
        &self,
        problem: &str,
        mut so: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<()> {
        let started = Instant::now();
        while !so().await? {
            if started.elapsed() > PATIENCE {
                return Err(self.in_vain(problem).await);
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(())
    }

    /// The error of something that was waited for, with what is there instead.
    async fn in_vain(&self, problem: &str) -> anyhow::Error {
        let path = self.path().await.unwrap_or_default();
        let text = self.text().await.unwrap_or_default();
        let shown: String = text.chars().take(600).collect();
        anyhow::anyhow!(
            "{problem} on {path} within {} s; it says: {shown}",
            PATIENCE.as_secs()
        )
    }

    /// Presses a key, on whatever has the focus.
    pub(crate) async fn key(&self, key: Key) -> Result<()> {
        let keys = self.driver.action_chain().send_keys(key.value());
        keys.perform().await.context("cannot press a key")
    }

    /// Types on whatever has the focus.
    pub(crate) async fn type_text(&self, text: &str) -> Result<()> {
        let keys = self.driver.action_chain().send_keys(text);
        keys.perform().await.context("cannot type")
    }

    /// What a script says about the page; needs pages that may run scripts.
    pub(crate) async fn ask(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let answer = self.driver.execute(script, arguments).await?;
        Ok(answer.json().clone())
    }

    /// The same for a script that calls its last argument when it is done.
    pub(crate) async fn ask_async(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let answer = self.driver.execute_async(script, arguments).await?;
        Ok(answer.json().clone())
    }

    /// Makes the window look like another device.
    pub(crate) async fn resize(&self, width: u32, height: u32) -> Result<()> {
        let device = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", device)
            .await?;
        Ok(())
    }

    /// As if the person had asked the system for dark, or for light.
    pub(crate) async fn prefer(&self, scheme: &str) -> Result<()> {
        let media = json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] });
        self.devtools("Emulation.setEmulatedMedia", media).await?;
        Ok(())
    }

    pub(crate) async fn devtools(&self, command: &str, parameters: Value) -> Result<Value> {
        let answer = self.driver.cdp().send_raw(command, parameters).await;
        answer.with_context(|| format!("Chromium refuses {command}"))
    }

    /// What has been fetched and complained about since it was last asked.
    pub(crate) async fn watched(&self) -> Result<watch::Watched> {
        let console = self.driver.get_log("browser").await?;
        let network = self.driver.get_log("performance").await?;
        Ok(watch::Watched::read(&console, &network))
    }

    /// The shop's cookies in the form in which a client sends them.
    pub(crate) async fn cookies(&self) -> Result<String> {
        let shop = json!({ "urls": [self.platform.url("/")] });
        let answer = self.devtools("Network.getCookies", shop).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let pairs: Vec<String> = answer["cookies"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|cookie| format!("{}={}", text(&cookie["name"]), text(&cookie["value"])))
            .collect();
        Ok(pairs.join("; "))
    }

    /// What could be done about a failed test: the page as it is, as a picture and as HTML.
    pub(crate) async fn keep(&self, name: &str) -> Result<()> {
        let folder = &self.platform.place.out;
        let stem: String = name
            .chars()
            .map(|letter| {
                if letter.is_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        self.driver
            .screenshot(&folder.join(format!("{stem}.png")))
            .await?;
        let html = self.driver.source().await?;
        std::fs::write(folder.join(format!("{stem}.html")), html)?;
        Ok(())
    }

    pub(crate) async fn quit(self) -> Result<()> {
        self.driver.quit().await.context("Chromium does not end")
    }
}

impl Browser {
    /// Goes on with the tab key until this has the focus, as somebody without a mouse does. Whatever has the focus on the way
    /// must show it.
    pub(crate) async fn tab_to(&self, name: &str) -> Result<()> {
        const STOPS: usize = 150;
        let mut passed = Vec::new();
        for _ in 0..STOPS {
            self.key(Key::Tab).await?;
            let focused = self.ask(FOCUSED, Vec::new()).await?;
            let said = focused["name"].as_str().unwrap_or_default();
            ensure!(
                focused["visible"] == true,
                "nothing shows that \"{said}\" has the focus on {}",
                self.path().await?
            );
            if said.contains(name) {
                return Ok(());
            }
            passed.push(said.to_owned());
        }
        bail!(
            "\"{name}\" cannot be reached with the tab key on {}; what can: {}",
            self.path().await?,
            passed.join(" · ")
        )
    }
}

/// The name of what has the focus, and whether it is on the screen with something around it that says so. Radio buttons and
/// the like may be drawn by what stands beside them.
const FOCUSED: &str = r#"
const element = document.activeElement;
if (!element || element === document.body) return { name: "(the page)", visible: true };
const labels = [...(element.labels ?? [])].map(label => label.innerText).join(" ");
const named = (element.getAttribute("aria-labelledby") ?? "").split(" ").filter(Boolean)
  .map(id => document.getElementById(id)?.innerText ?? "").join(" ");
const name = element.getAttribute("aria-label") || named || labels || element.innerText
  || element.querySelector("img")?.alt || element.value || element.name || element.tagName;
const near = [element, element.nextElementSibling, element.closest("label"), element.parentElement].filter(Boolean);
const rings = one => {
  const style = getComputedStyle(one);
  return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none";
};
const box = element.getBoundingClientRect();
const onScreen = near.some(one => {
  const found = one.getBoundingClientRect();
  return found.width > 1 && found.height > 1 && found.bottom > 0 && found.top < innerHeight;
});
return { name: name.replace(/\s+/g, " ").trim(), visible: onScreen && near.some(rings) };
"#;
