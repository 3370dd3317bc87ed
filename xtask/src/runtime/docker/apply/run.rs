//! Runs a container to its end: a job, or what prepares a component's data.

use bollard::{errors::Error, query_parameters::WaitContainerOptions};
use futures::StreamExt as _;

use super::Apply;
use crate::{
    failure::{Failure, Kind},
    runtime::docker::{
        blueprint::{ContainerSpec, Role},
        card,
        engine::refused,
        observe,
    },
};

impl Apply<'_> {
    /// Its success, or a failure with its last words. The container stays for its log until the next run.
    pub(crate) async fn run_to_end(&self, spec: &ContainerSpec) -> Result<(), Failure> {
        self.make(spec).await?;
        self.start(spec).await?;
        let Role::Job { timeout } = &spec.role else {
            return Ok(());
        };
        let ended = tokio::time::timeout(timeout.duration(), self.end_of(spec)).await;
        let (detail, kind) = match ended {
            Ok(Ok(0)) => return Ok(()),
            Ok(Ok(_)) => (self.how_it_ended(spec).await?, Kind::JobFailed),
            Ok(Err(error)) => return Err(refused(&spec.unit, "wait for its end", &error)),
            Err(_) => {
                let container = self.container(spec);
                let _ = self.engine.docker.kill_container(&container, None).await;
                let detail = format!("it had not ended after {timeout} and was killed");
                (detail, Kind::JobTimedOut)
            }
        };
        Err(card::ended(self.session, self.engine, self.names, spec, &detail, kind).await)
    }

    async fn end_of(&self, spec: &ContainerSpec) -> Result<i64, Error> {
        let container = self.container(spec);
        let mut ends = self
            .engine
            .docker
            .wait_container(&container, None::<WaitContainerOptions>);
        match ends.next().await {
            Some(Ok(end)) => Ok(end.status_code),
            Some(Err(Error::DockerContainerWaitError { code, .. })) => Ok(code),
            Some(Err(error)) => Err(error),
            // The engine has hung up without a word.
            None => Ok(-1),
        }
    }

    async fn how_it_ended(&self, spec: &ContainerSpec) -> Result<String, Failure> {
        let seen = observe::one(self.engine, self.names, &self.container(spec)).await?;
        Ok(seen.map_or_else(|| "its container is gone".to_owned(), |seen| seen.ending()))
    }
}
