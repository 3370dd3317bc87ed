//! `POST /v1/refunds`: gives money back, never more than was charged.

use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use sqlx::PgConnection;

use super::Call;
use crate::{
    assembly::State,
    charging,
    db::{self, ledger::Movement},
    domain::{
        charge::Charge,
        currency::display,
        identifier,
        intent::{Intent, Status},
        refund::Refund,
    },
    error::Error,
    execution::{self, Operation, Scene},
    parameters::{Parameters, required},
};

const REASONS: [&str; 3] = ["duplicate", "fraudulent", "requested_by_customer"];

pub(crate) struct CreateRefund {
    of: Refunded,
    /// Without it, all that is left.
    amount: Option<i64>,
    reason: Option<String>,
    metadata: Value,
}

enum Refunded {
    Intent(String),
    Charge(String),
}

pub(super) async fn create_refund(Extract(state): Extract<State>, mut call: Call) -> Response {
    match CreateRefund::read(std::mem::take(&mut call.parameters)) {
        Ok(operation) => execution::execute(state, call, Operation::CreateRefund(operation)).await,
        Err(error) => error.into_response(),
    }
}

impl CreateRefund {
    fn read(mut parameters: Parameters) -> Result<Self, Error> {
        let of = match (parameters.take("payment_intent"), parameters.take("charge")) {
            (Some(intent), None) => Refunded::Intent(intent),
            (None, Some(charge)) => Refunded::Charge(charge),
            (None, None) => return Err(required("payment_intent")),
            (Some(_), Some(_)) => {
                return Err(Error {
                    param: Some("charge".to_owned()),
                    ..Error::invalid(
                        "You may only specify one of these parameters: payment_intent, charge.",
                    )
                });
            }
        };
        let amount = parameters.take_integer("amount", 1..=i64::MAX)?;
        let reason = parameters.take_choice("reason", &REASONS)?;
        let metadata = parameters.take_metadata()?;
        parameters.finish()?;
        Ok(Self {
            of,
            amount,
            reason,
            metadata,
        })
    }

    pub(crate) async fn run(
        self,
        connection: &mut PgConnection,
        scene: &mut Scene,
    ) -> sqlx::Result<Result<Value, Error>> {
        let intent_id = match &self.of {
            Refunded::Intent(id) => id.clone(),
            Refunded::Charge(id) => match db::charges::find(connection, id).await? {
                Some(charge) => charge.payment_intent,
                None => return Ok(Err(Error::missing("charge", id, "charge"))),
            },
        };
        // Locked before its charge is read: refunds of one intent take turns.
        let Some(intent) = db::intents::lock(connection, &intent_id).await? else {
            return Ok(Err(Error::missing(
                "payment_intent",
                &intent_id,
                "payment_intent",
            )));
        };
        let charge = match &intent.latest_charge {
            Some(id) if intent.status == Status::Succeeded => {
                db::charges::find(connection, id).await?
            }
            _ => None,
        };
        let Some(mut charge) = charge else {
            return Ok(Err(not_charged(&intent)));
        };
        let amount = match self.refundable(&charge) {
            Ok(amount) => amount,
            Err(error) => return Ok(Err(error)),
        };
        let refund = self.refund(scene, &charge, amount);
        charge.amount_refunded += amount;
        write(connection, scene, &intent, &charge, &refund).await?;
        Ok(Ok(refund.to_json()))
    }

    /// How much of the charge goes back.
    fn refundable(&self, charge: &Charge) -> Result<i64, Error> {
        let left = charge.amount - charge.amount_refunded;
        if left == 0 {
            return Err(Error {
                code: Some("charge_already_refunded"),
                ..Error::invalid(format!("Charge {} has already been refunded.", charge.id))
            });
        }
        let amount = self.amount.unwrap_or(left);
        if amount > left {
            let message = format!(
                "Refund amount ({}) is greater than unrefunded amount on charge ({})",
                display(amount, &charge.currency),
                display(left, &charge.currency)
            );
            return Err(Error {
                param: Some("amount".to_owned()),
                ..Error::invalid(message)
            });
        }
        Ok(amount)
    }

    fn refund(&self, scene: &Scene, charge: &Charge, amount: i64) -> Refund {
        Refund {
            id: identifier::fresh("re"),
            position: 0,
            created_at: scene.now,
            charge: charge.id.clone(),
            payment_intent: charge.payment_intent.clone(),
            amount,
            currency: charge.currency.clone(),
            reason: self.reason.clone(),
            metadata: self.metadata.clone(),
        }
    }
}

fn not_charged(intent: &Intent) -> Error {
    let message = format!(
        "This PaymentIntent ({}) does not have a successful charge to refund.",
        intent.id
    );
    Error::unexpected_state(message, intent.to_json())
}

async fn write(
    connection: &mut PgConnection,
    scene: &mut Scene,
    intent: &Intent,
    charge: &Charge,
    refund: &Refund,
) -> sqlx::Result<()> {
    db::charges::save(connection, charge).await?;
    db::refunds::insert(connection, refund).await?;
    let movement = Movement {
        kind: "refund",
        reference: &refund.id,
        payment_intent: &intent.id,
        amount: refund.amount,
        currency: &refund.currency,
        idempotency_key: scene.key.as_deref(),
        metadata: &intent.metadata,
    };
    db::ledger::insert(connection, &movement).await?;
    charging::tell(connection, scene, "charge.refunded", &charge.to_json()).await?;
    charging::tell(connection, scene, "refund.updated", &refund.to_json()).await
}
