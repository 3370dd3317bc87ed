//! Text that people typed: trimmed, bounded, and free of what cannot be shown or stored.

use super::Violation;

/// One line without blanks around it, if it has between 1 and `max` characters.
pub(crate) fn line(field: &str, text: &str, max: usize) -> Result<String, Violation> {
    let text = text.trim();
    let length = text.chars().count();
    if length == 0 {
        return Err(Violation::new(field, "must not be empty"));
    }
    if length > max {
        let message = format!("must have at most {max} characters, has {length}");
        return Err(Violation::new(field, message));
    }
    // PostgreSQL cannot store NUL, and the others only confuse whoever reads them.
    if text.chars().any(char::is_control) {
        return Err(Violation::new(field, "must not contain control characters"));
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_passes_can_be_stored_and_passes_again(text: String) {
            if let Ok(line) = line("reason", &text, 20) {
                prop_assert!((1..=20).contains(&line.chars().count()));
                prop_assert!(!line.contains('\0'));
                prop_assert_eq!(super::line("reason", &line, 20), Ok(line));
            }
        }
    }

    #[test]
    fn blanks_around_it_do_not_count() {
        assert_eq!(line("reason", "  žluť ", 4), Ok("žluť".to_owned()));
        for text in ["", "   ", "12345", "a\nb", "a\0b"] {
            assert!(line("reason", text, 4).is_err(), "{text:?}");
        }
    }
}
