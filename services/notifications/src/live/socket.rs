//! One open socket: sends its user's updates as they are in the table, answers pings, and ends for a reason that the
//! page is told.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use chassis::{Database, planted};
use chrono::{DateTime, Utc};
use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep, timeout};
use tokio_tungstenite::tungstenite;

use super::Seat;
use crate::{
    db::live_updates::{self, Numbered},
    domain::{
        frame::{self, Frame},
        order::LiveUpdate,
    },
};

/// Updates that are read at once: what one socket holds in memory.
const PAGE: i64 = 100;
/// After the database could not be read.
const READ_AGAIN: Duration = Duration::from_secs(1);
/// How long a page gets to take its leave.
const GOODBYE: Duration = Duration::from_secs(1);

/// The clock of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    pub(crate) ping: Duration,
    pub(crate) idle: Duration,
    pub(crate) write: Duration,
}

/// A socket's conversation.
pub(crate) struct Session {
    pub(crate) seat: Seat,
    pub(crate) database: Database,
    /// The page has everything up to this id.
    pub(crate) after: i64,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) times: Times,
}

/// Why a socket ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Gone,
    Shutdown,
    TokenExpired,
    SessionEnded,
    Idle,
    Slow,
    Binary,
    TooLarge,
    NotText,
    Protocol,
    TooMany,
    Misunderstood(&'static str),
}

/// An update as it is sent.
#[derive(Serialize)]
struct Sent<'s> {
    id: i64,
    #[serde(flatten)]
    update: &'s LiveUpdate,
}

impl Session {
    /// Talks until one side has had enough.
    pub(crate) async fn run(mut self, mut socket: WebSocket) {
        let end = match self.converse(&mut socket).await {
            Ok(never) => match never {},
            Err(end) => end,
        };
        let metrics = self.seat.hub().metrics();
        metrics
            .socket_closes
            .with_label_values(&[end.label()])
            .inc();
        if let Some((code, reason)) = end.frame() {
            let farewell = async {
                let frame = CloseFrame {
                    code,
                    reason: Utf8Bytes::from_static(reason),
                };
                if socket.send(Message::Close(Some(frame))).await.is_ok() {
                    // Hanging up on what the page has sent meanwhile would take the frame away from it.
                    while let Some(Ok(_)) = socket.recv().await {}
                }
            };
            let _ = timeout(GOODBYE, farewell).await;
        }
    }

    async fn converse(&mut self, socket: &mut WebSocket) -> Result<std::convert::Infallible, End> {
        let shutdown = self.seat.hub().shutdown().clone();
        let ended = self.seat.ended.clone();
        let lifetime = self.expires_at - chassis::clock::now();
        let expiry = sleep(lifetime.to_std().unwrap_or_default());
        tokio::pin!(expiry);
        let mut pings = interval_at(Instant::now() + self.times.ping, self.times.ping);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut listener = Listener::new();
        // What was missed while nobody was here comes first.
        let mut is_behind = true;
        let mut is_live = false;
        loop {
            if is_behind {
                is_behind = !self.catch_up(socket, is_live).await?;
                is_live = true;
            }
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return Err(End::Shutdown),
                () = ended.cancelled() => return Err(End::SessionEnded),
                () = &mut expiry => return Err(End::TokenExpired),
                _ = self.seat.newest.changed() => {
                    is_behind |= *self.seat.newest.borrow_and_update() > self.after;
                }
                () = sleep(READ_AGAIN), if is_behind => {}
                _ = pings.tick() => {
                    if listener.heard.elapsed() > self.times.idle {
                        return Err(End::Idle);
                    }
                    self.write(socket, Message::Ping(axum::body::Bytes::new())).await?;
                }
                message = socket.recv() => {
                    if listener.hear(message)? == Some(Frame::Ping {}) {
                        self.write(socket, Message::Text(Utf8Bytes::from_static(frame::PONG))).await?;
                    }
                }
            }
        }
    }

    /// Sends what is in the table and was not sent yet; false when that could not be read to its end.
    async fn catch_up(&mut self, socket: &mut WebSocket, is_live: bool) -> Result<bool, End> {
        loop {
            let page = match self.read().await {
                Ok(page) => page,
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "live updates cannot be read");
                    return Ok(false);
                }
            };
            let is_last = i64::try_from(page.len()).unwrap_or(PAGE) < PAGE;
            for Numbered { id, body } in page {
                let sent = Sent {
                    id,
                    update: &body.0,
                };
                let text = serde_json::to_string(&sent).expect("BUG: an update is JSON");
                self.write(socket, Message::Text(text.into())).await?;
                self.after = id;
                if is_live {
                    let delay = chassis::clock::now() - body.0.at;
                    let metrics = self.seat.hub().metrics();
                    metrics.live_delay.observe(delay.as_seconds_f64().max(0.0));
                }
            }
            if is_last {
                return Ok(true);
            }
            if self.seat.hub().shutdown().is_cancelled() || self.seat.ended.is_cancelled() {
                return Ok(false);
            }
        }
    }

    async fn read(&self) -> anyhow::Result<Vec<Numbered>> {
        let mut connection = self.database.acquire().await?;
        if planted::is_planted("broadcast_to_everybody") {
            return Ok(live_updates::of_everybody_after(&mut connection, self.after, PAGE).await?);
        }
        Ok(live_updates::after(&mut connection, self.seat.user, self.after, PAGE).await?)
    }

    /// A page that does not take a message in time is cut off: it comes back and reads on from the table.
    async fn write(&self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        match timeout(self.times.write, socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(End::Gone),
            Err(_) => Err(End::Slow),
        }
    }
}

/// Reads what a page says, and not more than it may say.
struct Listener {
    heard: Instant,
    window: Instant,
    in_window: u32,
}

impl Listener {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            heard: now,
            window: now,
            in_window: 0,
        }
    }

    fn hear(
        &mut self,
        message: Option<Result<Message, axum::Error>>,
    ) -> Result<Option<Frame>, End> {
        let message = message.ok_or(End::Gone)?.map_err(end_of)?;
        self.heard = Instant::now();
        if self.window.elapsed() > Duration::from_secs(frame::WINDOW_S) {
            (self.window, self.in_window) = (self.heard, 0);
        }
        self.in_window += 1;
        if self.in_window > frame::MAX_IN_WINDOW {
            return Err(End::TooMany);
        }
        match message {
            Message::Text(text) => frame::read(&text).map(Some).map_err(End::Misunderstood),
            Message::Binary(_) => Err(End::Binary),
            Message::Ping(_) | Message::Pong(_) => Ok(None),
            Message::Close(_) => Err(End::Gone),
        }
    }
}

/// What a broken message says of its sender.
fn end_of(error: axum::Error) -> End {
    match error.into_inner().downcast_ref::<tungstenite::Error>() {
        Some(tungstenite::Error::Capacity(_)) => End::TooLarge,
        Some(tungstenite::Error::Utf8(_)) => End::NotText,
        Some(tungstenite::Error::Protocol(
            tungstenite::error::ProtocolError::ResetWithoutClosingHandshake,
        )) => End::Gone,
        Some(tungstenite::Error::Protocol(_)) => End::Protocol,
        _ => End::Gone,
    }
}

impl End {
    /// The close code and reason that the page is told; nothing when it has gone itself.
    fn frame(self) -> Option<(u16, &'static str)> {
        Some(match self {
            Self::Gone => return None,
            Self::Shutdown => (1001, "the server restarts: connect again"),
            Self::Protocol => (1002, "not a WebSocket frame"),
            Self::Binary => (1003, "only text is understood"),
            Self::NotText => (1007, "not UTF-8"),
            Self::Misunderstood(expected) => (1008, expected),
            Self::TooMany => (1008, "too many messages"),
            Self::TooLarge => (1009, "the message is too large"),
            Self::Slow => (1013, "too slow: connect again with ?after="),
            Self::TokenExpired => (4401, "the token has expired: refresh it and connect again"),
            Self::SessionEnded => (4403, "the session has ended: log in again"),
            Self::Idle => (4408, "no sign of life"),
        })
    }

    fn label(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Shutdown => "shutdown",
            Self::TokenExpired => "token_expired",
            Self::SessionEnded => "session_ended",
            Self::Idle => "idle",
            Self::Slow => "slow",
            Self::Binary
            | Self::TooLarge
            | Self::NotText
            | Self::Protocol
            | Self::TooMany
            | Self::Misunderstood(_) => "misused",
        }
    }
}
