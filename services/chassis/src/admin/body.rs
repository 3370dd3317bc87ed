//! The shapes that several operations answer with.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{Problem, consumer::letters::Letter, problem::NOT_FOUND};

/// A message that could not be handled, without what it says.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadLetter)]
pub(super) struct LetterBody {
    id: i64,
    /// Who could not handle it.
    consumer: String,
    /// The event's id; null when it has none that could be read.
    event_id: Option<Uuid>,
    /// What kind of event it is.
    subject: String,
    /// Why it could not be handled, the last time.
    reason: String,
    /// How often it was handed over.
    deliveries: i64,
    /// `open`, `requested` (its consumer is about to try again) or `replayed`.
    state: &'static str,
    failed_at: DateTime<Utc>,
    replay_requested_at: Option<DateTime<Utc>>,
    replayed_at: Option<DateTime<Utc>>,
}

impl From<Letter> for LetterBody {
    fn from(letter: Letter) -> Self {
        Self {
            state: letter.state().name(),
            id: letter.id,
            consumer: letter.consumer,
            event_id: letter.event_id,
            subject: letter.subject,
            reason: letter.reason,
            deliveries: letter.deliveries,
            failed_at: letter.failed_at,
            replay_requested_at: letter.replay_requested_at,
            replayed_at: letter.replayed_at,
        }
    }
}

/// The same with what it says.
#[derive(Serialize, ToSchema)]
#[schema(as = OpenedDeadLetter)]
pub(super) struct OpenedLetterBody {
    #[serde(flatten)]
    pub(super) letter: LetterBody,
    /// The message; where it was not revealed, texts of people are replaced by their length.
    pub(super) payload: String,
}

pub(super) fn letter_id(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| no_such_letter())
}

pub(super) fn no_such_letter() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such dead letter.")
}
