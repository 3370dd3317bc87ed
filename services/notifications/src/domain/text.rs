//! Texts of others, made fit for a line of a mail.

/// Without control characters and line ends: runs of blanks become one blank.
pub(crate) fn one_line(text: &str) -> String {
    let plain = text.replace(
        |character: char| character.is_control() || is_line_end(character),
        " ",
    );
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Also what only some programs take for the end of a line, and what turns the direction of a text around.
fn is_line_end(character: char) -> bool {
    matches!(
        character,
        '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

/// At most so many characters, the last one an ellipsis where something was cut off.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn whatever_comes_in_one_line_comes_out(text in any::<String>()) {
            let line = one_line(&text);
            prop_assert!(!line.chars().any(|character| character.is_control() || is_line_end(character)));
            prop_assert_eq!(one_line(&line), line);
        }

        #[test]
        fn nothing_is_longer_than_it_may_be(text in any::<String>(), limit in 1_usize..100) {
            prop_assert!(shortened(&text, limit).chars().count() <= limit);
        }
    }
}
