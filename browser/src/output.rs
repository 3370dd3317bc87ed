//! The one place that prints: what was found goes to stdout, what went wrong to stderr.

use std::io::Write as _;

/// One line of result. A reader that has gone away is no reason to stop.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// One line about what went wrong.
pub(crate) fn problem(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error with its causes, without the stack of Chromium's own functions that the driver adds.
pub(crate) fn in_words(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let end = text.find("Stacktrace:").unwrap_or(text.len());
    text[..end].trim_end().to_owned()
}
