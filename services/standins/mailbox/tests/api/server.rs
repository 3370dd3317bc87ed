//! Starts the program on free ports and stops it when the test ends.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::Duration,
};

use lettre::{AsyncSmtpTransport, Tokio1Executor};
use reqwest::Method;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) smtp: SocketAddr,
    pub(crate) http: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    home: Arc<TempDir>,
    client: reqwest::Client,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        Self::run(
            Arc::new(tempfile::tempdir().unwrap()),
            Command::new(env!("CARGO_BIN_EXE_mailbox")),
            variables,
        )
    }

    pub(crate) fn run(
        home: Arc<TempDir>,
        mut command: Command,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut child = prepare(&mut command, &home)
            .envs(variables.iter().copied())
            .spawn()
            .unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let listening = follow(child.stdout.take().unwrap(), Arc::clone(&log));
        let Ok(line) = listening.recv_timeout(DEADLINE) else {
            let _ = child.kill();
            let output = child.wait_with_output().unwrap();
            panic!(
                "the mailbox does not listen: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        let line: Value = serde_json::from_str(&line).unwrap();
        let address = |name: &str| line[name].as_str().unwrap().parse().unwrap();
        let client = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            smtp: address("smtp"),
            http: address("http"),
            child,
            log,
            home,
            client,
        }
    }

    /// The program again, on the same folder, after a kill.
    pub(crate) fn restart_with(mut self, variables: &[(&str, &str)]) -> Self {
        self.kill();
        Self::run(
            Arc::clone(&self.home),
            Command::new(env!("CARGO_BIN_EXE_mailbox")),
            variables,
        )
    }

    pub(crate) fn home(&self) -> Arc<TempDir> {
        Arc::clone(&self.home)
    }

    pub(crate) fn mails(&self) -> PathBuf {
        self.home.path().join("data/mails")
    }

    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().join("\n")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for the end of the program, which limits itself how long that takes.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn dial(&self) -> Dialogue {
        Dialogue::with(self.smtp)
    }

    /// A real mail client.
    pub(crate) fn mailer(&self) -> AsyncSmtpTransport<Tokio1Executor> {
        AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
            .port(self.smtp.port())
            .timeout(Some(DEADLINE))
            .build()
    }

    /// Sends a small mail, and gives its id.
    pub(crate) fn send(&self, recipient: &str, subject: &str) -> String {
        let mut dialogue = self.dial();
        dialogue.deliver(recipient, &format!("From: Shop <shop@argosy.example>\r\nTo: <{recipient}>\r\nSubject: {subject}\r\n\r\nHello\r\n"))
    }

    pub(crate) async fn request(&self, method: Method, path: &str) -> reqwest::Response {
        self.client
            .request(method, format!("http://{}{path}", self.http))
            .send()
            .await
            .unwrap()
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        self.request(Method::GET, path).await
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        let answer = self.get(path).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        answer.json().await.unwrap()
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> (u16, Value) {
        let answer = self
            .client
            .put(format!("http://{}{path}", self.http))
            .json(&body)
            .send()
            .await
            .unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Keeps every line of the log; the one that says that the program listens comes through the channel.
fn follow(
    log: impl Read + Send + 'static,
    lines: Arc<Mutex<Vec<String>>>,
) -> mpsc::Receiver<String> {
    let (sender, listening) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            lines.lock().unwrap().push(line.clone());
            if line.contains(r#""message":"listening""#) {
                let _ = sender.send(line);
            }
        }
    });
    listening
}

/// What every run of the program needs.
pub(crate) fn prepare<'a>(command: &'a mut Command, home: &TempDir) -> &'a mut Command {
    command
        .env("MAILBOX_SMTP_LISTEN", "127.0.0.1:0")
        .env("MAILBOX_HTTP_LISTEN", "127.0.0.1:0")
        .env("MAILBOX_ROOT", home.path().join("data"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
}

/// One SMTP connection, line by line.
pub(crate) struct Dialogue {
    stream: BufReader<TcpStream>,
}

impl Dialogue {
    fn with(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            stream: BufReader::new(stream),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.stream.get_mut().write_all(bytes).unwrap();
    }

    /// One answer, all its lines.
    pub(crate) fn read(&mut self) -> String {
        let mut answer = String::new();
        loop {
            let start = answer.len();
            if self.stream.read_line(&mut answer).unwrap() == 0
                || answer.as_bytes().get(start + 3) != Some(&b'-')
            {
                return answer;
            }
        }
    }

    pub(crate) fn say(&mut self, line: &str) -> String {
        self.write(format!("{line}\r\n").as_bytes());
        self.read()
    }

    /// Says a line and demands this code.
    #[track_caller]
    pub(crate) fn expect(&mut self, line: &str, code: &str) -> String {
        let answer = self.say(line);
        assert!(answer.starts_with(code), "{line}: {answer}");
        answer
    }

    #[track_caller]
    pub(crate) fn greet(&mut self) {
        let greeting = self.read();
        assert!(greeting.starts_with("220 "), "{greeting}");
        self.expect("EHLO test", "250");
    }

    /// Delivers a mail from the greeting on, and gives its id.
    pub(crate) fn deliver(&mut self, recipient: &str, mail: &str) -> String {
        self.greet();
        self.transfer(recipient, mail)
    }

    pub(crate) fn transfer(&mut self, recipient: &str, mail: &str) -> String {
        self.expect("MAIL FROM:<shop@argosy.example>", "250");
        self.expect(&format!("RCPT TO:<{recipient}>"), "250");
        self.expect("DATA", "354");
        let answer = self.say(&format!("{mail}."));
        answer
            .strip_prefix("250 2.0.0 Kept as ")
            .unwrap_or_else(|| panic!("{answer}"))
            .trim_end()
            .to_owned()
    }
}
