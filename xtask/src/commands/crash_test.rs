//! `crash-test`: the ordeal, and what it found.

use rand::Rng as _;

use super::probe::world;
use crate::{
    cli::CrashTest,
    crash::{self, Ordeal, Report},
    events::{Event, Invariant},
    exit::Exit,
    failure::{Failure, Failures, Kind},
    session::Session,
};

pub(crate) async fn run(session: &Session, args: &CrashTest) -> Result<Exit, Failures> {
    let seed = args.seed.unwrap_or_else(|| rand::rng().random());
    let failed = |message: String| {
        Failure::new(
            "platform",
            Kind::Unhealthy,
            message,
            session.command("status"),
        )
    };
    if session.environment.name.as_str() == "prod" {
        return Err(failed("processes of a real shop are not killed for a test".to_owned()).into());
    }
    session.reporter.print(&format!(
        "{} orders, {} kills, seed {seed}",
        args.orders, args.kills
    ));
    let ordeal = Ordeal {
        orders: args.orders,
        kills: args.kills,
        seed,
        outage: args.broker_outage.duration(),
    };
    let report = crash::run(
        session,
        &world(session),
        ordeal,
        &|message| session.reporter.note(message),
        &|invariant: Invariant| session.reporter.emit(Event::Invariant(invariant)),
    )
    .await
    .map_err(failed)?;
    session.reporter.print(&sum_up(&report, seed));
    Ok(if report.holds && report.lies.is_empty() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

fn sum_up(report: &Report, seed: u64) -> String {
    let killed: usize = report.kills.values().sum();
    let kills: Vec<String> = report
        .kills
        .iter()
        .map(|(name, number)| format!("{name} {number}"))
        .collect();
    let mut lines = vec![
        format!(
            "{} orders accepted, {} sold out, {} requests repeated, in {} s",
            report.accepted,
            report.sold_out,
            report.repeated,
            report.load.as_secs()
        ),
        format!("{killed} kills: {}", kills.join(", ")),
    ];
    if report.without_broker > 0 {
        lines.push(format!(
            "{} orders without the broker, each accepted at the first try",
            report.without_broker
        ));
    }
    lines.extend(report.lies.iter().take(5).cloned());
    lines.push(if report.holds && report.lies.is_empty() {
        "every invariant holds".to_owned()
    } else {
        format!("not every invariant holds; repeat with --seed {seed}")
    });
    lines.join("\n")
}
