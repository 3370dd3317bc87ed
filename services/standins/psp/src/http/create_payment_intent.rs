//! `POST /v1/payment_intents`: an intent, confirmed at once if that is asked for.

use axum::{
    extract::State as Extract,
    response::{IntoResponse as _, Response},
};
use serde_json::{Map, Value};
use sqlx::PgConnection;

use super::{Call, confirm_payment_intent, expansion};
use crate::{
    assembly::State,
    charging, db,
    domain::{
        currency, identifier,
        intent::{Intent, Status},
        payment_method::{Kind, PaymentMethod},
    },
    error::Error,
    execution::{self, Operation, Scene},
    parameters::{Parameters, required},
};

/// Stripe's: eight digits.
const MAX_AMOUNT: i64 = 99_999_999;
/// Kept and given back; they mean nothing here.
const DETAILS: [&str; 5] = [
    "customer",
    "description",
    "receipt_email",
    "statement_descriptor",
    "statement_descriptor_suffix",
];

pub(crate) struct CreatePaymentIntent {
    amount: i64,
    currency: String,
    method: Option<PaymentMethod>,
    method_types: Vec<String>,
    confirm: bool,
    details: Value,
    metadata: Value,
    expand: bool,
}

pub(super) async fn create_payment_intent(
    Extract(state): Extract<State>,
    mut call: Call,
) -> Response {
    match CreatePaymentIntent::read(std::mem::take(&mut call.parameters)) {
        Ok(operation) => {
            execution::execute(state, call, Operation::CreatePaymentIntent(operation)).await
        }
        Err(error) => error.into_response(),
    }
}

impl CreatePaymentIntent {
    fn read(mut parameters: Parameters) -> Result<Self, Error> {
        let amount = parameters
            .take_integer("amount", 1..=MAX_AMOUNT)?
            .ok_or_else(|| required("amount"))?;
        let currency = parameters
            .take("currency")
            .ok_or_else(|| required("currency"))?;
        let currency = currency::parse(&currency).ok_or_else(|| Error {
            param: Some("currency".to_owned()),
            ..Error::invalid(format!(
                "Invalid currency: {currency}. These are supported: {}",
                currency::all()
            ))
        })?;
        let method = read_method(&mut parameters)?;
        let method_types = read_types(&mut parameters, method.as_ref())?;
        let confirm = parameters.take_boolean("confirm")?.unwrap_or(false);
        if confirm && method.is_none() {
            return Err(confirm_payment_intent::method_missing());
        }
        parameters.take_choice("capture_method", &["automatic", "automatic_async"])?;
        parameters.take_choice("confirmation_method", &["automatic", "manual"])?;
        read_ignored(&mut parameters)?;
        let mut details = Map::new();
        for name in DETAILS {
            if let Some(value) = parameters.take(name) {
                details.insert(name.to_owned(), value.into());
            }
        }
        let metadata = parameters.take_metadata()?;
        let expand = parameters.take_expand("latest_charge")?;
        parameters.finish()?;
        Ok(Self {
            amount,
            currency,
            method,
            method_types,
            confirm,
            details: Value::Object(details),
            metadata,
            expand,
        })
    }

    pub(crate) async fn run(
        self,
        connection: &mut PgConnection,
        scene: &mut Scene,
    ) -> sqlx::Result<Result<Value, Error>> {
        let mut intent = self.intent(scene);
        db::intents::insert(connection, &intent).await?;
        if let Some(method) = self.method.filter(|_| self.confirm)
            && let Err(declined) =
                charging::confirm(connection, scene, &mut intent, &method).await?
        {
            return Ok(Err(declined));
        }
        expansion::intent(connection, &intent, self.expand)
            .await
            .map(Ok)
    }

    fn intent(&self, scene: &Scene) -> Intent {
        let id = identifier::fresh("pi");
        Intent {
            client_secret: format!("{id}_{}", identifier::fresh("secret")),
            id,
            position: 0,
            created_at: scene.now,
            amount: self.amount,
            amount_received: 0,
            currency: self.currency.clone(),
            status: if self.method.is_some() {
                Status::RequiresConfirmation
            } else {
                Status::RequiresPaymentMethod
            },
            payment_method: self.method.as_ref().map(|method| method.id.clone()),
            payment_method_types: self.method_types.clone(),
            details: self.details.clone(),
            metadata: self.metadata.clone(),
            last_payment_error: None,
            latest_charge: None,
            canceled_at: None,
            cancellation_reason: None,
            settle_at: None,
            settle_decline: None,
        }
    }
}

/// `payment_method`, if it is given.
pub(super) fn read_method(parameters: &mut Parameters) -> Result<Option<PaymentMethod>, Error> {
    let Some(id) = parameters.take("payment_method") else {
        return Ok(None);
    };
    let method = PaymentMethod::parse(&id).ok_or_else(|| {
        Error::parameter(
            "payment_method",
            "resource_missing",
            format!("No such PaymentMethod: '{id}'"),
        )
    })?;
    Ok(Some(method))
}

fn read_types(
    parameters: &mut Parameters,
    method: Option<&PaymentMethod>,
) -> Result<Vec<String>, Error> {
    let given = parameters.take_list("payment_method_types");
    let refusal = |message: String| Error {
        param: Some("payment_method_types".to_owned()),
        ..Error::invalid(message)
    };
    if let Some(other) = given.iter().find(|name| Kind::parse(name).is_none()) {
        let known = Kind::ALL.map(Kind::name).join(", ");
        return Err(refusal(format!(
            "The payment method type \"{other}\" is invalid; the simulator knows {known}."
        )));
    }
    if given.is_empty() {
        // As with automatic payment methods: whatever comes.
        return Ok(Kind::ALL.map(|kind| kind.name().to_owned()).to_vec());
    }
    match method {
        Some(method) => allowed(method, &given).map(|()| given),
        None => Ok(given),
    }
}

/// Refuses a method of a type that the intent does not take.
pub(super) fn allowed(method: &PaymentMethod, types: &[String]) -> Result<(), Error> {
    let kind = method.kind.name();
    if types.iter().any(|name| name == kind) {
        return Ok(());
    }
    Err(Error {
        param: Some("payment_method".to_owned()),
        ..Error::invalid(format!(
            "The PaymentMethod provided ({kind}) is not allowed for this PaymentIntent. Its types are {}.",
            types.join(", ")
        ))
    })
}

/// What real clients send along and what makes no difference here.
pub(super) fn read_ignored(parameters: &mut Parameters) -> Result<(), Error> {
    parameters.take_boolean("off_session")?;
    parameters.take("return_url");
    parameters.take_boolean("automatic_payment_methods[enabled]")?;
    parameters.take_choice(
        "automatic_payment_methods[allow_redirects]",
        &["always", "never"],
    )?;
    Ok(())
}
