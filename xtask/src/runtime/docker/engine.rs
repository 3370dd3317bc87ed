//! The Docker Engine, found where docker's own client finds it.
//!
//! bollard asks for no particular version of the API and gets the engine's newest, so what an older engine lacks is
//! gated here, on what the engine says of itself.

use std::{path::Path, time::Duration};

use bollard::{Docker, errors::Error};

use crate::failure::{Failure, Kind};

/// Where the engine is when nobody says otherwise.
pub(crate) const DEFAULT_HOST: &str = "unix:///var/run/docker.sock";

/// Engine 20.10: the oldest with everything that we ask for, and Debian 12's.
const OLDEST_API: (u32, u32) = (1, 41);

/// An engine that is there answers at once.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

#[derive(Clone)]
pub(crate) struct Engine {
    pub(crate) docker: Docker,
    /// As in `DOCKER_HOST`.
    pub(crate) host: String,
    /// Such as `20.10.24`.
    pub(crate) version: String,
    /// Such as `1.41`.
    pub(crate) api: String,
    /// Of its machine, as images name it: `amd64`.
    pub(crate) architecture: String,
    /// Of its machine, such as `6.1.0-28-amd64`.
    kernel: String,
}

impl Engine {
    /// The engine at `host`, or the usual one. The failure says why there is none.
    pub(crate) async fn connect(host: Option<&str>) -> Result<Self, Failure> {
        let host = host.filter(|host| !host.is_empty()).unwrap_or(DEFAULT_HOST);
        if let Some(socket) = host.strip_prefix("unix://")
            && !Path::new(socket).exists()
        {
            return Err(unreachable(host, "nobody has made this socket"));
        }
        let docker = Docker::connect_with_host(host).map_err(|error| unreachable(host, error))?;
        let asked = tokio::time::timeout(ANSWER_TIMEOUT, docker.version()).await;
        let version = match asked {
            Ok(Ok(version)) => version,
            Ok(Err(error)) => return Err(unreachable(host, in_words(&error))),
            Err(_) => {
                let silence = format!("no answer within {} s", ANSWER_TIMEOUT.as_secs());
                return Err(unreachable(host, silence));
            }
        };
        let engine = Self {
            docker,
            host: host.to_owned(),
            version: version.version.unwrap_or_default(),
            api: version.api_version.unwrap_or_default(),
            architecture: version.arch.unwrap_or_default(),
            kernel: version.kernel_version.unwrap_or_default(),
        };
        if number(&engine.api).is_none_or(|api| api < OLDEST_API) {
            let detail = format!(
                "the Docker Engine at {host} is {} with API {}; at least API {}.{} is needed",
                engine.version, engine.api, OLDEST_API.0, OLDEST_API.1
            );
            let hint = "install Docker Engine 20.10 or newer, or cargo xtask up --runtime host";
            return Err(Failure::new("engine", Kind::Engine, detail, hint));
        }
        Ok(engine)
    }

    /// Whether it is on this machine.
    pub(crate) fn is_here(&self) -> bool {
        self.host.starts_with("unix://")
    }

    /// The machine that it is on, as this one reaches it.
    pub(crate) fn machine(&self) -> &str {
        machine(&self.host)
    }

    /// Whether its kernel can hand a closed listener's connections to the one that takes its place (since Linux 5.14).
    pub(crate) fn moves_connections(&self) -> bool {
        kernel(&self.kernel).is_some_and(|kernel| kernel >= (5, 14))
    }

    /// Whether a container can be made in several networks at once.
    pub(crate) fn creates_in_several_networks(&self) -> bool {
        number(&self.api).is_some_and(|api| api >= (1, 44))
    }
}

/// `6.1.0-28-amd64` → 6.1.
fn kernel(release: &str) -> Option<(u32, u32)> {
    let mut parts = release.split(|letter: char| !letter.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

/// `tcp://engine.example:2376` and `ssh://me@engine.example` → `engine.example`; this one for a socket.
fn machine(host: &str) -> &str {
    let Some((scheme, rest)) = host.split_once("://") else {
        return "127.0.0.1";
    };
    if scheme == "unix" {
        return "127.0.0.1";
    }
    let authority = rest.split('/').next().unwrap_or(rest);
    let address = authority.rsplit('@').next().unwrap_or(authority);
    match address.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|digit| digit.is_ascii_digit()) => name,
        _ => address,
    }
}

fn number(api: &str) -> Option<(u32, u32)> {
    let (major, minor) = api.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

fn unreachable(host: &str, why: impl std::fmt::Display) -> Failure {
    let detail = format!("no Docker Engine answers at {host}: {why}");
    let hint = if host == DEFAULT_HOST {
        "install one (apt-get install docker.io) and start it, or cargo xtask up --runtime host"
    } else {
        "correct DOCKER_HOST, or cargo xtask up --runtime host"
    };
    Failure::new("engine", Kind::Engine, detail, hint)
}

/// What the engine said, without bollard's own words around it.
pub(crate) fn in_words(error: &Error) -> String {
    use std::error::Error as _;
    if let Error::DockerResponseServerError { message, .. } = error {
        return message.trim().to_owned();
    }
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// The engine's answer as an HTTP status, when it gave one.
pub(crate) fn status(error: &Error) -> Option<u16> {
    if let Error::DockerResponseServerError { status_code, .. } = error {
        Some(*status_code)
    } else {
        None
    }
}

/// What must be gone is gone, whoever has done it.
pub(crate) fn gone(result: Result<(), Error>) -> Result<(), Error> {
    match result {
        Err(error) if status(&error) == Some(404) => Ok(()),
        other => other,
    }
}

/// The engine has refused something, or does not answer any more.
pub(crate) fn refused(component: &str, doing: &str, error: &Error) -> Failure {
    let detail = format!("could not {doing}: {}", in_words(error));
    if detail.contains("no space left on device") || detail.contains("disk quota exceeded") {
        let hint = "docker system df   (free some space on the engine's disk)";
        return Failure::new(component, Kind::DiskFull, detail, hint);
    }
    Failure::new(
        component,
        Kind::Engine,
        detail,
        "docker info   (is the engine well?)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        assert!(number("1.41") < number("1.100"));
        assert_eq!(number("1.x"), None);
        assert_eq!(kernel("5.14.0-70.el9.x86_64"), Some((5, 14)));
        assert_eq!(kernel("6.18-fc"), Some((6, 18)));
        assert_eq!(kernel(""), None);
    }

    #[test]
    fn the_machine_of_an_engine_is_read_from_its_address() {
        assert_eq!(machine("unix:///var/run/docker.sock"), "127.0.0.1");
        assert_eq!(machine("tcp://engine.example:2376"), "engine.example");
        assert_eq!(machine("ssh://me@engine.example"), "engine.example");
    }

    #[tokio::test]
    async fn an_engine_that_is_not_there_is_a_failure_with_a_way_out() {
        let failure = Engine::connect(Some("unix:///nowhere/docker.sock"))
            .await
            .err()
            .unwrap();
        assert_eq!(failure.kind, Kind::Engine);
        assert!(failure.detail.contains("unix:///nowhere/docker.sock"));
        let failure = Engine::connect(Some("carrier-pigeon://roof"))
            .await
            .err()
            .unwrap();
        assert!(failure.hint.contains("DOCKER_HOST"), "{failure}");
    }
}
