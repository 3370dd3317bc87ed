//! An engine that is not behind a socket of this machine: over TLS, and only with the certificate that it asks for; and
//! through ssh.

use std::{
    fs, iter,
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
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
        let mut command = command(small, arguments, &self.host());
        if let Some(certificates) = certificates {
            command
                .env("DOCKER_TLS_VERIFY", "1")
                .env("DOCKER_CERT_PATH", certificates);
        }
        Run::from(command.output().unwrap())
    }
}

/// Asks the engine at `host`.
fn command(small: &Small, arguments: &[&str], host: &str) -> Command {
    let mut command = small.project.command(&[arguments, &["--json"]].concat());
    command
        .env("DOCKER_HOST", host)
        .env_remove("DOCKER_TLS_VERIFY")
        .env_remove("DOCKER_CERT_PATH");
    command
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

/// A machine that is reached through ssh: this one, behind an sshd of our own that knows one key.
struct Shell {
    folder: TempDir,
    sshd: Child,
    port: u16,
}

impl Shell {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for key in ["host", "ours", "others"] {
            let made = Command::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(path(key))
                .status();
            assert!(made.unwrap().success());
        }
        let port = free_port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\nPidFile none\n",
            path("host").display(),
            path("ours.pub").display()
        );
        fs::write(path("sshd_config"), config).unwrap();
        // As the package's own unit has it.
        fs::create_dir_all("/run/sshd").unwrap();
        let sshd = Command::new("/usr/sbin/sshd")
            .args(["-D", "-e", "-f"])
            .arg(path("sshd_config"))
            .stderr(fs::File::create(path("sshd.log")).unwrap())
            .spawn()
            .unwrap();
        let host = fs::read_to_string(path("host.pub")).unwrap();
        fs::write(path("known"), format!("[127.0.0.1]:{port} {host}")).unwrap();
        eventually(Duration::from_secs(20), "somebody listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Self { folder, sshd, port }
    }

    /// ssh as somebody has it whose configuration names this key.
    fn client(&self, key: &str) -> PathBuf {
        let path = |name: &str| self.folder.path().join(name);
        let config = format!(
            "IdentityFile {}\nIdentitiesOnly yes\nUserKnownHostsFile {}\nStrictHostKeyChecking yes\n",
            path(key).display(),
            path("known").display()
        );
        let bin = path(&format!("bin-{key}"));
        fs::create_dir_all(&bin).unwrap();
        fs::write(bin.join("config"), config).unwrap();
        let ssh = bin.join("ssh");
        let script = format!(
            "#!/bin/sh\nexec /usr/bin/ssh -F '{}' \"$@\"\n",
            bin.join("config").display()
        );
        fs::write(&ssh, script).unwrap();
        fs::set_permissions(&ssh, fs::Permissions::from_mode(0o755)).unwrap();
        bin
    }

    fn run(&self, small: &Small, arguments: &[&str], key: &str) -> Run {
        let host = format!("ssh://root@127.0.0.1:{}", self.port);
        let usual = std::env::var_os("PATH").unwrap();
        let path = iter::once(self.client(key)).chain(std::env::split_paths(&usual));
        let mut command = command(small, arguments, &host);
        command.env("PATH", std::env::join_paths(path).unwrap());
        Run::from(command.output().unwrap())
    }

    /// Connections that somebody still holds.
    fn connections(&self) -> usize {
        let children = format!("/proc/{0}/task/{0}/children", self.sshd.id());
        fs::read_to_string(children)
            .unwrap()
            .split(' ')
            .filter(|pid| !pid.is_empty())
            .count()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.sshd.kill().unwrap();
        self.sshd.wait().unwrap();
    }
}

#[test]
fn an_engine_behind_ssh_is_reached_with_a_key_that_its_machine_knows_and_no_connection_stays() {
    if !ready() {
        return;
    }
    let shell = Shell::start();
    let small = one("");
    let up = ["up", "--runtime", "docker", "--images", "debian"];
    let refused = shell.run(&small, &up, "others");
    assert_eq!(card(&refused), ("engine", "engine"), "{refused:#?}");
    let detail = refused.failure()["detail"].to_string();
    assert!(detail.contains("Permission denied"), "{detail}");
    let begun = shell.run(&small, &up, "ours");
    assert_eq!(begun.exit, 0, "{begun:#?}");
    let plan = shell.run(&small, &["plan"], "ours");
    assert_eq!((plan.exit, plan.steps()), (0, Vec::new()), "{plan:#?}");
    let down = shell.run(&small, &["down", "--volumes", "--yes"], "ours");
    assert_eq!(down.exit, 0, "{down:#?}");
    eventually(Duration::from_secs(10), "every connection ends", || {
        shell.connections() == 0
    });
}
