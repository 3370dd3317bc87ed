//! The header `traceparent` of W3C Trace Context, level 1: `00-<trace>-<parent>-<flags>`.

use std::{fmt, str::FromStr};

use rand::Rng as _;

/// The only flag that level 1 knows: whoever called has recorded this trace.
const SAMPLED: u8 = 0x01;

/// A place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: u128,
    span: u64,
    flags: u8,
}

/// Text that is no `traceparent`: whoever gets one begins a trace of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a traceparent of W3C Trace Context")]
pub struct Malformed;

impl TraceParent {
    /// The beginning of a new trace.
    pub fn fresh() -> Self {
        Self {
            trace: rand::rng().random_range(1..=u128::MAX),
            span: span(),
            flags: SAMPLED,
        }
    }

    /// The next place in the same trace.
    #[must_use]
    pub fn child(self) -> Self {
        Self {
            span: span(),
            ..self
        }
    }

    /// What all places of the trace share: 32 hexadecimal digits.
    pub fn trace_id(self) -> impl fmt::Display {
        Hexadecimal::<32>(self.trace)
    }

    /// This place: 16 hexadecimal digits.
    pub fn span_id(self) -> impl fmt::Display {
        Hexadecimal::<16>(self.span.into())
    }
}

fn span() -> u64 {
    rand::rng().random_range(1..=u64::MAX)
}

struct Hexadecimal<const DIGITS: usize>(u128);

impl<const DIGITS: usize> fmt::Display for Hexadecimal<DIGITS> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:0DIGITS$x}", self.0)
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trace, span, flags } = self;
        write!(formatter, "00-{trace:032x}-{span:016x}-{flags:02x}")
    }
}

impl FromStr for TraceParent {
    type Err = Malformed;

    /// Also reads what later versions may add at its end, as the standard asks.
    fn from_str(text: &str) -> Result<Self, Malformed> {
        let mut parts = text.splitn(5, '-');
        let mut next = |digits| number(parts.next(), digits);
        let version = next(2)?;
        let (trace, span, flags) = (next(32)?, next(16)?, next(2)?);
        let is_longer = parts.next().is_some();
        if version == 0xff || trace == 0 || span == 0 || (version == 0 && is_longer) {
            return Err(Malformed);
        }
        Ok(Self {
            trace,
            span: u64::try_from(span).map_err(|_| Malformed)?,
            flags: u8::try_from(flags).map_err(|_| Malformed)? & SAMPLED,
        })
    }
}

/// So many hexadecimal digits, lower case only.
fn number(text: Option<&str>, digits: usize) -> Result<u128, Malformed> {
    let text = text.filter(|text| {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        text.len() == digits && text.bytes().all(is_digit)
    });
    u128::from_str_radix(text.ok_or(Malformed)?, 16).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn the_standards_example_is_read_and_written() {
        let parent: TraceParent = EXAMPLE.parse().unwrap();
        assert_eq!(parent.to_string(), EXAMPLE);
        assert_eq!(
            parent.trace_id().to_string(),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(parent.span_id().to_string(), "00f067aa0ba902b7");
    }

    #[test]
    fn a_child_is_elsewhere_in_the_same_trace() {
        let parent = TraceParent::fresh();
        let child = parent.child();
        assert_eq!((parent.trace, parent.flags), (child.trace, child.flags));
        assert_ne!(parent.span, child.span);
        assert_eq!(child.to_string().parse(), Ok(child));
    }

    #[test]
    fn what_a_later_version_adds_is_no_reason_to_lose_the_trace() {
        let later = format!("cc{}-what-comes", &EXAMPLE[2..]);
        assert_eq!(later.parse::<TraceParent>(), EXAMPLE.parse());
        let unknown_flags = format!("{}09", &EXAMPLE[..53]);
        assert_eq!(unknown_flags.parse::<TraceParent>(), EXAMPLE.parse());
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "00",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
            "00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert_eq!(text.parse::<TraceParent>(), Err(Malformed), "{text}");
        }
    }
}
