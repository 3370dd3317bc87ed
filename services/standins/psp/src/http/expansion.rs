//! `expand[]=latest_charge`: the charge itself in place of its id.

use std::collections::HashMap;

use serde_json::Value;
use sqlx::PgConnection;

use crate::{db, domain::intent::Intent};

pub(super) async fn intent(
    connection: &mut PgConnection,
    intent: &Intent,
    expand: bool,
) -> sqlx::Result<Value> {
    let mut all = intents(connection, std::slice::from_ref(intent), expand).await?;
    all.pop().ok_or(sqlx::Error::RowNotFound)
}

pub(super) async fn intents(
    connection: &mut PgConnection,
    intents: &[Intent],
    expand: bool,
) -> sqlx::Result<Vec<Value>> {
    let ids: Vec<String> = intents
        .iter()
        .filter(|_| expand)
        .filter_map(|intent| intent.latest_charge.clone())
        .collect();
    let charges = if ids.is_empty() {
        Vec::new()
    } else {
        db::charges::find_all(connection, &ids).await?
    };
    let charges: HashMap<String, Value> = charges
        .into_iter()
        .map(|charge| (charge.id.clone(), charge.to_json()))
        .collect();
    let objects = intents.iter().map(|intent| {
        let mut object = intent.to_json();
        if let Some(charge) = intent.latest_charge.as_ref().and_then(|id| charges.get(id)) {
            object["latest_charge"] = charge.clone();
        }
        object
    });
    Ok(objects.collect())
}
