//! The pieces that every service's configuration is put together from, so that a variable means the same everywhere.

use std::{fmt, fs, num::NonZeroU32, path::Path, str::FromStr};

use anyhow::Context as _;
use sha2::{Digest as _, Sha256};

/// How much the process logs.
#[derive(Debug, Clone, clap::Args)]
pub struct LogConfig {
    /// Lowest level that is logged: error, warn, info, debug or trace, also per module (`info,sqlx=debug`).
    #[arg(long, env = "LOG_LEVEL", default_value = "info", global = true)]
    pub log_level: String,
}

/// How much one client (an IPv4 address, or an IPv6 network of 64 bits) may ask of this replica. Only what comes through the
/// edge is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub struct RateLimitConfig {
    /// Requests a second that a client may send for long.
    #[arg(long, env = "RATE_LIMIT_PER_SECOND", default_value_t = Self::default().rate_limit_per_second)]
    pub rate_limit_per_second: NonZeroU32,
    /// Requests that it may send at once.
    #[arg(long, env = "RATE_LIMIT_BURST", default_value_t = Self::default().rate_limit_burst)]
    pub rate_limit_burst: NonZeroU32,
}

impl Default for RateLimitConfig {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("BUG: it is not zero");
        Self {
            rate_limit_per_second: number(10),
            rate_limit_burst: number(50),
        }
    }
}

/// Something that must not appear in a log, a process list or an environment dump.
///
/// It parses from the path of a file, which is what the `*_FILE` variables hold.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A secret that is already in memory.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// Reads the file without its trailing line end.
    pub fn read(path: &Path) -> anyhow::Result<Self> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("cannot read the secret in {}", path.display()))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        anyhow::ensure!(
            !secret.is_empty(),
            "the secret file {} is empty",
            path.display()
        );
        Ok(Self(secret.to_owned()))
    }

    /// Whether this is it. Digests are compared, so that how long it takes says nothing about the secret.
    pub fn is(&self, given: &str) -> bool {
        Sha256::digest(given) == Sha256::digest(&self.0)
    }

    /// The secret itself, for the one place that needs it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl FromStr for Secret {
    type Err = anyhow::Error;

    fn from_str(path: &str) -> Result<Self, Self::Err> {
        Self::read(Path::new(path))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_printed() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }

    #[test]
    fn a_missing_secret_names_its_file() {
        let error = "/nowhere/secret".parse::<Secret>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "cannot read the secret in /nowhere/secret"
        );
    }
}
