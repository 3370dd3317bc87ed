//! Models that are valid, whatever else they are.

use std::{collections::BTreeSet, fmt::Write as _};

use proptest::{collection::vec, option, prelude::*, sample::subsequence};

use crate::project::Project;

/// So many components at most; their ports are told apart by their numbers.
const MOST: usize = 5;
const FIRST_PORT: usize = 20_000;

#[derive(Debug, Clone)]
pub(crate) struct Model {
    components: Vec<Component>,
    jobs: Vec<Job>,
}

#[derive(Debug, Clone)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each may be said of a component or not, whatever else is said"
)]
struct Component {
    volume: bool,
    reload: bool,
    published: bool,
    networks: Option<Vec<&'static str>>,
    user: Option<u32>,
    memory: Option<u32>,
    cpu: Option<u32>,
    pids: Option<u32>,
    tmpfs: bool,
    writable_root: bool,
    capability: bool,
    secret: bool,
    version: u8,
    variables: Vec<u8>,
    files: Vec<(u8, bool)>,
    needs: Vec<usize>,
}

#[derive(Debug, Clone)]
struct Job {
    of: Option<usize>,
    argument: u8,
    file: bool,
    needs: Vec<usize>,
}

fn needs() -> impl Strategy<Value = Vec<usize>> {
    subsequence((0..MOST).collect::<Vec<_>>(), 0..=2)
}

prop_compose! {
    fn component()(
        (volume, reload, published, tmpfs, writable_root, capability, secret) in any::<(bool, bool, bool, bool, bool, bool, bool)>(),
        networks in option::of(subsequence(vec!["edge", "app", "data"], 1..=3)),
        user in option::of(1_000_u32..2_000),
        memory in option::of(16_u32..256),
        cpu in option::of(1_u32..20),
        pids in option::of(16_u32..512),
        version in 1_u8..4,
        variables in vec(0_u8..5, 0..3),
        files in vec((0_u8..5, any::<bool>()), 0..3),
        needs in needs(),
    ) -> Component {
        Component {
            volume, reload, published, networks, user, memory, cpu, pids, tmpfs, writable_root, capability, secret, version,
            variables, files, needs,
        }
    }
}

prop_compose! {
    fn job()(of in option::of(0..MOST), argument in 0_u8..5, file in any::<bool>(), needs in needs()) -> Job {
        Job { of, argument, file, needs }
    }
}

prop_compose! {
    pub(crate) fn model()(components in vec(component(), 1..=MOST), jobs in vec(job(), 0..3)) -> Model {
        Model { components, jobs }
    }
}

impl Model {
    pub(crate) fn write(&self, project: &Project) {
        for (number, component) in self.components.iter().enumerate() {
            for (file, (content, _)) in component.files.iter().enumerate() {
                project.write(
                    &format!("c{number}-{file}.j2"),
                    &format!("level: {content}\n"),
                );
            }
        }
        project.write("job.j2", "select 1;\n");
        project.write("infra/stack.yaml", &self.text());
    }

    fn text(&self) -> String {
        let mut text = String::from("name: generated\ncomponents:\n");
        for (number, component) in self.components.iter().enumerate() {
            component.write(number, &mut text);
        }
        if !self.jobs.is_empty() {
            text += "jobs:\n";
        }
        for (number, job) in self.jobs.iter().enumerate() {
            job.write(number, &self.components, &mut text);
        }
        text + "secrets:\n  token: { bytes: 16 }\n"
    }
}

/// A component may need those before it: so there is no cycle.
fn depends_on(needs: &[usize], before: usize, condition: &str) -> String {
    let known: BTreeSet<usize> = needs
        .iter()
        .copied()
        .filter(|need| *need < before)
        .collect();
    let listed: Vec<String> = known
        .iter()
        .map(|need| format!("c{need}: {condition}"))
        .collect();
    format!("    depends_on: {{ {} }}\n", listed.join(", "))
}

impl Component {
    fn write(&self, number: usize, text: &mut String) {
        let port = FIRST_PORT + number;
        let _ = write!(
            text,
            r#"  c{number}:
    summary: a server
    host: {{ program: server }}
    image: {{ upstream: "example/server:1.{version}.0" }}
    args: ["{{{{ listen('port') }}}}"]
    ports: {{ port: {port} }}
    health: {{ tcp: port }}
    start_timeout: 20s
    volume: {volume}
"#,
            version = self.version,
            volume = self.volume
        );
        if self.reload {
            *text += "    reload: { signal: HUP }\n";
        }
        if self.published {
            *text += "    published: [port]\n";
        }
        if self.secret {
            *text += "    secrets: [token]\n";
        }
        *text += &self.container();
        *text += &self.resources();
        let variables: Vec<String> = self
            .variables
            .iter()
            .enumerate()
            .map(|(name, value)| format!("V{name}: \"{value}\""))
            .collect();
        let _ = writeln!(text, "    env: {{ {} }}", variables.join(", "));
        if !self.files.is_empty() {
            *text += "    files:\n";
        }
        for (file, (_, restart)) in self.files.iter().enumerate() {
            let on_change = if *restart { "restart" } else { "reload" };
            let _ = writeln!(
                text,
                "      - {{ template: c{number}-{file}.j2, target: etc/{file}.conf, on_change: {on_change} }}"
            );
        }
        *text += &depends_on(&self.needs, number, "healthy");
    }

    fn container(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.user.map(|user| format!("user: {user}")));
        if let Some(networks) = &self.networks {
            parts.push(format!("networks: [{}]", networks.join(", ")));
        }
        if self.tmpfs {
            parts.push("tmpfs: [/run/lock]".to_owned());
        }
        if self.writable_root {
            parts.push("writable_root: it writes everywhere".to_owned());
        }
        if self.capability {
            parts.push("capabilities: [{ name: CHOWN, reason: it owns }]".to_owned());
        }
        format!("    container: {{ {} }}\n", parts.join(", "))
    }

    fn resources(&self) -> String {
        let mut parts = Vec::new();
        parts.extend(self.memory.map(|memory| format!("memory: {memory}MiB")));
        parts.extend(self.cpu.map(|cpu| format!("cpu: {cpu}00m")));
        parts.extend(self.pids.map(|pids| format!("pids: {pids}")));
        format!("    resources: {{ {} }}\n", parts.join(", "))
    }
}

impl Job {
    fn write(&self, number: usize, components: &[Component], text: &mut String) {
        let origin = match self.of {
            Some(of) => format!("of: c{}", of % components.len()),
            None => "host: { program: tool }\n    image: { upstream: \"example/tool:1.0.0\" }"
                .to_owned(),
        };
        let _ = write!(
            text,
            "  j{number}:\n    summary: a job\n    {origin}\n    args: [fill, \"{}\"]\n    timeout: 20s\n",
            self.argument
        );
        if self.file {
            *text += "    files: [ { template: job.j2, target: job.sql } ]\n";
        }
        *text += &depends_on(&self.needs, components.len(), "healthy");
    }
}
