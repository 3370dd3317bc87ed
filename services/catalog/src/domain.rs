//! What the catalogue knows, without asking anybody: rules, names, limits. No database, no network, no clock.

pub(crate) mod attribute_filter;
pub(crate) mod cursor;
pub(crate) mod draft;
pub(crate) mod filter;
pub(crate) mod product;
pub(crate) mod slug;
pub(crate) mod text;

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
