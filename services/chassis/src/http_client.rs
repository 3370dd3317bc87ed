//! Calls to other services: a client that cannot wait for ever.

use std::time::Duration;

/// A client whose calls take at most `timeout` in all, and at most a second to connect.
pub fn new(timeout: Duration) -> reqwest::Client {
    reqwest::Client::builder()
        .connect_timeout(timeout.min(Duration::from_secs(1)))
        .timeout(timeout)
        .pool_idle_timeout(Duration::from_secs(30))
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("argosy/", env!("CARGO_PKG_VERSION")))
        .build()
        .expect("BUG: these settings are always valid")
}
