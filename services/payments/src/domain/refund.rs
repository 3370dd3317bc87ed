//! The life of one refund: asked for, sent, done or refused.

/// Where a refund is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Not sent yet.
    Pending,
    /// Sent, or about to be: the provider may have given the money back.
    InDoubt,
    /// The money went back.
    Succeeded,
    /// The provider refused it, or there was nothing to give back.
    Failed,
}

impl State {
    /// As it is stored and shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InDoubt => "IN_DOUBT",
            Self::Succeeded => "SUCCEEDED",
            Self::Failed => "FAILED",
        }
    }

    /// Reads what was stored.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::Pending, Self::InDoubt, Self::Succeeded, Self::Failed]
            .into_iter()
            .find(|state| state.name() == name)
    }
}
