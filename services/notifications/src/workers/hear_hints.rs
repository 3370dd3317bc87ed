//! Listens to the other replicas: whose sequence has moved on.

use anyhow::Context as _;
use async_nats::Subscriber;
use chassis::{
    Broker,
    worker::{Step, Worker},
};
use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::live::{Hub, SUBJECTS, hint_of};

/// The job.
pub(crate) struct HearHints {
    pub(crate) hub: Hub,
    pub(crate) broker: Broker,
    pub(crate) shutdown: CancellationToken,
    /// Survives the broker's absence: the client subscribes again.
    pub(crate) subscription: Option<Subscriber>,
}

impl Worker for HearHints {
    const NAME: &'static str = "hear_hints";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let subscription = match &mut self.subscription {
            Some(subscription) => subscription,
            none => none.insert(self.broker.client().subscribe(SUBJECTS).await?),
        };
        let message = tokio::select! {
            message = subscription.next() => message,
            () = self.shutdown.cancelled() => return Ok(Step::Idle),
        };
        let Some(message) = message else {
            self.subscription = None;
            return Err(anyhow::anyhow!("the subscription ended")).context(SUBJECTS);
        };
        if let Some(hint) = hint_of(&message.subject, &message.payload) {
            self.hub.announce(hint);
        }
        Ok(Step::Worked(1))
    }
}
