//! Who is to blame when something fails: itself, or what it cannot reach. A program that ends because another one does not
//! answer says so in its last lines; then every port that it was told of is tried, and the first that nobody answers on is
//! the root.

use std::{sync::LazyLock, time::Duration};

use futures::future::join_all;
use regex::Regex;

use crate::{
    failure::{Failure, Kind},
    health,
    render::Needed,
    runtime::host::protocol::HealthCheck,
};

/// On one machine or one network an answer is there at once, and the card must not wait.
const PATIENCE: Duration = Duration::from_millis(200);

/// What programs say of a server that does not answer.
static SIGN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)connection refused|connection reset|connection timed out|i/o timeout|(could|can) ?not (connect|reach)|can't connect",
        r"|(failed|unable) to (connect|reach)|no route to host|(host|network) is unreachable|no servers available|bad address",
        r"|name or service not known|could not translate host|(name resolution|lookup) .*failed|no such host|failure in name resolution",
    ))
    .expect("BUG: the pattern is valid")
});

/// A port that the one that failed needs, and where it is from here; or why it cannot be reached from anywhere.
pub(crate) struct Way<'a> {
    pub(crate) needed: &'a Needed,
    pub(crate) at: Result<String, String>,
}

/// Whether it looks as if something else could be the root.
pub(crate) fn is_suspected(failure: &Failure) -> bool {
    let of_its_own = !matches!(
        failure.kind,
        Kind::CrashLoop | Kind::Unhealthy | Kind::JobFailed | Kind::JobTimedOut
    );
    !of_its_own && failure.log_tail.iter().any(|line| SIGN.is_match(line))
}

/// The same failure, or that of the component which it cannot reach.
pub(crate) async fn root(failure: Failure, ways: Vec<Way<'_>>, status: &str) -> Failure {
    let tries = ways.iter().map(|way| async move {
        let why = match &way.at {
            Ok(address) => {
                let check = HealthCheck::Tcp {
                    address: address.clone(),
                };
                health::probe(&check, PATIENCE).await.err()?
            }
            Err(why) => why.clone(),
        };
        Some((way.needed, why))
    });
    let mut silent: Vec<(&Needed, String)> = join_all(tries).await.into_iter().flatten().collect();
    // The one that its last lines are about comes first.
    silent.sort_by_key(|(needed, _)| {
        !failure
            .log_tail
            .iter()
            .any(|line| line.contains(&needed.address))
    });
    let Some((needed, why)) = silent.into_iter().next() else {
        return failure;
    };
    let detail = format!(
        "{} needs its port `{}` at {} and cannot reach it: {why}; {}: {}",
        failure.component, needed.port, needed.address, failure.component, failure.detail
    );
    let hint = format!(
        "{status}   (does {} run, and listen on that port?)",
        needed.component
    );
    Failure::new(&needed.component, Kind::DependencyUnreachable, detail, hint)
        .with_log_tail(failure.log_tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(line: &str, kind: Kind) -> Failure {
        Failure::new("orders", kind, "exited with code 1", "logs")
            .with_log_tail(vec![line.to_owned()])
    }

    fn needed(address: &str) -> Needed {
        Needed {
            component: "nats".into(),
            port: "client".into(),
            address: address.into(),
        }
    }

    #[test]
    fn only_what_speaks_of_a_connection_suspects_others() {
        assert!(is_suspected(&failed(
            "dial tcp: connection refused",
            Kind::CrashLoop
        )));
        assert!(is_suspected(&failed(
            "cannot reach the database",
            Kind::JobFailed
        )));
        assert!(!is_suspected(&failed(
            "index out of bounds",
            Kind::CrashLoop
        )));
        assert!(!is_suspected(&failed(
            "connection refused",
            Kind::BadCredentials
        )));
    }

    #[tokio::test]
    async fn who_answers_is_not_to_blame() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let there = needed(&listener.local_addr().unwrap().to_string());
        let elsewhere = needed("nats:4222");
        let way = |needed| Way {
            needed,
            at: Ok(there.address.clone()),
        };
        let failure = failed("connection refused", Kind::CrashLoop);
        assert_eq!(
            root(failure.clone(), vec![way(&there)], "status").await,
            failure
        );
        let lost = Way {
            needed: &elsewhere,
            at: Err("they share no network".into()),
        };
        let card = root(failure, vec![way(&there), lost], "status").await;
        assert_eq!(
            (card.component.as_str(), card.kind),
            ("nats", Kind::DependencyUnreachable)
        );
        assert!(card.detail.contains("they share no network"), "{card}");
        assert!(card.detail.contains("orders: exited with code 1"), "{card}");
    }
}
