//! An engine on another machine, reached through ssh: the machine's own `ssh` brings that engine's socket here.
//!
//! One connection carries every request, and keys, agents, jumps and known hosts are those of `~/.ssh/config`.

use std::{
    fs::{self, File},
    io,
    path::PathBuf,
    process::Stdio,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use tokio::{
    process::{Child, Command},
    time::sleep,
};

/// Where an engine listens when the address names no other socket.
const SOCKET: &str = "/var/run/docker.sock";

/// A machine far away takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(20);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// As long as it lives, the other machine's socket is here too.
pub(super) struct Tunnel {
    folder: TempDir,
    /// Ends with this one.
    ssh: Child,
}

impl Tunnel {
    /// To `ssh://[user@]machine[:port][/socket]`. The error says why there is none.
    pub(super) async fn open(address: &str) -> Result<Self, String> {
        let destination = Destination::of(address);
        let started = tempfile::tempdir().and_then(|folder| {
            let ssh = destination.ssh(&folder)?;
            Ok(Self { folder, ssh })
        });
        let mut tunnel = started.map_err(|error| format!("ssh cannot be started: {error}"))?;
        let begun = Instant::now();
        while !tunnel.socket().exists() {
            let end = tunnel.ssh.try_wait();
            if let Some(end) = end.map_err(|error| format!("ssh is gone: {error}"))? {
                return Err(format!("ssh ended with {end}: {}", tunnel.said()));
            }
            if begun.elapsed() > PATIENCE {
                let waited = PATIENCE.as_secs();
                return Err(format!(
                    "no connection within {waited} s: {}",
                    tunnel.said()
                ));
            }
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(tunnel)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }

    /// What ssh itself says.
    fn said(&self) -> String {
        let text = fs::read_to_string(self.folder.path().join("said")).unwrap_or_default();
        text.trim().to_owned()
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Destination<'a> {
    user: Option<&'a str>,
    machine: &'a str,
    port: Option<&'a str>,
    socket: &'a str,
}

impl<'a> Destination<'a> {
    fn of(address: &'a str) -> Self {
        let rest = address.strip_prefix("ssh://").unwrap_or(address);
        let slash = rest.find('/').unwrap_or(rest.len());
        let (authority, path) = rest.split_at(slash);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (machine, port) = match place.rsplit_once(':') {
            // Within brackets a colon belongs to an address of IPv6.
            Some((machine, port)) if !port.ends_with(']') => (machine, Some(port)),
            _ => (place, None),
        };
        Self {
            user,
            machine: machine.trim_start_matches('[').trim_end_matches(']'),
            port,
            socket: if path.len() > 1 { path } else { SOCKET },
        }
    }

    fn ssh(&self, folder: &TempDir) -> io::Result<Child> {
        let here = folder.path().join("docker.sock");
        let said = File::create(folder.path().join("said"))?;
        let mut ssh = Command::new("ssh");
        ssh.args([
            "-T",
            "-o",
            "BatchMode=yes",
            "-o",
            "ExitOnForwardFailure=yes",
        ])
        .arg("-L")
        .arg(format!("{}:{}", here.display(), self.socket));
        if let Some(user) = self.user {
            ssh.args(["-l", user]);
        }
        if let Some(port) = self.port {
            ssh.args(["-p", port]);
        }
        // `cat` ends when nobody holds its input any more, however we have ended, and ssh with it.
        ssh.args(["--", self.machine, "cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(said)
            .kill_on_drop(true)
            .spawn()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_dockers_own_client_reads_it() {
        let plain = Destination {
            user: None,
            machine: "engine.example",
            port: None,
            socket: SOCKET,
        };
        assert_eq!(Destination::of("ssh://engine.example"), plain);
        assert_eq!(Destination::of("ssh://engine.example/"), plain);
        let full = Destination::of("ssh://me@[::1]:2222/run/user/1000/docker.sock");
        assert_eq!(
            full,
            Destination {
                user: Some("me"),
                machine: "::1",
                port: Some("2222"),
                socket: "/run/user/1000/docker.sock",
            }
        );
        assert_eq!(Destination::of("ssh://[::1]").machine, "::1");
    }

    #[tokio::test]
    async fn what_ssh_says_is_told() {
        let error = Tunnel::open("ssh://127.0.0.1:1").await.err();
        let error = error.unwrap();
        assert!(error.starts_with("ssh "), "{error}");
    }
}
