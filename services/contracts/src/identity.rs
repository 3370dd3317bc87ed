//! What the identity service tells others of accounts: enough to greet somebody, and nothing that lets them in.

use serde::{Deserialize, Serialize};

use crate::{UserId, event::event};

/// Somebody has an account now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserRegistered {
    /// Who.
    pub user_id: UserId,
    /// The account's version, 1 here.
    pub version: i64,
    /// Where mail reaches them, in lower case.
    pub email: String,
    /// How to address them.
    pub first_name: String,
    /// Their family name.
    pub last_name: String,
    /// `customer` or `vendor`.
    pub role: String,
}

event!(UserRegistered, user_id, "shop.identity.user_registered", 1);
