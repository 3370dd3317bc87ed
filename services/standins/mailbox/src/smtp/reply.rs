//! Answers to a client: a code, an enhanced code (RFC 3463) and a text that says what to do.

use std::{borrow::Cow, fmt};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    code: u16,
    lines: Vec<Cow<'static, str>>,
}

impl Reply {
    pub(crate) fn new(code: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            lines: vec![text.into()],
        }
    }

    pub(crate) fn lines(code: u16, lines: Vec<Cow<'static, str>>) -> Self {
        Self { code, lines }
    }

    pub(crate) fn code(&self) -> u16 {
        self.code
    }

    /// Whether the client is told that it did something wrong.
    pub(crate) fn is_error(&self) -> bool {
        self.code >= 500
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let last = self.lines.len().saturating_sub(1);
        for (index, line) in self.lines.iter().enumerate() {
            let separator = if index == last { ' ' } else { '-' };
            write!(formatter, "{}{separator}{line}\r\n", self.code)?;
        }
        Ok(())
    }
}
