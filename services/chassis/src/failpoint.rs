//! Named places between two effects, where a test can end the process as a crash would.
//!
//! `FAILPOINT=payments.after_mark:3` ends it with exit code 137 when that place is reached for the third time. Only builds with
//! debug assertions look: in a release build [`hit`] is nothing.

/// Ends the process if a test asked for it.
#[inline]
pub fn hit(name: &str) {
    #[cfg(debug_assertions)]
    armed::hit(name);
    #[cfg(not(debug_assertions))]
    let _ = name;
}

#[cfg(debug_assertions)]
mod armed {
    use std::sync::{
        LazyLock,
        atomic::{AtomicU32, Ordering},
    };

    struct Armed {
        name: String,
        /// How often it still has to be reached.
        remaining: AtomicU32,
    }

    static ARMED: LazyLock<Option<Armed>> = LazyLock::new(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's switch, absent from release builds, is no configuration"
        )]
        let text = std::env::var("FAILPOINT").ok()?;
        let (name, number) = text.rsplit_once(':').unwrap_or((&text, "1"));
        let remaining = number.parse().unwrap_or(1);
        Some(Armed {
            name: name.to_owned(),
            remaining: AtomicU32::new(remaining),
        })
    });

    pub(super) fn hit(name: &str) {
        let Some(armed) = ARMED.as_ref().filter(|armed| armed.name == name) else {
            return;
        };
        if armed.remaining.fetch_sub(1, Ordering::Relaxed) == 1 {
            tracing::error!(failpoint = name, "the process ends at a fail-point");
            std::process::exit(137);
        }
    }
}
