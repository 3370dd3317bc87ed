//! The payment provider: Stripe's protocol, and nothing of it outside this folder.

mod client;
mod failure;
mod objects;
mod signature;

pub(crate) use client::{ChargeRequest, Provider, RefundRequest};
pub(crate) use failure::{Failure, Unclear};
pub(crate) use objects::{Intent, Notice, RefundObject, RefundStatus, Subject, Verdict};
pub(crate) use signature::{SignatureError, verify};

/// Who takes the money, as events name it.
pub(crate) const NAME: &str = "stripe";
