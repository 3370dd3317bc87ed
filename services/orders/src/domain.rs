//! What the orders service knows, without asking anybody: the saga, rules, names, limits. No database, no network, no clock.

pub(crate) mod cursor;
pub(crate) mod identifiers;
pub(crate) mod offer;
pub(crate) mod order;
pub(crate) mod pricing;
pub(crate) mod progress;
pub(crate) mod saga;
pub(crate) mod text;
pub(crate) mod wish;

/// A rule that a value breaks: which one, and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    /// The field, as the client knows it.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) message: String,
}

impl Violation {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
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

    /// Notes what is wrong.
    pub(crate) fn refuse(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Violation::new(field, message));
    }

    /// What was found wrong.
    pub(crate) fn violations(self) -> Vec<Violation> {
        self.0
    }
}
