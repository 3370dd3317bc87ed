//! What has come from a client and is not used up yet.

use std::mem;

/// RFC 5321 demands 512; extensions add to it, and addresses in UTF-8 are long.
pub(crate) const COMMAND_LIMIT: usize = 2048;

#[derive(Debug, Default)]
pub(crate) struct Input(Vec<u8>);

#[derive(Debug)]
pub(crate) enum Line {
    Whole(Vec<u8>),
    Incomplete,
    TooLong,
}

impl Input {
    pub(crate) fn append(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// All of it.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        mem::take(&mut self.0)
    }

    /// The next line, its end included.
    pub(crate) fn take_line(&mut self) -> Line {
        match self.line_end() {
            Some(end) if end <= COMMAND_LIMIT => Line::Whole(self.0.drain(..=end).collect()),
            None if self.0.len() <= COMMAND_LIMIT => Line::Incomplete,
            _ => Line::TooLong,
        }
    }

    /// Forgets the rest of a line, and says whether that was all of it.
    pub(crate) fn skip_line(&mut self) -> bool {
        let end = self.line_end();
        self.0.drain(..end.map_or(self.0.len(), |end| end + 1));
        end.is_some()
    }

    fn line_end(&self) -> Option<usize> {
        self.0.iter().position(|byte| *byte == b'\n')
    }
}
