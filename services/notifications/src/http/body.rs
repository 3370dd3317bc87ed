//! What the API's answers are made of.

use chassis::{
    Problem,
    auth::{OWNERS, Principal},
    problem::NOT_FOUND,
};
use chrono::{DateTime, Utc};
use contracts::{OrderId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::db::mails_read::Shown;

pub(crate) use chassis::problem::ProblemBody;

/// What has become of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    /// Waits for its turn, or for its next attempt.
    Pending,
    /// Is being sent.
    Sending,
    /// The mail server has it.
    Sent,
    /// Was given up.
    Dead,
    /// Was not sent, because it was not true any more.
    Superseded,
}

impl Status {
    pub(super) const ALL: [Self; 5] = [
        Self::Pending,
        Self::Sending,
        Self::Sent,
        Self::Dead,
        Self::Superseded,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Sending => "SENDING",
            Self::Sent => "SENT",
            Self::Dead => "DEAD",
            Self::Superseded => "SUPERSEDED",
        }
    }
}

/// A mail, without its address and content.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NotificationBody {
    id: Uuid,
    /// Whose it is.
    user_id: UserId,
    /// The order that it is about, if it is about one.
    order_id: Option<OrderId>,
    /// Which mail, such as `order_paid`.
    template: String,
    /// Its subject.
    subject: String,
    /// What has become of it.
    #[schema(value_type = Status)]
    status: String,
    /// Attempts so far.
    attempts: i32,
    /// Why the last attempt failed, in a sentence.
    reason: Option<&'static str>,
    /// What the mail server said last; for admins.
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<String>,
    /// When it became due.
    created_at: DateTime<Utc>,
    /// When something last changed.
    updated_at: DateTime<Utc>,
    /// When the next attempt is made, while there is one.
    next_attempt_at: Option<DateTime<Utc>>,
    /// When the mail server took it.
    sent_at: Option<DateTime<Utc>>,
}

impl NotificationBody {
    /// As this reader may see it.
    pub(super) fn new(mail: Shown, reader: Principal) -> Self {
        let is_pending = mail.status == Status::Pending.name();
        Self {
            id: mail.id,
            user_id: mail.user_id,
            order_id: mail.order_id,
            template: mail.template,
            subject: mail.subject,
            attempts: mail.attempts,
            reason: mail.failure.as_deref().map(reason),
            // Servers tell of their names and ours.
            answer: mail.answer.filter(|_| reader.is_one_of(OWNERS)),
            created_at: mail.created_at,
            updated_at: mail.updated_at,
            next_attempt_at: is_pending.then_some(mail.next_at),
            sent_at: mail.sent_at,
            status: mail.status,
        }
    }
}

fn reason(failure: &str) -> &'static str {
    match failure {
        "refused" => "The mail server refused it for good.",
        "deferred" => "The mail server asked to try again later.",
        "unreachable" => "The mail server could not be reached.",
        _ => "There is no mail that could be sent to this address.",
    }
}

/// Whose mails this reader may see: their own, or everybody's.
pub(super) fn scope(reader: Principal) -> Option<UserId> {
    (!reader.is_one_of(OWNERS)).then_some(reader.user)
}

pub(super) fn no_such_notification() -> Problem {
    Problem::new(&NOT_FOUND, "There is no such notification.")
}
