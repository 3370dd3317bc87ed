//! Payment methods: Stripe's test methods, whose outcome their name decides, and all others, where chance does.

/// A method that a payment can be confirmed with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PaymentMethod {
    pub(crate) id: String,
    pub(crate) kind: Kind,
}

/// Stripe's `payment_method_types`, those that are simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Card,
    Klarna,
    Paypal,
    /// Takes time: the intent is `processing` until the debit settles.
    SepaDebit,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Card, Self::Klarna, Self::Paypal, Self::SepaDebit];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Klarna => "klarna",
            Self::Paypal => "paypal",
            Self::SepaDebit => "sepa_debit",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether the outcome is known at once.
    pub(crate) fn is_immediate(self) -> bool {
        self != Self::SepaDebit
    }
}

/// What a method's name says about its outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Habit {
    Succeeds,
    Fails(Decline),
    /// Declined at the decline rate.
    Varies,
}

/// Why a payment was declined, in Stripe's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decline {
    pub(crate) code: &'static str,
    /// Stripe's `decline_code`.
    pub(crate) reason: &'static str,
    pub(crate) message: &'static str,
}

const DECLINED: &str = "Your card was declined.";
const BRANDS: [&str; 13] = [
    "visa",
    "visa_debit",
    "mastercard",
    "mastercard_debit",
    "mastercard_prepaid",
    "amex",
    "discover",
    "diners",
    "jcb",
    "unionpay",
    "cartesBancaires",
    "eftpos",
    "us",
];

/// The suffixes of Stripe's declining test methods (`pm_card_visa_chargeDeclined`, or without the brand).
const DECLINES: [(&str, Decline); 10] = [
    (
        "chargeDeclined",
        decline("card_declined", "generic_decline", DECLINED),
    ),
    (
        "chargeDeclinedInsufficientFunds",
        decline(
            "card_declined",
            "insufficient_funds",
            "Your card has insufficient funds.",
        ),
    ),
    (
        "chargeDeclinedLostCard",
        decline("card_declined", "lost_card", DECLINED),
    ),
    (
        "chargeDeclinedStolenCard",
        decline("card_declined", "stolen_card", DECLINED),
    ),
    (
        "chargeDeclinedFraudulent",
        decline("card_declined", "fraudulent", DECLINED),
    ),
    (
        "chargeDeclinedVelocityLimitExceeded",
        decline(
            "card_declined",
            "card_velocity_exceeded",
            "Your card was declined for making repeated attempts too frequently or exceeding its amount limit.",
        ),
    ),
    (
        "authenticationRequired",
        decline(
            "card_declined",
            "authentication_required",
            "Your card was declined. This transaction requires authentication.",
        ),
    ),
    (
        "chargeDeclinedExpiredCard",
        decline("expired_card", "expired_card", "Your card has expired."),
    ),
    (
        "chargeDeclinedIncorrectCvc",
        decline(
            "incorrect_cvc",
            "incorrect_cvc",
            "Your card's security code is incorrect.",
        ),
    ),
    (
        "chargeDeclinedProcessingError",
        decline(
            "processing_error",
            "processing_error",
            "An error occurred while processing your card. Try again in a little bit.",
        ),
    ),
];

const fn decline(code: &'static str, reason: &'static str, message: &'static str) -> Decline {
    Decline {
        code,
        reason,
        message,
    }
}

impl Decline {
    /// What chance says when it says no.
    pub(crate) const GENERIC: Self = decline("card_declined", "generic_decline", DECLINED);

    /// The decline with this reason, which the database keeps.
    pub(crate) fn named(reason: &str) -> Self {
        DECLINES
            .iter()
            .map(|(_, decline)| *decline)
            .find(|decline| decline.reason == reason)
            .unwrap_or(Self::GENERIC)
    }
}

impl PaymentMethod {
    /// Any id in Stripe's form is a method: who saves methods elsewhere can use theirs.
    pub(crate) fn parse(id: &str) -> Option<Self> {
        let rest = id.strip_prefix("pm_")?;
        let plain = rest
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if rest.is_empty() || rest.len() > 200 || !plain {
            return None;
        }
        let named = [
            ("sepa", Kind::SepaDebit),
            ("paypal", Kind::Paypal),
            ("klarna", Kind::Klarna),
        ];
        let kind = named
            .into_iter()
            .find(|(prefix, _)| rest.starts_with(prefix));
        Some(Self {
            id: id.to_owned(),
            kind: kind.map_or(Kind::Card, |(_, kind)| kind),
        })
    }

    pub(crate) fn habit(&self) -> Habit {
        let Some(rest) = self.id.strip_prefix("pm_card_") else {
            return Habit::Varies;
        };
        let fails = |suffix: &str| {
            let brand = rest
                .strip_suffix(suffix)
                .and_then(|brand| brand.strip_suffix('_'));
            rest == suffix || brand.is_some_and(|brand| BRANDS.contains(&brand))
        };
        let decline = DECLINES.iter().find(|(suffix, _)| fails(suffix));
        match decline {
            Some((_, decline)) => Habit::Fails(*decline),
            None if BRANDS.contains(&rest) => Habit::Succeeds,
            None => Habit::Varies,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn habit(id: &str) -> Habit {
        PaymentMethod::parse(id).unwrap().habit()
    }

    #[test]
    fn the_name_of_a_test_method_decides() {
        for id in [
            "pm_card_visa",
            "pm_card_mastercard",
            "pm_card_visa_debit",
            "pm_card_us",
        ] {
            assert_eq!(habit(id), Habit::Succeeds, "{id}");
        }
        for id in ["pm_card_chargeDeclined", "pm_card_visa_chargeDeclined"] {
            assert_eq!(habit(id), Habit::Fails(Decline::GENERIC), "{id}");
        }
        let Habit::Fails(decline) = habit("pm_card_visa_debit_chargeDeclinedInsufficientFunds")
        else {
            panic!("it does not fail");
        };
        assert_eq!(decline.reason, "insufficient_funds");
    }

    #[test]
    fn with_all_others_it_varies() {
        for id in [
            "pm_1Kx",
            "pm_card_other",
            "pm_sepa_debit",
            "pm_paypal",
            "pm_card_visa_",
        ] {
            assert_eq!(habit(id), Habit::Varies, "{id}");
        }
    }

    #[test]
    fn an_id_of_another_form_is_no_method() {
        for id in ["", "pm_", "card", "pm_a b", "pm_é"] {
            assert_eq!(PaymentMethod::parse(id), None, "{id}");
        }
    }

    #[test]
    fn every_decline_is_found_again_by_its_code() {
        for (_, decline) in DECLINES {
            assert_eq!(Decline::named(decline.reason), decline);
        }
    }
}
