//! The platform that is used: its addresses, and an HTTP client for what people do not do in a browser.

use std::{fs, path::PathBuf, time::Duration};

use anyhow::{Context as _, Result};

use crate::cli::Place;

/// A running platform.
#[derive(Debug, Clone)]
pub(crate) struct Platform {
    pub(crate) place: Place,
    pub(crate) http: reqwest::Client,
}

impl Platform {
    pub(crate) fn at(place: Place) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("cannot make an HTTP client")?;
        fs::create_dir_all(&place.out)
            .with_context(|| format!("cannot make {}", place.out.display()))?;
        Ok(Self { place, http })
    }

    /// The whole address of a path of the shop; what is a whole one already stays it.
    pub(crate) fn url(&self, path: &str) -> String {
        if path.starts_with("http") {
            return path.to_owned();
        }
        format!(
            "{}{path}",
            self.place.shop_url.as_str().trim_end_matches('/')
        )
    }

    pub(crate) fn admin_password(&self) -> Result<String> {
        let file = &self.place.admin_password_file;
        let text = fs::read_to_string(file)
            .with_context(|| format!("cannot read the password in {}", file.display()))?;
        Ok(text.trim_end().to_owned())
    }

    /// A file of one of the npm tools.
    pub(crate) fn tool(&self, tool: &str, file: &str) -> Result<PathBuf> {
        let path = self.place.tools.join(tool).join("node_modules").join(file);
        anyhow::ensure!(
            path.exists(),
            "{} is missing: `cargo xtask test --only browser` installs it",
            path.display()
        );
        Ok(path)
    }
}
