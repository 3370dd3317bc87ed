//! Asks one component whether it is well, and says in a few words why not.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::plan::{Check, Question};

/// Length 8, code 80877103.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];

/// What one component answered.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    pub name: String,
    pub required: bool,
    pub latency: Duration,
    /// `None` when it is well.
    pub reason: Option<String>,
}

/// Puts the question, for at most `timeout`.
pub(crate) async fn run(check: Check, http: reqwest::Client, timeout: Duration) -> Finding {
    let started = Instant::now();
    let asked = async {
        match check.question() {
            Question::Http { url } => ask_http(&http, url).await,
            Question::S3 { url } => ask_s3(&http, url).await,
            Question::Nats { address } => ask_nats(address).await,
            Question::Postgres { address } => ask_postgres(address).await,
            Question::Tcp { address } => open(address).await.map(drop),
        }
    };
    let reason = match tokio::time::timeout(timeout, asked).await {
        Ok(Ok(())) => None,
        Ok(Err(reason)) => Some(reason),
        Err(_) => Some(format!("no answer within {} ms", timeout.as_millis())),
    };
    Finding {
        name: check.name,
        required: check.required,
        latency: started.elapsed(),
        reason,
    }
}

async fn ask_http(http: &reqwest::Client, url: &str) -> Result<(), String> {
    let answer = http
        .get(url)
        .send()
        .await
        .map_err(|error| in_few_words(&error))?;
    let status = answer.status();
    if status.is_success() {
        Ok(())
    } else {
        Err(format!("answered {status}"))
    }
}

/// An S3 endpoint that does not know us refuses us: it is there.
async fn ask_s3(http: &reqwest::Client, url: &str) -> Result<(), String> {
    let answer = http
        .get(url)
        .send()
        .await
        .map_err(|error| in_few_words(&error))?;
    let status = answer.status();
    if status.is_server_error() {
        Err(format!("answered {status}"))
    } else {
        Ok(())
    }
}

/// A NATS server greets everybody with INFO; one that hangs accepts connections and says nothing.
async fn ask_nats(address: &str) -> Result<(), String> {
    let mut stream = open(address).await?;
    expect(&mut stream, |greeting: [u8; 5]| greeting == *b"INFO ").await
}

/// PostgreSQL answers an `SSLRequest` with one letter before it asks who we are (its documentation, "Message Flow").
async fn ask_postgres(address: &str) -> Result<(), String> {
    let mut stream = open(address).await?;
    stream
        .write_all(&SSL_REQUEST)
        .await
        .map_err(|error| in_few_words(&error))?;
    expect(&mut stream, |[letter]: [u8; 1]| {
        matches!(letter, b'S' | b'N')
    })
    .await
}

async fn open(address: &str) -> Result<TcpStream, String> {
    TcpStream::connect(address)
        .await
        .map_err(|error| in_few_words(&error))
}

async fn expect<const LENGTH: usize>(
    stream: &mut TcpStream,
    is_right: impl FnOnce([u8; LENGTH]) -> bool,
) -> Result<(), String> {
    let mut answer = [0; LENGTH];
    stream
        .read_exact(&mut answer)
        .await
        .map_err(|error| in_few_words(&error))?;
    if is_right(answer) {
        Ok(())
    } else {
        Err("does not speak its protocol".to_owned())
    }
}

/// The innermost cause: "connection refused" says more than what could not be sent.
fn in_few_words(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let text = cause.to_string().to_lowercase();
    text.split(" (os error").next().unwrap_or(&text).to_owned()
}
