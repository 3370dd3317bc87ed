//! One file per page. Each asks the services, makes a view of the answers, and has it rendered.

pub(crate) mod about;
pub(crate) mod account;
pub(crate) mod addresses;
pub(crate) mod cart;
pub(crate) mod category;
pub(crate) mod checkout;
pub(crate) mod contact;
pub(crate) mod failure;
pub(crate) mod forgotten_password;
pub(crate) mod home;
pub(crate) mod login;
pub(crate) mod logout;
pub(crate) mod order;
pub(crate) mod orders;
pub(crate) mod password;
pub(crate) mod product;
pub(crate) mod register;
pub(crate) mod reset_password;
pub(crate) mod robots;
pub(crate) mod search;
