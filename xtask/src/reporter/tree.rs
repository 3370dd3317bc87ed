//! The live tree: a line for each component with what it does, what it waits on and how long it has taken.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::plain;
use crate::events::{Event, Phase, Progress};

const REDRAW: Duration = Duration::from_millis(100);

pub(super) struct Tree {
    bars: MultiProgress,
    lines: Mutex<BTreeMap<String, ProgressBar>>,
}

impl Tree {
    pub(super) fn new() -> Self {
        Self {
            bars: MultiProgress::new(),
            lines: Mutex::new(BTreeMap::new()),
        }
    }

    pub(super) fn show(&self, event: &Event) {
        match event {
            Event::Progress(progress) => self.progress(progress),
            other => {
                if let Some(text) = plain::sentence(other) {
                    self.bars.suspend(|| super::talk(&text));
                }
            }
        }
    }

    pub(super) fn clear(&self) {
        if let Ok(mut lines) = self.lines.lock() {
            for bar in lines.values() {
                if !bar.is_finished() {
                    bar.finish_and_clear();
                }
            }
            lines.clear();
        }
    }

    fn progress(&self, progress: &Progress) {
        let Ok(mut lines) = self.lines.lock() else {
            return;
        };
        let bar = lines.entry(progress.component.clone()).or_insert_with(|| {
            let bar = self.bars.add(ProgressBar::new_spinner());
            bar.set_style(waiting());
            bar.enable_steady_tick(REDRAW);
            bar
        });
        bar.set_prefix(progress.component.clone());
        bar.set_message(message(progress));
        match progress.phase {
            Phase::Waiting => bar.set_style(waiting()),
            phase if phase.is_final() => {
                bar.set_style(finished(phase));
                bar.finish();
            }
            _ => {
                bar.set_style(working());
                if progress.took_ms == Some(0) {
                    bar.reset_elapsed();
                }
            }
        }
    }
}

fn message(progress: &Progress) -> String {
    let word = plain::word(progress.phase);
    match (
        progress.took_ms.filter(|_| progress.phase.is_final()),
        progress.waits_on.is_empty(),
    ) {
        (Some(took_ms), _) => format!("{word:<10} {}", super::took(took_ms)),
        (None, true) => word.to_owned(),
        (None, false) => format!("{word:<10} on {}", progress.waits_on.join(", ")),
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn waiting() -> ProgressStyle {
    style("  · {prefix:18.dim} {msg:.dim}")
}

fn working() -> ProgressStyle {
    style("  {spinner:.cyan} {prefix:18} {msg:12} {elapsed:.dim}")
}

fn finished(phase: Phase) -> ProgressStyle {
    match phase {
        Phase::Failed => style("  ✗ {prefix:18.red} {msg:.red}"),
        Phase::Skipped => style("  – {prefix:18.dim} {msg:.dim}"),
        _ => style("  ✓ {prefix:18.green} {msg}"),
    }
}
