//! `verify`: the invariants, told one by one.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::probe::world;
use crate::{
    cli::Verify,
    events::{Event, Invariant},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    session::Session,
    verify,
};

pub(crate) async fn run(session: &Session, args: &Verify) -> Result<Exit, Failures> {
    let number = AtomicUsize::new(0);
    let tell = |invariant: Invariant| {
        number.fetch_add(1, Ordering::Relaxed);
        session.reporter.emit(Event::Invariant(invariant));
    };
    let holds = verify::run(&world(session), args.quiet.duration(), &tell)
        .await
        .map_err(|message| {
            Failure::new(
                "platform",
                Kind::Unhealthy,
                message,
                session.command("status"),
            )
        })?;
    let number = number.into_inner();
    session.reporter.print(&if holds {
        format!("{number} invariants hold")
    } else {
        format!("of {number} invariants not all hold")
    });
    Ok(if holds { Exit::Done } else { Exit::Changes })
}
