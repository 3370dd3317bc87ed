//! Images and containers: a program from elsewhere has an image, and everything that loosens a container has a reason.

use super::{Diagnostic, Half, Input, any_of, did_you_mean, unknown};
use crate::model::{Container, ImageSource, Name};

const IMAGES: &str = "infra/images";

/// The capabilities of Linux 6.1, without `CAP_`.
const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

pub(super) fn check(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    for (name, component) in &input.stack.components {
        let owner = ["components", name.as_str()];
        image(
            input,
            owner,
            component.image.as_ref(),
            component.host.is_some(),
            found,
        );
        container(input, owner, &component.container, found);
        for (index, port) in component.local_ports.iter().enumerate() {
            if !component.ports.contains_key(port) {
                let path = [owner[0], owner[1], "local_ports", &index.to_string()];
                let at =
                    input.in_stack(&path, Half::Value, format!("`{name}` has no port `{port}`"));
                found.push(unknown(at, port, component.ports.keys()));
            }
        }
        overlay_ports(input, name, found);
    }
    for (name, job) in &input.stack.jobs {
        let owner = ["jobs", name.as_str()];
        image(input, owner, job.image.as_ref(), job.host.is_some(), found);
        if let Some(own) = &job.container {
            container(input, owner, own, found);
        }
    }
}

fn overlay_ports(input: &Input<'_>, name: &Name, found: &mut Vec<Diagnostic>) {
    let component = &input.stack.components[name];
    let Some(change) = input.overlay.components.get(name) else {
        return;
    };
    for (index, port) in change.local_ports.iter().enumerate() {
        if !component.ports.contains_key(port) {
            let path = [
                "components",
                name.as_str(),
                "local_ports",
                &index.to_string(),
            ];
            let at = input.in_overlay(&path, Half::Value, format!("`{name}` has no port `{port}`"));
            found.push(unknown(at, port, component.ports.keys()));
        }
    }
}

fn image(
    input: &Input<'_>,
    owner: [&str; 2],
    image: Option<&ImageSource>,
    is_foreign: bool,
    found: &mut Vec<Diagnostic>,
) {
    let Some(image) = image else { return };
    let path = [owner[0], owner[1], "image"];
    if !is_foreign {
        let message = format!(
            "`{}` runs a binary of ours, whose image is built from it",
            owner[1]
        );
        found.push(
            input
                .in_stack(&path, Half::Key, message)
                .hint("remove `image`"),
        );
    }
    if image.upstream.is_none() && image.debian.is_none() {
        let at = input.in_stack(&path, Half::Key, "nothing says which image this is");
        found.push(at.expected(any_of(["upstream", "debian"])));
    }
    if image.program.is_some() && image.upstream.is_none() {
        let at = input.in_stack(
            &[path[0], path[1], path[2], "program"],
            Half::Key,
            "`program` is the name in an upstream image, and there is none",
        );
        found.push(at.hint("remove `program`, or name the `upstream` image"));
    }
    if let Some(tag) = &image.upstream
        && is_floating(&tag.tag)
    {
        let at = input.in_stack(
            &[path[0], path[1], path[2], "upstream"],
            Half::Value,
            format!("`{}` is another image tomorrow", tag.tag),
        );
        found.push(at.expected("a tag with a full version, such as `15.14-bookworm`"));
    }
    if let Some(folder) = &image.debian {
        let dockerfile = format!("{IMAGES}/{folder}/Dockerfile");
        if !(input.sources.exists)(&dockerfile) {
            let at = input.in_stack(
                &[path[0], path[1], path[2], "debian"],
                Half::Value,
                format!("there is no file `{dockerfile}`"),
            );
            let at = at.expected(format!(
                "the name of a folder in `{IMAGES}` with a Dockerfile"
            ));
            found.push(input.absent(at, owner[1], &dockerfile));
        }
    }
}

/// A tag without a digit, or with a major version alone, moves with every release.
fn is_floating(tag: &str) -> bool {
    let version = tag.trim_start_matches('v');
    let version = version.split('-').next().unwrap_or_default();
    !version.starts_with(|first: char| first.is_ascii_digit()) && !version.starts_with("RELEASE")
        || version.chars().all(|character| character.is_ascii_digit())
}

fn container(
    input: &Input<'_>,
    owner: [&str; 2],
    container: &Container,
    found: &mut Vec<Diagnostic>,
) {
    let path = [owner[0], owner[1], "container"];
    let at = |rest: &[&str], half: Half, message: String| {
        let path: Vec<&str> = path.iter().chain(rest).copied().collect();
        input.in_stack(&path, half, message)
    };
    if container.user == Some(0) {
        let message = format!("`{}` would run as root", owner[1]);
        found.push(at(&["user"], Half::Value, message).expected("the number of another user"));
    }
    if container
        .networks
        .as_ref()
        .is_some_and(std::collections::BTreeSet::is_empty)
    {
        let message = format!("`{}` is in no network", owner[1]);
        found.push(at(&["networks"], Half::Key, message).expected(any_of(["edge", "app", "data"])));
    }
    for (index, folder) in container.tmpfs.iter().enumerate() {
        let is_path = folder.starts_with('/')
            && folder.len() > 1
            && !folder[1..]
                .split('/')
                .any(|part| matches!(part, "" | "." | ".."));
        if !is_path {
            let message = format!("`{folder}` is not a folder in a container");
            let at = at(&["tmpfs", &index.to_string()], Half::Value, message);
            found.push(at.expected("an absolute path in its shortest form, such as `/run/lock`"));
        }
    }
    if container.writable_root.as_deref().is_some_and(is_blank) {
        let message = "a root that can be written to needs a reason".to_owned();
        found.push(at(&["writable_root"], Half::Key, message));
    }
    for (index, capability) in container.capabilities.iter().enumerate() {
        let index = index.to_string();
        if !CAPABILITIES.contains(&capability.name.as_str()) {
            let message = format!("there is no capability `{}`", capability.name);
            let hint = did_you_mean(&capability.name, CAPABILITIES);
            let place = at(&["capabilities", &index, "name"], Half::Value, message);
            let place = place
                .expected("a name of capabilities(7) without `CAP_`, such as `NET_BIND_SERVICE`");
            found.push(place.maybe_hint(hint));
        }
        if is_blank(&capability.reason) {
            let message = format!("the capability `{}` needs a reason", capability.name);
            found.push(at(&["capabilities", &index, "reason"], Half::Key, message));
        }
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}
