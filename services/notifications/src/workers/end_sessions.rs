//! Closes sockets whose session has ended: a log-out counts for open pages too, within a second.

use chassis::{
    auth::Verifier,
    worker::{Step, Worker},
};

use crate::live::Hub;

/// The job.
pub(crate) struct EndSessions {
    pub(crate) hub: Hub,
    pub(crate) verifier: Verifier,
}

impl Worker for EndSessions {
    const NAME: &'static str = "end_sessions";

    async fn step(&mut self) -> anyhow::Result<Step> {
        // Nobody is asked while no page is open. An issuer that cannot be reached has ended no session meanwhile.
        for session in self.hub.sessions() {
            if !self.verifier.is_live(session).await? {
                self.hub.end(session);
            }
        }
        Ok(Step::Idle)
    }
}
