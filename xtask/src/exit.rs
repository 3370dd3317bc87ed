//! The toolkit's exit codes: part of its interface, listed in `docs/toolkit.md`.

use std::process::ExitCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    Done = 0,
    /// A bug of ours.
    Bug = 1,
    /// A command line that cannot be read. clap uses the same number.
    Usage = 2,
    /// `plan` found something to do, or a check found something wrong.
    Changes = 10,
    /// Refused before anything was touched: the model, the machine or a file is not fit.
    Preflight = 20,
    /// Another run holds this environment's lock.
    Locked = 21,
    /// Something did not become healthy in time.
    TimedOut = 32,
    /// A component or a job failed.
    Failed = 33,
    /// Ctrl-C.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}
