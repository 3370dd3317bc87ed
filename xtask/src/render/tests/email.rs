//! The rendered Alertmanager sends a mail that says what has happened and what to do.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant},
};

use super::{Stage, free_port, program, write};

/// Takes mails as any mail server does, and hands each one's text on.
fn mail_server() -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (sender, mails) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mail = take_mail(stream.unwrap());
            if sender.send(mail).is_err() {
                return;
            }
        }
    });
    (port, mails)
}

fn take_mail(stream: TcpStream) -> String {
    let mut answers = stream.try_clone().unwrap();
    let mut answer = |text: &str| answers.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    answer("220 ready");
    let mut mail = String::new();
    let mut in_data = false;
    for line in BufReader::new(stream).lines() {
        let line = line.unwrap();
        match line.as_str() {
            "." if in_data => {
                in_data = false;
                answer("250 taken");
            }
            _ if in_data => mail.push_str(&(line + "\n")),
            "DATA" => {
                in_data = true;
                answer("354 go on");
            }
            "QUIT" => {
                answer("221 bye");
                break;
            }
            _ => answer("250 fine"),
        }
    }
    mail
}

struct Alertmanager {
    child: Child,
    port: u16,
    _stage: Stage,
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Alertmanager {
    fn start(mail_port: u16) -> Self {
        let port = free_port();
        let stage = Stage::with_overlay(&format!(
            "components:\n  mailbox: {{ ports: {{ smtp: {mail_port} }} }}\n  alertmanager: {{ ports: {{ http: {port} }} }}\n"
        ));
        let rendered = stage.render();
        let unit = &rendered.units["alertmanager"];
        write::unit(unit, &stage.places.paths.config("alertmanager")).unwrap();
        std::fs::create_dir_all(stage.places.paths.data("alertmanager")).unwrap();
        let mut command = Command::new(program("prometheus-alertmanager"));
        command
            .args(&unit.args)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let alertmanager = Self {
            child: command.spawn().unwrap(),
            port,
            _stage: stage,
        };
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "alertmanager does not listen");
            thread::sleep(Duration::from_millis(20));
        }
        alertmanager
    }

    fn alert(&self, labels: &[&str], annotations: &[&str]) {
        let annotations = annotations
            .iter()
            .map(|annotation| format!("--annotation={annotation}"));
        let url = format!(
            "--alertmanager.url=http://127.0.0.1:{}/alertmanager",
            self.port
        );
        let mut command = Command::new(program("amtool"));
        command
            .arg("alert")
            .arg("add")
            .arg(url)
            .args(annotations)
            .args(labels);
        let output = command.output().unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[test]
fn a_critical_alert_becomes_a_mail_and_the_watchdog_does_not() {
    let (mail_port, mails) = mail_server();
    let alertmanager = Alertmanager::start(mail_port);
    alertmanager.alert(
        &["Watchdog", "severity=none", "service=prometheus"],
        &["summary=alive"],
    );
    alertmanager.alert(
        &["NatsDown", "severity=critical", "service=nats"],
        &[
            "summary=NATS does not answer",
            "description=The broker has been away for 2 minutes.",
            "runbook_url=docs/runbooks/nats-down.md",
            "dashboard_url=http://localhost:8080/prometheus/graph",
        ],
    );
    let mail = mails.recv_timeout(Duration::from_mins(1)).unwrap();
    // As quoted-printable, with the soft ends of lines taken out.
    let mail = mail
        .replace("=\n", "")
        .replace("=C2=B7", "·")
        .replace("=3D", "=");
    for part in [
        "To: sre@argosy.example",
        "NatsDown",
        "NATS does not answer",
        "The broker has been away for 2 minutes.",
        "docs/runbooks/nats-down.md",
        "http://localhost:8080/prometheus/graph",
        "Severity:  critical",
        "<h2",
    ] {
        assert!(mail.contains(part), "no `{part}` in:\n{mail}");
    }
    assert!(!mail.contains("Watchdog"), "{mail}");
}
