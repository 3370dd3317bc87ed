//! The step `crash` of `cargo xtask test`: a platform comes up, is ordered from while its processes are killed, is verified, and
//! goes.

use anyhow::Result;

use super::{
    platform::{Platform, Voice},
    steps::{Step, Verdict},
    transcript::Transcript,
};
use crate::session::Session;

/// Of the crash step: as many as a few minutes allow.
const CRASH_ORDERS: &str = "2000";
const CRASH_KILLS: &str = "50";

/// On a platform of its own, which is gone afterwards.
pub(super) async fn run(session: &Session, environment: &str) -> Result<Verdict> {
    let mut transcript = Transcript::create(&session.cargo, Step::Crash.name())?;
    let platform = Platform::new(session, environment)?;
    let mut verdict = Verdict::Failed(format!(
        "the platform does not come up; every line is in {}",
        transcript.path.display()
    ));
    if platform.up(&mut transcript).await? {
        let arguments = [
            "crash-test",
            "--orders",
            CRASH_ORDERS,
            "--kills",
            CRASH_KILLS,
        ];
        let holds = platform
            .run(&arguments, Voice::Aloud, &mut transcript)
            .await?;
        verdict = if holds {
            Verdict::Passed(format!(
                "{CRASH_ORDERS} orders, {CRASH_KILLS} kills, every invariant holds"
            ))
        } else {
            Verdict::Failed(format!("every line is in {}", transcript.path.display()))
        };
    }
    platform.down(&mut transcript).await?;
    Ok(verdict)
}
