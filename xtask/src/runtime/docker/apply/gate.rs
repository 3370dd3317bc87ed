//! Waits until a container is healthy, or says why it will not be. Asks from the first moment, and has the engine say when the
//! container ends: then it is looked at, and a question that nobody answers any more is not waited for.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bollard::{
    errors::Error,
    models::ContainerStateStatusEnum as State,
    query_parameters::{EventsOptionsBuilder, WaitContainerOptionsBuilder},
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
        observe::{self, KILLED, Seen},
        reach::Reach,
    },
};

/// Between questions: quicker at first, for what starts at once.
const EAGER: [Duration; 2] = [Duration::from_millis(25), Duration::from_millis(50)];
const STARTING: Duration = Duration::from_millis(100);

/// A container whose end nobody has told of is looked at again after this time: the engine may not be able to tell.
const LOOKS: Duration = Duration::from_millis(500);

/// Ends before it was ever healthy that make a start a failure.
const ENDS: i64 = 2;

/// How much later than a container's end the engine may hear that there was no memory left.
const NEWS_OF_MEMORY: Duration = Duration::from_millis(300);

/// The container's next end, with its exit code.
type End<'a> = LocalBoxFuture<'a, i64>;

/// What is remembered from look to look: the engine forgets as soon as the container runs again.
#[derive(Default)]
struct Course {
    /// How it ended the last time.
    ending: Option<String>,
    /// As it was when it was looked at, unless it has ended since.
    seen: Option<(Seen, Instant)>,
}

/// What one look has shown.
enum Look {
    Healthy,
    NotYet(String),
    /// It has ended while it was asked, with this code.
    Ended(i64),
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
        let mut course = Course::default();
        let mut end = self.next_end(spec);
        loop {
            let (detail, kind) = match self.look(spec, &mut course, &mut end).await? {
                Look::Healthy => return Ok(()),
                Look::Failed(detail, kind) => (detail, kind),
                Look::Ended(code) => {
                    end = self.next_end(spec);
                    match course.seen.take() {
                        Some((seen, _))
                            if code == KILLED && self.ran_out_of_memory(&seen).await =>
                        {
                            (seen.out_of_memory(), Kind::OutOfMemory)
                        }
                        _ => continue,
                    }
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
        course: &mut Course,
        end: &mut End<'_>,
    ) -> Result<Look, Failure> {
        if let Some(failed) = self.look_at(spec, course).await? {
            return Ok(failed);
        }
        let Some((seen, _)) = &course.seen else {
            return Ok(Look::Failed(
                "its container is gone".into(),
                Kind::CrashLoop,
            ));
        };
        Ok(tokio::select! {
            answer = self.ask(spec, seen) => match answer {
                Ok(()) => Look::Healthy,
                Err(detail) => Look::NotYet(detail),
            },
            code = end => Look::Ended(code),
        })
    }

    /// Looks at the container itself, if that has not been done of late; says what is wrong with it.
    async fn look_at(
        &self,
        spec: &ContainerSpec,
        course: &mut Course,
    ) -> Result<Option<Look>, Failure> {
        let still_runs =
            |(seen, at): &(Seen, Instant)| seen.state() == State::RUNNING && at.elapsed() < LOOKS;
        if course.seen.as_ref().is_some_and(still_runs) {
            return Ok(None);
        }
        let container = self.container(spec);
        let at = Instant::now();
        course.seen = observe::one(self.engine, self.names, &container)
            .await?
            .map(|seen| (seen, at));
        let Some((seen, _)) = &course.seen else {
            return Ok(None);
        };
        match seen.state() {
            // It would only need as much again.
            State::RESTARTING | State::EXITED
                if seen.ran_out_of_memory()
                    || seen.was_killed() && self.ran_out_of_memory(seen).await =>
            {
                return Ok(Some(Look::Failed(seen.out_of_memory(), Kind::OutOfMemory)));
            }
            State::RESTARTING => course.ending = Some(seen.ending()),
            State::EXITED | State::DEAD => {
                return Ok(Some(Look::Failed(seen.ending(), Kind::CrashLoop)));
            }
            _ => {}
        }
        let restarts = seen.container.restart_count.unwrap_or_default();
        // Between two starts the engine pauses longer each time, so how it ended is seen sooner or later.
        if restarts >= ENDS
            && let Some(how) = &course.ending
        {
            let detail = format!("{how}, {ENDS} times in a row");
            return Ok(Some(Look::Failed(detail, Kind::CrashLoop)));
        }
        Ok(None)
    }

    /// Whether the engine tells of it since the container's last start. It may hear of it a little later than of the end.
    async fn ran_out_of_memory(&self, seen: &Seen) -> bool {
        let Some(began) = seen.began() else {
            return false;
        };
        let about = |name: &str, value: &str| (name.to_owned(), vec![value.to_owned()]);
        let filters = HashMap::from([about("container", &seen.id), about("event", "oom")]);
        let since = format!(
            "{}.{:09}",
            began.timestamp(),
            began.timestamp_subsec_nanos()
        );
        let options = EventsOptionsBuilder::default()
            .since(&since)
            .filters(&filters)
            .build();
        let mut events = self.engine.docker.events(Some(options));
        let event = tokio::time::timeout(NEWS_OF_MEMORY, events.next()).await;
        matches!(event, Ok(Some(Ok(_))))
    }

    /// Said by the engine at once; never where the engine cannot say it.
    fn next_end<'a>(&'a self, spec: &ContainerSpec) -> End<'a> {
        let container = self.container(spec);
        let options = WaitContainerOptionsBuilder::default()
            .condition("next-exit")
            .build();
        async move {
            let mut ends = self.engine.docker.wait_container(&container, Some(options));
            match ends.next().await {
                Some(Ok(end)) => end.status_code,
                Some(Err(Error::DockerContainerWaitError { code, .. })) => code,
                Some(Err(_)) | None => std::future::pending().await,
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
