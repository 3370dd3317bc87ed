//! What guard and supervisor say of themselves goes to standard error, which is `logs/supervisor.log`; so does a panic.

use std::io::Write as _;

use super::{
    clock,
    lines::{self, Stream},
};

pub(super) fn note(text: &str) {
    // When even this cannot be written there is nobody left to tell.
    let _ = std::io::stderr()
        .write_all(lines::format(clock::now(), Stream::Supervisor, text).as_bytes());
}
