//! `AUTH PLAIN` and `AUTH LOGIN`: anybody is let in, but the dialogue is the real one. Passwords are dropped at once.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::reply::Reply;

/// What the client sends next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// `authorize-id NUL authenticate-id NUL password`, in base64.
    Plain,
    LoginUser,
    LoginPassword(String),
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    GoOn(Expected, Reply),
    Done(String),
    Failed(Reply),
}

/// A dialogue begins; the client may send its first response along.
pub(crate) fn begin(mechanism: u64, initial_response: &str) -> Outcome {
    let (expected, challenge) = match mechanism {
        smtp_proto::AUTH_PLAIN => (Expected::Plain, ""),
        // "Username:" in base64.
        smtp_proto::AUTH_LOGIN => (Expected::LoginUser, "VXNlcm5hbWU6"),
        _ => {
            return Outcome::Failed(Reply::new(
                504,
                "5.5.4 Only AUTH PLAIN and AUTH LOGIN are offered",
            ));
        }
    };
    match initial_response {
        "" => Outcome::GoOn(expected, Reply::new(334, challenge)),
        // RFC 4954: this is how an empty first response is written.
        "=" => go_on(expected, ""),
        response => go_on(expected, response),
    }
}

/// The client answers a challenge.
pub(crate) fn go_on(expected: Expected, response: &str) -> Outcome {
    if response == "*" {
        return Outcome::Failed(Reply::new(501, "5.7.0 Authentication cancelled"));
    }
    let Some(decoded) = STANDARD
        .decode(response)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
    else {
        return Outcome::Failed(Reply::new(501, "5.5.2 This is not base64 of UTF-8 text"));
    };
    match expected {
        Expected::Plain => match decoded.split('\0').collect::<Vec<_>>()[..] {
            [_, user, _] if !user.is_empty() => Outcome::Done(user.to_owned()),
            _ => Outcome::Failed(Reply::new(
                501,
                "5.5.2 AUTH PLAIN takes: authorize-id NUL user NUL password",
            )),
        },
        // "Password:" in base64.
        Expected::LoginUser => Outcome::GoOn(
            Expected::LoginPassword(decoded),
            Reply::new(334, "UGFzc3dvcmQ6"),
        ),
        Expected::LoginPassword(user) => Outcome::Done(user),
    }
}
