//! The four things that change something.

use serde_json::Value;
use sqlx::PgConnection;

use super::Scene;
use crate::{
    error::Error,
    http::{
        cancel_payment_intent::CancelPaymentIntent, confirm_payment_intent::ConfirmPaymentIntent,
        create_payment_intent::CreatePaymentIntent, create_refund::CreateRefund,
    },
};

/// A request whose parameters have been understood.
pub(crate) enum Operation {
    CreatePaymentIntent(CreatePaymentIntent),
    ConfirmPaymentIntent(ConfirmPaymentIntent),
    CancelPaymentIntent(CancelPaymentIntent),
    CreateRefund(CreateRefund),
}

impl Operation {
    /// The object or the refusal, either of which is kept under the request's key. The outer error rolls everything back.
    pub(super) async fn run(
        self,
        connection: &mut PgConnection,
        scene: &mut Scene,
    ) -> sqlx::Result<Result<Value, Error>> {
        match self {
            Self::CreatePaymentIntent(operation) => operation.run(connection, scene).await,
            Self::ConfirmPaymentIntent(operation) => operation.run(connection, scene).await,
            Self::CancelPaymentIntent(operation) => operation.run(connection, scene).await,
            Self::CreateRefund(operation) => operation.run(connection, scene).await,
        }
    }
}
