//! Hints that a user's sequence has moved on, on their way to the other replicas.

use contracts::UserId;
use tokio::sync::mpsc;

use super::Hub;
use crate::db::live_updates::Position;

/// Hints that wait to be sent. Beyond that they are dropped: the others look at the table every second.
const CAPACITY: usize = 4_096;

/// What all replicas listen to. Not a stream: a hint that nobody hears is worth nothing later.
pub(crate) const SUBJECTS: &str = "push.*";

/// One hint.
pub(crate) type Hint = Position;
/// Where hints wait for the worker that sends them.
pub(crate) type Hints = mpsc::Receiver<Hint>;

/// Takes hints. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Announcer {
    hub: Hub,
    queue: mpsc::Sender<Hint>,
}

impl Announcer {
    pub(crate) fn new(hub: Hub) -> (Self, Hints) {
        let (queue, hints) = mpsc::channel(CAPACITY);
        (Self { hub, queue }, hints)
    }

    /// To be called after the commit.
    pub(crate) fn announce(&self, moved: Vec<Position>) {
        for position in moved {
            self.hub.announce(position);
            // Full: somebody else's table look-up will find it.
            let _ = self.queue.try_send(position);
        }
    }
}

/// What a message on one of [`SUBJECTS`] says.
pub(crate) fn hint_of(subject: &str, payload: &[u8]) -> Option<Hint> {
    let user = subject.strip_prefix("push.")?.parse::<UserId>().ok()?;
    let last_id = std::str::from_utf8(payload).ok()?.parse().ok()?;
    Some(Hint {
        user_id: user,
        last_id,
    })
}

impl Position {
    /// The subject of its hint.
    pub(crate) fn subject(&self) -> String {
        format!("push.{}", self.user_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_is_read_as_it_was_sent() {
        let hint = Hint {
            user_id: UserId::generate(),
            last_id: 7,
        };
        assert_eq!(hint_of(&hint.subject(), b"7"), Some(hint));
        for (subject, payload) in [
            ("push.nobody", "7"),
            ("pull.x", "7"),
            (&hint.subject(), ""),
            (&hint.subject(), "x"),
        ] {
            assert_eq!(hint_of(subject, payload.as_bytes()), None);
        }
    }
}
