//! The payment methods that the shop offers: test methods of the provider, whose name says what becomes of them.

/// A method that a shopper can choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    /// The provider's name of it.
    pub(crate) id: &'static str,
    /// `card`, `sepa_debit`, `paypal` or `klarna`.
    pub(crate) kind: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
}

const fn card(id: &'static str, name: &'static str, description: &'static str) -> Method {
    Method {
        id,
        kind: "card",
        name,
        description,
    }
}

/// In the order in which they are shown; the first one is what a shopper gets who does not choose.
pub(crate) const OFFERED: [Method; 12] = [
    card("pm_card_visa", "Visa", "Succeeds."),
    card("pm_card_mastercard", "Mastercard", "Succeeds."),
    card("pm_card_amex", "American Express", "Succeeds."),
    Method {
        id: "pm_paypal",
        kind: "paypal",
        name: "PayPal",
        description: "Declined at the provider's decline rate.",
    },
    Method {
        id: "pm_klarna",
        kind: "klarna",
        name: "Klarna",
        description: "Declined at the provider's decline rate.",
    },
    Method {
        id: "pm_sepa_debit",
        kind: "sepa_debit",
        name: "SEPA direct debit",
        description: "Takes a moment to settle; declined at the provider's decline rate.",
    },
    card(
        "pm_card_random",
        "Card of chance",
        "Declined at the provider's decline rate.",
    ),
    card(
        "pm_card_visa_chargeDeclined",
        "Visa, declined",
        "Declined each time.",
    ),
    card(
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "Visa, empty",
        "Declined for insufficient funds.",
    ),
    card(
        "pm_card_chargeDeclinedExpiredCard",
        "Card, expired",
        "Declined: the card has expired.",
    ),
    card(
        "pm_card_chargeDeclinedIncorrectCvc",
        "Card, wrong code",
        "Declined: the security code is wrong.",
    ),
    card(
        "pm_card_chargeDeclinedProcessingError",
        "Card, processing error",
        "Declined: the bank could not process it.",
    ),
];
