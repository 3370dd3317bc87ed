//! What a page may say on its socket: that it is there.

use serde::Deserialize;

/// Longest message that a page may send, in bytes.
pub(crate) const MAX_BYTES: usize = 1024;
/// Messages within [`WINDOW_S`] beyond which a page is cut off; a page that pings every second sends ten.
pub(crate) const MAX_IN_WINDOW: u32 = 60;
/// Seconds in which they are counted.
pub(crate) const WINDOW_S: u64 = 10;
/// The answer to a ping.
pub(crate) const PONG: &str = r#"{"type":"pong"}"#;

/// A message of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub(crate) enum Frame {
    /// Is answered with [`PONG`].
    Ping {},
}

/// Reads it, or says what was expected.
pub(crate) fn read(text: &str) -> Result<Frame, &'static str> {
    serde_json::from_str(text).map_err(|_| r#"expected {"type":"ping"}"#)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_ping_is_a_ping_and_nothing_else_is() {
        assert_eq!(read(r#"{"type":"ping"}"#), Ok(Frame::Ping {}));
        for text in [
            "",
            "ping",
            "{}",
            r#"{"type":"subscribe"}"#,
            r#"{"type":"ping","userId":"x"}"#,
            r#"{"type":"ping"} x"#,
            "[]",
            "null",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_read_as_anything_else(text in any::<String>()) {
            prop_assert!(read(&text).is_err());
        }
    }
}
