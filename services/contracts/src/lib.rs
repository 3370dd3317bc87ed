#![doc = include_str!("../README.md")]

mod amount;
mod currency;
mod envelope;
mod event;
mod id;
mod money;

pub mod catalog;
pub mod identity;

pub use amount::Amount;
pub use currency::{Currency, UnknownCurrency};
pub use envelope::Envelope;
pub use event::Event;
pub use id::{CategoryId, ProductId, UserId, VariantId, VendorId};
pub use money::{Money, MoneyError};
