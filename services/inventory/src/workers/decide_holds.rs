//! Takes the requests that wait at the desk, decides them together, and answers each.

use chassis::{
    correlation,
    worker::{Step, Worker},
};

use crate::{
    desk::{Desk, Waiting},
    domain::allocation::Request,
    holding::Clerk,
};

/// The job.
pub(crate) struct DecideHolds {
    desk: Desk,
    clerk: Clerk,
}

impl DecideHolds {
    pub(crate) fn new(desk: Desk, clerk: Clerk) -> Self {
        Self { desk, clerk }
    }
}

impl Worker for DecideHolds {
    const NAME: &'static str = "decide_holds";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let batch = self.desk.gather().await;
        if batch.is_empty() {
            return Ok(Step::Idle);
        }
        // Several that are decided together are no part of one another.
        let alone = match batch.as_slice() {
            [only] => only.correlation.clone(),
            _ => None,
        };
        let (requests, replies): (Vec<Request>, Vec<_>) = batch
            .into_iter()
            .map(|Waiting { request, reply, .. }| (request, reply))
            .unzip();
        let metrics = &self.clerk.metrics;
        #[expect(
            clippy::cast_precision_loss,
            reason = "a batch has at most a few hundred requests"
        )]
        metrics.batch_size.observe(requests.len() as f64);
        let outcomes = correlation::within(alone, Box::pin(self.clerk.handle(&requests))).await;
        for (reply, outcome) in replies.into_iter().zip(outcomes) {
            metrics.holds.with_label_values(&[outcome.label()]).inc();
            // Whoever has gone asks again, and learns that it is held.
            let _ = reply.send(outcome);
        }
        Ok(Step::Worked(requests.len()))
    }
}
