//! Is what runs shut in as the model says? Read from the engine and, where it is on this machine, from the kernel: not
//! from what we have asked for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
};

use bollard::models::HostConfig;

use super::{blueprint::ContainerSpec, names::Names, observe::Seen};
use crate::model::Network;

/// One rule, for one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) unit: String,
    pub(crate) rule: &'static str,
    pub(crate) ok: bool,
    /// What was found.
    pub(crate) detail: String,
    /// Why the model allows it all the same.
    pub(crate) reason: Option<String>,
}

/// What a container is held against.
pub(crate) struct Subject<'a> {
    pub(crate) seen: &'a Seen,
    pub(crate) spec: &'a ContainerSpec,
    pub(crate) names: &'a Names,
    /// The engine, and so the processes, are on this machine.
    pub(crate) is_here: bool,
    /// Contents of all secrets, by name.
    pub(crate) secrets: &'a BTreeMap<String, String>,
}

impl Subject<'_> {
    pub(crate) fn verdicts(&self) -> Vec<Verdict> {
        let none = HostConfig::default();
        let host = self.seen.container.host_config.as_ref().unwrap_or(&none);
        let mut verdicts = vec![
            self.user(),
            self.root(host),
            self.capabilities(host),
            self.privileges(host),
            self.namespaces(host),
            self.limits(host),
            self.mounts(),
            self.networks(),
            self.ports(host),
            self.leaks(),
        ];
        if self.is_here && self.seen.is_running() {
            verdicts.push(self.process());
        }
        verdicts
    }

    fn verdict(&self, rule: &'static str, ok: bool, detail: impl Into<String>) -> Verdict {
        Verdict {
            unit: self.seen.unit.clone(),
            rule,
            ok,
            detail: detail.into(),
            reason: None,
        }
    }

    fn user(&self) -> Verdict {
        let config = self.seen.container.config.as_ref();
        let user = config
            .and_then(|config| config.user.clone())
            .unwrap_or_default();
        let is_root = ["", "0", "root"].contains(&user.split(':').next().unwrap_or_default());
        self.verdict("not root", !is_root, format!("runs as `{user}`"))
    }

    fn root(&self, host: &HostConfig) -> Verdict {
        let read_only = host.readonly_rootfs == Some(true);
        let allowed = self.spec.confinement.writable_root.clone();
        let detail = if read_only {
            "its root cannot be written to"
        } else {
            "its root can be written to"
        };
        let mut verdict = self.verdict("read-only root", read_only || allowed.is_some(), detail);
        verdict.reason = allowed.filter(|_| !read_only);
        verdict
    }

    fn capabilities(&self, host: &HostConfig) -> Verdict {
        let dropped = host.cap_drop.iter().flatten().any(|name| name == "ALL");
        let kept: BTreeSet<String> = host
            .cap_add
            .iter()
            .flatten()
            .map(|name| name.trim_start_matches("CAP_").to_owned())
            .collect();
        let allowed = &self.spec.confinement.capabilities;
        let unlisted: Vec<&String> = kept
            .iter()
            .filter(|name| !allowed.contains_key(*name))
            .collect();
        let detail = match (dropped, kept.is_empty()) {
            (false, _) => "not all capabilities are dropped".to_owned(),
            (true, true) => "none".to_owned(),
            (true, false) => kept.iter().cloned().collect::<Vec<_>>().join(", "),
        };
        let mut verdict = self.verdict("capabilities", dropped && unlisted.is_empty(), detail);
        let reasons: Vec<String> = kept
            .iter()
            .filter_map(|name| Some(format!("{name}: {}", allowed.get(name)?)))
            .collect();
        verdict.reason = (!reasons.is_empty()).then(|| reasons.join("; "));
        verdict
    }

    fn privileges(&self, host: &HostConfig) -> Verdict {
        let options = host.security_opt.clone().unwrap_or_default();
        let no_new = options.iter().any(|option| {
            [
                "no-new-privileges",
                "no-new-privileges:true",
                "no-new-privileges=true",
            ]
            .contains(&option.as_str())
        });
        let unconfined = options.iter().any(|option| option.contains("unconfined"));
        let privileged = host.privileged == Some(true);
        let detail = format!("privileged: {privileged}, {}", options.join(", "));
        self.verdict(
            "no new privileges",
            no_new && !unconfined && !privileged,
            detail,
        )
    }

    /// It shares none with the machine.
    fn namespaces(&self, host: &HostConfig) -> Verdict {
        let shared: Vec<&str> = [
            ("network", &host.network_mode),
            ("processes", &host.pid_mode),
            ("ipc", &host.ipc_mode),
            ("users", &host.userns_mode),
        ]
        .into_iter()
        .filter(|(_, mode)| mode.as_deref() == Some("host"))
        .map(|(name, _)| name)
        .collect();
        let detail = if shared.is_empty() {
            "shares nothing with the machine".to_owned()
        } else {
            format!("shares with the machine: {}", shared.join(", "))
        };
        self.verdict("own namespaces", shared.is_empty(), detail)
    }

    fn limits(&self, host: &HostConfig) -> Verdict {
        let memory = host.memory.unwrap_or(0);
        let processes = host.pids_limit.unwrap_or(0);
        let detail = format!("memory {} MiB, processes {processes}", memory >> 20);
        self.verdict("limits", memory > 0 && processes > 0, detail)
    }

    /// Volumes of ours and nothing of the machine's, its engine's socket least of all.
    fn mounts(&self) -> Verdict {
        let mounts = self.seen.container.mounts.iter().flatten();
        let foreign: Vec<String> = mounts
            .filter(|mount| {
                let kind = mount.typ.as_deref().unwrap_or_default();
                !["volume", "tmpfs"].contains(&kind)
            })
            .filter_map(|mount| mount.source.clone())
            .collect();
        let detail = if foreign.is_empty() {
            "volumes alone".to_owned()
        } else {
            format!("of the machine: {}", foreign.join(", "))
        };
        self.verdict("mounts", foreign.is_empty(), detail)
    }

    fn networks(&self) -> Verdict {
        let joined: BTreeSet<&String> = self
            .seen
            .networks()
            .into_iter()
            .flat_map(|all| all.keys())
            .collect();
        let allowed: BTreeSet<String> = self
            .spec
            .confinement
            .networks
            .iter()
            .map(|network: &Network| self.names.network(*network))
            .collect();
        let ok = joined.iter().all(|name| allowed.contains(*name));
        let names: Vec<&str> = joined.iter().map(|name| name.as_str()).collect();
        self.verdict("networks", ok, names.join(", "))
    }

    /// Only the edge is open, and what the environment opens for this machine alone.
    fn ports(&self, host: &HostConfig) -> Verdict {
        let bindings = host.port_bindings.iter().flatten();
        let open: Vec<(String, String)> = bindings
            .flat_map(|(_, bindings)| bindings.iter().flatten())
            .map(|binding| {
                (
                    binding.host_ip.clone().unwrap_or_default(),
                    binding.host_port.clone().unwrap_or_default(),
                )
            })
            .collect();
        let is_allowed = |(address, number): &(String, String)| {
            self.spec.published.iter().any(|port| {
                port.outside.to_string() == *number && (!port.local || address == "127.0.0.1")
            })
        };
        let detail: Vec<String> = open
            .iter()
            .map(|(address, port)| format!("{address}:{port}"))
            .collect();
        let detail = if detail.is_empty() {
            "none".to_owned()
        } else {
            detail.join(", ")
        };
        self.verdict("published ports", open.iter().all(is_allowed), detail)
    }

    /// No secret is in what anybody may read who can ask the engine.
    fn leaks(&self) -> Verdict {
        let shown = serde_json::to_string(&self.seen.container).unwrap_or_default();
        let leaked: Vec<&str> = self
            .secrets
            .iter()
            .filter(|(_, content)| !content.is_empty() && shown.contains(content.as_str()))
            .map(|(name, _)| name.as_str())
            .collect();
        let detail = if leaked.is_empty() {
            "in no variable, argument or label".to_owned()
        } else {
            format!("can be read from the engine: {}", leaked.join(", "))
        };
        self.verdict("secrets", leaked.is_empty(), detail)
    }

    /// What the kernel says of its first process.
    fn process(&self) -> Verdict {
        let pid = self
            .seen
            .container
            .state
            .as_ref()
            .and_then(|state| state.pid);
        let status = fs::read_to_string(format!("/proc/{}/status", pid.unwrap_or_default()));
        let Ok(status) = status else {
            return self.verdict("process", false, "the kernel knows no such process");
        };
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap_or_default().trim().to_owned()
        };
        let user = field("Uid:")
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_owned();
        let capabilities = field("CapBnd:");
        let none = capabilities.chars().all(|digit| digit == '0');
        let ok = user != "0"
            && field("NoNewPrivs:") == "1"
            && field("Seccomp:") != "0"
            && (none || !self.spec.confinement.capabilities.is_empty());
        let detail = format!(
            "uid {user}, capabilities {capabilities}, no new privileges {}, seccomp {}",
            field("NoNewPrivs:"),
            field("Seccomp:")
        );
        self.verdict("process", ok, detail)
    }
}
