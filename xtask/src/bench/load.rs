//! Open-loop load: requests are due at fixed times, whether or not earlier ones have been answered.
//!
//! Each latency counts from the time at which the request was due. A client that waits for its answer before it asks
//! again would ask a slow server less often, and so hide exactly what is to be measured.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use hyper::{Method, StatusCode};
use tokio::{task::JoinSet, time::Instant};

use super::figures::Times;
use crate::http::Connection;

/// Requests that can be under way at once.
pub(super) const CONNECTIONS: u32 = 32;

#[derive(Debug, Clone)]
pub(super) struct Load {
    /// `host:port`.
    pub(super) address: String,
    /// Asked in turn.
    pub(super) paths: Vec<String>,
    /// What is posted there each time, under a key of its own; else it is a GET.
    pub(super) post: Option<Post>,
    pub(super) expected: StatusCode,
    /// What each latency counts to.
    pub(super) until: Until,
    pub(super) per_second: u32,
    pub(super) lasting: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// The head of the answer is there.
    FirstByte,
    /// The whole answer is.
    End,
}

#[derive(Debug, Clone)]
pub(super) struct Post {
    /// JSON; each `{uuid}` in it becomes a fresh one.
    pub(super) body: String,
    /// Whoever asks, in turn.
    pub(super) tokens: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) times: Times,
    pub(super) errors: usize,
    pub(super) first_error: Option<String>,
}

/// Asks for as long as the load says. The error is the first answer that was not as expected, when none was.
pub(super) async fn run(load: &Load) -> Result<Outcome, String> {
    let total = u32::try_from(u128::from(load.per_second) * load.lasting.as_millis() / 1_000)
        .unwrap_or(u32::MAX);
    let next = Arc::new(AtomicU32::new(0));
    let start = Instant::now();
    let mut clients = JoinSet::new();
    for _ in 0..CONNECTIONS.min(total) {
        clients.spawn(client(load.clone(), Arc::clone(&next), start, total));
    }
    let (mut times, mut errors) = (Vec::new(), Vec::new());
    while let Some(ended) = clients.join_next().await {
        let (own_times, own_errors) =
            ended.map_err(|error| format!("a client broke off: {error}"))?;
        times.extend(own_times);
        errors.extend(own_errors);
    }
    let first_error = errors.first().cloned();
    match Times::new(times) {
        Some(times) => Ok(Outcome {
            times,
            errors: errors.len(),
            first_error,
        }),
        None => Err(first_error.unwrap_or_else(|| "nothing was asked".to_owned())),
    }
}

/// So many clients ask as fast as their answers come, each over its own connection; answers a second come back.
pub(super) async fn saturate(load: &Load, clients: u32) -> Result<f64, String> {
    let start = Instant::now();
    let end = start + load.lasting;
    let mut asking = JoinSet::new();
    for number in 0..clients {
        let load = load.clone();
        asking.spawn(async move {
            let (mut answers, mut connection) = (0_u32, None);
            while Instant::now() < end {
                ask(&load, number, &mut connection).await?;
                answers += 1;
            }
            Ok::<u32, String>(answers)
        });
    }
    let mut answers = 0;
    while let Some(ended) = asking.join_next().await {
        answers += ended.map_err(|error| format!("a client broke off: {error}"))??;
    }
    Ok(f64::from(answers) / start.elapsed().as_secs_f64())
}

async fn client(
    load: Load,
    next: Arc<AtomicU32>,
    start: Instant,
    total: u32,
) -> (Vec<Duration>, Vec<String>) {
    let (mut times, mut errors) = (Vec::new(), Vec::new());
    let mut connection = None;
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= total {
            return (times, errors);
        }
        let due = start + Duration::from_secs(number.into()) / load.per_second;
        // A client that comes too late was held up by the server, and that counts. One that is woken a moment late was
        // held up by the timer, which knows only whole milliseconds.
        let is_late = Instant::now() > due;
        tokio::time::sleep_until(due).await;
        let from = if is_late { due } else { Instant::now() };
        match ask(&load, number, &mut connection).await {
            Ok(done) => times.push(done.saturating_duration_since(from)),
            Err(error) => errors.push(error),
        }
    }
}

/// When it was answered comes back.
async fn ask(
    load: &Load,
    number: u32,
    connection: &mut Option<Connection>,
) -> Result<Instant, String> {
    let path = &load.paths[number as usize % load.paths.len()];
    let mut open = match connection.take().filter(Connection::is_usable) {
        Some(open) => open,
        None => Connection::open(&load.address).await?,
    };
    let answer = match &load.post {
        None => open.get(path).await?,
        Some(post) => {
            let token = &post.tokens[number as usize % post.tokens.len()];
            let bearer = format!("Bearer {token}");
            let key = uuid::Uuid::new_v4().to_string();
            let headers = [
                ("authorization", bearer.as_str()),
                ("idempotency-key", key.as_str()),
            ];
            open.request(
                Method::POST,
                path,
                Some(post.body.replace("{uuid}", &key)),
                &headers,
            )
            .await?
        }
    };
    *connection = Some(open);
    if answer.status == load.expected {
        return Ok(match load.until {
            Until::FirstByte => answer.begun.into(),
            Until::End => Instant::now(),
        });
    }
    Err(format!(
        "{path} answers with {}: {}",
        answer.status,
        answer.excerpt()
    ))
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::{TcpListener, TcpStream},
    };

    use super::*;

    const PAUSE: Duration = Duration::from_millis(60);

    /// Answers each request after a pause.
    async fn slow_server(listener: TcpListener) {
        let mut connections = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            connections.spawn(answer_slowly(stream));
        }
    }

    async fn answer_slowly(mut stream: TcpStream) {
        let mut request = [0; 1024];
        while stream
            .read(&mut request)
            .await
            .is_ok_and(|length| length > 0)
        {
            tokio::time::sleep(PAUSE).await;
            if stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                .await
                .is_err()
            {
                return;
            }
        }
    }

    #[tokio::test]
    async fn a_slow_server_is_asked_as_often_as_a_quick_one() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut server = JoinSet::new();
        server.spawn(slow_server(listener));
        let load = Load {
            address,
            paths: vec!["/".into()],
            post: None,
            expected: StatusCode::OK,
            until: Until::End,
            per_second: 100,
            lasting: Duration::from_millis(500),
        };
        let outcome = run(&load).await.unwrap();
        assert_eq!(outcome.errors, 0, "{:?}", outcome.first_error);
        // One after the other they would have taken 50 × 60 ms, and the last would be 2.5 s late.
        assert!(outcome.times.percentile(50) >= PAUSE, "{:?}", outcome.times);
        assert!(
            outcome.times.percentile(99) < Duration::from_secs(2),
            "{:?}",
            outcome.times
        );
    }

    #[tokio::test]
    async fn an_unexpected_answer_is_an_error_that_says_what_it_was() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let mut server = JoinSet::new();
        server.spawn(slow_server(listener));
        let load = Load {
            address,
            paths: vec!["/x".into()],
            post: None,
            expected: StatusCode::NOT_FOUND,
            until: Until::End,
            per_second: 10,
            lasting: Duration::from_millis(100),
        };
        assert_eq!(run(&load).await.unwrap_err(), "/x answers with 200 OK: ok");
    }
}
