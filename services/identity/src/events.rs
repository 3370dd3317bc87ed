//! What the identity service publishes, and where.

use chassis::{broker::Stream, outbox};
use chrono::{DateTime, Utc};
use contracts::{
    ResetId, UserId,
    identity::{PasswordChanged, PasswordResetRequested, UserRegistered},
};
use sqlx::{Postgres, Transaction};

use crate::domain::account::User;

/// Every event of the identity service.
pub(crate) const STREAM: Stream = Stream {
    name: "IDENTITY",
    subjects: "shop.identity.>",
    description: "People who came",
};

/// Somebody has an account now.
pub(crate) async fn publish_registered(
    tx: &mut Transaction<'_, Postgres>,
    user: &User,
) -> sqlx::Result<()> {
    let event = UserRegistered {
        user_id: user.id,
        version: user.version,
        email: user.email.clone(),
        first_name: user.first_name.clone(),
        last_name: user.last_name.clone(),
        role: user.role.name().to_owned(),
    };
    outbox::publish(tx, &event).await.map(drop)
}

/// Somebody has forgotten their password, and a way back is open.
pub(crate) async fn publish_reset_requested(
    tx: &mut Transaction<'_, Postgres>,
    reset: ResetId,
    user: UserId,
    email: &str,
    expires_at: DateTime<Utc>,
) -> sqlx::Result<()> {
    let event = PasswordResetRequested {
        reset_id: reset,
        version: 1,
        user_id: user,
        email: email.to_owned(),
        expires_at,
    };
    outbox::publish(tx, &event).await.map(drop)
}

/// An account has another password.
pub(crate) async fn publish_password_changed(
    tx: &mut Transaction<'_, Postgres>,
    user: UserId,
    version: i64,
    email: &str,
) -> sqlx::Result<()> {
    let event = PasswordChanged {
        user_id: user,
        version,
        email: email.to_owned(),
    };
    outbox::publish(tx, &event).await.map(drop)
}
