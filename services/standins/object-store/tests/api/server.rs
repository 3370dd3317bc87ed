//! Starts the program on a free port and stops it when the test ends.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Config, Credentials, Region, http::HttpResponse, retry::RetryConfig,
    },
    error::{ProvideErrorMetadata, SdkError},
    operation::{
        copy_object::builders::CopyObjectFluentBuilder,
        delete_object::builders::DeleteObjectFluentBuilder,
        get_object::builders::GetObjectFluentBuilder,
        head_object::builders::HeadObjectFluentBuilder,
        put_object::builders::PutObjectFluentBuilder,
    },
    primitives::ByteStream,
};
use tempfile::TempDir;

pub(crate) const ACCESS_KEY: &str = "argosy";
pub(crate) const SECRET_KEY: &str = "a-secret-of-the-tests";
const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Child,
    log: Arc<Mutex<Vec<String>>>,
    home: Arc<TempDir>,
}

/// How to start the program.
pub(crate) struct Start {
    home: Arc<TempDir>,
    command: Command,
}

impl Start {
    pub(crate) fn new() -> Self {
        let home = Arc::new(tempfile::tempdir().unwrap());
        Self::on(home, Command::new(env!("CARGO_BIN_EXE_object-store")))
    }

    pub(crate) fn on(home: Arc<TempDir>, command: Command) -> Self {
        Self { home, command }
    }

    pub(crate) fn with(mut self, variable: &str, value: &str) -> Self {
        self.command.env(variable, value);
        self
    }

    pub(crate) fn command(mut self) -> Command {
        let key = self.home.path().join("key");
        fs::write(&key, format!("{SECRET_KEY}\n")).unwrap();
        self.command
            .env("OBJECT_STORE_LISTEN", "127.0.0.1:0")
            .env("OBJECT_STORE_ROOT", self.home.path().join("data"))
            .env("OBJECT_STORE_ACCESS_KEY", ACCESS_KEY)
            .env("OBJECT_STORE_SECRET_KEY_FILE", key)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.command
    }

    pub(crate) fn start(self) -> Server {
        let home = Arc::clone(&self.home);
        let mut child = self.command().spawn().unwrap();
        let log = Arc::new(Mutex::new(Vec::new()));
        let listening = follow(child.stdout.take().unwrap(), Arc::clone(&log));
        let Ok(line) = listening.recv_timeout(DEADLINE) else {
            let _ = child.kill();
            let output = child.wait_with_output().unwrap();
            panic!(
                "the object store does not listen: {}",
                String::from_utf8_lossy(&output.stderr)
            );
        };
        let (_, rest) = line.split_once(r#""address":""#).unwrap();
        let address = rest.split('"').next().unwrap().parse().unwrap();
        Server {
            address,
            child,
            log,
            home,
        }
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

impl Server {
    pub(crate) fn start() -> Self {
        Start::new().start()
    }

    /// The program again, on the same folder.
    pub(crate) fn restart(mut self) -> Self {
        self.kill();
        Start::on(
            Arc::clone(&self.home),
            Command::new(env!("CARGO_BIN_EXE_object-store")),
        )
        .start()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn client(&self) -> Client {
        self.client_with(SECRET_KEY)
    }

    pub(crate) fn client_with(&self, secret_key: &str) -> Client {
        let config = Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(self.url(""))
            .force_path_style(true)
            .region(Region::new("eu-central-1"))
            .credentials_provider(Credentials::new(ACCESS_KEY, secret_key, None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .retry_config(RetryConfig::disabled())
            .build();
        Client::from_conf(config)
    }

    /// A client, and a new bucket of this name.
    pub(crate) async fn bucket(&self, name: &str) -> Client {
        let client = self.client();
        client.create_bucket().bucket(name).send().await.unwrap();
        client
    }

    /// Sends these bytes and reads what comes until the server closes.
    pub(crate) fn raw(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn home(&self) -> Arc<TempDir> {
        Arc::clone(&self.home)
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

    pub(crate) fn terminate(&self) {
        let status = Command::new("kill")
            .args(["-TERM", &self.pid().to_string()])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits for the end of the program, which limits itself how long that takes.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Bytes of memory that it holds.
    pub(crate) fn resident(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Requests for one object, as most tests make them.
pub(crate) trait Objects {
    fn get(&self, bucket: &str, key: impl Into<String>) -> GetObjectFluentBuilder;
    fn head(&self, bucket: &str, key: impl Into<String>) -> HeadObjectFluentBuilder;
    fn put(&self, bucket: &str, key: impl Into<String>) -> PutObjectFluentBuilder;
    fn delete(&self, bucket: &str, key: impl Into<String>) -> DeleteObjectFluentBuilder;
    fn copy(&self, bucket: &str, key: impl Into<String>) -> CopyObjectFluentBuilder;

    /// Stores an object.
    async fn store(&self, bucket: &str, key: impl Into<String>, content: impl Into<Vec<u8>>) {
        let body = ByteStream::from(content.into());
        self.put(bucket, key).body(body).send().await.unwrap();
    }

    /// Reads an object.
    async fn read(&self, bucket: &str, key: impl Into<String>) -> Vec<u8> {
        let got = self.get(bucket, key).send().await.unwrap();
        got.body.collect().await.unwrap().to_vec()
    }
}

impl Objects for Client {
    fn get(&self, bucket: &str, key: impl Into<String>) -> GetObjectFluentBuilder {
        self.get_object().bucket(bucket).key(key)
    }

    fn head(&self, bucket: &str, key: impl Into<String>) -> HeadObjectFluentBuilder {
        self.head_object().bucket(bucket).key(key)
    }

    fn put(&self, bucket: &str, key: impl Into<String>) -> PutObjectFluentBuilder {
        self.put_object().bucket(bucket).key(key)
    }

    fn delete(&self, bucket: &str, key: impl Into<String>) -> DeleteObjectFluentBuilder {
        self.delete_object().bucket(bucket).key(key)
    }

    fn copy(&self, bucket: &str, key: impl Into<String>) -> CopyObjectFluentBuilder {
        self.copy_object().bucket(bucket).key(key)
    }
}

/// All files below a folder, with their paths relative to it.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(current).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(folder).unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, condition: impl Fn() -> F) {
    let deadline = Instant::now() + DEADLINE;
    let mut look = tokio::time::interval(Duration::from_millis(10));
    while !condition().await {
        assert!(Instant::now() < deadline, "still not so: {what}");
        look.tick().await;
    }
}

type Answer<T, E> = Result<T, SdkError<E, HttpResponse>>;

/// The code of the error that the store answered.
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> String {
    let service = error.as_service_error().expect("an answer of the store");
    service.code().unwrap_or_default().to_owned()
}

/// The code with which the store refuses a request.
pub(crate) async fn refused<T, E: ProvideErrorMetadata>(
    request: impl Future<Output = Answer<T, E>>,
) -> String {
    code(&request.await.err().expect("a refusal"))
}

/// The status with which the store refuses a request.
pub(crate) async fn refused_with<T, E>(request: impl Future<Output = Answer<T, E>>) -> u16 {
    status(&request.await.err().expect("a refusal"))
}

/// The status of the answer.
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> u16 {
    error
        .raw_response()
        .expect("an answer of the store")
        .status()
        .as_u16()
}
