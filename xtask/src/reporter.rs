//! Says what a command has to say: as JSON lines, as plain lines, or as a live tree on a terminal. stdout carries data
//! (JSON, tables), stderr carries talk.

mod plain;
mod table;
mod tree;

use std::{
    io::{IsTerminal as _, Write as _},
    sync::Mutex,
    time::Instant,
};

use chrono::{DateTime, Utc};

use crate::{
    events::{Event, Line},
    exit::Exit,
};

pub(crate) use table::table;

/// One command's voice.
pub(crate) struct Reporter {
    view: View,
    started: Instant,
    clock: fn() -> DateTime<Utc>,
}

enum View {
    Json,
    Plain(Mutex<plain::Plain>),
    Tree(tree::Tree),
}

impl Reporter {
    /// JSON lines when `json`; else a live tree where stderr is a terminal, and plain lines where it is not.
    pub(crate) fn new(format: Format) -> Self {
        let live = std::io::stderr().is_terminal();
        let view = match format {
            Format::Json => View::Json,
            Format::People if live => View::Tree(tree::Tree::new()),
            Format::People => View::Plain(Mutex::new(plain::Plain::default())),
        };
        Self {
            view,
            started: Instant::now(),
            clock: now,
        }
    }

    pub(crate) fn is_json(&self) -> bool {
        matches!(self.view, View::Json)
    }

    pub(crate) fn emit(&self, event: Event) {
        match &self.view {
            View::Json => {
                let line = Line::new(event, (self.clock)());
                if let Ok(text) = serde_json::to_string(&line) {
                    out(&text);
                }
            }
            View::Plain(plain) => {
                if let Ok(mut plain) = plain.lock() {
                    plain.show(&event);
                }
            }
            View::Tree(tree) => tree.show(&event),
        }
    }

    pub(crate) fn note(&self, message: impl Into<String>) {
        self.emit(Event::Note {
            message: message.into(),
        });
    }

    /// The last event of every command.
    pub(crate) fn finish(&self, exit: Exit) {
        let took_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.emit(Event::Result {
            ok: exit == Exit::Done,
            exit: exit as u8,
            took_ms,
        });
    }

    /// Text for people on stdout; nothing in JSON.
    pub(crate) fn print(&self, text: &str) {
        if let View::Tree(tree) = &self.view {
            tree.clear();
        }
        if !self.is_json() {
            out(text);
        }
    }

    /// Takes the live view off the terminal, so that another program may write to it.
    pub(crate) fn quiet(&self) {
        if let View::Tree(tree) = &self.view {
            tree.clear();
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    People,
    Json,
}

/// A line to stdout. A reader that has gone away (`| head`) is no failure of ours.
pub(crate) fn out(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let _ = writeln!(stdout, "{text}");
}

/// A line to stderr.
pub(crate) fn talk(text: &str) {
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "{text}");
}

/// `850 ms`, `12.3 s`, `2 min 05 s`.
pub(crate) fn took(took_ms: u64) -> String {
    match took_ms {
        0..1_000 => format!("{took_ms} ms"),
        1_000..120_000 => format!("{}.{} s", took_ms / 1_000, took_ms % 1_000 / 100),
        _ => format!("{} min {:02} s", took_ms / 60_000, took_ms % 60_000 / 1_000),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the one place where the toolkit asks for the time of an event"
)]
pub(crate) fn now() -> DateTime<Utc> {
    Utc::now()
}
