//! What the identity service tells others of accounts: enough to greet somebody, and nothing that lets them in.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{ResetId, UserId, event::event};

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

/// Somebody has forgotten their password. What lets them in again is not in here: the code is made of the reset's id with a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordResetRequested {
    /// The way back that is open now.
    pub reset_id: ResetId,
    /// 1: nothing else is told of a reset.
    pub version: i64,
    /// Whose password.
    pub user_id: UserId,
    /// Where mail reaches them, in lower case.
    pub email: String,
    /// Until when it is open.
    pub expires_at: DateTime<Utc>,
}

event!(
    PasswordResetRequested,
    reset_id,
    "shop.identity.password_reset_requested",
    1
);

/// An account has another password, and its other sessions have ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PasswordChanged {
    /// Whose.
    pub user_id: UserId,
    /// The account's version.
    pub version: i64,
    /// Where mail reaches them, in lower case.
    pub email: String,
}

event!(
    PasswordChanged,
    user_id,
    "shop.identity.password_changed",
    1
);
