//! Runs cargo from inside `cargo run`, without building anything twice.
//!
//! `cargo run` leaves variables about the toolkit's own package in our environment. Build scripts of other crates (ring's,
//! for one) watch some of them: handed on, they would make cargo build those crates and everything above them anew each
//! time that one changes between the shell and the toolkit.

use std::{io, process::ExitStatus};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, BufReader},
    process::Command,
};

use crate::build::Cargo;

/// Set by cargo for the program that it runs.
const ABOUT_THIS_PACKAGE: [&str; 5] = [
    "CARGO_BIN_NAME",
    "CARGO_CRATE_NAME",
    "CARGO_MANIFEST_",
    "CARGO_PKG_",
    "CARGO_PRIMARY_PACKAGE",
];

/// Would make the macros of sqlx ask whatever database a developer has configured.
const ABOUT_DATABASES: [&str; 3] = ["DATABASE_URL", "SQLX_OFFLINE", "SQLX_OFFLINE_DIR"];

/// Cargo with these arguments, in the workspace, as from a shell.
pub(crate) fn command(cargo: &Cargo, arguments: &[&str]) -> Command {
    let mut command = Command::new(&cargo.program);
    command
        .args(arguments)
        .current_dir(&cargo.workspace)
        .env("CARGO_TARGET_DIR", &cargo.target);
    as_from_a_shell(command.as_std_mut());
    command
}

/// Takes away what `cargo run` has added to the environment.
pub(crate) fn as_from_a_shell(command: &mut std::process::Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(is_about_us) {
            command.env_remove(&name);
        }
    }
}

fn is_about_us(variable: &str) -> bool {
    ABOUT_THIS_PACKAGE
        .iter()
        .any(|prefix| variable.starts_with(prefix))
        || ABOUT_DATABASES.contains(&variable)
}

/// Runs a command to its end and hands on each line of both outputs as it comes.
pub(crate) async fn run(
    command: &mut Command,
    mut on_line: impl FnMut(&str),
) -> io::Result<ExitStatus> {
    use std::process::Stdio;

    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut stdout = Lines::new(child.stdout.take());
    let mut stderr = Lines::new(child.stderr.take());
    while !(stdout.ended && stderr.ended) {
        let line = tokio::select! {
            line = stdout.next(), if !stdout.ended => line?,
            line = stderr.next(), if !stderr.ended => line?,
        };
        if let Some(line) = line {
            on_line(&line);
        }
    }
    child.wait().await
}

/// Lines of an output that need not be UTF-8.
struct Lines<R> {
    reader: Option<BufReader<R>>,
    /// Kept between calls: `select!` may drop a half-read line.
    buffer: Vec<u8>,
    ended: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(reader: Option<R>) -> Self {
        Self {
            ended: reader.is_none(),
            reader: reader.map(BufReader::new),
            buffer: Vec::new(),
        }
    }

    async fn next(&mut self) -> io::Result<Option<String>> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        reader.read_until(b'\n', &mut self.buffer).await?;
        let complete = self.buffer.ends_with(b"\n");
        self.ended = !complete;
        let bytes = std::mem::take(&mut self.buffer);
        let line = String::from_utf8_lossy(&bytes)
            .trim_end_matches(['\n', '\r'])
            .to_owned();
        Ok((complete || !line.is_empty()).then_some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cargo_says_about_this_package_is_not_handed_on() {
        assert!(
            is_about_us("CARGO_MANIFEST_DIR")
                && is_about_us("CARGO_PKG_NAME")
                && is_about_us("DATABASE_URL")
        );
        assert!(
            !is_about_us("CARGO_HOME") && !is_about_us("CARGO_TERM_COLOR") && !is_about_us("PATH")
        );
    }

    #[tokio::test]
    async fn lines_of_both_outputs_arrive_and_the_last_one_needs_no_end() {
        let mut lines = Vec::new();
        let mut command = Command::new("sh");
        command.args([
            "-c",
            "echo one; printf 'two\\377\\n\\nthree'; echo four >&2; exit 3",
        ]);
        let status = run(&mut command, |line| lines.push(line.to_owned()))
            .await
            .unwrap();
        lines.sort();
        assert_eq!(lines, ["", "four", "one", "three", "two\u{fffd}"]);
        assert_eq!(status.code(), Some(3));
    }
}
