//! One file per page. Each asks the catalogue, makes a view of the answer, and has it rendered.

pub(crate) mod about;
pub(crate) mod category;
pub(crate) mod failure;
pub(crate) mod home;
pub(crate) mod product;
pub(crate) mod robots;
pub(crate) mod search;
