//! Moving money: what becomes of an intent that is confirmed, and of a direct debit when it settles.
//!
//! Charge, ledger, intent and event change in the caller's transaction, so none of them can be there without the others.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::PgConnection;

use crate::{
    db::{self, events::Happened, ledger::Movement},
    domain::{
        charge::Charge,
        identifier,
        intent::{Intent, Status},
        payment_method::{Decline, PaymentMethod},
        verdict::{self, Verdict},
    },
    error::Error,
    execution::Scene,
    faults::Fault,
};

/// Tries to charge; `Err` is the decline, which has been noted too.
pub(crate) async fn confirm(
    connection: &mut PgConnection,
    scene: &mut Scene,
    intent: &mut Intent,
    method: &PaymentMethod,
) -> sqlx::Result<Result<(), Error>> {
    let key = scene.key.as_deref().unwrap_or(&intent.id);
    let verdict = verdict::decide(method, scene.knobs.seed, key, scene.knobs.decline_rate);
    let mut charge = attempt(intent, method, scene.now);
    intent.payment_method = Some(method.id.clone());
    intent.latest_charge = Some(charge.id.clone());
    intent.last_payment_error = None;
    if !method.kind.is_immediate() {
        let wait = i64::try_from(scene.knobs.settlement_ms).unwrap_or(i64::MAX);
        intent.settle_at = Some(scene.now + TimeDelta::milliseconds(wait));
        intent.settle_decline = match verdict {
            Verdict::Approved => None,
            Verdict::Declined(decline) => Some(decline.reason.to_owned()),
        };
        intent.status = Status::Processing;
        db::charges::insert(connection, &charge).await?;
        db::intents::save(connection, intent).await?;
        return Ok(Ok(()));
    }
    let answer = resolve(scene, intent, &mut charge, verdict);
    db::charges::insert(connection, &charge).await?;
    conclude(connection, scene, intent, &charge).await?;
    Ok(answer)
}

/// Ends a direct debit that is due.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    scene: &mut Scene,
    intent: &mut Intent,
) -> sqlx::Result<()> {
    let id = intent.latest_charge.as_deref().unwrap_or_default();
    let mut charge = db::charges::find(connection, id)
        .await?
        .ok_or(sqlx::Error::RowNotFound)?;
    let verdict = match intent.settle_decline.take() {
        None => Verdict::Approved,
        Some(code) => Verdict::Declined(Decline::named(&code)),
    };
    intent.settle_at = None;
    // The caller of a debit has had its answer; the event tells what became of it.
    let _ = resolve(scene, intent, &mut charge, verdict);
    db::charges::save(connection, &charge).await?;
    conclude(connection, scene, intent, &charge).await
}

fn attempt(intent: &Intent, method: &PaymentMethod, now: DateTime<Utc>) -> Charge {
    Charge {
        id: identifier::fresh("ch"),
        created_at: now,
        payment_intent: intent.id.clone(),
        amount: intent.amount,
        amount_refunded: 0,
        currency: intent.currency.clone(),
        status: "pending".to_owned(),
        payment_method: method.id.clone(),
        method_type: method.kind.name().to_owned(),
        failure_code: None,
        decline_code: None,
        failure_message: None,
        metadata: intent.metadata.clone(),
    }
}

/// What the verdict makes of intent and charge.
fn resolve(
    scene: &mut Scene,
    intent: &mut Intent,
    charge: &mut Charge,
    verdict: Verdict,
) -> Result<(), Error> {
    match verdict {
        Verdict::Approved => {
            "succeeded".clone_into(&mut charge.status);
            intent.status = Status::Succeeded;
            intent.amount_received = intent.amount;
            Ok(())
        }
        Verdict::Declined(decline) => {
            scene.struck.push(Fault::Declined);
            "failed".clone_into(&mut charge.status);
            charge.failure_code = Some(decline.code.to_owned());
            charge.decline_code = Some(decline.reason.to_owned());
            charge.failure_message = Some(decline.message.to_owned());
            intent.status = Status::RequiresPaymentMethod;
            intent.payment_method = None;
            let error = Error::card(decline.code, decline.message)
                .with("charge", charge.id.as_str())
                .with("decline_code", decline.reason)
                .with("payment_method", json!({ "id": charge.payment_method, "object": "payment_method", "type": charge.method_type }));
            intent.last_payment_error = error.to_json().get("error").cloned();
            Err(error.with("payment_intent", intent.to_json()))
        }
    }
}

/// Writes down how it ended, money first.
async fn conclude(
    connection: &mut PgConnection,
    scene: &mut Scene,
    intent: &Intent,
    charge: &Charge,
) -> sqlx::Result<()> {
    let succeeded = intent.status == Status::Succeeded;
    if succeeded {
        let movement = Movement {
            kind: "charge",
            reference: &charge.id,
            payment_intent: &intent.id,
            amount: charge.amount,
            currency: &charge.currency,
            idempotency_key: scene.key.as_deref(),
            metadata: &intent.metadata,
        };
        db::ledger::insert(connection, &movement).await?;
    }
    db::intents::save(connection, intent).await?;
    let kind = if succeeded {
        "payment_intent.succeeded"
    } else {
        "payment_intent.payment_failed"
    };
    tell(connection, scene, kind, &intent.to_json()).await
}

/// Notes an event, and that it is to be told.
pub(crate) async fn tell(
    connection: &mut PgConnection,
    scene: &mut Scene,
    kind: &str,
    object: &Value,
) -> sqlx::Result<()> {
    let id = identifier::fresh("evt");
    let event = Happened {
        id: &id,
        kind,
        object,
        request_id: scene.request_id.as_deref(),
        idempotency_key: scene.key.as_deref(),
    };
    db::events::insert(connection, &event).await?;
    if scene.webhooks {
        let delay = scene
            .faults
            .webhook_delay(&scene.knobs.webhooks, &mut scene.struck);
        db::deliveries::insert(connection, &id, scene.now + delay).await?;
    }
    Ok(())
}
