//! The words for what an order can be, as the database and the API spell them.

/// Declares an enum whose values have one spelling everywhere.
macro_rules! words {
    ($(#[$documentation:meta])* $name:ident { $($(#[$meaning:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$documentation])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum $name {
            $($(#[$meaning])* $variant,)+
        }

        impl $name {
            /// Every value.
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)+];

            /// As the database and the API spell it.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The value that is spelt so.
            pub(crate) fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|value| value.name() == name)
            }
        }
    };
}

words!(
    /// Where an order is on its way.
    State {
        /// Placed; payments has not said yet that it charges.
        Pending = "PENDING",
        /// May be charged at any moment.
        PaymentPending = "PAYMENT_PENDING",
        /// The money is ours.
        Paid = "PAID",
        /// On its way.
        Shipped = "SHIPPED",
        /// Arrived.
        Delivered = "DELIVERED",
        /// Will end; answers are missing of what becomes of goods and money.
        Cancelling = "CANCELLING",
        /// Ended without money, because somebody wanted that or time ran out.
        Cancelled = "CANCELLED",
        /// Ended without money, because it could not be paid.
        Failed = "FAILED",
        /// All of the money has gone back.
        Refunded = "REFUNDED",
    }
);

words!(
    /// What inventory has said of the goods.
    Stock {
        /// Kept for the order, for a while.
        Held = "HELD",
        /// The order's own.
        Committed = "COMMITTED",
        /// Not the order's, for ever.
        Gone = "GONE",
    }
);

words!(
    /// What payments has said of the money.
    Pay {
        /// Nothing yet.
        Open = "NONE",
        /// It is ours.
        Captured = "CAPTURED",
        /// Nothing was charged, and never will be.
        Failed = "FAILED",
        /// It was ours, and all of it has gone back.
        Refunded = "REFUNDED",
    }
);

words!(
    /// Why an order ends before it has arrived.
    Ending {
        /// The shopper or an admin wanted that.
        Cancelled = "CANCELLED",
        /// It was not paid in time.
        Expired = "EXPIRED",
        /// It could not be paid.
        Declined = "DECLINED",
        /// Its goods were sold to somebody else after its hold had ended.
        OutOfStock = "OUT_OF_STOCK",
        /// All of the money is asked back.
        Refunded = "REFUNDED",
    }
);

words!(
    /// What became of a refund.
    RefundState {
        /// Payments has been asked.
        Requested = "REQUESTED",
        /// The money has gone back.
        Done = "DONE",
        /// It could not be given back.
        Failed = "FAILED",
    }
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_found_again_by_its_name() {
        for state in State::ALL {
            assert_eq!(State::parse(state.name()), Some(*state));
        }
        assert_eq!(State::parse("paid"), None);
    }
}
