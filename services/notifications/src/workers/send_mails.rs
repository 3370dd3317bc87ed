//! Sends what is owed: leased in one transaction, sent outside of any, and noted in another.
//!
//! Between the server's acceptance and our note of it a crash makes the mail leave twice, with one Message-ID. Nothing
//! can close that gap; everything else here is about not making it wider.

use std::{sync::Arc, time::Duration};

use anyhow::Context as _;
use chassis::{
    Database,
    breaker::Breaker,
    correlation::within,
    failpoint, planted,
    worker::{Step, Worker},
};
use futures::future::join_all;
use lettre::{
    Message,
    message::{Mailbox, MultiPart, header::HeaderName, header::HeaderValue},
};
use rand::Rng as _;
use tokio_util::sync::CancellationToken;

use crate::{
    db::mails::{self, Failure, Leased},
    domain::{retry, text::one_line},
    metrics::NotificationMetrics,
    rendering::{Content, Renderer},
    smtp::{Outcome, Sender, Smtp},
};

/// The pause before our note is tried again while the database is away.
const NOTE_AGAIN: Duration = Duration::from_millis(200);

/// The job.
pub(crate) struct SendMails {
    pub(crate) database: Database,
    pub(crate) smtp: Smtp,
    pub(crate) renderer: Arc<Renderer>,
    pub(crate) sender: Sender,
    pub(crate) breaker: Breaker,
    pub(crate) metrics: NotificationMetrics,
    pub(crate) shutdown: CancellationToken,
    pub(crate) settings: Settings,
    /// The server was not reached the last time.
    pub(crate) is_away: bool,
}

/// How mails are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Settings {
    /// At once.
    pub(crate) connections: u32,
    /// Longer than an attempt can take.
    pub(crate) lease: Duration,
    pub(crate) retry_base: Duration,
}

/// What is to be noted of an attempt.
enum Note {
    Sent(String),
    Failed(Failure, Option<Duration>),
    Superseded,
}

impl Worker for SendMails {
    const NAME: &'static str = "send_mails";
    /// Nobody notices when a mail leaves so much later.
    const GATHER: Duration = Duration::from_millis(50);

    async fn step(&mut self) -> anyhow::Result<Step> {
        // Looked at first: leave to try is only asked for when there is something to try with.
        if self.shutdown.is_cancelled() || !self.is_due().await? || self.breaker.admit().is_err() {
            return Ok(Step::Idle);
        }
        // One is enough to see whether the server is back.
        let limit = if self.is_away {
            1
        } else {
            self.settings.connections
        };
        let leased = self.lease(limit).await?;
        let attempts = join_all(
            leased
                .iter()
                .map(|mail| within(mail.correlation(), self.deliver(mail))),
        )
        .await;
        self.judge(&attempts).await?;
        Ok(match leased.len() {
            0 => Step::Idle,
            number => Step::Worked(number),
        })
    }
}

impl SendMails {
    async fn is_due(&self) -> anyhow::Result<bool> {
        let mut connection = self.database.acquire().await?;
        Ok(mails::is_due(&mut connection).await?)
    }

    async fn lease(&self, limit: u32) -> anyhow::Result<Vec<Leased>> {
        let mut connection = self.database.acquire().await?;
        let lease = self.settings.lease;
        Ok(mails::lease(&mut connection, i64::from(limit), lease).await?)
    }

    /// Whether the server is there, from what it said; when it is back, what waited for it need not wait any longer.
    async fn judge(&mut self, reached: &[Option<bool>]) -> anyhow::Result<()> {
        let was_away = self.is_away;
        for reached in reached.iter().flatten() {
            self.is_away = !reached;
            if *reached {
                self.breaker.succeeded();
            } else {
                self.breaker.failed();
            }
        }
        if reached.iter().all(Option::is_none) {
            // Nothing was sent, so nothing is known that was not known before.
            if self.is_away {
                self.breaker.failed();
            } else {
                self.breaker.succeeded();
            }
        }
        if was_away && !self.is_away {
            let mut connection = self.database.acquire().await?;
            let waited = mails::hurry(&mut connection).await?;
            tracing::info!(waited, "the mail server is back");
        }
        Ok(())
    }

    /// Sends one mail and notes what came of it; whether the server answered, if it was asked.
    async fn deliver(&self, mail: &Leased) -> Option<bool> {
        let outcome = match self.compose(mail) {
            Ok(None) => return self.note(mail, Note::Superseded, None).await,
            Ok(Some(message)) => {
                failpoint::hit("notifications.before_data");
                let outcome = self.smtp.send(message).await;
                failpoint::hit("notifications.after_data_before_sent");
                outcome
            }
            Err(failure) => return self.note(mail, Note::Failed(failure, None), None).await,
        };
        let pause = || {
            let spread = rand::rng().random_range(0.0..1.0);
            retry::pause(mail.attempts, self.settings.retry_base, spread)
        };
        let failure = |kind, answer| Failure { kind, answer };
        let (note, reached) = match outcome {
            Outcome::Accepted(answer) => (Note::Sent(answer), true),
            Outcome::Refused(answer) => (Note::Failed(failure("refused", answer), None), true),
            Outcome::Deferred(answer) => (Note::Failed(failure("deferred", answer), pause()), true),
            Outcome::Unreachable(answer) => {
                (Note::Failed(failure("unreachable", answer), pause()), false)
            }
        };
        self.note(mail, note, Some(reached)).await
    }

    /// The mail as it leaves; nothing when it must not leave any more, a failure when it never can.
    fn compose(&self, mail: &Leased) -> Result<Option<Message>, Failure> {
        if mail.attempts > retry::ATTEMPTS {
            return Err(Failure {
                kind: "unreachable",
                answer: format!(
                    "given up: the process ended during each of {} attempts",
                    retry::ATTEMPTS
                ),
            });
        }
        let template = mail.letter.template();
        let state = mail.order_state.as_deref();
        let state = state.and_then(|state| serde_json::from_value(state.into()).ok());
        if state.is_some_and(|state| template.is_contradicted_by(state))
            || mail.letter.is_over(chassis::clock::now())
        {
            return Ok(None);
        }
        self.message(mail).map(Some).map_err(|error| Failure {
            kind: "unusable",
            answer: one_line(&format!("{error:#}")),
        })
    }

    fn message(&self, mail: &Leased) -> anyhow::Result<Message> {
        let address = mail
            .recipient
            .parse()
            .context("the recipient's address is not valid")?;
        let name = mail.first_name.as_deref().map(one_line);
        let bodies = self.renderer.render(&Content {
            letter: &mail.letter,
            subject: &mail.subject,
            first_name: mail.first_name.as_deref(),
            order: mail.order_id,
            placed: mail.placed.as_deref(),
        })?;
        let message_id = if planted::is_planted("mail_without_id") {
            // The defect: each copy of a mail looks like another mail.
            None
        } else {
            Some(mail.message_id.clone())
        };
        let automatic = HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            "auto-generated".to_owned(),
        );
        let mut message = Message::builder();
        if let Some(traceparent) = &mail.traceparent {
            let name = HeaderName::new_from_ascii_str("Traceparent");
            message = message.raw_header(HeaderValue::new(name, traceparent.clone()));
        }
        message
            .from(self.sender.0.clone())
            .to(Mailbox::new(name.filter(|name| !name.is_empty()), address))
            .subject(mail.subject.clone())
            .message_id(message_id)
            // No "out of office" in answer.
            .raw_header(automatic)
            .date(mail.event_at.into())
            .multipart(MultiPart::alternative_plain_html(bodies.text, bodies.html))
            .context("the mail cannot be written")
    }

    /// Stores the note, for as long as it takes: as long as the database is away, nobody else sends the mail either.
    async fn note(&self, mail: &Leased, note: Note, reached: Option<bool>) -> Option<bool> {
        self.count(mail, &note);
        loop {
            match self.store(mail, &note).await {
                Ok(()) => return reached,
                Err(error) => {
                    tracing::warn!(mail = %mail.id, error = format!("{error:#}"), "what came of a mail cannot be noted");
                }
            }
            tokio::select! {
                () = tokio::time::sleep(NOTE_AGAIN) => {}
                () = self.shutdown.cancelled() => return reached,
            }
        }
    }

    async fn store(&self, mail: &Leased, note: &Note) -> anyhow::Result<()> {
        let mut connection = self.database.acquire().await?;
        match note {
            Note::Sent(answer) => mails::mark_sent(&mut connection, mail.id, answer).await?,
            Note::Failed(failure, pause) => {
                mails::mark_failed(&mut connection, mail, failure, *pause).await?;
            }
            Note::Superseded => mails::mark_superseded(&mut connection, mail).await?,
        }
        Ok(())
    }

    /// What the server said stands in the row and not in the log: servers like to repeat addresses.
    fn count(&self, mail: &Leased, note: &Note) {
        let template = mail.letter.template();
        let (id, attempts) = (mail.id, mail.attempts);
        let outcome = match note {
            Note::Sent(_) => {
                let delay = chassis::clock::now() - mail.event_at;
                self.metrics.mail_left(template, delay.as_seconds_f64());
                tracing::info!(mail = %id, attempts, template = template.name(), "a mail was sent");
                "sent"
            }
            Note::Failed(failure, Some(pause)) => {
                let retry_in_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                tracing::warn!(mail = %id, attempts, kind = failure.kind, retry_in_ms, "a mail was not sent");
                "retried"
            }
            Note::Failed(failure, None) => {
                tracing::error!(mail = %id, attempts, kind = failure.kind, "a mail is given up");
                "dead"
            }
            Note::Superseded => "superseded",
        };
        self.metrics.mail(template, outcome);
    }
}
