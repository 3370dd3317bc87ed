//! Small stacks whose servers start in a moment, each an environment of its own on the engine: images are the stack's, so
//! that they are built once.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{
    database,
    engine::docker,
    project::{Project, free_port},
};

/// A project whose containers and volumes go with it.
pub(crate) struct Small {
    pub(crate) project: Project,
    /// What its containers', networks' and volumes' names begin with.
    pub(crate) name: String,
    /// Where the edge of a stack that has one is published.
    pub(crate) port: u16,
}

impl Small {
    fn new(components: &str, port: u16) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let environment = format!("t{}x{number}", std::process::id());
        let mut project = Project::new(&format!("name: argosy\ncomponents:\n{components}"));
        let overlay = format!("infra/environments/{environment}.yaml");
        project.write(&overlay, "build: dev\n");
        let name = format!("argosy-{environment}");
        project.environment = environment;
        let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/images");
        symlink(images.canonicalize().unwrap(), project.path("infra/images")).unwrap();
        project.write("nats.conf.j2", NATS_CONF);
        Self {
            project,
            name,
            port,
        }
    }

    /// Its environment's home.
    pub(crate) fn home(&self) -> PathBuf {
        self.project.home.join(&self.project.environment)
    }

    pub(crate) fn container(&self, component: &str) -> String {
        format!("{}-{component}", self.name)
    }

    /// Brings it up in containers; every test begins with that.
    pub(crate) fn up(&self) -> crate::project::Run {
        self.project
            .run(&["up", "--runtime", "docker", "--images", "debian"])
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let down = self.project.run(&["down", "--volumes", "--yes"]);
        if std::thread::panicking() {
            eprintln!("down ended with {}", down.exit);
            return;
        }
        assert_eq!(down.exit, 0, "{down:#?}");
        let left = ["ps", "--all", "--quiet", "--filter"];
        let filter = format!("label=argosy.environment={}", self.project.environment);
        let left = docker(&[&left[..], &[filter.as_str()]].concat());
        assert_eq!(left.as_deref(), Some(""), "containers are left");
    }
}

pub(crate) const NATS_CONF: &str = "listen: \"{{ listen('client') }}\"\nmax_payload: 1048576\n";

/// A broker that takes its file while it runs.
pub(crate) fn nats(name: &str, more: &str) -> String {
    format!(
        r#"
  {name}:
    summary: a broker
    host: {{ packages: [nats-server], program: nats-server }}
    image: {{ debian: nats }}
    args: [-c, "{{{{ file('nats.conf') }}}}"]
    files: [ {{ template: nats.conf.j2, target: nats.conf, check: [nats-server, -t, -c, "{{{{ file }}}}"] }} ]
    ports: {{ client: {port} }}
    health: {{ nats: client }}
    start_timeout: 20s
    reload: {{ signal: HUP }}
    resources: {{ memory: 64MiB }}
{more}"#,
        port = free_port()
    )
}

/// Four brokers, one of them with data.
pub(crate) fn four() -> Small {
    let networks = "    container: { networks: [app, data] }\n";
    let components = [
        nats("one", networks),
        nats("two", networks),
        nats("three", "    depends_on: { one: healthy }\n"),
        nats("four", "    volume: true\n"),
    ];
    Small::new(&components.concat(), 0)
}

/// One broker and whatever else.
pub(crate) fn one(more: &str) -> Small {
    Small::new(&(nats("one", "") + more), 0)
}

/// A database and a service of ours that does not get on with it, in an image of its own.
pub(crate) fn with_database() -> Small {
    let image = |folder: &str| format!("    image: {{ debian: {folder} }}");
    let small = Small::new(&database::components(image), 0);
    database::write_files(&small.project);
    let images = small.project.path("infra/images");
    let shared = fs::read_link(&images).unwrap();
    fs::remove_file(&images).unwrap();
    for entry in fs::read_dir(shared).unwrap() {
        let entry = entry.unwrap();
        let own = images.join(entry.file_name());
        fs::create_dir_all(&images).unwrap();
        symlink(entry.path(), own).unwrap();
    }
    let folder = "infra/images/cart-under-test";
    small.project.write(
        &format!("{folder}/Dockerfile"),
        "ARG BASE=argosy-base:local\nFROM ${BASE}\nCOPY cart /usr/local/bin/cart\nRUN chmod 755 /usr/local/bin/cart\nUSER 10001:10001\n",
    );
    let program = database::programs().join("cart");
    fs::copy(program, small.project.path(folder).join("cart")).unwrap();
    small
}

/// A server from an image of somebody else's.
pub(crate) fn foreign(reference: &str) -> Small {
    let port = free_port();
    let server = format!(
        r#"
  server:
    summary: a server
    host: {{ program: /bin/server }}
    image: {{ upstream: "{reference}" }}
    ports: {{ any: {port} }}
    health: {{ tcp: any }}
    start_timeout: 5s
"#
    );
    Small::new(&server, port)
}

/// A broker, and a job that writes into a volume when the broker is there.
pub(crate) fn with_job() -> Small {
    let job = "\njobs:\n  fill:\n    summary: fills\n    host: { program: sh }\n    image: { debian: nats }\n    args: [-c, 'true']\n    depends_on: { one: healthy }\n    timeout: 20s\n";
    let more = "    volume: true\n    container: { networks: [app, data] }\n";
    Small::new(&(nats("one", more) + job), 0)
}

/// An edge that answers by itself.
pub(crate) fn edge() -> Small {
    let port = free_port();
    let small = Small::new(
        &format!(
            r#"
  caddy:
    summary: the edge
    host: {{ packages: [caddy], program: caddy }}
    image: {{ debian: caddy }}
    args: [run, --adapter, caddyfile, --config, "{{{{ file('Caddyfile') }}}}"]
    files: [ {{ template: Caddyfile.j2, target: Caddyfile }} ]
    ports: {{ http: {port}, admin: {admin} }}
    published: [http]
    volume: true
    health: {{ http: {{ port: admin, path: /config/ }} }}
    start_timeout: 30s
    reload: {{ command: [caddy, reload, --adapter, caddyfile, --config, "{{{{ file('Caddyfile') }}}}", --address, "{{{{ address('caddy', 'admin') }}}}"] }}
    env: {{ XDG_DATA_HOME: "{{{{ data }}}}", XDG_CONFIG_HOME: "{{{{ data }}}}", HOME: "{{{{ data }}}}" }}
"#,
            admin = free_port()
        ),
        port,
    );
    small.project.write(
        "Caddyfile.j2",
        "{\n\tadmin {{ listen('admin') }}\n\tgrace_period 5s\n}\nhttp://{{ listen('http') }} {\n\trespond \"first\"\n}\n",
    );
    small
}
