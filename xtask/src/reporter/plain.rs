//! Plain lines: one for each change, readable in a CI log and without colour.

use std::collections::BTreeMap;

use super::{talk, took};
use crate::events::{Event, Phase, Progress};

#[derive(Default)]
pub(super) struct Plain {
    /// The last phase told of each component, so that a phase is told once.
    told: BTreeMap<String, Phase>,
}

impl Plain {
    pub(super) fn show(&mut self, event: &Event) {
        match event {
            Event::Progress(progress) => {
                if self.told.insert(progress.component.clone(), progress.phase)
                    != Some(progress.phase)
                {
                    talk(&line(progress));
                }
            }
            other => {
                if let Some(text) = sentence(other) {
                    talk(&text);
                }
            }
        }
    }
}

/// `  healthy    catalog (1.2 s)`.
pub(super) fn line(progress: &Progress) -> String {
    let word = word(progress.phase);
    let mut text = format!("  {word:<10} {}", progress.component);
    if let Some(took_ms) = progress.took_ms.filter(|_| progress.phase.is_final()) {
        text = format!("{text} ({})", took(took_ms));
    }
    if !progress.waits_on.is_empty() {
        text = format!("{text}: waits on {}", progress.waits_on.join(", "));
    }
    text
}

pub(super) fn word(phase: Phase) -> &'static str {
    match phase {
        Phase::Waiting => "waiting",
        Phase::Preparing => "preparing",
        Phase::Starting => "starting",
        Phase::Reloading => "reloading",
        Phase::Running => "running",
        Phase::Stopping => "stopping",
        Phase::Healthy => "healthy",
        Phase::Completed => "completed",
        Phase::Unchanged => "unchanged",
        Phase::Stopped => "stopped",
        Phase::Failed => "failed",
        Phase::Skipped => "skipped",
    }
}

/// What to tell people of the other events; tables are made by the commands themselves.
pub(super) fn sentence(event: &Event) -> Option<String> {
    match event {
        Event::Note { message } => Some(message.clone()),
        Event::Failure(failure) => Some(format!("\n{failure}\n")),
        Event::Step(step) => Some(format!(
            "  {:<8} {}: {}",
            step.kind.word(),
            step.component,
            step.cause
        )),
        Event::Hop(hop) => {
            let mark = if hop.ok { "✓" } else { "✗" };
            Some(format!(
                "  {mark} {} · {} ({}) {}",
                hop.journey,
                hop.hop,
                took(hop.took_ms),
                hop.detail
            ))
        }
        Event::Check(check) => {
            let mark = if check.ok { "✓" } else { "✗" };
            let fix = check
                .fix
                .as_ref()
                .map(|fix| format!("\n      fix: {fix}"))
                .unwrap_or_default();
            Some(format!("  {mark} {}: {}{fix}", check.check, check.detail))
        }
        Event::Invariant(invariant) => {
            let mark = if invariant.holds { "✓" } else { "✗" };
            let detail = if invariant.detail.is_empty() {
                String::new()
            } else {
                format!(": {}", invariant.detail)
            };
            Some(format!("  {mark} {}{detail}", invariant.invariant))
        }
        Event::Conformity(conformity) => {
            let told = conformity.runtimes.iter().map(|(runtime, wrong)| {
                format!("{runtime}: {}", wrong.as_deref().unwrap_or("well"))
            });
            let told: Vec<String> = told.collect();
            Some(format!(
                "  ✗ {} · {}: {}",
                conformity.suite,
                conformity.name,
                told.join("; ")
            ))
        }
        Event::Component(_)
        | Event::Finding(_)
        | Event::TestStep(_)
        | Event::Measurement(_)
        | Event::Consumer(_)
        | Event::DeadLetter(_)
        | Event::Image(_)
        | Event::LiveCheck(_)
        | Event::Log(_)
        | Event::Url { .. }
        | Event::Progress(_)
        | Event::Result { .. } => None,
    }
}
