//! An engine that is not behind a socket of this machine: over TLS, and only with the certificate that it asks for.

use std::{
    fs,
    net::TcpStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    engine::{SOCKET, ready},
    failing::card,
    project::{Run, eventually, free_port},
    stack::{Small, one},
};

/// The engine's API behind TLS, as `dockerd --tlsverify` has it: whoever has no certificate of its authority is sent away.
struct Front {
    folder: TempDir,
    caddy: Child,
    port: u16,
}

/// An authority, and certificates of it for the engine and for who asks it, under the names that docker's own client has.
fn certificates(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let openssl = |arguments: &[&str]| {
        let key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ];
        let is_request = arguments[0] == "req";
        let made = Command::new("openssl")
            .args(arguments)
            .args(key.iter().filter(|_| is_request))
            .current_dir(folder)
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
    };
    let authority = [
        "-subj",
        "/CN=authority",
        "-keyout",
        "ca-key.pem",
        "-out",
        "ca.pem",
    ];
    openssl(&[&["req", "-x509", "-days", "2"][..], &authority].concat());
    for (certificate, key) in [("server.pem", "server-key.pem"), ("cert.pem", "key.pem")] {
        let names = "subjectAltName=DNS:localhost,IP:127.0.0.1";
        openssl(&[
            "req",
            "-subj",
            "/CN=localhost",
            "-addext",
            names,
            "-keyout",
            key,
            "-out",
            "request",
        ]);
        openssl(&[
            "x509",
            "-req",
            "-in",
            "request",
            "-days",
            "2",
            "-copy_extensions",
            "copy",
            "-CA",
            "ca.pem",
            "-CAkey",
            "ca-key.pem",
            "-CAcreateserial",
            "-out",
            certificate,
        ]);
    }
}

impl Front {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        certificates(&folder.path().join("ours"));
        certificates(&folder.path().join("others"));
        let port = free_port();
        let text = format!(
            "{{\n\tadmin off\n\tauto_https disable_redirects\n}}\nhttps://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls server.pem server-key.pem {{\n\t\tclient_auth {{\n\t\t\tmode require_and_verify\n\t\t\ttrusted_ca_cert_file ca.pem\n\t\t}}\n\t}}\n\treverse_proxy unix/{SOCKET} {{\n\t\tflush_interval -1\n\t}}\n}}\n"
        );
        let ours = folder.path().join("ours");
        fs::write(ours.join("Caddyfile"), text).unwrap();
        let caddy = Command::new("caddy")
            .args(["run", "--adapter", "caddyfile", "--config", "Caddyfile"])
            .current_dir(&ours)
            .env("HOME", folder.path())
            .env("XDG_DATA_HOME", folder.path())
            .env("XDG_CONFIG_HOME", folder.path())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let front = Self {
            folder,
            caddy,
            port,
        };
        eventually(Duration::from_secs(20), "somebody listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        front
    }

    fn host(&self) -> String {
        format!("tcp://localhost:{}", self.port)
    }

    /// Certificates of the engine's own authority, or of another one.
    fn certificates(&self, whose: &str) -> PathBuf {
        self.folder.path().join(whose)
    }

    fn run(&self, small: &Small, arguments: &[&str], certificates: Option<&Path>) -> Run {
        let mut command = small.project.command(&[arguments, &["--json"]].concat());
        command
            .env("DOCKER_HOST", self.host())
            .env_remove("DOCKER_TLS_VERIFY")
            .env_remove("DOCKER_CERT_PATH");
        if let Some(certificates) = certificates {
            command
                .env("DOCKER_TLS_VERIFY", "1")
                .env("DOCKER_CERT_PATH", certificates);
        }
        Run::from(command.output().unwrap())
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        self.caddy.kill().unwrap();
        self.caddy.wait().unwrap();
    }
}

#[test]
fn an_engine_behind_tls_is_reached_with_its_own_certificates_and_with_no_others() {
    if !ready() {
        return;
    }
    let front = Front::start();
    let small = one("");
    let up = ["up", "--runtime", "docker", "--images", "debian"];
    let (ours, others) = (front.certificates("ours"), front.certificates("others"));
    for certificates in [None, Some(others.as_path())] {
        let refused = front.run(&small, &up, certificates);
        assert_eq!(card(&refused), ("engine", "engine"), "{refused:#?}");
        assert!(
            refused.failure()["detail"]
                .to_string()
                .contains(&front.host())
        );
    }
    let begun = front.run(&small, &up, Some(&ours));
    assert_eq!(begun.exit, 0, "{begun:#?}");
    // It is remembered.
    let plan = front.run(&small, &["plan"], Some(&ours));
    assert_eq!((plan.exit, plan.steps()), (0, Vec::new()), "{plan:#?}");
    let down = front.run(&small, &["down", "--volumes", "--yes"], Some(&ours));
    assert_eq!(down.exit, 0, "{down:#?}");
}
