//! `POST /internal/holds`: the goods of an order are kept for it, all of them or none. Decided together with whatever else
//! is asked for at the same moment (see `desk`).

use axum::{
    extract::State as FromState,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chassis::{FieldError, Json, Problem, auth::InternalCaller};
use chrono::{DateTime, Utc};
use contracts::{OrderId, ProductId, VariantId};
use serde::{Deserialize, Serialize};

use super::body::Rules;
use crate::{
    assembly::State,
    domain::{
        Violation,
        allocation::{Line, Request, Supply},
        bounds::{DEFAULT_LIFETIME_S, MAX_LIFETIME_S, MAX_LINE_QUANTITY, MAX_LINES, within},
        hold,
    },
    holding::Outcome,
    problems::{HOLD_DIFFERS, HOLD_ENDED, OUT_OF_STOCK},
};

/// What an order needs.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct HoldStock {
    order_id: OrderId,
    lines: Vec<HoldLine>,
    expires_in_seconds: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct HoldLine {
    product_id: ProductId,
    variant_id: VariantId,
    quantity: i64,
}

/// The goods are kept.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HoldBody {
    order_id: OrderId,
    expires_at: DateTime<Utc>,
}

impl HoldStock {
    fn checked(self) -> Result<Request, Problem> {
        let mut rules = Rules::default();
        if !(1..=MAX_LINES).contains(&self.lines.len()) {
            let message = format!("must be 1 to {MAX_LINES}, are {}", self.lines.len());
            rules.keep(Err::<(), _>(Violation::new("lines", message)));
        }
        let lines = self.lines.into_iter().enumerate().map(|(index, line)| {
            let field = format!("lines[{index}].quantity");
            Line {
                product_id: line.product_id,
                variant_id: line.variant_id,
                quantity: rules.keep(within(&field, line.quantity, 1, MAX_LINE_QUANTITY)),
            }
        });
        let lines = lines.collect();
        let lifetime_s = self.expires_in_seconds.unwrap_or(DEFAULT_LIFETIME_S);
        let lifetime_s = rules.keep(within("expiresInSeconds", lifetime_s, 1, MAX_LIFETIME_S));
        rules.finish()?;
        Ok(Request {
            order_id: self.order_id,
            lines,
            lifetime_s,
        })
    }
}

/// 201 when the goods are kept, 200 when they were kept for this order before.
pub(crate) async fn hold_stock(
    FromState(state): FromState<State>,
    _: InternalCaller,
    Json(request): Json<HoldStock>,
) -> Result<Response, Problem> {
    let request = request.checked()?;
    let order_id = request.order_id;
    let outcome = state.desk.enter(request).map_err(|full| {
        state.metrics.holds.with_label_values(&["refused"]).inc();
        Problem::unavailable("Too many orders at once: try again in a moment.", full)
    })?;
    let outcome = outcome.await.map_err(|closed| {
        Problem::unavailable("The service ends: try again in a moment.", closed)
    })?;
    let (status, expires_at) = match outcome {
        Outcome::Held(expires_at) => (StatusCode::CREATED, expires_at),
        Outcome::Repeated(expires_at) => (StatusCode::OK, expires_at),
        Outcome::Short(supplies) => return Err(out_of_stock(&supplies)),
        Outcome::Ended(state) => return Err(ended(state)),
        Outcome::Differs => {
            let detail = "Goods are held for this order, but not these.";
            return Err(Problem::new(&HOLD_DIFFERS, detail));
        }
        Outcome::Failed(failure) => return Err(failure.into()),
    };
    let body = HoldBody {
        order_id,
        expires_at,
    };
    Ok((status, Json(body)).into_response())
}

fn out_of_stock(supplies: &[Supply]) -> Problem {
    let short = supplies
        .iter()
        .enumerate()
        .filter(|(_, supply)| !supply.is_enough);
    let errors: Vec<FieldError> = short
        .map(|(index, supply)| {
            let message = match supply.available {
                0 => "is sold out".to_owned(),
                available => format!("only {available} are left"),
            };
            FieldError::new(format!("lines[{index}]"), message)
        })
        .collect();
    let available: Vec<i64> = supplies.iter().map(|supply| supply.available).collect();
    let detail = match errors.len() {
        1 => "There is not enough of one line; nothing is held.".to_owned(),
        several => format!("There is not enough of {several} lines; nothing is held."),
    };
    Problem {
        errors,
        ..Problem::new(&OUT_OF_STOCK, detail).with("available", available)
    }
}

fn ended(state: hold::State) -> Problem {
    let detail = match state {
        hold::State::Expired => "The hold of this order has expired.",
        _ => "The goods of this order have been set free.",
    };
    Problem::new(&HOLD_ENDED, detail)
}
