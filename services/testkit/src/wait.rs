//! Waiting for something to become true: as long as it takes, and not for ever.

use std::{
    future::Future,
    net::TcpListener,
    time::{Duration, Instant},
};

const DEADLINE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(10);

/// Asks again until there is an answer; fails the test, naming `what`, after 20 s.
pub async fn eventually<T, Fut: Future<Output = Option<T>>>(
    what: &str,
    mut ask: impl FnMut() -> Fut,
) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(
            started.elapsed() < DEADLINE,
            "waited {} s in vain: {what}",
            DEADLINE.as_secs()
        );
        tokio::time::sleep(PAUSE).await;
    }
}

/// The same on a plain thread.
pub(crate) fn eventually_blocking<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(
            started.elapsed() < DEADLINE,
            "waited {} s in vain: {what}",
            DEADLINE.as_secs()
        );
        std::thread::sleep(PAUSE);
    }
}

/// A TCP port of the loopback interface that nobody listened on a moment ago.
pub fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}
