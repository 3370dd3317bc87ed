//! When a way back into an account is open.

use std::time::Duration;

/// How long a link counts: long enough for slow mail, short enough for a mailbox that somebody else reads later.
pub(crate) const LIFETIME: Duration = Duration::from_mins(30);
/// Mails of one account in an hour. Further ones are not sent: whoever asks so often has the first ones, or is a stranger who
/// wants to annoy.
pub(crate) const MOST_AN_HOUR: i64 = 3;
/// Wrong codes for one reset before it counts no more.
pub(crate) const MOST_WRONG_CODES: i32 = 5;

/// Why a code that is ours opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Closed {
    #[error("the reset is used, or another one of its account")]
    Used,
    #[error("the reset has expired")]
    Expired,
    #[error("wrong codes were tried at the reset")]
    Tried,
}

/// How a reset stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Standing {
    pub(crate) is_ended: bool,
    pub(crate) is_expired: bool,
    pub(crate) wrong_codes: i32,
}

impl Standing {
    /// Whether a new password may be set.
    pub(crate) fn open(self) -> Result<(), Closed> {
        if self.is_ended {
            Err(Closed::Used)
        } else if self.is_expired {
            Err(Closed::Expired)
        } else if self.wrong_codes >= MOST_WRONG_CODES {
            Err(Closed::Tried)
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_is_open_until_it_is_used_too_old_or_guessed_at() {
        let fresh = Standing {
            is_ended: false,
            is_expired: false,
            wrong_codes: MOST_WRONG_CODES - 1,
        };
        assert_eq!(fresh.open(), Ok(()));
        let closed = |change: fn(&mut Standing)| {
            let mut standing = fresh;
            change(&mut standing);
            standing.open().unwrap_err()
        };
        assert_eq!(closed(|reset| reset.is_ended = true), Closed::Used);
        assert_eq!(closed(|reset| reset.is_expired = true), Closed::Expired);
        assert_eq!(closed(|reset| reset.wrong_codes += 1), Closed::Tried);
    }
}
