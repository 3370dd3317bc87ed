//! Text that people typed: trimmed, bounded, on one line, and free of what cannot be shown or stored.

use super::Violation;

/// `text` without blanks around it, if it has between `min` and `max` characters.
pub(crate) fn bounded(
    field: &str,
    text: &str,
    min: usize,
    max: usize,
) -> Result<String, Violation> {
    let text = text.trim();
    let length = text.chars().count();
    if length < min {
        let plural = if min == 1 { "" } else { "s" };
        let message = format!("must have at least {min} character{plural}");
        return Err(Violation::new(field, message));
    }
    if length > max {
        let message = format!("must have at most {max} characters, has {length}");
        return Err(Violation::new(field, message));
    }
    if text.chars().any(char::is_control) {
        return Err(Violation::new(field, "must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// The same for a text that may be left out; an empty one counts as left out.
pub(crate) fn optional(
    field: &str,
    text: Option<&str>,
    max: usize,
) -> Result<Option<String>, Violation> {
    let text = bounded(field, text.unwrap_or_default(), 0, max)?;
    Ok(Some(text).filter(|text| !text.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_after_trimming() {
        assert_eq!(bounded("city", "  Kůň ", 1, 3), Ok("Kůň".to_owned()));
        assert!(bounded("city", "   ", 1, 10).is_err());
        assert!(bounded("city", "four", 1, 3).is_err());
        assert_eq!(optional("state", Some("  "), 3), Ok(None));
    }

    #[test]
    fn what_could_forge_a_mail_header_never_reaches_the_database() {
        for text in ["a\0b", "a\r\nBcc: x@example.com"] {
            assert_eq!(bounded("street", text, 1, 80).unwrap_err().field, "street");
        }
    }
}
