//! Waits until a container is healthy, or says why it will not be. Asks from the first moment, and looks at the
//! container itself each time: one that has ended is not waited for.

use std::time::{Duration, Instant};

use bollard::models::ContainerStateStatusEnum as State;
use tokio::time::sleep;

use super::Apply;
use crate::{
    failure::{Failure, Kind},
    health,
    runtime::docker::{
        HEALTH_TIMEOUT,
        blueprint::ContainerSpec,
        card,
        observe::{self, Seen},
        reach::Reach,
    },
};

/// Between questions: quicker at first, for what starts at once.
const EAGER: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(50)];
const STARTING: Duration = Duration::from_millis(100);

/// Ends before it was ever healthy that make a start a failure.
const ENDS: i64 = 2;

/// What one look has shown.
enum Look {
    Healthy,
    NotYet(String),
    Failed(String, Kind),
}

impl Apply<'_> {
    pub(super) async fn healthy(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        let Some(service) = spec.service() else {
            return Ok(());
        };
        let limit = service.start_timeout.duration();
        let begun = Instant::now();
        let mut pauses = EAGER.into_iter();
        // How it ended the last time, which is gone as soon as it runs again.
        let mut ending = None;
        loop {
            let (detail, kind) = match self.look(spec, &mut ending).await? {
                Look::Healthy => return Ok(()),
                Look::Failed(detail, kind) => (detail, kind),
                Look::NotYet(_) if begun.elapsed() < limit => {
                    sleep(pauses.next().unwrap_or(STARTING)).await;
                    continue;
                }
                Look::NotYet(last) => (
                    format!("not healthy after {}: {last}", service.start_timeout),
                    Kind::Unhealthy,
                ),
            };
            return Err(
                card::ended(self.session, self.engine, self.names, spec, &detail, kind).await,
            );
        }
    }

    async fn look(
        &self,
        spec: &ContainerSpec,
        ending: &mut Option<String>,
    ) -> Result<Look, Failure> {
        let container = self.container(spec);
        let Some(seen) = observe::one(self.engine, self.names, &container).await? else {
            return Ok(Look::Failed(
                "its container is gone".into(),
                Kind::CrashLoop,
            ));
        };
        match seen.state() {
            State::RESTARTING => *ending = Some(seen.ending()),
            State::EXITED | State::DEAD => {
                return Ok(Look::Failed(seen.ending(), Kind::CrashLoop));
            }
            _ => {}
        }
        let restarts = seen.container.restart_count.unwrap_or_default();
        // Between two starts the engine pauses longer each time, so how it ended is seen sooner or later.
        if restarts >= ENDS
            && let Some(how) = ending
        {
            let detail = format!("{how}, and again after {ENDS} more starts");
            return Ok(Look::Failed(detail, Kind::CrashLoop));
        }
        Ok(match self.ask(spec, &seen).await {
            Ok(()) => Look::Healthy,
            Err(detail) => Look::NotYet(detail),
        })
    }

    async fn ask(&self, spec: &ContainerSpec, seen: &Seen) -> Result<(), String> {
        let service = spec.service().ok_or("BUG: a job has no health")?;
        let reach = Reach::of(self.engine, std::iter::once(seen));
        health::probe(&reach.check(&service.health)?, HEALTH_TIMEOUT).await
    }
}
