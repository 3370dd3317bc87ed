//! What makes a mail the same mail: an id from what happened, and a Message-ID from that id.

use uuid::Uuid;

/// What a mail is owed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// Something that happens to an order or an account at most once.
    Once(Uuid),
    /// Something that happens again and again, such as stock running low: the aggregate and its version.
    Each(Uuid, i64),
}

/// The id of the mail that this occasion owes: the same however often its event is handled.
pub(crate) fn id(occasion: Occasion, template: &str) -> Uuid {
    let name = match occasion {
        Occasion::Once(aggregate) => format!("{aggregate}/{template}"),
        Occasion::Each(aggregate, version) => format!("{aggregate}@{version}/{template}"),
    };
    Uuid::new_v5(&NAMESPACE, name.as_bytes())
}

/// The Message-ID header of all copies of a mail.
pub(crate) fn message_id(mail: Uuid, domain: &str) -> String {
    format!("<{mail}@{domain}>")
}

/// Of our mails alone: any value that never changes.
const NAMESPACE: Uuid = Uuid::from_u128(0x8d7b_5c53_5d6b_5c1e_9f7e_2a0c_6a54_31d7);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_occasion_owes_one_mail_a_template() {
        let order = Uuid::from_u128(7);
        let mail = id(Occasion::Once(order), "order_paid");
        assert_eq!(mail, id(Occasion::Once(order), "order_paid"));
        assert_ne!(mail, id(Occasion::Once(order), "order_placed"));
        assert_ne!(
            id(Occasion::Each(order, 1), "low_stock"),
            id(Occasion::Each(order, 2), "low_stock")
        );
        assert_eq!(
            message_id(mail, "shop.example"),
            format!("<{mail}@shop.example>")
        );
    }
}
