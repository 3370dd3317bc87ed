//! What stock is and what may happen to it, without any I/O: shelves, how an order's lines are spread over them, and the
//! life of a hold. All of it is checked exhaustively in `model_tests`.

pub(crate) mod allocation;
pub(crate) mod bounds;
pub(crate) mod hold;
#[cfg(test)]
mod model_tests;
pub(crate) mod shelf;
pub(crate) mod text;

/// A field that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) field: String,
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
