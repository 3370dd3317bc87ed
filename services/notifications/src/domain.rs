//! What is decided without asking anybody: what a mail says, when one stops being true, when a failed one is tried again.

pub(crate) mod frame;
pub(crate) mod letter;
pub(crate) mod mail;
pub(crate) mod message;
pub(crate) mod order;
pub(crate) mod price;
pub(crate) mod retry;
pub(crate) mod text;
