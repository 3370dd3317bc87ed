//! From an ended process or an unhealthy one to a failure card: what kind of failure it is, read from how it ended and
//! from its last lines, and what to try.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::{Regex, RegexSet};

use super::{client, ports, protocol::StartCause};
use crate::{
    failure::{Failure, Kind},
    model::Environment,
};

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
    /// For a job of a service.
    pub(crate) service: Option<Service<'a>>,
}

/// The service that a job belongs to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Service<'a> {
    pub(crate) name: &'a str,
    /// The files that the job is made from.
    pub(crate) sources: &'a [String],
}

impl<'a> Service<'a> {
    /// None for a component, and for a job that stands alone.
    pub(crate) fn of(environment: &'a Environment, unit: &str) -> Option<Self> {
        let jobs = &environment.stack.jobs;
        let (_, job) = jobs.iter().find(|(name, _)| name.as_str() == unit)?;
        Some(Self {
            name: job.of.as_ref()?.as_str(),
            sources: &job.inputs,
        })
    }
}

const SIGNS: [(&str, Kind); 8] = [
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
        r"(?i)out of memory|cannot allocate memory|memory exhausted|\boom\b|oom-?kill",
        Kind::OutOfMemory,
    ),
    (r"(?i)exec format error", Kind::WrongArchitecture),
    (
        r"(?i)certificate (has )?expired|certificate is expired|certificate not valid after|invalid peer certificate: expired",
        Kind::CertificateExpired,
    ),
    // As sqlx says it.
    (
        r"while executing migrations?\b|migration \d+ (was previously applied|is partially applied|is older than|is newer than)",
        Kind::MigrationFailed,
    ),
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
    let mut component = evidence.component;
    let mut detail = evidence.detail.to_owned();
    let mut hint = hint(kind, component, &evidence.logs_command);
    if kind == Kind::PortTaken
        && let Some((number, holder)) = holder(&evidence, &line)
    {
        detail = format!("port {number} is taken by {holder}; {detail}");
        hint = format!(
            "end that process, or choose another port for {} in the environment's overlay",
            evidence.component
        );
    } else if kind == Kind::MigrationFailed
        && let Some(service) = evidence.service
    {
        detail = format!("{component} {detail}: {}", said(&line));
        hint = correct_migration(service);
        component = service.name;
    } else if !line.is_empty() && line != evidence.detail {
        detail = format!("{detail}: {}", said(&line));
    }
    Failure::new(component, kind, detail, hint).with_log_tail(evidence.log_tail)
}

/// What a line of a log says: of a JSON line only the error or the message.
fn said(line: &str) -> String {
    let parsed: Option<serde_json::Value> = serde_json::from_str(line).ok();
    let field = |name: &str| Some(parsed.as_ref()?.get(name)?.as_str()?.to_owned());
    field("error")
        .or_else(|| field("message"))
        .or_else(|| field("msg"))
        .unwrap_or_else(|| line.trim().to_owned())
}

fn correct_migration(service: Service<'_>) -> String {
    let place = match service.sources {
        [] => format!("{}'s migrations", service.name),
        sources => sources.join(", "),
    };
    format!(
        "correct {place} and run the same command again; where the data may be lost, begin anew with `cargo xtask down --volumes`"
    )
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

fn hint(kind: Kind, component: &str, logs_command: &str) -> String {
    match kind {
        Kind::CertificateExpired => format!("renew the certificate that it speaks of; {logs_command}"),
        Kind::Unhealthy => format!(
            "{logs_command}   (where it only needs longer: `start_timeout` of {component} in infra/stack.yaml)"
        ),
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
            service: None,
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
    fn a_migration_that_fails_is_its_services_with_the_databases_words() {
        let ports = BTreeMap::new();
        let sources = ["services/cart/migrations".to_owned()];
        let line = r#"{"level":"ERROR","message":"cart ends: a migration failed","error":"a migration failed: while executing migration 2: relation \"carts\" already exists"}"#;
        let failure = diagnose(Evidence {
            component: "cart-migrate",
            otherwise: Kind::JobFailed,
            service: Some(Service {
                name: "cart",
                sources: &sources,
            }),
            ..evidence(&[line], &ports)
        });
        assert_eq!(
            (failure.component.as_str(), failure.kind),
            ("cart", Kind::MigrationFailed)
        );
        let told = r#"cart-migrate exited with code 1: a migration failed: while executing migration 2: relation "carts" already exists"#;
        assert_eq!(failure.detail, told);
        assert!(
            failure.hint.contains("services/cart/migrations"),
            "{failure}"
        );
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
