//! Deliberate defects, to prove that the tests would find them.
//!
//! `PLANTED_BUG=no_inbox` switches one on. Only builds with debug assertions look: in a release build there are none.

/// Whether this defect is switched on.
#[inline]
pub fn is_planted(name: &str) -> bool {
    #[cfg(debug_assertions)]
    {
        planted() == Some(name)
    }
    #[cfg(not(debug_assertions))]
    {
        let _ = name;
        false
    }
}

#[cfg(debug_assertions)]
fn planted() -> Option<&'static str> {
    static PLANTED: std::sync::LazyLock<Option<String>> = std::sync::LazyLock::new(|| {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test's switch, absent from release builds, is no configuration"
        )]
        std::env::var("PLANTED_BUG").ok()
    });
    PLANTED.as_deref()
}
