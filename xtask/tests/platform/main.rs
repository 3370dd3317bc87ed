//! The toolkit as people use it: the real binary, real servers, real failures.

mod converging;
mod failing;
mod interface;
mod project;
mod stacks;
