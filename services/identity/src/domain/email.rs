//! An e-mail address, normalised, so that one person has one account however they type it.
//!
//! ASCII only: lower case is then the same everywhere, in Rust, in PostgreSQL and in the mail server.

use super::Violation;

const MAX_CHARS: usize = 254;
const MAX_LOCAL_CHARS: usize = 64;
const MESSAGE: &str = "must be an e-mail address such as demo@example.com";

/// Reads an address as somebody typed it: trimmed, in lower case.
pub(crate) fn normalised(field: &'static str, text: &str) -> Result<String, Violation> {
    let text = text.trim();
    if text.len() > MAX_CHARS {
        let message = format!("must have at most {MAX_CHARS} characters");
        return Err(Violation::new(field, message));
    }
    let valid = text
        .rsplit_once('@')
        .is_some_and(|(local, domain)| is_local(local) && is_domain(domain));
    if valid {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(Violation::new(field, MESSAGE))
    }
}

/// Dot-separated atoms; the quoted form of RFC 5322 is nobody's address.
fn is_local(local: &str) -> bool {
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_`{|}~-".contains(&byte))
    };
    local.len() <= MAX_LOCAL_CHARS && local.split('.').all(is_atom)
}

/// At least two labels.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    domain.contains('.') && domain.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_blanks_do_not_make_another_account() {
        for text in [
            "demo@example.com",
            "  Demo@Example.COM\n",
            "DEMO@EXAMPLE.COM",
        ] {
            assert_eq!(normalised("email", text), Ok("demo@example.com".to_owned()));
        }
        assert!(normalised("email", "o'neil+shop@mail.example.co.uk").is_ok());
    }

    #[test]
    fn what_no_mail_server_would_take_is_refused() {
        let long = format!("{}@example.com", "a".repeat(65));
        for text in [
            "",
            "demo",
            "@example.com",
            "demo@",
            "demo@example",
            "a@b@example.com",
            "a..b@example.com",
            ".a@example.com",
            "demo@-example.com",
            "demo@example..com",
            "dé@example.com",
            "demo@exämple.com",
            "a b@example.com",
            "demo@example.com\0",
            "<demo@example.com>",
            &long,
        ] {
            assert!(normalised("email", text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "[ A-Za-z.+]{0,12}@?[ A-Za-z.-]{0,12}") {
            if let Ok(once) = normalised("email", &text) {
                prop_assert_eq!(normalised("email", &once), Ok(once));
            }
        }

        #[test]
        fn no_text_makes_the_parser_panic(text: String) {
            let _ = normalised("email", &text);
        }
    }
}
