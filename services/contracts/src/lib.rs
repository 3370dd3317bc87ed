#![doc = include_str!("../README.md")]

mod amount;
mod currency;
mod envelope;
mod event;
mod id;
mod money;

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
    CategoryId, OrderId, PaymentId, ProductId, RefundId, StockId, UserId, VariantId, VendorId,
};
pub use money::{Money, MoneyError};
