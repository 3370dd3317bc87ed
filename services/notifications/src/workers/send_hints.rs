//! Tells the other replicas that a user's sequence has moved on.

use chassis::{
    Broker, failpoint,
    worker::{Step, Worker},
};
use tokio_util::sync::CancellationToken;

use crate::live::Hints;

/// The job.
pub(crate) struct SendHints {
    pub(crate) hints: Hints,
    pub(crate) broker: Broker,
    pub(crate) shutdown: CancellationToken,
}

impl Worker for SendHints {
    const NAME: &'static str = "send_hints";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let hint = tokio::select! {
            hint = self.hints.recv() => hint,
            () = self.shutdown.cancelled() => None,
        };
        let Some(hint) = hint else {
            return Ok(Step::Idle);
        };
        failpoint::hit("notifications.before_hint");
        // Without the broker it would wait for its return, and be old by then.
        if self.broker.check().is_ok() {
            let payload = hint.last_id.to_string();
            let client = self.broker.client();
            client.publish(hint.subject(), payload.into()).await?;
        }
        Ok(Step::Worked(1))
    }
}
