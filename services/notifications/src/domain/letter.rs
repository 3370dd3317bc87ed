//! The mails that there are: what each says, to whom it is owed once, and what makes it untrue.

use chrono::{DateTime, Utc};
use contracts::{Money, ProductId, ResetId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{
    message::Topic,
    order::OrderState,
    text::{one_line, shortened},
};

/// Which mail. Its name is that of its files in `templates/`.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Template {
    Welcome,
    OrderPlaced,
    OrderPaid,
    OrderShipped,
    OrderCancelled,
    OrderFailed,
    OrderRefunded,
    LowStock,
    OutOfStock,
    Message,
    PasswordReset,
    PasswordChanged,
}

impl Template {
    pub(crate) const ALL: [Self; 12] = [
        Self::Welcome,
        Self::OrderPlaced,
        Self::OrderPaid,
        Self::OrderShipped,
        Self::OrderCancelled,
        Self::OrderFailed,
        Self::OrderRefunded,
        Self::LowStock,
        Self::OutOfStock,
        Self::Message,
        Self::PasswordReset,
        Self::PasswordChanged,
    ];

    /// As it is stored, counted and shown.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Welcome => "welcome",
            Self::OrderPlaced => "order_placed",
            Self::OrderPaid => "order_paid",
            Self::OrderShipped => "order_shipped",
            Self::OrderCancelled => "order_cancelled",
            Self::OrderFailed => "order_failed",
            Self::OrderRefunded => "order_refunded",
            Self::LowStock => "low_stock",
            Self::OutOfStock => "out_of_stock",
            Self::Message => "message",
            Self::PasswordReset => "password_reset",
            Self::PasswordChanged => "password_changed",
        }
    }

    /// Whether the mail would be untrue for an order in this state. Such a mail is not sent any more; one that has left
    /// before was true when it did.
    pub(crate) fn is_contradicted_by(self, state: OrderState) -> bool {
        CONTRADICTIONS.contains(&(self, state))
    }
}

/// Which mail is untrue in which state of its order. The later a mail is in an order's life, the less can contradict it;
/// the last words (cancelled, failed, refunded) stay true for ever.
pub(crate) const CONTRADICTIONS: [(Template, OrderState); 5] = [
    // "We are arranging the payment": there will be none, or it went back.
    (Template::OrderPlaced, OrderState::Cancelled),
    (Template::OrderPlaced, OrderState::Failed),
    (Template::OrderPlaced, OrderState::Refunded),
    // "We are getting it ready": it is not coming.
    (Template::OrderPaid, OrderState::Refunded),
    // "It is on its way": it is there.
    (Template::OrderShipped, OrderState::Delivered),
];

/// One mail's own content; what it says of the order's lines comes from the order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "template", rename_all = "snake_case")]
pub(crate) enum Letter {
    Welcome {
        role: String,
    },
    OrderPlaced {
        number: String,
    },
    OrderPaid {
        number: String,
        total: Money,
    },
    OrderShipped {
        number: String,
        carrier: Option<String>,
        tracking_number: Option<String>,
    },
    OrderCancelled {
        number: String,
        reason: String,
    },
    OrderFailed {
        number: String,
        reason: String,
    },
    OrderRefunded {
        number: String,
        amount: Money,
        reason: String,
    },
    LowStock {
        product: ProductId,
        name: String,
        sku: String,
        warehouse: String,
        available: i64,
    },
    OutOfStock {
        product: ProductId,
        name: String,
        sku: String,
        warehouse: String,
    },
    /// Somebody has written to the shop.
    Message {
        message: Uuid,
        topic: Topic,
        /// Empty where an account's owner did not say.
        name: String,
        email: String,
        order_number: Option<String>,
        text: String,
        /// What the document is called, if there is one.
        document: Option<String>,
    },
    /// A way back into an account. The code that opens it is made when the mail is sent, and is not in here.
    PasswordReset {
        reset: ResetId,
        expires_at: DateTime<Utc>,
    },
    PasswordChanged {
        at: DateTime<Utc>,
    },
}

impl Letter {
    /// Which mail it is.
    pub(crate) fn template(&self) -> Template {
        match self {
            Self::Welcome { .. } => Template::Welcome,
            Self::OrderPlaced { .. } => Template::OrderPlaced,
            Self::OrderPaid { .. } => Template::OrderPaid,
            Self::OrderShipped { .. } => Template::OrderShipped,
            Self::OrderCancelled { .. } => Template::OrderCancelled,
            Self::OrderFailed { .. } => Template::OrderFailed,
            Self::OrderRefunded { .. } => Template::OrderRefunded,
            Self::LowStock { .. } => Template::LowStock,
            Self::OutOfStock { .. } => Template::OutOfStock,
            Self::Message { .. } => Template::Message,
            Self::PasswordReset { .. } => Template::PasswordReset,
            Self::PasswordChanged { .. } => Template::PasswordChanged,
        }
    }

    /// Whether nobody can use what it says any more.
    pub(crate) fn is_over(&self, now: DateTime<Utc>) -> bool {
        matches!(self, Self::PasswordReset { expires_at, .. } if *expires_at <= now)
    }

    /// Its subject: one line, whatever a vendor called a product.
    pub(crate) fn subject(&self) -> String {
        let subject = match self {
            Self::Welcome { .. } => "Welcome aboard Argosy".to_owned(),
            Self::OrderPlaced { number } => format!("We have your order {number}"),
            Self::OrderPaid { number, .. } => format!("Payment received for order {number}"),
            Self::OrderShipped { number, .. } => format!("Your order {number} is on its way"),
            Self::OrderCancelled { number, .. } => format!("Your order {number} is cancelled"),
            Self::OrderFailed { number, .. } => {
                format!("Your order {number} could not be completed")
            }
            Self::OrderRefunded { number, .. } => format!("Refund for your order {number}"),
            Self::LowStock {
                name, available, ..
            } => format!("Low stock: {available} left of {}", shortened(name, 80)),
            Self::OutOfStock { name, .. } => format!("Out of stock: {}", shortened(name, 80)),
            Self::Message { topic, email, .. } => {
                format!("Message about {}: {email}", topic.name())
            }
            Self::PasswordReset { .. } => "Choose a new password".to_owned(),
            Self::PasswordChanged { .. } => "Your password was changed".to_owned(),
        };
        one_line(&subject)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_never_contradicted() {
        for (template, _) in CONTRADICTIONS {
            assert!(!matches!(
                template,
                Template::OrderCancelled | Template::OrderFailed | Template::OrderRefunded
            ));
        }
        assert!(Template::OrderPlaced.is_contradicted_by(OrderState::Cancelled));
        assert!(!Template::OrderPlaced.is_contradicted_by(OrderState::Paid));
    }

    #[test]
    fn a_template_is_stored_under_the_name_that_it_is_shown_by() {
        for template in Template::ALL {
            assert_eq!(serde_json::to_value(template).unwrap(), template.name());
        }
    }

    #[test]
    fn a_subject_is_one_line_whatever_is_sold() {
        let letter = Letter::OutOfStock {
            product: ProductId::generate(),
            name: "Lamp\r\nBcc: all@example.com\n\nHello".to_owned(),
            sku: String::new(),
            warehouse: String::new(),
        };
        assert_eq!(
            letter.subject(),
            "Out of stock: Lamp Bcc: all@example.com Hello"
        );
    }
}
