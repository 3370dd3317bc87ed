//! From an ended process or an unhealthy one to a failure card: what kind of failure it is, read from how it ended and
//! from its last lines, and what to try.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::{Regex, RegexSet};

use super::{client, ports, protocol::StartCause};
use crate::failure::{Failure, Kind};

/// What is known of a component or job that failed.
pub(crate) struct Evidence<'a> {
    pub(crate) component: &'a str,
    /// How it ended, or the last answer of its health check.
    pub(crate) detail: &'a str,
    /// Its last lines, oldest first.
    pub(crate) log_tail: Vec<String>,
    pub(crate) ports: &'a BTreeMap<String, u16>,
    /// What it is when the last lines say nothing better.
    pub(crate) otherwise: Kind,
    /// The command that shows more.
    pub(crate) logs_command: String,
}

const SIGNS: [(&str, Kind); 6] = [
    (
        r"(?i)address already in use|bind.*already in use|could not bind",
        Kind::PortTaken,
    ),
    (
        r"(?i)no space left on device|disk (is )?full|enospc|disk quota exceeded",
        Kind::DiskFull,
    ),
    (
        r"(?i)password authentication failed|access ?denied|invalid ?access ?key|signaturedoesnotmatch|authorization violation",
        Kind::BadCredentials,
    ),
    (
        r"(?i)permission denied|read-only file system",
        Kind::NotWritable,
    ),
    (
        r"(?i)out of memory|cannot allocate memory|oom",
        Kind::OutOfMemory,
    ),
    (r"(?i)exec format error", Kind::WrongArchitecture),
];

static SIGN: LazyLock<RegexSet> = LazyLock::new(|| {
    RegexSet::new(SIGNS.map(|(pattern, _)| pattern)).expect("BUG: the patterns are valid")
});
static PORT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r":(\d{2,5})\b").expect("BUG: the pattern is valid"));

pub(crate) fn diagnose(evidence: Evidence<'_>) -> Failure {
    let sign = evidence
        .log_tail
        .iter()
        .rev()
        .map(String::as_str)
        .chain([evidence.detail])
        .find_map(|line| {
            let index = SIGN.matches(line).into_iter().next()?;
            Some((SIGNS[index].1, line.to_owned()))
        });
    let (kind, line) = sign.unwrap_or((evidence.otherwise, String::new()));
    let mut detail = evidence.detail.to_owned();
    let mut hint = hint(kind, &evidence.logs_command);
    if kind == Kind::PortTaken
        && let Some((number, holder)) = holder(&evidence, &line)
    {
        detail = format!("port {number} is taken by {holder}; {detail}");
        hint = format!(
            "end that process, or choose another port for {} in the environment's overlay",
            evidence.component
        );
    } else if !line.is_empty() && line != evidence.detail {
        detail = format!("{detail}: {}", line.trim());
    }
    Failure::new(evidence.component, kind, detail, hint).with_log_tail(evidence.log_tail)
}

/// The supervisor did not do what it was asked.
pub(crate) fn refused(component: &str, error: &client::Error) -> Failure {
    let cause = if let client::Error::Refused { cause, .. } = error {
        *cause
    } else {
        None
    };
    let mut failure = not_started(component, cause, &error.to_string());
    if let Some(hint) = error.hint() {
        failure.hint = hint.into();
    }
    failure
}

/// A process that could not be started at all.
pub(crate) fn not_started(component: &str, cause: Option<StartCause>, message: &str) -> Failure {
    let (kind, hint) = match cause {
        Some(StartCause::ProgramNotFound) => (Kind::PackageMissing, "cargo xtask doctor --fix"),
        Some(StartCause::PermissionDenied) => {
            (Kind::NotExecutable, "see its permissions: namei -l <path>")
        }
        Some(StartCause::WrongArchitecture) => (
            Kind::WrongArchitecture,
            "install the program for this machine's processor",
        ),
        Some(StartCause::WorkingDirectoryMissing) => (Kind::NotWritable, "cargo xtask doctor"),
        Some(StartCause::Other) | None => {
            (Kind::Supervisor, "cargo xtask down, then cargo xtask up")
        }
    };
    Failure::new(component, kind, message, hint)
}

fn holder(evidence: &Evidence<'_>, line: &str) -> Option<(u16, ports::Holder)> {
    let named = PORT
        .captures_iter(line)
        .filter_map(|found| found[1].parse().ok());
    named
        .chain(evidence.ports.values().copied())
        .find_map(|port| Some((port, ports::holder(port)?)))
}

fn hint(kind: Kind, logs_command: &str) -> String {
    match kind {
        Kind::DiskFull => "df -h   (free some space; it is started again by itself)".into(),
        Kind::BadCredentials => "the data was made with other secrets: put those back, or begin anew with `cargo xtask down --volumes`".into(),
        _ => logs_command.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence<'a>(lines: &[&str], ports: &'a BTreeMap<String, u16>) -> Evidence<'a> {
        Evidence {
            component: "caddy",
            detail: "exited with code 1",
            log_tail: lines.iter().map(ToString::to_string).collect(),
            ports,
            otherwise: Kind::CrashLoop,
            logs_command: "cargo xtask logs caddy".into(),
        }
    }

    #[test]
    fn the_last_lines_tell_what_kind_of_failure_it_is() {
        let ports = BTreeMap::new();
        let cases = [
            ("write /data/x: no space left on device", Kind::DiskFull),
            (
                "FATAL:  password authentication failed for user \"catalog\"",
                Kind::BadCredentials,
            ),
            ("open /data: permission denied", Kind::NotWritable),
            ("something else", Kind::CrashLoop),
        ];
        for (line, kind) in cases {
            assert_eq!(
                diagnose(evidence(&["starting", line], &ports)).kind,
                kind,
                "{line}"
            );
        }
    }

    #[test]
    fn the_holder_of_a_taken_port_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let ports = BTreeMap::from([("http".to_owned(), port)]);
        let failure = diagnose(evidence(
            &["listen tcp: bind: address already in use"],
            &ports,
        ));
        assert_eq!(failure.kind, Kind::PortTaken);
        assert!(
            failure.detail.contains(&std::process::id().to_string()),
            "{}",
            failure.detail
        );
    }
}
