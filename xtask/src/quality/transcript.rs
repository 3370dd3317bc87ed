//! What the programs of a step write: all of it in a file, and on the screen what is no routine.

use std::{fs, io::Write as _, path::PathBuf};

use anyhow::{Context as _, Result};

use crate::build::Cargo;

/// Everything that a step's programs have written.
pub(super) struct Transcript {
    pub(super) path: PathBuf,
    file: fs::File,
}

impl Transcript {
    pub(super) fn create(cargo: &Cargo, name: &str) -> Result<Self> {
        let folder = cargo.target.join("test-logs");
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let path = folder.join(format!("{name}.log"));
        let file =
            fs::File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, file })
    }

    /// A log that cannot be written (a full disk) must not fail the tests themselves.
    pub(super) fn line(&mut self, line: &str) {
        let _ = writeln!(self.file, "{line}");
    }
}

/// What would bury the rest in a log of some thousand lines.
pub(super) fn is_routine(line: &str) -> bool {
    let begins = [
        "Blocking",
        "Checking",
        "Compiling",
        "Documenting",
        "Downloaded",
        "Downloading",
        "Finished",
        "Fresh",
        "Updating",
    ];
    let word = line.split_whitespace().next().unwrap_or_default();
    line.trim().is_empty()
        || (line.starts_with("test ") && line.ends_with(" ... ok"))
        || (line.starts_with(' ') && (begins.contains(&word) || is_frame(line.trim_start())))
}

/// Of a backtrace: `12: function` or `at file:line`. What a test has to say stands before it.
fn is_frame(text: &str) -> bool {
    let number = text.split_once(": ").map(|(number, _)| number);
    text.starts_with("at ") || number.is_some_and(|number| number.parse::<u32>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_test_says_is_shown_without_its_backtrace() {
        assert!(
            is_routine("  12: core::result::unwrap_failed")
                && is_routine("             at ./tests/api/saga.rs:99:6")
        );
        assert!(
            !is_routine("thread 'saga' panicked at services/testkit/src/postgres.rs:221:10:")
                && !is_routine("  left: 12")
        );
    }

    #[test]
    fn a_failed_test_is_not_routine_and_a_compiled_crate_is() {
        assert!(
            is_routine("   Compiling serde v1.0.0")
                && is_routine("test a ... ok")
                && is_routine("")
        );
        assert!(
            !is_routine("test a ... FAILED")
                && !is_routine("error: Compiling failed")
                && !is_routine("     Running tests/api/main.rs")
        );
    }
}
