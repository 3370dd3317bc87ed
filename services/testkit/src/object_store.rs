//! The platform's own S3 stand-in as a process, with a bucket in it.

use std::{net::TcpStream, path::PathBuf, process::Command};

use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
};

use crate::{
    TemporaryDirectory,
    child::Child,
    wait::{eventually_blocking, free_port},
};

const ACCESS_KEY: &str = "argosy";
const SECRET_KEY: &str = "a secret of the tests";

/// A store of this test's own.
#[derive(Debug)]
pub struct ObjectStore {
    port: u16,
    directory: TemporaryDirectory,
    _child: Child,
}

impl ObjectStore {
    /// Starts one with an empty bucket.
    pub async fn start(bucket: &str) -> Self {
        let directory = TemporaryDirectory::new(None);
        let port = free_port();
        std::fs::write(directory.path().join("secret"), SECRET_KEY).unwrap();
        let variable = |name: &str, value: String| (format!("OBJECT_STORE_{name}"), value);
        let variables = [
            variable("LISTEN", format!("127.0.0.1:{port}")),
            variable(
                "ROOT",
                directory.path().join("objects").display().to_string(),
            ),
            variable("ACCESS_KEY", ACCESS_KEY.to_owned()),
            variable(
                "SECRET_KEY_FILE",
                directory.path().join("secret").display().to_string(),
            ),
        ];
        let log = directory.path().join("object-store.log");
        let child = Child::start(&binary("object-store"), &[], &variables, None, &log);
        eventually_blocking("the object store accepts connections", || {
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        let store = Self {
            port,
            directory,
            _child: child,
        };
        store
            .client()
            .create_bucket()
            .bucket(bucket)
            .send()
            .await
            .unwrap();
        store
    }

    /// Where it is.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Who may use it.
    pub fn access_key(&self) -> &'static str {
        ACCESS_KEY
    }

    /// The file with the key to it.
    pub fn secret_key_file(&self) -> PathBuf {
        self.directory.path().join("secret")
    }

    /// To look at what the service has stored.
    pub fn client(&self) -> Client {
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("us-east-1"))
            .endpoint_url(self.endpoint())
            .credentials_provider(Credentials::new(
                ACCESS_KEY, SECRET_KEY, None, None, "testkit",
            ))
            .force_path_style(true)
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build();
        Client::from_conf(settings)
    }
}

/// A program of this workspace beside the test binary; built now if it has never been.
fn binary(package: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let profile = test
        .ancestors()
        .nth(2)
        .expect("a test binary is in target/<profile>/deps");
    let program = profile.join(package);
    if !program.is_file() {
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", package])
            .status()
            .unwrap();
        assert!(status.success(), "cannot build {package}");
    }
    program
}
