//! Answers to a client: a code, an enhanced code (RFC 3463) and a text that says what to do.

use std::{borrow::Cow, fmt};

use smtp_proto::Error;

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

    pub(crate) fn too_large(limit: usize) -> Self {
        Reply::new(
            552,
            format!("5.3.4 The mail is too large: at most {limit} bytes"),
        )
    }

    /// The answer to what could not be read as a command.
    pub(crate) fn of(error: Error) -> Self {
        match error {
            Error::UnknownCommand => Reply::new(500, "5.5.1 Unknown command"),
            Error::InvalidSenderAddress => Reply::new(501, "5.1.7 This is not a sender's address"),
            Error::InvalidRecipientAddress => {
                Reply::new(501, "5.1.3 This is not a recipient's address")
            }
            Error::SyntaxError { syntax } => Reply::new(501, format!("5.5.4 Expected: {syntax}")),
            Error::InvalidParameter { param } => Reply::new(
                501,
                format!("5.5.4 The parameter {param} has a wrong value"),
            ),
            Error::UnsupportedParameter { param } => Reply::new(
                555,
                format!("5.5.4 The parameter {} is not offered", printable(&param)),
            ),
            Error::NeedsMoreData { .. }
            | Error::ResponseTooLong
            | Error::InvalidResponse { .. } => Reply::new(500, "5.5.2 This is not a command"),
        }
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

/// What a client sent goes back to it only as far as it can do no harm to the dialogue.
fn printable(text: &str) -> String {
    text.chars()
        .filter(char::is_ascii_graphic)
        .take(40)
        .collect()
}
