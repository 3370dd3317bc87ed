//! `POST /v1/payment_intents/{id}/confirm`: charges.

use axum::{
    extract::{Path, State as Extract},
    response::{IntoResponse as _, Response},
};
use serde_json::Value;
use sqlx::PgConnection;

use super::{Call, create_payment_intent, expansion};
use crate::{
    assembly::State,
    charging, db,
    domain::{
        intent::{Intent, Status},
        payment_method::PaymentMethod,
    },
    error::Error,
    execution::{self, Operation, Scene},
    parameters::Parameters,
};

pub(crate) struct ConfirmPaymentIntent {
    id: String,
    method: Option<PaymentMethod>,
    expand: bool,
}

pub(super) async fn confirm_payment_intent(
    Extract(state): Extract<State>,
    Path(id): Path<String>,
    mut call: Call,
) -> Response {
    match ConfirmPaymentIntent::read(id, std::mem::take(&mut call.parameters)) {
        Ok(operation) => {
            execution::execute(state, call, Operation::ConfirmPaymentIntent(operation)).await
        }
        Err(error) => error.into_response(),
    }
}

impl ConfirmPaymentIntent {
    fn read(id: String, mut parameters: Parameters) -> Result<Self, Error> {
        let method = create_payment_intent::read_method(&mut parameters)?;
        create_payment_intent::read_ignored(&mut parameters)?;
        let expand = parameters.take_expand("latest_charge")?;
        parameters.finish()?;
        Ok(Self { id, method, expand })
    }

    pub(crate) async fn run(
        self,
        connection: &mut PgConnection,
        scene: &mut Scene,
    ) -> sqlx::Result<Result<Value, Error>> {
        let Some(mut intent) = db::intents::lock(connection, &self.id).await? else {
            return Ok(Err(Error::missing("payment_intent", &self.id, "intent")));
        };
        let method = match self.method_for(&intent) {
            Ok(method) => method,
            Err(error) => return Ok(Err(error)),
        };
        if let Err(declined) = charging::confirm(connection, scene, &mut intent, &method).await? {
            return Ok(Err(declined));
        }
        expansion::intent(connection, &intent, self.expand)
            .await
            .map(Ok)
    }

    /// What to charge, if the intent can be charged.
    fn method_for(&self, intent: &Intent) -> Result<PaymentMethod, Error> {
        if !intent.status.may_be_confirmed() {
            let why = match intent.status {
                Status::Succeeded => {
                    "it has already succeeded after being previously confirmed".to_owned()
                }
                other => format!("it has a status of {}", other.name()),
            };
            let message = format!("You cannot confirm this PaymentIntent because {why}.");
            return Err(Error::unexpected_state(message, intent.to_json()));
        }
        let stored = || {
            intent
                .payment_method
                .as_deref()
                .and_then(PaymentMethod::parse)
        };
        let method = self
            .method
            .clone()
            .or_else(stored)
            .ok_or_else(|| method_missing().with("payment_intent", intent.to_json()))?;
        create_payment_intent::allowed(&method, &intent.payment_method_types)?;
        Ok(method)
    }
}

/// There is nothing to charge.
pub(super) fn method_missing() -> Error {
    Error {
        code: Some("payment_intent_unexpected_state"),
        ..Error::invalid(
            "You cannot confirm this PaymentIntent because it's missing a payment method. Update the PaymentIntent with a \
             payment method and then confirm it again.",
        )
    }
}
