//! Where changes of shelves are stored, and nowhere else: shelves, ledger and alerts in one transaction.

use anyhow::ensure;
use sqlx::{Postgres, Transaction};

use crate::{
    db,
    domain::shelf::{Posting, Shelves},
    events,
};

/// Stores what has happened to locked shelves; gives it back, to be counted after the commit.
pub(crate) async fn post(
    tx: &mut Transaction<'static, Postgres>,
    shelves: Shelves,
) -> anyhow::Result<Posting> {
    let posting = shelves.into_posting();
    if posting.shelves.is_empty() {
        return Ok(posting);
    }
    let posted = db::posting::post(tx, &posting).await?;
    ensure!(
        usize::try_from(posted.shelves) == Ok(posting.shelves.len())
            && usize::try_from(posted.movements) == Ok(posting.movements.len()),
        "BUG: of {} shelves and {} movements {posted:?} were written: a shelf was not locked",
        posting.shelves.len(),
        posting.movements.len(),
    );
    events::publish_alerts(tx, &posting.alerts).await?;
    Ok(posting)
}
