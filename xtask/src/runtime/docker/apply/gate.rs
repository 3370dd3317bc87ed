//! Waits until a container is healthy, or says why it will not be. Asks from the first moment, looks at the container
//! itself each time, and has the engine say when it ends: a question that nobody answers any more is not waited for.

use std::time::{Duration, Instant};

use bollard::{
    errors::Error, models::ContainerStateStatusEnum as State,
    query_parameters::WaitContainerOptionsBuilder,
};
use futures::{FutureExt as _, StreamExt as _, future::LocalBoxFuture};
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

/// The container's next end.
type End<'a> = LocalBoxFuture<'a, ()>;

/// What one look has shown.
enum Look {
    Healthy,
    NotYet(String),
    /// It has ended while it was asked.
    Ended,
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
        let mut end = self.next_end(spec);
        loop {
            let (detail, kind) = match self.look(spec, &mut ending, &mut end).await? {
                Look::Healthy => return Ok(()),
                Look::Failed(detail, kind) => (detail, kind),
                Look::Ended => {
                    end = self.next_end(spec);
                    continue;
                }
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
        end: &mut End<'_>,
    ) -> Result<Look, Failure> {
        let container = self.container(spec);
        let Some(seen) = observe::one(self.engine, self.names, &container).await? else {
            return Ok(Look::Failed(
                "its container is gone".into(),
                Kind::CrashLoop,
            ));
        };
        match seen.state() {
            // It would only need as much again.
            State::RESTARTING if seen.ran_out_of_memory() => {
                return Ok(Look::Failed(seen.ending(), Kind::OutOfMemory));
            }
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
            let detail = format!("{how}, {ENDS} times in a row");
            return Ok(Look::Failed(detail, Kind::CrashLoop));
        }
        Ok(tokio::select! {
            answer = self.ask(spec, &seen) => match answer {
                Ok(()) => Look::Healthy,
                Err(detail) => Look::NotYet(detail),
            },
            () = end => Look::Ended,
        })
    }

    /// Said by the engine at once; never where the engine cannot say it.
    fn next_end<'a>(&'a self, spec: &ContainerSpec) -> End<'a> {
        let container = self.container(spec);
        let options = WaitContainerOptionsBuilder::default()
            .condition("next-exit")
            .build();
        async move {
            let mut ends = self.engine.docker.wait_container(&container, Some(options));
            if let Some(Err(error)) = ends.next().await
                && !matches!(error, Error::DockerContainerWaitError { .. })
            {
                std::future::pending::<()>().await;
            }
        }
        .boxed_local()
    }

    async fn ask(&self, spec: &ContainerSpec, seen: &Seen) -> Result<(), String> {
        let service = spec.service().ok_or("BUG: a job has no health")?;
        let reach = Reach::of(self.engine, std::iter::once(seen));
        health::probe(&reach.check(&service.health)?, HEALTH_TIMEOUT).await
    }
}
