//! What is said on the page after a change, once. It crosses the redirect in a cookie that holds only the name of a text of
//! ours, so that nobody can have the shop say something else.

use serde::Serialize;

/// Something that is said once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Flash {
    name: &'static str,
    text: &'static str,
    is_warning: bool,
}

/// As the layout shows it.
#[derive(Debug, Serialize)]
pub(crate) struct FlashView {
    text: &'static str,
    is_warning: bool,
}

const fn said(name: &'static str, text: &'static str) -> Flash {
    Flash {
        name,
        text,
        is_warning: false,
    }
}

const fn warned(name: &'static str, text: &'static str) -> Flash {
    Flash {
        name,
        text,
        is_warning: true,
    }
}

impl Flash {
    pub(crate) const ADDED: Self = said("added", "It is in your cart.");
    pub(crate) const QUANTITY: Self = said("quantity", "The quantity is changed.");
    pub(crate) const REMOVED: Self = said("removed", "It is out of your cart.");
    pub(crate) const NOT_IN_CART: Self = warned(
        "not-in-cart",
        "That is no longer in your cart, perhaps because another page took it out.",
    );
    pub(crate) const SIGNED_IN: Self = said("signed-in", "Welcome back.");
    pub(crate) const WELCOME: Self = said("welcome", "Welcome aboard. Your account is ready.");
    pub(crate) const SIGNED_OUT: Self = said("signed-out", "You are signed out.");
    pub(crate) const SIGNED_OUT_EVERYWHERE: Self = said(
        "signed-out-everywhere",
        "You are signed out on every device.",
    );
    pub(crate) const CAPPED: Self = warned(
        "capped",
        "Your carts are joined. Of some things there is less than you had in both; their quantities are lowered.",
    );
    pub(crate) const PROFILE: Self = said("profile", "Your name is changed.");
    pub(crate) const PASSWORD: Self = said(
        "password",
        "Your password is changed. Every other device is signed out.",
    );
    pub(crate) const PASSWORD_RESET: Self = said(
        "password-reset",
        "Your password is changed, and every device is signed out. Sign in with the new one.",
    );
    pub(crate) const ADDRESS: Self = said("address", "The address is kept.");
    pub(crate) const ADDRESS_REMOVED: Self = said("address-removed", "The address is removed.");
    pub(crate) const CANCELLED: Self = said(
        "cancelled",
        "The order is being cancelled. Anything that was charged goes back.",
    );
    pub(crate) const TOO_LATE: Self = warned(
        "too-late",
        "The order has moved on meanwhile, so it can no longer be cancelled here.",
    );
    pub(crate) const RETURN: Self = said(
        "return",
        "We have your return request, and answer by e-mail.",
    );
    pub(crate) const ORDERED_BEFORE: Self = warned(
        "ordered-before",
        "That order was already placed. Nothing was ordered twice; here it is.",
    );
    pub(crate) const EMPTY: Self = warned(
        "empty",
        "There is nothing in your cart that could be ordered.",
    );
    pub(crate) const SOLD_OUT: Self = warned(
        "sold-out",
        "Somebody was faster: what you wanted is sold out. Nothing has been ordered.",
    );
    pub(crate) const NO_LONGER_SOLD: Self = warned(
        "no-longer-sold",
        "What you wanted is no longer sold. Nothing has been ordered.",
    );
    pub(crate) const MESSAGE: Self = said("message", "We have your message, and answer by e-mail.");

    const ALL: [Self; 22] = [
        Self::ADDED,
        Self::QUANTITY,
        Self::REMOVED,
        Self::NOT_IN_CART,
        Self::SIGNED_IN,
        Self::WELCOME,
        Self::SIGNED_OUT,
        Self::SIGNED_OUT_EVERYWHERE,
        Self::CAPPED,
        Self::PROFILE,
        Self::PASSWORD,
        Self::PASSWORD_RESET,
        Self::ADDRESS,
        Self::ADDRESS_REMOVED,
        Self::CANCELLED,
        Self::TOO_LATE,
        Self::RETURN,
        Self::ORDERED_BEFORE,
        Self::EMPTY,
        Self::SOLD_OUT,
        Self::NO_LONGER_SOLD,
        Self::MESSAGE,
    ];

    /// As it stands in the cookie.
    pub(crate) fn name(self) -> &'static str {
        self.name
    }

    /// The one with this name, also one of the back office's.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .chain(OFFICE)
            .find(|flash| flash.name == name)
    }

    pub(crate) fn view(self) -> FlashView {
        FlashView {
            text: self.text,
            is_warning: self.is_warning,
        }
    }
}

/// What the back office says.
const OFFICE: [Flash; 14] = [
    Flash::OFFICE_CREATED,
    Flash::OFFICE_SAVED,
    Flash::OFFICE_ARCHIVED,
    Flash::OFFICE_PICTURE,
    Flash::OFFICE_STOCK,
    Flash::OFFICE_SHIPPED,
    Flash::OFFICE_DELIVERED,
    Flash::OFFICE_CANCELLED,
    Flash::OFFICE_REFUNDED,
    Flash::OFFICE_PAYMENT,
    Flash::OFFICE_MAIL,
    Flash::OFFICE_ROLE,
    Flash::OFFICE_SESSIONS,
    Flash::OFFICE_REPLAYED,
];

impl Flash {
    pub(crate) const OFFICE_CREATED: Self = said(
        "office-created",
        "The product is in the shop. Give it a picture and some stock.",
    );
    pub(crate) const OFFICE_SAVED: Self = said("office-saved", "The change is kept.");
    pub(crate) const OFFICE_ARCHIVED: Self =
        said("office-archived", "The product is out of the shop.");
    pub(crate) const OFFICE_PICTURE: Self = said("office-picture", "The picture is there.");
    pub(crate) const OFFICE_STOCK: Self = said("office-stock", "The stock is changed.");
    pub(crate) const OFFICE_SHIPPED: Self = said("office-shipped", "The order counts as sent.");
    pub(crate) const OFFICE_DELIVERED: Self =
        said("office-delivered", "The order counts as delivered.");
    pub(crate) const OFFICE_CANCELLED: Self =
        said("office-cancelled", "The order is being cancelled.");
    pub(crate) const OFFICE_REFUNDED: Self =
        said("office-refunded", "The money is on its way back.");
    pub(crate) const OFFICE_PAYMENT: Self =
        said("office-payment", "The payment is looked at again.");
    pub(crate) const OFFICE_MAIL: Self = said("office-mail", "The mail is sent again.");
    pub(crate) const OFFICE_ROLE: Self = said("office-role", "The role is changed.");
    pub(crate) const OFFICE_SESSIONS: Self = said("office-sessions", "All sessions have ended.");
    pub(crate) const OFFICE_REPLAYED: Self = said(
        "office-replayed",
        "Its consumer tries again within seconds. Load the page to see what came of it.",
    );
}
