//! Looking digests up: the engine's own client against a registry that speaks the distribution protocol, with tokens.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex},
};

use sha2::{Digest as _, Sha256};

use crate::{
    engine,
    project::{Project, free_port},
};

const TOKEN: &str = "let-me-in";
const LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// A registry with one image in it.
struct Registry {
    port: u16,
    manifest: Arc<Mutex<String>>,
}

impl Registry {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let manifest = Arc::new(Mutex::new(list("amd64")));
        let served = Arc::clone(&manifest);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let manifest = served.lock().unwrap().clone();
                // A client that asks for TLS first goes away again.
                let _ = answer(stream, port, &manifest);
            }
        });
        Self { port, manifest }
    }

    fn digest(&self) -> String {
        digest(&self.manifest.lock().unwrap())
    }
}

fn digest(text: &str) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(text)))
}

fn list(architecture: &str) -> String {
    let part = digest("a part");
    format!(
        r#"{{"schemaVersion":2,"mediaType":"{LIST}","manifests":[{{"mediaType":"application/vnd.docker.distribution.manifest.v2+json","size":7,"digest":"{part}","platform":{{"architecture":"{architecture}","os":"linux"}}}}]}}"#
    )
}

fn answer(mut stream: TcpStream, port: u16, manifest: &str) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut request = String::new();
    reader.read_line(&mut request)?;
    let mut allowed = false;
    loop {
        let mut header = String::new();
        if reader.read_line(&mut header)? == 0 || header.trim().is_empty() {
            break;
        }
        allowed |= header.trim().ends_with(&format!("Bearer {TOKEN}"));
    }
    let mut words = request.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let own = digest(manifest);
    let (status, headers, body) = if path.starts_with("/token?") {
        let body = format!(r#"{{"token":"{TOKEN}","access_token":"{TOKEN}"}}"#);
        (
            "200 OK",
            "Content-Type: application/json\r\n".to_owned(),
            body,
        )
    } else if !allowed {
        let challenge = format!(
            "WWW-Authenticate: Bearer realm=\"http://127.0.0.1:{port}/token\",service=\"test\",scope=\"repository:shop/nats:pull\"\r\n"
        );
        ("401 Unauthorized", challenge, "{}".to_owned())
    } else if path == "/v2/shop/nats/manifests/1.2.3" || path.ends_with(&own) {
        let headers = format!("Content-Type: {LIST}\r\nDocker-Content-Digest: {own}\r\n");
        ("200 OK", headers, manifest.to_owned())
    } else if path == "/v2/" {
        ("200 OK", String::new(), "{}".to_owned())
    } else {
        let body = r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}"#;
        (
            "404 Not Found",
            "Content-Type: application/json\r\n".to_owned(),
            body.to_owned(),
        )
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nDocker-Distribution-Api-Version: registry/2.0\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    if method != "HEAD" {
        stream.write_all(body.as_bytes())?;
    }
    stream.flush()
}

fn project(port: u16, tag: &str) -> Project {
    let project = Project::new(&format!(
        r#"name: locked
components:
  nats:
    summary: a broker
    host: {{ packages: [nats-server], program: nats-server }}
    image: {{ upstream: "127.0.0.1:{port}/shop/nats:{tag}", debian: nats }}
    ports: {{ client: {} }}
    health: {{ nats: client }}
"#,
        free_port()
    ));
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/images");
    std::os::unix::fs::symlink(images.canonicalize().unwrap(), project.path("infra/images"))
        .unwrap();
    project
}

fn locked(project: &Project) -> String {
    fs::read_to_string(project.path("infra/images.lock")).unwrap()
}

#[test]
fn a_digest_is_what_the_registry_says_and_a_moved_tag_is_told() {
    if !engine::ready() {
        return;
    }
    let registry = Registry::start();
    let project = project(registry.port, "1.2.3");
    let image = format!("127.0.0.1:{}/shop/nats:1.2.3", registry.port);

    let run = project.run(&["images", "lock"]);
    assert_eq!(run.exit, 0, "{run:#?}");
    let first = registry.digest();
    let line = format!("\"{image}\" = \"{first}\"\n");
    assert!(locked(&project).contains(&line), "{}", locked(&project));

    *registry.manifest.lock().unwrap() = list("arm64");
    let (exit, text) = project.text(&["images", "lock"]);
    assert_eq!(exit, 0, "{text}");
    assert!(text.contains("the tag has been moved"), "{text}");
    let line = format!("\"{image}\" = \"{}\"\n", registry.digest());
    assert!(locked(&project).contains(&line), "{}", locked(&project));
    assert_ne!(first, registry.digest());
}

#[test]
fn what_cannot_be_looked_up_is_not_locked() {
    if !engine::ready() {
        return;
    }
    let registry = Registry::start();
    let project = project(registry.port, "4.5.6");
    let (exit, text) = project.text(&["images", "lock"]);
    assert_eq!(exit, 0, "{text}");
    let image = format!("127.0.0.1:{}/shop/nats:4.5.6", registry.port);
    assert!(text.contains(&format!("{image}: not looked up")), "{text}");
    let line = format!("\"{image}\" = \"not locked\"\n");
    assert!(locked(&project).contains(&line), "{}", locked(&project));

    // Asked for by name, such an image is used with a warning, and its absence is a failure that names it.
    let built = project.run(&["images", "build", "--images", "upstream"]);
    assert_eq!(built.exit, 20, "{built:#?}");
    let failure = built
        .events
        .iter()
        .find(|event| event["type"] == "failure")
        .unwrap();
    assert_eq!(failure["kind"], "image-missing");
    assert!(
        failure["detail"].as_str().unwrap().contains(&image),
        "{failure}"
    );
}

#[test]
fn a_lock_that_does_not_list_a_new_image_is_found() {
    let project = project(5000, "1.2.3");
    let missing = project.run(&["images", "lock", "--check"]);
    assert_eq!(missing.exit, 20, "{missing:#?}");
}
