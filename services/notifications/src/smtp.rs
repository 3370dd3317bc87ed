//! The way to the mail server: one pooled transport, and what its answers mean for a mail.

use std::{str::FromStr, time::Duration};

use anyhow::Context as _;
use chassis::Secret;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::Mailbox,
    transport::smtp::{
        PoolConfig,
        authentication::Credentials,
        response::{Code, Severity},
    },
};

use crate::config::MailConfig;

/// A connection that nothing was sent over for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// How much of an answer is kept, in characters.
const LONGEST_ANSWER: usize = 500;

/// Replies of class 5 that are about our account, our set-up or the order of commands, not about the mail: it may go out as soon as that
/// is mended.
const OUR_FAULT: [u16; 9] = [502, 503, 504, 521, 523, 530, 534, 535, 538];

/// Where the mail server is and who we are there, as an address without a password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    url: String,
    user: Option<String>,
}

impl FromStr for Server {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let uri: http::Uri = text
            .parse()
            .context("expected an address such as smtp://host:25")?;
        anyhow::ensure!(
            matches!(uri.scheme_str(), Some("smtp" | "smtps")),
            "expected smtp:// or smtps://"
        );
        let authority = uri.authority().context("there is no host in it")?.as_str();
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        anyhow::ensure!(
            user.is_none_or(|user| !user.contains(':')),
            "a password does not belong into an address: name its file in NOTIFICATIONS_SMTP_PASSWORD_FILE"
        );
        anyhow::ensure!(!host.is_empty(), "there is no host in it");
        let scheme = uri.scheme_str().unwrap_or_default();
        let query = uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let url = format!("{scheme}://{host}{query}");
        // Also says what is wrong with the query.
        AsyncSmtpTransport::<Tokio1Executor>::from_url(&url)?;
        Ok(Self {
            url,
            user: user.map(|user| user.replace("%40", "@")),
        })
    }
}

/// Who writes.
#[derive(Debug, Clone)]
pub struct Sender(pub(crate) Mailbox);

impl FromStr for Sender {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mailbox: Mailbox = text
            .parse()
            .context("expected a sender such as: Argosy <shop@argosy.example>")?;
        Ok(Self(mailbox))
    }
}

impl Sender {
    /// What Message-IDs end in.
    pub(crate) fn domain(&self) -> &str {
        self.0.email.domain()
    }
}

/// What became of a mail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The server has it, and said this.
    Accepted(String),
    /// The server will never take it.
    Refused(String),
    /// The server may take it later.
    Deferred(String),
    /// The server did not answer, or not as a mail server does: the mail may even have arrived.
    Unreachable(String),
}

/// Sends mails. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    timeout: Duration,
}

impl Smtp {
    /// Connects when the first mail leaves.
    pub(crate) fn new(config: &MailConfig) -> anyhow::Result<Self> {
        let Server { url, user } = &config.smtp_url;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)?
            .timeout(Some(config.smtp_timeout()))
            .pool_config(
                PoolConfig::new()
                    .max_size(config.smtp_connections)
                    .idle_timeout(IDLE),
            );
        if let Some(credentials) = credentials(user.as_deref(), config.smtp_password_file.as_ref())?
        {
            builder = builder.credentials(credentials);
        }
        Ok(Self {
            transport: builder.build(),
            timeout: config.smtp_timeout(),
        })
    }

    /// Sends one mail, and takes no longer than the configured time.
    pub(crate) async fn send(&self, message: Message) -> Outcome {
        match tokio::time::timeout(self.timeout, self.transport.send(message)).await {
            Ok(Ok(response)) => {
                let text: Vec<_> = response.message().collect();
                Outcome::Accepted(brief(&format!("{} {}", response.code(), text.join(" "))))
            }
            Ok(Err(error)) => outcome_of(error.status(), brief(&error.to_string())),
            Err(_) => {
                Outcome::Unreachable(format!("no answer within {} ms", self.timeout.as_millis()))
            }
        }
    }

    /// Says goodbye to the server.
    pub(crate) async fn close(&self) {
        self.transport.shutdown().await;
    }
}

fn credentials(
    user: Option<&str>,
    password: Option<&Secret>,
) -> anyhow::Result<Option<Credentials>> {
    match (user, password) {
        (Some(user), Some(password)) => Ok(Some(Credentials::new(
            user.to_owned(),
            password.expose().to_owned(),
        ))),
        (None, None) => Ok(None),
        (Some(user), None) => anyhow::bail!(
            "NOTIFICATIONS_SMTP_URL names the user {user}, but there is no NOTIFICATIONS_SMTP_PASSWORD_FILE"
        ),
        (None, Some(_)) => anyhow::bail!(
            "there is a NOTIFICATIONS_SMTP_PASSWORD_FILE, but NOTIFICATIONS_SMTP_URL names no user"
        ),
    }
}

fn outcome_of(code: Option<Code>, answer: String) -> Outcome {
    match code {
        None => Outcome::Unreachable(answer),
        Some(code)
            if code.severity == Severity::PermanentNegativeCompletion
                && !OUR_FAULT.contains(&u16::from(code)) =>
        {
            Outcome::Refused(answer)
        }
        Some(_) => Outcome::Deferred(answer),
    }
}

fn brief(answer: &str) -> String {
    let line = crate::domain::text::one_line(answer);
    crate::domain::text::shortened(&line, LONGEST_ANSWER)
}

#[cfg(test)]
mod tests {
    use lettre::transport::smtp::response::{Category, Detail};

    use super::*;

    #[test]
    fn a_server_is_an_address_without_a_password() {
        for good in [
            "smtp://localhost:7025",
            "smtp://shop@mail.example:587?tls=required",
            "smtps://shop%40argosy.example@mail.example",
        ] {
            assert!(good.parse::<Server>().is_ok(), "{good}");
        }
        for bad in [
            "localhost:7025",
            "http://localhost",
            "smtp://",
            "smtp://shop:hunter2@mail.example",
            "smtp://mail.example?tls=maybe",
        ] {
            assert!(bad.parse::<Server>().is_err(), "{bad}");
        }
        let server: Server = "smtps://shop%40argosy.example@mail.example"
            .parse()
            .unwrap();
        assert_eq!(server.user.as_deref(), Some("shop@argosy.example"));
        assert_eq!(server.url, "smtps://mail.example");
    }

    #[test]
    fn a_user_needs_a_password_and_a_password_a_user() {
        let password = Secret::new("hunter2");
        assert!(credentials(Some("shop"), None).is_err());
        assert!(credentials(None, Some(&password)).is_err());
        assert!(credentials(None, None).unwrap().is_none());
        assert!(
            credentials(Some("shop"), Some(&password))
                .unwrap()
                .is_some()
        );
    }

    #[test]
    fn only_what_is_said_of_the_mail_is_for_ever() {
        let outcome = |code: &str| {
            let digits: Vec<_> = code.bytes().map(|digit| digit - b'0').collect();
            let severity = if digits[0] == 5 {
                Severity::PermanentNegativeCompletion
            } else {
                Severity::TransientNegativeCompletion
            };
            let category = [
                Category::Syntax,
                Category::Information,
                Category::Connections,
                Category::Unspecified3,
                Category::Unspecified4,
                Category::MailSystem,
            ][usize::from(digits[1])];
            let detail = [
                Detail::Zero,
                Detail::One,
                Detail::Two,
                Detail::Three,
                Detail::Four,
                Detail::Five,
                Detail::Six,
            ][usize::from(digits[2])];
            outcome_of(Some(Code::new(severity, category, detail)), String::new())
        };
        for code in ["550", "552", "554", "501", "556"] {
            assert_eq!(outcome(code), Outcome::Refused(String::new()), "{code}");
        }
        for code in ["421", "450", "451", "535", "530", "503"] {
            assert_eq!(outcome(code), Outcome::Deferred(String::new()), "{code}");
        }
        assert_eq!(
            outcome_of(None, String::new()),
            Outcome::Unreachable(String::new())
        );
    }
}
