//! A server on a unix socket that speaks as much of the Docker Engine's API as the toolkit asks for. What it does not know
//! it answers with 501, so that a new kind of request is noticed.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
    thread,
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, Response, StatusCode,
    body::{Bytes, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{net::UnixListener, task::JoinSet};

use crate::containers::{World, carries};

pub(crate) struct FakeEngine {
    folder: TempDir,
    world: Arc<Mutex<World>>,
}

type Answer = Response<Full<Bytes>>;

impl FakeEngine {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Arc::new(Mutex::new(World::default()));
        let listener =
            std::os::unix::net::UnixListener::bind(folder.path().join("socket")).unwrap();
        listener.set_nonblocking(true).unwrap();
        let served = Arc::clone(&world);
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(serve(listener, served));
        });
        Self { folder, world }
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("socket").display())
    }

    /// How many requests were meant to change something.
    pub(crate) fn changes(&self) -> u32 {
        self.world.lock().unwrap().changes
    }

    pub(crate) fn left(&self) -> Vec<String> {
        self.world.lock().unwrap().left()
    }
}

/// Until the test's process ends.
async fn serve(listener: std::os::unix::net::UnixListener, world: Arc<Mutex<World>>) {
    let listener = UnixListener::from_std(listener).unwrap();
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let world = Arc::clone(&world);
        connections.spawn(async move {
            let answer = service_fn(|request| answer(Arc::clone(&world), request));
            let connection = hyper::server::conn::http1::Builder::new();
            // Whoever hangs up has what he wanted.
            let _ = connection
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}

async fn answer(
    world: Arc<Mutex<World>>,
    request: Request<Incoming>,
) -> Result<Answer, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let asked = Asked {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body,
    };
    // What runs is waited for until its end, which only comes with that of the connection.
    if asked.path.ends_with("/wait") && !has_ended(&world, &asked) {
        std::future::pending::<()>().await;
    }
    let mut world = world.lock().unwrap();
    Ok(asked.answer(&mut world))
}

fn has_ended(world: &Mutex<World>, asked: &Asked) -> bool {
    let world = world.lock().unwrap();
    let parts = asked.parts();
    let container = world
        .find(parts[1])
        .and_then(|id| world.containers.get(&id));
    container.is_none_or(super::containers::Container::has_ended)
}

struct Asked {
    method: Method,
    path: String,
    query: String,
    body: Bytes,
}

fn status(status: u16) -> Answer {
    let message = json!({ "message": format!("answered with {status}") });
    with(status, &message)
}

fn with(status: u16, content: &Value) -> Answer {
    let mut answer = Response::new(Full::from(content.to_string()));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    let kind = hyper::header::HeaderValue::from_static("application/json");
    answer.headers_mut().insert("content-type", kind);
    answer
}

fn done() -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::NO_CONTENT;
    answer
}

impl Asked {
    fn parts(&self) -> Vec<&str> {
        self.path.trim_start_matches('/').split('/').collect()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_str(&self.query).unwrap();
        let found = pairs.into_iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value)
    }

    fn filters(&self) -> Value {
        let text = self.parameter("filters").unwrap_or_else(|| "{}".to_owned());
        serde_json::from_str(&text).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    fn answer(&self, world: &mut World) -> Answer {
        // To wait changes nothing.
        if self.method != Method::GET
            && self.method != Method::HEAD
            && !self.path.ends_with("/wait")
        {
            world.changes += 1;
        }
        let parts = self.parts();
        match (self.method.as_str(), parts.as_slice()) {
            ("GET", ["version"]) => with(
                200,
                &json!({ "Version": "20.10.24", "ApiVersion": "1.41", "Arch": "amd64", "KernelVersion": "6.1.0", "Os": "linux" }),
            ),
            ("GET", ["images", .., "json"]) => with(
                200,
                &json!({ "Id": "sha256:0000", "Architecture": "amd64" }),
            ),
            ("GET", ["containers", "json"]) => self.list_containers(world),
            ("POST", ["containers", "create"]) => {
                let name = self.parameter("name").unwrap();
                match world.create(&name, self.json()) {
                    Some(id) => with(201, &json!({ "Id": id, "Warnings": [] })),
                    None => status(409),
                }
            }
            (_, ["containers", name, action @ ..]) => self.container(world, name, action),
            (_, ["networks", rest @ ..]) => self.network(world, rest),
            (_, ["volumes", rest @ ..]) => self.volume(world, rest),
            _ => status(501),
        }
    }

    fn list_containers(&self, world: &World) -> Answer {
        let filters = self.filters();
        let ours = world
            .containers
            .iter()
            .filter(|(_, container)| carries(&container.request["Labels"], &filters));
        let list: Vec<Value> = ours.map(|(id, container)| container.in_list(id)).collect();
        with(200, &Value::from(list))
    }

    fn container(&self, world: &mut World, name: &str, action: &[&str]) -> Answer {
        let Some(id) = world.find(name) else {
            return status(404);
        };
        if self.method == Method::DELETE {
            world.containers.remove(&id);
            return done();
        }
        let container = world.containers.get_mut(&id).unwrap();
        match (self.method.as_str(), action) {
            ("GET", ["json"]) => return with(200, &container.inspect(&id)),
            ("GET", ["logs"]) => return Response::new(Full::default()),
            ("POST", ["wait"]) => return with(200, &json!({ "StatusCode": 0 })),
            ("GET", ["archive"]) => {
                let packed = container.pack(&self.parameter("path").unwrap());
                return packed
                    .map_or_else(|| status(404), |packed| Response::new(Full::from(packed)));
            }
            ("PUT", ["archive"]) => {
                container.unpack(&self.parameter("path").unwrap(), &self.body);
                return Response::new(Full::default());
            }
            ("POST", ["update"]) => {
                container.update(&self.json());
                return with(200, &json!({ "Warnings": [] }));
            }
            ("POST", ["start"]) if !container.start() => return status(304),
            // A signal is taken and ends nothing.
            ("POST", ["start" | "kill"]) => {}
            ("POST", ["stop"]) => container.stop(),
            ("POST", ["restart"]) => {
                container.stop();
                let _ = container.start();
            }
            // It is not paused.
            ("POST", ["unpause"]) => return status(500),
            _ => return status(501),
        }
        done()
    }

    fn network(&self, world: &mut World, rest: &[&str]) -> Answer {
        match (self.method.as_str(), rest) {
            ("GET", []) => {
                let filters = self.filters();
                let parts = filters["name"].as_array();
                let is_asked_for = |name: &str| {
                    parts.is_none_or(|parts| {
                        parts
                            .iter()
                            .any(|part| name.contains(part.as_str().unwrap()))
                    })
                };
                let found = world.networks.iter();
                let found = found.filter(|(name, network)| {
                    is_asked_for(name) && carries(&network["Labels"], &filters)
                });
                let list: Vec<Value> = found
                    .map(|(name, network)| json!({ "Name": name, "Id": name, "Labels": network["Labels"] }))
                    .collect();
                with(200, &Value::from(list))
            }
            ("POST", ["create"]) => {
                let request = self.json();
                let name = request["Name"].as_str().unwrap().to_owned();
                world.networks.insert(name.clone(), request);
                with(201, &json!({ "Id": name, "Warning": "" }))
            }
            ("POST", [network, change]) => {
                let request = self.json();
                let id = world.find(request["Container"].as_str().unwrap());
                let Some(container) = id.and_then(|id| world.containers.get_mut(&id)) else {
                    return status(404);
                };
                if *change == "connect" {
                    container.join(network);
                } else {
                    container.leave(network);
                }
                Response::new(Full::default())
            }
            ("DELETE", [network]) => {
                world.networks.remove(*network);
                done()
            }
            _ => status(501),
        }
    }

    fn volume(&self, world: &mut World, rest: &[&str]) -> Answer {
        match (self.method.as_str(), rest) {
            ("GET", []) => {
                let filters = self.filters();
                let found = world
                    .volumes
                    .values()
                    .filter(|volume| carries(&volume["Labels"], &filters));
                with(
                    200,
                    &json!({ "Volumes": found.collect::<Vec<_>>(), "Warnings": [] }),
                )
            }
            ("POST", ["create"]) => {
                let request = self.json();
                let name = request["Name"].as_str().unwrap().to_owned();
                let volume = json!({
                    "Name": name, "Labels": request["Labels"], "Driver": "local", "Mountpoint": "/", "Scope": "local", "Options": {},
                });
                world.volumes.insert(name, volume.clone());
                with(201, &volume)
            }
            ("GET", [name]) => match world.volumes.get(*name) {
                Some(volume) => with(200, volume),
                None => status(404),
            },
            ("DELETE", [name]) => {
                world.volumes.remove(*name);
                done()
            }
            _ => status(501),
        }
    }
}
