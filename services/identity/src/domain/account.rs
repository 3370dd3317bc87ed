//! An account, and what somebody must say to get one.

use chrono::{DateTime, Utc};
use contracts::UserId;

use super::{
    Rules, Violation, email,
    password::Password,
    rights::{self, Role},
    text::bounded,
};

/// The text about personal data that people agree to at present; stored with each consent.
pub(crate) const CONSENT_VERSION: &str = "2026-01";
const MAX_NAME_CHARS: usize = 80;

/// An account, without what proves whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) id: UserId,
    /// In lower case.
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) role: Role,
    /// Granted beyond the role.
    pub(crate) permissions: Vec<String>,
    /// Missing where the operator made the account.
    pub(crate) consent: Option<Consent>,
    /// Rises by one with each change.
    pub(crate) version: i64,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// To which text somebody agreed, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Consent {
    pub(crate) version: String,
    pub(crate) at: DateTime<Utc>,
}

impl User {
    /// What they may do beyond their role, as tokens say it.
    pub(crate) fn effective_permissions(&self) -> Vec<String> {
        rights::effective(self.role, &self.permissions)
    }
}

/// What somebody says who wants an account.
pub(crate) struct Wish {
    pub(crate) email: String,
    pub(crate) password: Password,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) role: Option<String>,
    pub(crate) gdpr_consent: bool,
}

/// An account that keeps the rules, before its password is hashed.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) email: String,
    pub(crate) password: Password,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) role: Role,
}

impl TryFrom<Wish> for Draft {
    type Error = Vec<Violation>;

    fn try_from(wish: Wish) -> Result<Self, Self::Error> {
        let mut rules = Rules::default();
        let email = rules.keep(email::normalised("email", &wish.email));
        let known = email.clone().unwrap_or_default();
        let password = rules.keep(wish.password.acceptable("password", &known));
        let first_name = rules.keep(name("firstName", &wish.first_name));
        let last_name = rules.keep(name("lastName", &wish.last_name));
        let role = wish
            .role
            .map_or(Ok(Role::Customer), |role| Role::chosen(&role));
        let role = rules.keep(role);
        rules.keep(consent(wish.gdpr_consent));
        match (
            email,
            password,
            first_name,
            last_name,
            role,
            rules.violations(),
        ) {
            (Some(email), Some(password), Some(first_name), Some(last_name), Some(role), wrong)
                if wrong.is_empty() =>
            {
                Ok(Self {
                    email,
                    password,
                    first_name,
                    last_name,
                    role,
                })
            }
            (.., wrong) => Err(wrong),
        }
    }
}

/// A first or a last name.
pub(crate) fn name(field: &'static str, text: &str) -> Result<String, Violation> {
    bounded(field, text, 1, MAX_NAME_CHARS)
}

fn consent(given: bool) -> Result<(), Violation> {
    if given {
        return Ok(());
    }
    let message =
        "must be true: without consent to the processing of personal data there is no account";
    Err(Violation::new("gdprConsent", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish {
            email: " Demo@Example.com".to_owned(),
            password: Password::new("Demo123!"),
            first_name: "Demo".to_owned(),
            last_name: "User ".to_owned(),
            role: None,
            gdpr_consent: true,
        }
    }

    fn wrong(wish: Wish) -> Vec<&'static str> {
        let violations = Draft::try_from(wish).unwrap_err();
        violations.iter().map(|wrong| wrong.field).collect()
    }

    #[test]
    fn who_asks_for_nothing_else_is_a_customer() {
        let draft = Draft::try_from(wish()).unwrap();
        assert_eq!(draft.role, Role::Customer);
        assert_eq!(
            (draft.email.as_str(), draft.last_name.as_str()),
            ("demo@example.com", "User")
        );
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        let all_wrong = Wish {
            email: "demo".to_owned(),
            password: Password::new("short"),
            first_name: " ".to_owned(),
            last_name: "x".repeat(81),
            role: Some("admin".to_owned()),
            gdpr_consent: false,
        };
        assert_eq!(
            wrong(all_wrong),
            [
                "email",
                "password",
                "firstName",
                "lastName",
                "role",
                "gdprConsent"
            ]
        );
        assert_eq!(
            wrong(Wish {
                gdpr_consent: false,
                ..wish()
            }),
            ["gdprConsent"]
        );
    }
}
