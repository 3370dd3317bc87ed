//! Watches the health of one run of one process, from its first moment to its last.

use std::time::{Duration, Instant};

use tokio::{sync::mpsc, time::sleep};

use super::ports;
use crate::{health, runtime::host::protocol::HealthCheck};

/// For one question.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Between questions before it is healthy: quicker at first, for what starts at once.
const EAGER: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(50)];
const STARTING: Duration = Duration::from_millis(100);
const HEALTHY: Duration = Duration::from_secs(2);
/// Between questions while it is unhealthy.
const UNHEALTHY: Duration = Duration::from_millis(500);
/// So many failures in a row make it unhealthy.
const FAILURES: u32 = 3;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Finding {
    Healthy,
    /// The check fails, and its state is what it was: starting, or healthy for now.
    Failing(String),
    Unhealthy(String),
}

pub(super) struct Monitor {
    pub(super) check: HealthCheck,
    pub(super) pid: u32,
    pub(super) start_timeout: Duration,
    pub(super) findings: mpsc::Sender<Finding>,
}

impl Monitor {
    /// Ends when nobody listens any more.
    pub(super) async fn run(self) {
        if self.until_healthy().await.is_some() {
            while self.while_healthy().await.is_some() && self.while_unhealthy().await.is_some() {}
        }
    }

    async fn tell(&self, finding: Finding) -> Option<()> {
        self.findings.send(finding).await.ok()
    }

    async fn until_healthy(&self) -> Option<()> {
        let start = Instant::now();
        let mut pauses = EAGER.into_iter().chain(std::iter::repeat(STARTING));
        loop {
            match self.probe_own().await {
                Ok(()) => return self.tell(Finding::Healthy).await,
                Err(detail) if start.elapsed() < self.start_timeout => {
                    self.tell(Finding::Failing(detail)).await?;
                }
                Err(detail) => {
                    let detail = format!("not healthy after {:?}: {detail}", self.start_timeout);
                    self.tell(Finding::Failing(detail)).await?;
                }
            }
            sleep(pauses.next().unwrap_or(STARTING)).await;
        }
    }

    async fn while_healthy(&self) -> Option<()> {
        let mut failures = 0;
        loop {
            sleep(HEALTHY).await;
            match health::probe(&self.check, TIMEOUT).await {
                Ok(()) if failures > 0 => {
                    failures = 0;
                    self.tell(Finding::Healthy).await?;
                }
                Ok(()) => {}
                Err(detail) => {
                    failures += 1;
                    if failures == FAILURES {
                        return self.tell(Finding::Unhealthy(detail)).await;
                    }
                    self.tell(Finding::Failing(detail)).await?;
                }
            }
        }
    }

    async fn while_unhealthy(&self) -> Option<()> {
        loop {
            sleep(UNHEALTHY).await;
            match health::probe(&self.check, TIMEOUT).await {
                Ok(()) => return self.tell(Finding::Healthy).await,
                Err(detail) => self.tell(Finding::Unhealthy(detail)).await?,
            }
        }
    }

    /// Asks, and makes sure that it was this process that answered: where another program has the port, ours is about
    /// to fail, and the stranger's good answer must not pass for its health.
    async fn probe_own(&self) -> Result<(), String> {
        health::probe(&self.check, TIMEOUT).await?;
        let (pid, port) = (
            self.pid,
            health::address(&self.check)
                .rsplit_once(':')
                .and_then(|(_, port)| port.parse().ok()),
        );
        let Some(port) = port else { return Ok(()) };
        match tokio::task::spawn_blocking(move || ports::foreign_holder(port, pid)).await {
            Ok(Some(holder)) => Err(format!("port {port} is held by {holder}")),
            // Its own; or the look-up failed, and then the answer counts.
            Ok(None) | Err(_) => Ok(()),
        }
    }
}
