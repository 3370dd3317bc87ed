//! Asks one component whether it is well, and says in a few words why not.

use std::{
    error::Error,
    time::{Duration, Instant},
};

use tokio::net::TcpStream;

use super::plan::{Check, Question};

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
            Question::Tcp { address } => ask_tcp(address).await,
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

async fn ask_tcp(address: &str) -> Result<(), String> {
    TcpStream::connect(address)
        .await
        .map(drop)
        .map_err(|error| in_few_words(&error))
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
