//! `POST /webhooks/psp`: what the provider tells us. It may come before the answer to our own call, after it, twice, or from
//! somebody else; the first signed copy of each event counts, and does what any other way to learn the same would do.

use axum::{
    body::Bytes,
    extract::{State as FromState, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
};
use chassis::{
    FieldError, Problem,
    auth::Who,
    clock, failpoint, planted,
    problem::{INVALID_REQUEST, PAYLOAD_TOO_LARGE},
};
use contracts::PaymentId;
use sqlx::{Postgres, Transaction};

use super::body::ProblemBody;
use crate::{
    assembly::State,
    db,
    problems::INVALID_SIGNATURE,
    provider::{
        self, Intent, Notice, RefundObject, RefundStatus, SignatureError, Subject, Verdict,
    },
    turns::{Error, Turn},
};

const SIGNATURE: &str = "stripe-signature";
/// Nobody with an account: what counts is the signature.
const SIGNED_BY_PROVIDER: Who = &["provider"];

/// Take an event of the payment provider.
///
/// For the provider, which signs what it sends (`Stripe-Signature`).
#[utoipa::path(
    post,
    path = "/webhooks/psp",
    tag = "webhooks",
    extensions(("x-roles" = json!(SIGNED_BY_PROVIDER))),
    security(("providerSignature" = [])),
    request_body(content = String, description = "An event as Stripe writes it.", content_type = "application/json"),
    params(("Stripe-Signature" = String, Header, description = "`t=<seconds>,v1=<HMAC-SHA256 of \"t.body\">`, not older than five minutes.")),
    responses(
        (status = 204, description = "It is noted; the same event again changes nothing"),
        (status = 400, description = "The signature is not valid, or the body is no event", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is longer than an event", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn receive_webhook(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let body = body.map_err(|rejection| unreadable(&rejection))?;
    check(&state, &headers, &body)?;
    let notice = Notice::read(&body).map_err(|error| {
        Problem::new(
            &INVALID_REQUEST,
            format!("The body is no event of the provider: {error}"),
        )
    })?;
    let text = String::from_utf8_lossy(&body);
    let mut tx = state.database.begin().await?;
    if !db::webhooks::insert(&mut tx, &notice.id, &notice.kind, &text).await? {
        state
            .metrics
            .webhooks
            .with_label_values(&["repeated"])
            .inc();
        return Ok(StatusCode::NO_CONTENT);
    }
    apply(&state, &mut tx, &notice).await?;
    failpoint::hit("payments.webhook.after_insert_before_commit");
    tx.commit().await?;
    state.turns.committed();
    state.charges.wake();
    state.metrics.webhooks.with_label_values(&["applied"]).inc();
    Ok(StatusCode::NO_CONTENT)
}

fn check(state: &State, headers: &HeaderMap, body: &[u8]) -> Result<(), Problem> {
    if planted::is_planted("webhook_without_signature_check") {
        return Ok(());
    }
    let header = headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let verified = provider::verify(&state.webhook_secret, header, body, clock::now());
    verified.map_err(|error| {
        let outcome = match error {
            SignatureError::Malformed | SignatureError::Forged => "forged",
            SignatureError::Stale => "stale",
        };
        state.metrics.webhooks.with_label_values(&[outcome]).inc();
        tracing::warn!(%error, "a webhook was refused");
        Problem {
            errors: vec![FieldError::new("Stripe-Signature", error.to_string())],
            ..Problem::new(&INVALID_SIGNATURE, format!("It is refused: {error}."))
        }
    })
}

async fn apply(
    state: &State,
    tx: &mut Transaction<'static, Postgres>,
    notice: &Notice,
) -> Result<(), Problem> {
    let turn = match &notice.subject {
        Subject::Intent(intent) => of_intent(intent),
        Subject::Refund(refund) => of_refund(tx, refund).await?,
        Subject::Other => None,
    };
    let Some((payment, turn)) = turn else {
        return Ok(());
    };
    match state.turns.take(tx, payment, turn).await {
        // Others may use the same account, and a database that was restored may not know it yet: the reconciler does.
        Ok(()) | Err(Error::Unknown | Error::Refused(_)) => Ok(()),
        Err(Error::Database(error)) => Err(error.into()),
    }
}

fn of_intent(intent: &Intent) -> Option<(PaymentId, Turn<'_>)> {
    let turn = match intent.verdict() {
        Verdict::Charged => Turn::Charged(intent),
        Verdict::Declined(code) => Turn::Declined {
            attempt: intent.attempt()?,
            code,
            is_final: false,
        },
        Verdict::Open | Verdict::Stuck => return None,
    };
    Some((intent.payment()?, turn))
}

async fn of_refund<'a>(
    tx: &mut Transaction<'static, Postgres>,
    refund: &'a RefundObject,
) -> Result<Option<(PaymentId, Turn<'a>)>, Problem> {
    let Some(id) = refund.refund() else {
        return Ok(None);
    };
    let stored = db::refunds::find(tx, id).await?;
    let Some(stored) = stored.filter(|stored| stored.minor == refund.amount) else {
        return Ok(None);
    };
    let turn = match refund.status {
        RefundStatus::Succeeded => Turn::RefundSucceeded {
            refund: id,
            reference: &refund.id,
        },
        RefundStatus::Failed | RefundStatus::Canceled => Turn::RefundFailed {
            refund: id,
            why: "the provider could not complete it",
        },
        RefundStatus::Open => return Ok(None),
    };
    Ok(Some((stored.payment, turn)))
}

fn unreadable(rejection: &BytesRejection) -> Problem {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::new(&PAYLOAD_TOO_LARGE, "The body is longer than an event is.")
    } else {
        Problem::new(&INVALID_REQUEST, "The body broke off before its end.")
    }
}
