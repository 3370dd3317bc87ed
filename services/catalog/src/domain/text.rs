//! Text that people typed: trimmed, bounded, and free of what cannot be shown or stored.

use super::Violation;

/// Letters, digits, spaces and line ends of `text` without blanks around it, if it has between `min` and `max` characters.
pub(crate) fn bounded(
    field: &str,
    text: &str,
    min: usize,
    max: usize,
) -> Result<String, Violation> {
    let text = text.trim();
    let length = text.chars().count();
    if length < min {
        return Err(Violation::new(
            field,
            format!(
                "must have at least {min} character{}",
                if min == 1 { "" } else { "s" }
            ),
        ));
    }
    if length > max {
        return Err(Violation::new(
            field,
            format!("must have at most {max} characters, has {length}"),
        ));
    }
    if text.chars().any(is_forbidden) {
        return Err(Violation::new(field, "must not contain control characters"));
    }
    Ok(text.to_owned())
}

/// PostgreSQL cannot store NUL, and the others only confuse whoever reads them.
fn is_forbidden(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_counted_in_characters_after_trimming() {
        assert_eq!(
            bounded("name", "  Žluťoučký kůň ", 1, 13),
            Ok("Žluťoučký kůň".to_owned())
        );
        assert!(bounded("name", "   ", 1, 10).is_err());
        assert!(bounded("name", "eleven long", 1, 10).is_err());
    }

    #[test]
    fn nul_never_reaches_the_database() {
        let violation = bounded("name", "a\0b", 1, 10).unwrap_err();
        assert_eq!(violation.field, "name");
    }
}
