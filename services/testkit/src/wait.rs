//! Waiting for something to become true: as long as it takes, and not for ever.

use std::{
    future::Future,
    net::TcpListener,
    sync::atomic::{AtomicU16, Ordering},
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

/// A port that nobody listens on, each time another one. They are below those that the kernel gives out, or else a
/// connection or a test beside this one could be given it.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 90).unwrap() * 100;
    loop {
        let port = 10_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 9_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
