//! What is wrong with a file that people write, in the form in which a compiler says it: place, line, caret, hint.
//!
//! One type for the model, the templates and the checks of the programs, so that every mistake looks alike.

use std::fmt;

/// One mistake and its place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Diagnostic {
    /// Path from the project's root.
    pub(crate) file: String,
    /// From 1; 0 when only the file is known.
    pub(crate) line: usize,
    /// From 1, in characters; 0 when only the line is known.
    pub(crate) column: usize,
    /// How many characters are meant.
    pub(crate) length: usize,
    /// The text of the line.
    pub(crate) source: Option<String>,
    pub(crate) message: String,
    pub(crate) expected: Option<String>,
    pub(crate) hint: Option<String>,
    /// What is wrong is that a file is not there.
    pub(crate) absent: Option<Absent>,
}

/// A file or folder of the project that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Absent {
    /// From the project's root.
    pub(crate) path: String,
    /// The component or job that it is for.
    pub(crate) unit: String,
    /// What cannot start without that one.
    pub(crate) victims: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn new(file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Without a hint nothing changes.
    pub(crate) fn maybe_hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint.or(self.hint);
        self
    }

    /// Puts it on a line of `text`, the file's content.
    pub(crate) fn on_line(mut self, text: &str, line: usize) -> Self {
        self.line = line;
        self.source = line
            .checked_sub(1)
            .and_then(|index| text.lines().nth(index))
            .map(Into::into);
        self
    }

    fn location(&self) -> String {
        match (self.line, self.column) {
            (0, _) => self.file.clone(),
            (line, 0) => format!("{}:{line}", self.file),
            (line, column) => format!("{}:{line}:{column}", self.file),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = if self.line == 0 {
            String::new()
        } else {
            self.line.to_string()
        };
        let margin = " ".repeat(number.len());
        writeln!(f, "error: {}", self.message)?;
        write!(f, "{margin}--> {}", self.location())?;
        if let Some(source) = &self.source {
            write!(f, "\n{margin} |\n{number} | {source}")?;
            if self.column > 0 {
                let before = " ".repeat(self.column - 1);
                write!(f, "\n{margin} | {before}{}", "^".repeat(self.length.max(1)))?;
            }
        }
        if let Some(expected) = &self.expected {
            write!(f, "\n{margin} = expected: {expected}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n{margin} = hint: {hint}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong, in the order of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Diagnostics(pub(crate) Vec<Diagnostic>);

impl Diagnostics {
    /// In the order of files and lines, each only once.
    pub(crate) fn sorted(mut found: Vec<Diagnostic>) -> Self {
        found.sort_by(|a, b| {
            (&a.file, a.line, a.column, &a.message).cmp(&(&b.file, b.line, b.column, &b.message))
        });
        found.dedup();
        Self(found)
    }
}

impl From<Diagnostic> for Diagnostics {
    fn from(diagnostic: Diagnostic) -> Self {
        Self(vec![diagnostic])
    }
}

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{diagnostic}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// `` `a`, `b` or `c` ``, for messages.
pub(crate) fn any_of<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        None => "none".into(),
        Some((only, [])) => only.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// ``did you mean `x`?`` when one of `candidates` is near enough to be a slip of the finger.
pub(crate) fn did_you_mean<T: AsRef<str>>(
    written: &str,
    candidates: impl IntoIterator<Item = T>,
) -> Option<String> {
    let allowed = (written.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| {
            (
                strsim::damerau_levenshtein(written, candidate.as_ref()),
                candidate,
            )
        })
        .filter(|(distance, candidate)| {
            *distance <= allowed || is_long_part(written, candidate.as_ref())
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| format!("did you mean `{}`?", candidate.as_ref()))
}

/// `timeout` for `start_timeout`: too far for a slip, near enough to be meant.
fn is_long_part(written: &str, candidate: &str) -> bool {
    written.len() >= 4
        && (candidate.contains(written) || (candidate.len() >= 4 && written.contains(candidate)))
}
