//! The log files' format: one line each, `<RFC 3339 with milliseconds> <o|e|s> <text>`.
//!
//! `o` is what the program wrote to its standard output, `e` to its standard error, `s` what the supervisor has to say
//! about it (started, ended, lines dropped). A line of more than 64 KiB is written as several; bytes that are not
//! UTF-8 become `\u{fffd}`. The time is when the line was read, not what the program claims.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom},
    path::Path,
};

use chrono::{DateTime, Utc};

use super::clock;

/// The longest piece of a line, in bytes.
pub(super) const LONGEST: usize = 64 << 10;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stream {
    Out,
    Err,
    /// Not from the program: a note of the supervisor's about it.
    Supervisor,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) at: DateTime<Utc>,
    pub(crate) stream: Stream,
    pub(crate) text: String,
}

impl Stream {
    fn letter(self) -> char {
        match self {
            Self::Out => 'o',
            Self::Err => 'e',
            Self::Supervisor => 's',
        }
    }
}

pub(super) fn format(at: DateTime<Utc>, stream: Stream, text: &str) -> String {
    format!("{} {} {text}\n", clock::text(at), stream.letter())
}

/// `None` for what is not in this format, such as a line that was cut by a crash of the machine.
pub(super) fn parse(line: &str) -> Option<LogLine> {
    let (at, rest) = line.split_once(' ')?;
    let (letter, text) = rest.split_once(' ')?;
    let stream = match letter {
        "o" => Stream::Out,
        "e" => Stream::Err,
        "s" => Stream::Supervisor,
        _ => return None,
    };
    Some(LogLine {
        at: DateTime::parse_from_rfc3339(at).ok()?.to_utc(),
        stream,
        text: text.to_owned(),
    })
}

/// Whether the next line may be appended as it is.
pub(super) fn ends_a_line(path: &Path) -> io::Result<bool> {
    let mut file = File::open(path)?;
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

/// Cuts what arrives in pieces into lines.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    rest: Vec<u8>,
}

impl Splitter {
    /// The lines that are complete now.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Vec<String> {
        let mut lines = Vec::new();
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.rest.extend_from_slice(piece);
            while self.rest.len() > LONGEST {
                let cut = char_boundary(&self.rest, LONGEST);
                lines.push(lossy(&self.rest[..cut]));
                self.rest.drain(..cut);
            }
            if self.rest.ends_with(b"\n") {
                lines.extend(self.end());
            }
        }
        lines
    }

    /// What is left without a line's end.
    pub(super) fn end(&mut self) -> Option<String> {
        let rest = std::mem::take(&mut self.rest);
        let line = rest.strip_suffix(b"\n").unwrap_or(&rest);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        (!rest.is_empty()).then(|| lossy(line))
    }
}

fn lossy(bytes: &[u8]) -> String {
    // A line's end inside a line (`\r` of a progress bar) is kept: it is the reader's to show.
    String::from_utf8_lossy(bytes).into_owned()
}

/// The greatest place up to `limit` that does not cut a character.
fn char_boundary(bytes: &[u8], limit: usize) -> usize {
    let continues = |place: &usize| bytes[*place] & 0b1100_0000 == 0b1000_0000;
    (limit - 3..=limit)
        .rev()
        .find(|place| !continues(place))
        .unwrap_or(limit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_line_reads_back_as_it_was_written() {
        let line = LogLine {
            at: clock::now(),
            stream: Stream::Err,
            text: "a  b ".into(),
        };
        let read = parse(format(line.at, line.stream, &line.text).trim_end_matches('\n')).unwrap();
        assert_eq!(
            (read.stream, read.text, read.at.timestamp_millis()),
            (line.stream, line.text, line.at.timestamp_millis())
        );
    }

    #[test]
    fn what_is_not_a_log_line_is_no_log_line() {
        for line in [
            "",
            "2026-01-01T00:00:00.000Z",
            "2026-01-01T00:00:00.000Z x text",
            "yesterday o text",
        ] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn bytes_that_are_not_text_do_not_stop_the_log() {
        assert_eq!(
            Splitter::default().push(b"ab\xff\xfec\r\n\n"),
            ["ab\u{fffd}\u{fffd}c", ""]
        );
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let text = "€".repeat(LONGEST);
        let mut splitter = Splitter::default();
        let mut lines = splitter.push(text.as_bytes());
        lines.extend(splitter.end());
        assert!(lines.iter().all(|line| line.len() <= LONGEST));
        assert_eq!(lines.concat(), text);
    }

    proptest! {
        #[test]
        fn the_lines_are_the_same_however_the_bytes_arrive(text in "[a-z\n€]{0,200}", cuts in proptest::collection::vec(1_usize..20, 1..40)) {
            let mut splitter = Splitter::default();
            let mut lines = Vec::new();
            let mut rest = text.as_bytes();
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at((*cut).min(rest.len()));
                lines.extend(splitter.push(now));
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            lines.extend(splitter.end());
            let expected: Vec<&str> = text.lines().collect();
            prop_assert_eq!(lines, expected);
        }
    }
}
