//! The supervisor's own log, `logs/supervisor.log`: its standard error, so that a panic ends up there too.

use std::io::Write as _;

use super::{
    clock,
    lines::{self, Stream},
};

pub(super) fn note(text: &str) {
    // When even this cannot be written there is nobody left to tell.
    let _ = std::io::stderr().write_all(lines::format(clock::now(), Stream::Supervisor, text).as_bytes());
}
