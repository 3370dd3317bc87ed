//! A picture of every page, on a phone, a tablet and a desk, light and dark: to be looked at with a critical eye.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Url;
use serde_json::json;

use crate::{
    browser::Browser,
    chromium::{Chromium, Scripts},
    output,
    pages::{self, Stage, View, Visit},
    platform::Platform,
    scenarios::PUT_IN,
    survey,
};

const WIDTHS: [(u32, u32); 3] = [(390, 844), (768, 1024), (1440, 900)];
const SCHEMES: [&str; 2] = ["light", "dark"];

/// Takes them all, or those whose name contains `only`, of the shop and of those that lack a part. Whether every page could be
/// shown comes back.
pub(crate) async fn run(
    platform: Platform,
    only: Option<&str>,
    without: &[(String, Url)],
) -> Result<bool> {
    let mut camera = Camera {
        chromium: Chromium::start().await?,
        platform,
        only,
        taken: 0,
        failed: 0,
    };
    camera.visit(&pages::guest(&camera.platform).await?).await?;
    let stage = Stage::set(&camera.platform, without).await?;
    let visited = async {
        for visit in &stage.visits {
            camera.visit(visit).await?;
        }
        Ok(())
    }
    .await;
    let cleared = stage.clear(&camera.platform).await;
    visited.and(cleared)?;
    let out = camera.platform.place.out.display();
    output::line(&format!("{} pictures are in {out}", camera.taken));
    Ok(camera.failed == 0)
}

struct Camera<'a> {
    chromium: Chromium,
    platform: Platform,
    only: Option<&'a str>,
    taken: usize,
    failed: usize,
}

impl Camera<'_> {
    async fn visit(&mut self, visit: &Visit) -> Result<()> {
        let wanted = |view: &&View| {
            self.only
                .is_none_or(|only| format!("{}-{}", visit.visitor, view.name).contains(only))
        };
        let views: Vec<&View> = visit.views.iter().filter(wanted).collect();
        if views.is_empty() {
            return Ok(());
        }
        let browser = self.chromium.open(&self.platform, Scripts::On).await?;
        enter(&browser, visit).await?;
        for view in views {
            match take(&browser, visit.visitor, view).await {
                Ok(number) => self.taken += number,
                Err(error) => {
                    self.failed += 1;
                    let error = output::in_words(&error);
                    output::problem(&format!("{}: {error}", view.path));
                }
            }
        }
        browser.quit().await
    }
}

/// Signs in and fills the cart.
async fn enter(browser: &Browser, visit: &Visit) -> Result<()> {
    if let Some(person) = &visit.person {
        person.sign_in(browser).await?;
    }
    if let Some(product) = &visit.cart {
        browser.open(product).await?;
        browser.press(PUT_IN).await?;
        browser.arrives_at("/cart").await?;
    }
    Ok(())
}

/// All pictures of one page; how many they are comes back.
async fn take(browser: &Browser, visitor: &str, view: &View) -> Result<usize> {
    let mut taken = 0;
    for (width, height) in WIDTHS {
        browser.resize(width, height).await?;
        browser.prefer(SCHEMES[0]).await?;
        browser.open(&view.path).await?;
        survey::settle(browser).await?;
        for scheme in SCHEMES {
            browser.prefer(scheme).await?;
            let name = format!("{visitor}-{}-{width}-{scheme}.png", view.name);
            photograph(browser, &browser.platform.place.out.join(name)).await?;
            taken += 1;
        }
    }
    Ok(taken)
}

/// The whole page, not only what fits the window.
async fn photograph(browser: &Browser, file: &Path) -> Result<()> {
    let metrics = browser.devtools("Page.getLayoutMetrics", json!({})).await?;
    let size = &metrics["cssContentSize"];
    let options = json!({
        "format": "png", "captureBeyondViewport": true,
        "clip": { "x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1 },
    });
    let answer = browser.devtools("Page.captureScreenshot", options).await?;
    let data = answer["data"]
        .as_str()
        .context("Chromium sends no picture")?;
    let picture = BASE64_STANDARD
        .decode(data)
        .context("Chromium sends no picture")?;
    fs::write(file, picture).with_context(|| format!("cannot write {}", file.display()))
}
