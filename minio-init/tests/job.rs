//! The job from outside: the real program against the object store of this repository, which is built when it is missing.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::OnceLock,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

const SECRET: &str = "a-secret-of-the-tests";
const SHOP: &str = include_str!("../buckets.yaml.j2");

/// The object store's program, beside this job's own. Testing the whole workspace builds it anyway; testing this package alone
/// does not.
fn object_store() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_minio-init"))
            .parent()
            .unwrap();
        let program = folder.join("object-store");
        if !program.exists() {
            let mut build = Command::new(env!("CARGO"));
            build.args([
                "build",
                "--quiet",
                "--package",
                "object-store",
                "--bin",
                "object-store",
            ]);
            if folder.ends_with("release") {
                build.arg("--release");
            }
            assert!(
                build.status().unwrap().success(),
                "the object store cannot be built"
            );
        }
        program
    })
}

struct Store {
    address: SocketAddr,
    child: Child,
    home: TempDir,
}

impl Store {
    fn start() -> Self {
        Self::listen("127.0.0.1:0".parse().unwrap())
    }

    fn listen(address: SocketAddr) -> Self {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("key"), SECRET).unwrap();
        let mut child = Command::new(object_store())
            .env("OBJECT_STORE_LISTEN", address.to_string())
            .env("OBJECT_STORE_ROOT", home.path().join("data"))
            .env("OBJECT_STORE_ACCESS_KEY", "argosy")
            .env("OBJECT_STORE_SECRET_KEY_FILE", home.path().join("key"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = lines.find_map(|line| {
            Some(
                line.ok()?
                    .split_once(r#""address":""#)?
                    .1
                    .split('"')
                    .next()?
                    .parse()
                    .unwrap(),
            )
        });
        let address = listening.expect("the object store ended before it listened");
        thread::spawn(move || lines.for_each(drop));
        Self {
            address,
            child,
            home,
        }
    }

    fn apply(&self, buckets: &str) -> Output {
        job(&format!("http://{}", self.address), buckets, SECRET, &[])
    }

    /// What a file of a bucket says.
    fn setting(&self, bucket: &str, file: &str) -> Option<String> {
        std::fs::read_to_string(
            self.home
                .path()
                .join("data/buckets")
                .join(bucket)
                .join(file),
        )
        .ok()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn job(endpoint: &str, buckets: &str, secret: &str, more: &[&str]) -> Output {
    let home = tempfile::tempdir().unwrap();
    let (file, key) = (home.path().join("buckets.yaml"), home.path().join("key"));
    std::fs::write(&file, buckets).unwrap();
    std::fs::write(&key, format!("{secret}\n")).unwrap();
    Command::new(env!("CARGO_BIN_EXE_minio-init"))
        .args(["--endpoint", endpoint, "--buckets", file.to_str().unwrap()])
        .args(more)
        .env("MINIO_INIT_ACCESS_KEY", "argosy")
        .env("MINIO_INIT_SECRET_KEY_FILE", &key)
        .output()
        .unwrap()
}

#[track_caller]
fn said(output: &Output) -> String {
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[track_caller]
fn complained(output: &Output) -> String {
    assert!(
        !output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
    let error = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(!error.contains(SECRET));
    error
}

fn status(store: &Store, path: &str) -> u16 {
    let mut stream = TcpStream::connect(store.address).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.split(' ').nth(1).unwrap().parse().unwrap()
}

#[test]
fn the_shops_buckets_are_made_once() {
    let store = Store::start();
    assert_eq!(
        said(&store.apply(SHOP)),
        "product-images: created, public read, 1 CORS rule, 1 lifecycle rule\ndocuments: created\n"
    );
    // Anybody may ask for a picture, which is not there yet, and nobody for a document.
    assert_eq!(
        (
            status(&store, "/product-images/a.webp"),
            status(&store, "/documents/a.pdf")
        ),
        (404, 403)
    );
    let settings = |store: &Store| {
        ["policy.json", "cors.xml", "lifecycle.xml"]
            .map(|file| store.setting("product-images", file))
    };
    let first = settings(&store);
    assert!(first.iter().all(Option::is_some));
    assert_eq!(
        said(&store.apply(SHOP)),
        "product-images: unchanged\ndocuments: unchanged\n"
    );
    assert_eq!(settings(&store), first);
}

#[test]
fn only_what_differs_is_changed() {
    let store = Store::start();
    said(&store.apply("buckets: [{name: pictures, public_read: true}]"));
    let with = |rest: &str| said(&store.apply(&format!("buckets: [{{name: pictures, {rest}}}]")));
    let rule = "lifecycle: [{id: a, prefix: tmp/, expire_days: 2}]";
    let cors = "cors: [{origins: ['https://shop.example'], methods: [GET]}]";
    assert_eq!(
        with(&format!("public_read: true, {rule}")),
        "pictures: changed, 1 lifecycle rule\n"
    );
    assert_eq!(
        with(&format!("public_read: true, {cors}, {rule}")),
        "pictures: changed, 1 CORS rule\n"
    );
    assert_eq!(
        with(&format!("{cors}, {rule}")),
        "pictures: changed, private\n"
    );
    assert_eq!(
        with(&format!(
            "{cors}, lifecycle: [{{id: a, prefix: tmp/, expire_days: 3}}]"
        )),
        "pictures: changed, 1 lifecycle rule\n"
    );
    assert_eq!(
        with("public_read: false"),
        "pictures: changed, no CORS rules, no lifecycle rules\n"
    );
    assert_eq!(store.setting("pictures", "policy.json"), None);
    assert_eq!(with("public_read: false"), "pictures: unchanged\n");
}

#[test]
fn every_region_but_the_first_is_told_to_the_store() {
    let store = Store::start();
    let endpoint = format!("http://{}", store.address);
    said(&job(&endpoint, "buckets: [{name: first}]", SECRET, &[]));
    said(&job(
        &endpoint,
        "buckets: [{name: other}]",
        SECRET,
        &["--region", "eu-central-1"],
    ));
    assert!(
        store
            .setting("first", "bucket.json")
            .unwrap()
            .contains(r#""region":null"#)
    );
    assert!(
        store
            .setting("other", "bucket.json")
            .unwrap()
            .contains(r#""region":"eu-central-1""#)
    );
}

#[test]
fn a_store_that_is_still_starting_is_waited_for() {
    object_store();
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let waiting = thread::spawn(move || job(&format!("http://{address}"), SHOP, SECRET, &[]));
    // The job is under way when something has tried to connect.
    let knock = TcpListener::bind(address).unwrap();
    drop(knock.accept().unwrap());
    drop(knock);
    let _store = Store::listen(address);
    assert!(said(&waiting.join().unwrap()).starts_with("product-images: created"));
}

#[test]
fn an_endpoint_where_nothing_is_ends_the_wait() {
    let started = Instant::now();
    let error = complained(&job(
        "http://127.0.0.1:1",
        SHOP,
        SECRET,
        &["--wait-seconds", "1"],
    ));
    assert!(
        error.contains("Connection refused")
            && error.contains(
                "hint: check that the object store runs and that --endpoint (http://127.0.0.1:1)"
            ),
        "{error}"
    );
    assert!(started.elapsed() < Duration::from_secs(10));
    assert!(
        complained(&job("127.0.0.1:9000", SHOP, SECRET, &[]))
            .contains("expected one such as http://127.0.0.1:9000")
    );
}

#[test]
fn a_wrong_key_is_named_at_once() {
    let store = Store::start();
    let endpoint = format!("http://{}", store.address);
    let error = complained(&job(&endpoint, SHOP, "another-secret", &[]));
    assert!(
        error.contains("check the file named by MINIO_INIT_SECRET_KEY_FILE")
            && !error.contains("another-secret"),
        "{error}"
    );
    let error = complained(&job(&endpoint, SHOP, SECRET, &["--access-key", "nobody"]));
    assert!(error.contains("check MINIO_INIT_ACCESS_KEY"), "{error}");
}

#[test]
fn a_file_that_is_wrong_is_refused_before_anything_is_made() {
    let store = Store::start();
    for (file, expected) in [
        (
            "buckets: [{name: fine}, {name: Not_Fine}]",
            "`Not_Fine` is not a bucket name: expected lower-case letters",
        ),
        (
            "buckets: [{name: fine}, {name: fine}]",
            "`fine` is listed twice",
        ),
        (
            "buckets:\n  - name: fine\n    colour: red\n",
            "unknown field `colour`, expected one of",
        ),
        ("bucket: []", "unknown field `bucket`"),
        ("- fine", "invalid type"),
    ] {
        let error = complained(&store.apply(file));
        assert!(
            error.contains("buckets.yaml is not a list of buckets") && error.contains(expected),
            "{error}"
        );
    }
    assert!(store.setting("fine", "bucket.json").is_none());
    let absent = Command::new(env!("CARGO_BIN_EXE_minio-init"))
        .args([
            "--endpoint",
            "http://127.0.0.1:1",
            "--buckets",
            "/absent.yaml",
        ])
        .env("MINIO_INIT_ACCESS_KEY", "argosy")
        .env("MINIO_INIT_SECRET_KEY_FILE", "/absent")
        .output()
        .unwrap();
    assert!(complained(&absent).contains("cannot read /absent.yaml (--buckets)"));
}

/// Another company's store that answers as `answer` says, by method and path.
fn other_store(answer: fn(&str, &str) -> (u16, &'static str)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream);
            let mut request = String::new();
            let mut length = 0;
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                request.push_str(&line);
            }
            let _ = std::io::Read::read_exact(&mut reader, &mut vec![0; length]);
            let mut words = request.split(' ');
            let (status, body) = answer(
                words.next().unwrap_or_default(),
                words.next().unwrap_or_default(),
            );
            let head = format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/xml\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
                body.len()
            );
            let _ = reader
                .get_mut()
                .write_all(format!("{head}{body}").as_bytes());
        }
    });
    address
}

const NO_BUCKETS: &str = r#"<ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Buckets></Buckets></ListAllMyBucketsResult>"#;

#[test]
fn a_bucket_that_somebody_else_owns_is_named() {
    let address = other_store(|method, _| match method {
        "HEAD" => (403, ""),
        _ => (200, NO_BUCKETS),
    });
    let error = complained(&job(&format!("http://{address}"), SHOP, SECRET, &[]));
    assert!(
        error.contains("cannot create the bucket `product-images`")
            && error.contains("somebody else owns the bucket"),
        "{error}"
    );

    let address = other_store(|method, path| match (method, path) {
        ("HEAD", _) => (404, ""),
        ("PUT", _) => (
            409,
            "<Error><Code>BucketAlreadyExists</Code><Message>The requested bucket name is not available.</Message></Error>",
        ),
        _ => (200, NO_BUCKETS),
    });
    let error = complained(&job(&format!("http://{address}"), SHOP, SECRET, &[]));
    assert!(
        error.contains("hint: somebody else owns a bucket of this name: choose another name"),
        "{error}"
    );
}

#[test]
fn a_store_without_cors_rules_of_its_buckets_is_no_failure() {
    // As MinIO answers.
    let address = other_store(|method, path| match (method, path) {
        ("GET", path) if path.contains("?policy") => {
            (404, "<Error><Code>NoSuchBucketPolicy</Code></Error>")
        }
        ("GET", path) if path.contains("?cors") => {
            (404, "<Error><Code>NoSuchCORSConfiguration</Code></Error>")
        }
        ("PUT", path) if path.contains("?cors") => {
            (501, "<Error><Code>NotImplemented</Code></Error>")
        }
        ("GET", path) if path.contains("?lifecycle") => (
            404,
            "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>",
        ),
        ("HEAD" | "PUT", _) => (200, ""),
        _ => (200, NO_BUCKETS),
    });
    let output = said(&job(&format!("http://{address}"), SHOP, SECRET, &[]));
    assert_eq!(
        output,
        "product-images: changed, public read, 1 lifecycle rule (CORS is set for the whole store, not per bucket)\ndocuments: unchanged\n"
    );
}
