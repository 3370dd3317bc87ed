#![doc = include_str!("../README.md")]

mod amount;
mod currency;
mod envelope;
mod event;
mod id;
mod money;
mod reset_code;

pub mod catalog;
pub mod identity;
pub mod inventory;
pub mod orders;
pub mod payments;

pub use amount::Amount;
pub use currency::{Currency, UnknownCurrency};
pub use envelope::Envelope;
pub use event::Event;
pub use id::{
    CategoryId, OrderId, PaymentId, ProductId, RefundId, ResetId, StockId, UserId, VariantId,
    VendorId,
};
pub use money::{Money, MoneyError};
pub use reset_code::{KeyTooShort, NotACode, ResetCode, ResetKey};
