//! Who has which sockets open at this replica: bounded per user and in all.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contracts::UserId;
use tokio::sync::watch;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{db::live_updates::Position, metrics::NotificationMetrics};

/// The sockets of this replica. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Hub(Arc<Inner>);

struct Inner {
    seats: Mutex<HashMap<UserId, Vec<Occupied>>>,
    per_user: usize,
    in_all: usize,
    tasks: TaskTracker,
    shutdown: CancellationToken,
    metrics: NotificationMetrics,
}

/// The hub's side of a seat.
struct Occupied {
    number: Uuid,
    session: Option<Uuid>,
    newest: watch::Sender<i64>,
    ended: CancellationToken,
}

/// A socket's place, given up when it is dropped.
pub(crate) struct Seat {
    hub: Hub,
    pub(crate) user: UserId,
    number: Uuid,
    /// The highest id that is known to be in the user's sequence.
    pub(crate) newest: watch::Receiver<i64>,
    /// The session of the token has ended.
    pub(crate) ended: CancellationToken,
}

/// Why there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// This user has too many.
    User,
    /// This replica has too many.
    Replica,
}

impl Hub {
    pub(crate) fn new(
        (per_user, in_all): (usize, usize),
        shutdown: CancellationToken,
        metrics: NotificationMetrics,
    ) -> Self {
        Self(Arc::new(Inner {
            seats: Mutex::default(),
            per_user,
            in_all,
            tasks: TaskTracker::new(),
            shutdown,
            metrics,
        }))
    }

    /// A seat for a socket of this user, opened with a token of this session.
    pub(crate) fn take_seat(&self, user: UserId, session: Option<Uuid>) -> Result<Seat, Full> {
        let mut seats = self.seats();
        if seats.values().map(Vec::len).sum::<usize>() >= self.0.in_all {
            return Err(Full::Replica);
        }
        let own = seats.entry(user).or_default();
        if own.len() >= self.0.per_user {
            return Err(Full::User);
        }
        let (newest, watched) = watch::channel(0);
        let ended = CancellationToken::new();
        let number = Uuid::new_v4();
        own.push(Occupied {
            number,
            session,
            newest,
            ended: ended.clone(),
        });
        self.0.metrics.sockets.inc();
        Ok(Seat {
            hub: self.clone(),
            user,
            number,
            newest: watched,
            ended,
        })
    }

    /// A user's sequence reaches up to this id.
    pub(crate) fn announce(&self, position: Position) {
        let seats = self.seats();
        for seat in seats.get(&position.user_id).into_iter().flatten() {
            seat.newest.send_if_modified(|newest| {
                let is_news = position.last_id > *newest;
                *newest = position.last_id.max(*newest);
                is_news
            });
        }
    }

    /// Everybody with an open socket.
    pub(crate) fn users(&self) -> Vec<UserId> {
        self.seats().keys().copied().collect()
    }

    /// The sessions of all open sockets.
    pub(crate) fn sessions(&self) -> HashSet<Uuid> {
        let seats = self.seats();
        seats
            .values()
            .flatten()
            .filter_map(|seat| seat.session)
            .collect()
    }

    /// Closes the sockets of a session that has ended.
    pub(crate) fn end(&self, session: Uuid) {
        let seats = self.seats();
        for seat in seats.values().flatten() {
            if seat.session == Some(session) {
                seat.ended.cancel();
            }
        }
    }

    /// Where sockets run.
    pub(crate) fn tasks(&self) -> &TaskTracker {
        &self.0.tasks
    }

    /// The process has been asked to end.
    pub(crate) fn shutdown(&self) -> &CancellationToken {
        &self.0.shutdown
    }

    pub(crate) fn metrics(&self) -> &NotificationMetrics {
        &self.0.metrics
    }

    fn seats(&self) -> MutexGuard<'_, HashMap<UserId, Vec<Occupied>>> {
        self.0.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.hub.seats();
        if let Some(own) = seats.get_mut(&self.user) {
            own.retain(|seat| seat.number != self.number);
            if own.is_empty() {
                seats.remove(&self.user);
            }
        }
        self.hub.0.metrics.sockets.dec();
    }
}

impl Seat {
    pub(crate) fn hub(&self) -> &Hub {
        &self.hub
    }
}
