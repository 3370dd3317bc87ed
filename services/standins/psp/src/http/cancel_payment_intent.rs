//! `POST /v1/payment_intents/{id}/cancel`: from then on nothing can be charged.

use axum::{
    extract::{Path, State as Extract},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Call, expansion};
use crate::{
    assembly::State,
    charging, db,
    domain::intent::Status,
    error::Error,
    execution::{self, Operation, Scene},
    parameters::Parameters,
};

const REASONS: [&str; 4] = [
    "duplicate",
    "fraudulent",
    "requested_by_customer",
    "abandoned",
];

pub(crate) struct CancelPaymentIntent {
    id: String,
    reason: Option<String>,
    expand: bool,
}

pub(super) async fn cancel_payment_intent(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
    mut call: Call,
) -> Response {
    match CancelPaymentIntent::read(id, std::mem::take(&mut call.parameters)) {
        Ok(operation) => {
            execution::execute(state, call, Operation::CancelPaymentIntent(operation)).await
        }
        Err(error) => error.into_response(),
    }
}

impl CancelPaymentIntent {
    fn read(id: String, mut parameters: Parameters) -> Result<Self, Error> {
        let reason = parameters.take_choice("cancellation_reason", &REASONS)?;
        let expand = parameters.take_expand("latest_charge")?;
        parameters.finish()?;
        Ok(Self { id, reason, expand })
    }

    pub(crate) async fn run(
        self,
        connection: &mut PgConnection,
        scene: &mut Scene,
    ) -> sqlx::Result<Result<Value, Error>> {
        let Some(mut intent) = db::intents::lock(connection, &self.id).await? else {
            return Ok(Err(Error::missing("payment_intent", &self.id, "intent")));
        };
        if !intent.status.may_be_canceled() {
            let message = format!(
                "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with one of the \
                 following statuses may be canceled: requires_payment_method, requires_confirmation.",
                intent.status.name()
            );
            return Ok(Err(Error::unexpected_state(message, intent.to_json())));
        }
        intent.status = Status::Canceled;
        intent.canceled_at = Some(scene.now);
        intent.cancellation_reason = self.reason;
        db::intents::save(connection, &intent).await?;
        charging::tell(
            connection,
            scene,
            "payment_intent.canceled",
            &intent.to_json(),
        )
        .await?;
        expansion::intent(connection, &intent, self.expand)
            .await
            .map(Ok)
    }
}
