//! Rust source text as the conventions need it: what is code, what is a comment, what is a test.
//!
//! A full parser would be one more large dependency; the conventions only have to know that a word stands in a comment
//! or in a string, so a scanner over the few ways to begin and end those is enough.

/// What to keep of the text; all else becomes spaces, so that lines and columns stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    /// Code with the text of its strings.
    CodeAndStrings,
    /// Code alone.
    Code,
}

/// Blanks comments, and strings unless they are to be kept.
pub(crate) fn code(text: &str, keep: Keep) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        let (length, kept) = next_piece(rest, first, keep, after_word);
        let (piece, remaining) = rest.split_at(length);
        if kept {
            out.push_str(piece);
        } else {
            out.extend(piece.chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        }
        after_word = kept && (first.is_alphanumeric() || first == '_');
        rest = remaining;
    }
    out
}

/// The text up to its unit tests: from the first `#[cfg(test)]` block on, all is tests (they stand last in a file).
pub(crate) fn without_tests(text: &str) -> &str {
    let begins_line = |at: usize| at == 0 || text[..at].ends_with('\n');
    let is_block = |at: usize| {
        !text[at..]
            .lines()
            .nth(1)
            .is_some_and(|line| line.trim_end().ends_with(';'))
    };
    let tests = text
        .match_indices("#[cfg(test)]")
        .find(|(at, _)| begins_line(*at) && is_block(*at));
    tests.map_or(text, |(at, _)| &text[..at])
}

/// Number of the line on which the byte at `offset` stands, from 1.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

/// Whether the file holds nothing but tests.
pub(crate) fn is_test_file(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs") || path.ends_with("_tests.rs")
}

fn next_piece(rest: &str, first: char, keep: Keep, after_word: bool) -> (usize, bool) {
    let strings = keep == Keep::CodeAndStrings;
    if rest.starts_with("//") {
        return (rest.find('\n').unwrap_or(rest.len()), false);
    }
    if rest.starts_with("/*") {
        return (block_comment(rest), false);
    }
    if first == '"' {
        return (quoted(rest, '"'), strings);
    }
    if !after_word && let Some(length) = raw_string(rest) {
        return (length, strings);
    }
    if first == '\'' {
        // A lifetime has no closing quote right after its first letter.
        let mut chars = rest.chars().skip(1);
        let escaped = chars.next() == Some('\\');
        let is_character = escaped || chars.next() == Some('\'');
        return (if is_character { quoted(rest, '\'') } else { 1 }, true);
    }
    (first.len_utf8(), true)
}

fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == quote {
            return at + 1;
        }
    }
    rest.len()
}

fn raw_string(rest: &str) -> Option<usize> {
    let after_prefix = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after_prefix
        .bytes()
        .take_while(|byte| *byte == b'#')
        .count();
    let body = after_prefix[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let begin = rest.len() - body.len();
    Some(
        body.find(&end)
            .map_or(rest.len(), |at| begin + at + end.len()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_blanked_and_lines_stay() {
        let text = "let a = \"x // y\"; // z\n/* b\n /* c */ */ let d = 'e';\n";
        assert_eq!(
            code(text, Keep::CodeAndStrings),
            "let a = \"x // y\";     \n    \n            let d = 'e';\n"
        );
        assert_eq!(
            code(text, Keep::Code),
            "let a =         ;     \n    \n            let d = 'e';\n"
        );
    }

    #[test]
    fn raw_strings_lifetimes_and_quotes_as_characters_do_not_confuse_it() {
        let text = "fn f<'a>(x: &'a str) { g(r#\"// \" \"#, '\"', '\\'', br\"//\") } // end";
        assert_eq!(
            code(text, Keep::CodeAndStrings).trim_end(),
            text.strip_suffix("// end").unwrap().trim_end()
        );
        assert!(!code(text, Keep::Code).contains("//"));
        assert!(code(text, Keep::Code).contains("'\"'"));
    }

    #[test]
    fn an_identifier_that_ends_in_r_does_not_begin_a_raw_string() {
        assert_eq!(code("for\"a\" // b", Keep::CodeAndStrings), "for\"a\"     ");
    }

    #[test]
    fn tests_are_cut_off() {
        assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {}\n"), "a\n");
        assert_eq!(
            without_tests("a\n#[cfg(test)]\nmod tests;\nb\n"),
            "a\n#[cfg(test)]\nmod tests;\nb\n"
        );
        assert_eq!(
            without_tests("// `#[cfg(test)]` in a comment\n"),
            "// `#[cfg(test)]` in a comment\n"
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_keeps_its_lines(text in "\\PC{0,40}(\n\\PC{0,40}){0,3}") {
            let kept = code(&text, Keep::Code);
            proptest::prop_assert_eq!(kept.lines().count(), text.lines().count());
            proptest::prop_assert_eq!(kept.chars().count(), text.chars().count());
        }
    }
}
