//! Direct debits, which take their time, come to their end.

use chassis::worker::{Step, Worker};

use crate::{
    assembly::State,
    charging, db,
    execution::{self, Scene},
};

const BATCH: i64 = 50;

pub(crate) struct SettlePayments(pub(crate) State);

impl Worker for SettlePayments {
    const NAME: &'static str = "settle_payments";

    async fn step(&mut self) -> anyhow::Result<Step> {
        let state = &self.0;
        let mut scene = Scene {
            now: execution::now(),
            knobs: state.faults.knobs().await?,
            faults: state.faults.clone(),
            request_id: None,
            key: None,
            webhooks: state.webhooks_configured,
            struck: Vec::new(),
        };
        let mut transaction = state.database.begin().await?;
        let mut due = db::intents::lock_due(&mut transaction, scene.now, BATCH).await?;
        for intent in &mut due {
            charging::settle(&mut transaction, &mut scene, intent).await?;
        }
        transaction.commit().await?;
        if due.is_empty() {
            return Ok(Step::Idle);
        }
        state.wake.wake();
        state.faults.happened(&scene.struck).await;
        Ok(Step::Worked(due.len()))
    }
}
