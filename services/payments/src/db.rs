//! Every statement of the service, by table.

pub(crate) mod dead_letters;
pub(crate) mod ledger;
pub(crate) mod outbox;
pub(crate) mod payments;
pub(crate) mod queue;
pub(crate) mod reconciliation;
pub(crate) mod refund_queue;
pub(crate) mod refunds;
pub(crate) mod webhooks;

/// A stored word that this program does not know: a newer one has written it.
fn unknown(what: &str, word: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("{what} {word:?} is not known to this version").into())
}
