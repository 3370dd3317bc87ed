//! A health check as a command inside the container: Compose runs nothing else. What is there to ask with differs from
//! image to image.

use crate::{
    model::{ImageKind, Name, Program},
    render::RenderedHealth,
};

/// The programs that an image has for asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tools {
    /// Bash, which can open a connection by itself: every image on Debian.
    Bash,
    /// `BusyBox` with `wget` and `nc`: the small upstream images.
    BusyBox,
}

impl Tools {
    pub(super) fn of(program: Option<Program<'_>>, kind: ImageKind) -> Self {
        match (program, kind) {
            (Some(Program::Foreign { .. }), ImageKind::Upstream) => Self::BusyBox,
            _ => Self::Bash,
        }
    }
}

/// Which upstream image has a shell that runs `prepare.sh` as root.
pub(super) fn has_shell(component: &Name) -> bool {
    component.as_str() == "postgres"
}

/// As `test` of a health check.
pub(super) fn command(health: &RenderedHealth, tools: Tools) -> Vec<String> {
    let address = health.address.as_str();
    let (host, port) = address.rsplit_once(':').unwrap_or((address, "80"));
    let path = health.path.as_deref().unwrap_or("/");
    let words: Vec<String> = match (health.kind, tools) {
        // Both images of PostgreSQL have its own program for this.
        ("postgres", _) => ["pg_isready", "--quiet", "--host", host, "--port", port]
            .map(str::to_owned)
            .into(),
        ("http", Tools::BusyBox) => [
            "wget",
            "-q",
            "-O",
            "/dev/null",
            &format!("http://{address}{path}"),
        ]
        .map(str::to_owned)
        .into(),
        ("http", Tools::Bash) => bash(host, port, &http_script(host, path, "2")),
        // Any answer in HTTP that is no failure of the server's.
        ("s3", _) => bash(host, port, &http_script(host, "/", "[234]")),
        ("nats", Tools::BusyBox) => {
            let script = format!("nc -w 2 {host} {port} < /dev/null | grep -q ^INFO");
            ["sh", "-c", &script].map(str::to_owned).into()
        }
        ("nats", Tools::Bash) => {
            let script = r"read -r info <&3; [[ $info == INFO* ]]; printf 'PING\r\n' >&3; read -r pong <&3; [[ $pong == PONG* ]]";
            bash(host, port, script)
        }
        (_, Tools::BusyBox) => ["nc", "-z", host, port].map(str::to_owned).into(),
        (_, Tools::Bash) => bash(host, port, "true"),
    };
    std::iter::once("CMD".to_owned()).chain(words).collect()
}

fn bash(host: &str, port: &str, script: &str) -> Vec<String> {
    let script = format!("set -e; exec 3<>/dev/tcp/{host}/{port}; {script}");
    ["bash", "-c", &script].map(str::to_owned).into()
}

fn http_script(host: &str, path: &str, class: &str) -> String {
    format!(
        r"printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' {} {host} >&3; read -r _ status _ <&3; [[ $status == {class}?? ]]",
        quoted(path)
    )
}

/// As a shell reads it back.
pub(super) fn quoted(text: &str) -> String {
    let plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_./:=+,@%".contains(c));
    if plain {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_comes_back_as_it_was() {
        for text in [
            "plain",
            "",
            "two words",
            "it's",
            "$(rm -rf /)",
            "--pwfile=/a/b",
        ] {
            let output = std::process::Command::new("sh")
                .args(["-c", &format!("printf %s {}", quoted(text))])
                .output()
                .expect("a shell");
            assert_eq!(String::from_utf8_lossy(&output.stdout), text);
        }
    }
}
