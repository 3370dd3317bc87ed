//! Small stacks for the tests: real servers that start in a moment.

use super::project::{Project, free_port};

/// NATS alone: a server with data, a file that it takes while it runs, and a program that checks the file.
pub(crate) fn nats(port: u16, more: &str) -> String {
    format!(
        r#"
name: small
components:
  nats:
    summary: a broker
    host: {{ packages: [nats-server], program: nats-server }}
    args: [-c, "{{{{ file('nats.conf') }}}}"]
    files:
      - {{ template: nats.conf.j2, target: nats.conf, check: [nats-server, -t, -c, "{{{{ file }}}}"] }}
    ports: {{ client: {port} }}
    volume: true
    health: {{ nats: client }}
    start_timeout: 10s
    reload: {{ signal: HUP }}
{more}"#
    )
}

pub(crate) const NATS_CONF: &str = "listen: {{ listen('client') }}\nmax_payload: 1048576\n";

pub(crate) struct Small {
    pub(crate) project: Project,
    pub(crate) port: u16,
}

/// A project with NATS and whatever else the test needs.
pub(crate) fn small(more: &str) -> Small {
    let port = free_port();
    let project = Project::new(&nats(port, more));
    project.write("nats.conf.j2", NATS_CONF);
    Small { project, port }
}

/// A component of `sh` that is healthy when somebody listens on its port.
pub(crate) fn shell(name: &str, port: u16, script: &str, more: &str) -> String {
    format!(
        r"
  {name}:
    summary: a script
    host: {{ program: sh }}
    args: [-c, '{script}']
    ports: {{ any: {port} }}
    health: {{ tcp: any }}
    start_timeout: 2s
{more}"
    )
}
