//! A server that answers with what it was asked, or with what a test has told it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use http_body_util::{BodyExt as _, Full};
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    http::request::Parts,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

type Told = (StatusCode, Vec<(String, String)>, String);

#[derive(Default)]
struct State {
    told: HashMap<String, Told>,
    asked: Vec<Value>,
}

pub(super) struct Upstream {
    pub(super) port: u16,
    state: Arc<Mutex<State>>,
    stopped: CancellationToken,
    server: JoinSet<()>,
}

impl Upstream {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let stopped = CancellationToken::new();
        let mut server = JoinSet::new();
        server.spawn(serve(listener, port, Arc::clone(&state), stopped.clone()));
        Self {
            port,
            state,
            stopped,
            server,
        }
    }

    /// What to answer on this path from now on.
    pub(super) fn answer(
        &self,
        path: &str,
        status: StatusCode,
        headers: &[(&str, &str)],
        body: &str,
    ) {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.state
            .lock()
            .unwrap()
            .told
            .insert(path.to_owned(), (status, headers, body.to_owned()));
    }

    /// Every request so far.
    pub(super) fn asked(&self) -> Vec<Value> {
        self.state.lock().unwrap().asked.clone()
    }

    /// From now on its port refuses connections.
    pub(super) async fn stop(&mut self) {
        self.stopped.cancel();
        while self.server.join_next().await.is_some() {}
    }
}

async fn serve(
    listener: TcpListener,
    port: u16,
    state: Arc<Mutex<State>>,
    stopped: CancellationToken,
) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            () = stopped.cancelled() => return,
            accepted = listener.accept() => accepted.unwrap().0,
        };
        let state = Arc::clone(&state);
        let service = service_fn(move |request: Request<Incoming>| {
            let state = Arc::clone(&state);
            async move {
                let (head, body) = request.into_parts();
                // An answer before the whole body has come would break the sender off.
                body.collect().await?;
                Ok::<_, hyper::Error>(respond(&head, port, &state))
            }
        });
        connections.spawn(async move {
            drop(
                hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await,
            );
        });
    }
}

fn respond(request: &Parts, port: u16, state: &Mutex<State>) -> Response<Full<Bytes>> {
    let headers: Map<String, Value> = request
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), Value::from(value.to_str().unwrap())))
        .collect();
    let asked = json!({ "method": request.method.as_str(), "target": request.uri.to_string(), "headers": headers });
    let mut state = state.lock().unwrap();
    state.asked.push(asked.clone());
    let echo = || {
        (
            StatusCode::OK,
            vec![("content-type".to_owned(), "application/json".to_owned())],
            asked.to_string(),
        )
    };
    let (status, headers, body) = state
        .told
        .get(request.uri.path())
        .cloned()
        .unwrap_or_else(echo);
    let mut response = Response::builder()
        .status(status)
        .header("x-upstream-port", port.to_string());
    for (name, value) in headers {
        response = response.header(name, value);
    }
    response.body(Full::from(body)).unwrap()
}
