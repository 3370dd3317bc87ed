//! What the identity service publishes, and where.

use chassis::{broker::Stream, outbox};
use contracts::identity::UserRegistered;
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
