//! Waiting for something to become true: as long as it takes, and not for ever.

use std::{
    future::Future,
    net::TcpListener,
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

/// Long enough for a busy machine.
const DEADLINE: Duration = Duration::from_secs(45);
/// The same where a planted defect makes most tests wait in vain.
const DEADLINE_WITH_DEFECT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(10);

/// Asks again until there is an answer; fails the test, naming `what`, after 45 s.
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
            started.elapsed() < deadline(),
            "waited {} s in vain: {what}",
            deadline().as_secs()
        );
        tokio::time::sleep(PAUSE).await;
    }
}

fn deadline() -> Duration {
    static HAS_DEFECT: LazyLock<bool> = LazyLock::new(|| std::env::var_os("PLANTED_BUG").is_some());
    if *HAS_DEFECT {
        DEADLINE_WITH_DEFECT
    } else {
        DEADLINE
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
            started.elapsed() < deadline(),
            "waited {} s in vain: {what}",
            deadline().as_secs()
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
