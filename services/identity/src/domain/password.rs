//! Which passwords are taken: long enough, and not one that everybody tries first (NIST SP 800-63B). Rules of composition
//! only move people to `Password1!`, so there are none.

use std::{collections::HashSet, fmt, sync::LazyLock};

use serde::Deserialize;

use super::Violation;

/// Counted in characters.
const MIN_CHARS: usize = 8;
/// Counted in characters; longer ones would be a way to keep our processors busy.
pub(crate) const MAX_CHARS: usize = 128;

/// The most common ones of eight characters and more, in lower case.
static COMMON: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());

/// A password on its way to the hash; it cannot be printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(crate) struct Password(String);

impl Password {
    /// One that was read from a file.
    pub(crate) fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The password itself, for the one place that hashes it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }

    /// The password, if it can be somebody's at all: what is longer is not worth a hash.
    pub(crate) fn plausible(self, field: &'static str) -> Result<Self, Violation> {
        if self.0.chars().count() > MAX_CHARS {
            let message = format!("must have at most {MAX_CHARS} characters");
            return Err(Violation::new(field, message));
        }
        Ok(self)
    }

    /// The password, if it may become somebody's, whoever they are.
    pub(crate) fn strong(self, field: &'static str) -> Result<Self, Violation> {
        let length = self.0.chars().count();
        if length < MIN_CHARS {
            let message = format!("must have at least {MIN_CHARS} characters, has {length}");
            return Err(Violation::new(field, message));
        }
        let password = self.plausible(field)?;
        let plain = password.0.to_lowercase();
        if COMMON.contains(plain.as_str()) || is_monotonous(&plain) {
            let message = "is one of the passwords that are tried first: choose another one";
            return Err(Violation::new(field, message));
        }
        Ok(password)
    }

    /// The password, if it may become the one of the account with this address.
    pub(crate) fn acceptable(self, field: &'static str, email: &str) -> Result<Self, Violation> {
        let password = self.strong(field)?;
        let plain = password.0.to_lowercase();
        let local = email.split('@').next().unwrap_or_default();
        if plain == email || plain == local {
            return Err(Violation::new(field, "must not be the e-mail address"));
        }
        Ok(password)
    }
}

/// One or two characters over and over.
fn is_monotonous(text: &str) -> bool {
    text.chars().collect::<HashSet<_>>().len() <= 2
}

impl fmt::Debug for Password {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Password(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acceptable(text: &str) -> bool {
        Password::new(text)
            .acceptable("password", "demo.user@example.com")
            .is_ok()
    }

    #[test]
    fn length_counts_and_composition_does_not() {
        for text in [
            "Demo123!",
            "correct horse battery staple",
            "žluťoučký",
            "        x  y z",
        ] {
            assert!(acceptable(text), "{text:?}");
        }
        assert!(acceptable(&"long word ".repeat(12)));
        for text in ["", "Demo12!", "žluťouč"] {
            assert!(!acceptable(text), "{text:?}");
        }
        assert!(!acceptable(&"ab".repeat(65)));
    }

    #[test]
    fn what_is_tried_first_is_refused() {
        for text in [
            "password",
            "Password1",
            "QWERTYUIOP",
            "12345678",
            "aaaaaaaa",
            "abababab",
            "demo.user",
            "Demo.User@example.com",
        ] {
            assert!(!acceptable(text), "{text:?}");
        }
    }

    #[test]
    fn the_list_is_clean() {
        for common in COMMON.iter() {
            assert!(
                common.chars().count() >= MIN_CHARS,
                "{common:?} is refused for its length already"
            );
            assert_eq!(*common, common.to_lowercase());
        }
        assert!(COMMON.len() >= 150, "{}", COMMON.len());
    }

    #[test]
    fn a_password_is_not_printed() {
        assert_eq!(format!("{:?}", Password::new("Demo123!")), "Password(…)");
    }
}
