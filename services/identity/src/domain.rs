//! What the identity service knows, without asking anybody: rules, names, limits. No database, no network, no clock.

pub(crate) mod account;
pub(crate) mod address;
pub(crate) mod email;
pub(crate) mod family;
pub(crate) mod password;
pub(crate) mod reset;
pub(crate) mod rights;
pub(crate) mod text;
pub(crate) mod throttle;

/// A rule that a value breaks: which one, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The field, as the client knows it.
    pub(crate) field: &'static str,
    /// What is wrong with it.
    pub(crate) message: String,
}

impl Violation {
    pub(crate) fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field,
            message: message.into(),
        }
    }
}

/// Collects what is wrong, so that a client learns all of it at once.
#[derive(Debug, Default)]
pub(crate) struct Rules(Vec<Violation>);

impl Rules {
    /// The value, if it keeps the rule.
    pub(crate) fn keep<T>(&mut self, outcome: Result<T, Violation>) -> Option<T> {
        outcome.map_err(|violation| self.0.push(violation)).ok()
    }

    /// What was found wrong.
    pub(crate) fn violations(self) -> Vec<Violation> {
        self.0
    }
}
