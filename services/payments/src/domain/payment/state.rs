//! The states of a payment, and their names.

/// Where a payment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum State {
    /// Nothing of this attempt has been sent.
    Pending,
    /// It may have been sent: the provider may have charged.
    InDoubt,
    /// The money is ours.
    Captured,
    /// Declined for the last time.
    Declined,
    /// Ended before anything was charged.
    Cancelled,
    /// Money is going back.
    RefundPending,
    /// All of it went back.
    Refunded,
    /// A person has to look at it.
    Manual(Trouble),
}

/// What a person has to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Trouble {
    /// In doubt for so long that the key may have been forgotten, and not in the provider's books.
    Unclear,
    /// The provider charged another amount or currency than was asked for.
    WrongAmount,
    /// The provider does not know the charge any more, or more went back than we know of.
    BooksDiffer,
    /// The provider refused to give money back.
    RefundFailed,
    /// A refund is in doubt for so long that its key may have been forgotten, and not in the provider's books.
    RefundUnclear,
}

impl State {
    const ALL: [Self; 7] = [
        Self::Pending,
        Self::InDoubt,
        Self::Captured,
        Self::Declined,
        Self::Cancelled,
        Self::RefundPending,
        Self::Refunded,
    ];

    /// As it is stored and shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::InDoubt => "IN_DOUBT",
            Self::Captured => "CAPTURED",
            Self::Declined => "DECLINED",
            Self::Cancelled => "CANCELLED",
            Self::RefundPending => "REFUND_PENDING",
            Self::Refunded => "REFUNDED",
            Self::Manual(_) => "MANUAL",
        }
    }

    /// What a person has to look at.
    pub(crate) const fn trouble(self) -> Option<Trouble> {
        match self {
            Self::Manual(trouble) => Some(trouble),
            _ => None,
        }
    }

    /// Reads what was stored.
    pub(crate) fn parse(name: &str, trouble: Option<&str>) -> Option<Self> {
        match trouble {
            Some(trouble) => Trouble::parse(trouble).map(Self::Manual),
            None => Self::ALL.into_iter().find(|state| state.name() == name),
        }
    }

    /// Whether it is not known what the provider did, or will do with what is on its way.
    pub(crate) const fn is_unclear(self) -> bool {
        matches!(self, Self::InDoubt | Self::Manual(Trouble::Unclear))
    }
}

impl Trouble {
    const ALL: [Self; 5] = [
        Self::Unclear,
        Self::WrongAmount,
        Self::BooksDiffer,
        Self::RefundFailed,
        Self::RefundUnclear,
    ];

    /// As it is stored and shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unclear => "UNCLEAR",
            Self::WrongAmount => "WRONG_AMOUNT",
            Self::BooksDiffer => "BOOKS_DIFFER",
            Self::RefundFailed => "REFUND_FAILED",
            Self::RefundUnclear => "REFUND_UNCLEAR",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|trouble| trouble.name() == name)
    }
}
