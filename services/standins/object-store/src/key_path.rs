//! Where an object's key lies on disk: a tree that a person can browse, in which no key can leave its bucket.
//!
//! A key is any text of up to 1,024 bytes, so it may hold `..`, empty parts, control characters, parts longer than a
//! file name may be, and `a` may be an object beside `a/b`. Therefore
//! - each part between slashes is one name; letters, digits, `-`, `_`, inner dots and non-ASCII text stay as they are, everything else is
//!   percent-encoded, as in a URL;
//! - a folder's name ends in `%2F`, an encoded slash, so it never meets an object's name;
//! - a part that would be too long goes on in a folder whose name ends in `%+`;
//! - the empty part that ends a key such as `a/` is the file `%`.

use std::path::{Path, PathBuf};

/// What a name in the tree stands for; the text is the decoded part of the key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// An object whose key ends in this text.
    Object(String),
    /// A folder of keys that go on with this text, its slash included.
    Folder(String),
}

const FOLDER: &str = "%2F";
const CONTINUED: &str = "%+";
const EMPTY: &str = "%";
/// Encoded bytes after which a part goes on in a folder. File systems allow 255 per name; one more character and the
/// ending fit.
const SPLIT_AFTER: usize = 180;

pub(crate) fn object_path(objects: &Path, key: &str) -> PathBuf {
    let mut path = objects.to_owned();
    let mut parts = key.split('/').peekable();
    while let Some(part) = parts.next() {
        let mut rest = part;
        while let Some(at) = split_point(rest) {
            path.push(encode(&rest[..at]) + CONTINUED);
            rest = &rest[at..];
        }
        let name = match (parts.peek(), rest) {
            (Some(_), rest) => encode(rest) + FOLDER,
            (None, "") => EMPTY.to_owned(),
            (None, rest) => encode(rest),
        };
        path.push(name);
    }
    path
}

/// Reads a name back; `None` for one that [`object_path`] cannot have made.
pub(crate) fn parse_name(name: &str) -> Option<Entry> {
    if name == EMPTY {
        return Some(Entry::Object(String::new()));
    }
    if let Some(part) = name.strip_suffix(FOLDER) {
        return decode(part).map(|part| Entry::Folder(part + "/"));
    }
    if let Some(part) = name.strip_suffix(CONTINUED) {
        return decode(part).map(Entry::Folder);
    }
    decode(name)
        .filter(|part| !part.is_empty())
        .map(Entry::Object)
}

/// Percent-encodes for a listing whose client asked for `encoding-type=url`.
pub(crate) fn encode_for_url(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                encoded.push(char::from(byte));
            }
            _ => push_encoded(&mut encoded, byte),
        }
    }
    encoded
}

/// The byte after which a part must go on in a folder. It depends on nothing but the text before it: all keys that share this
/// beginning meet in the same folder, which keeps listings in order.
fn split_point(part: &str) -> Option<usize> {
    let mut encoded_len = 0;
    for (index, char) in part.char_indices() {
        encoded_len += if is_plain(char, index == 0) {
            char.len_utf8()
        } else {
            3 * char.len_utf8()
        };
        if encoded_len >= SPLIT_AFTER {
            return Some(index + char.len_utf8());
        }
    }
    None
}

fn encode(part: &str) -> String {
    let mut encoded = String::with_capacity(part.len());
    for (index, char) in part.char_indices() {
        if is_plain(char, index == 0) {
            encoded.push(char);
        } else {
            let mut buffer = [0; 4];
            char.encode_utf8(&mut buffer)
                .bytes()
                .for_each(|byte| push_encoded(&mut encoded, byte));
        }
    }
    encoded
}

/// A leading dot is encoded: `.` and `..` mean something to a file system, and hidden files hide from people.
fn is_plain(char: char, leads: bool) -> bool {
    match char {
        '.' => !leads,
        '-' | '_' => true,
        _ if char.is_ascii() => char.is_ascii_alphanumeric(),
        _ => !char.is_control(),
    }
}

fn push_encoded(text: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    text.push('%');
    text.push(char::from(DIGITS[usize::from(byte >> 4)]));
    text.push(char::from(DIGITS[usize::from(byte & 15)]));
}

fn decode(name: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(name.len());
    let mut rest = name.as_bytes();
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let (digits, after) = tail.split_at_checked(2)?;
            bytes.push(u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?);
            rest = after;
        } else {
            bytes.push(*first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use std::path::Component;

    use proptest::prelude::*;

    use super::*;

    fn key_of(path: &Path) -> String {
        path.components()
            .map(|component| match component {
                Component::Normal(name) => match parse_name(name.to_str().unwrap()) {
                    Some(Entry::Object(part) | Entry::Folder(part)) => part,
                    None => panic!("{name:?} is not a name of ours"),
                },
                other => panic!("{other:?} must never be part of a path"),
            })
            .collect()
    }

    proptest! {
        #[test]
        fn every_key_stays_in_its_folder_and_reads_back(key in "(\\PC|[./%+\\x00-\\x20]){1,1024}") {
            let path = object_path(Path::new(""), &key);
            prop_assert_eq!(key_of(&path), key);
            prop_assert!(path.iter().all(|name| name.len() <= 255));
        }

        #[test]
        fn different_keys_have_different_paths(left in "[a./%+-]{1,8}", right in "[a./%+-]{1,8}") {
            prop_assert_eq!(left == right, object_path(Path::new(""), &left) == object_path(Path::new(""), &right));
        }
    }

    #[test]
    fn ordinary_keys_are_readable() {
        assert_eq!(
            object_path(Path::new("o"), "products/p-1/large.webp"),
            Path::new("o/products%2F/p-1%2F/large.webp")
        );
        assert_eq!(
            object_path(Path::new("o"), "../etc"),
            Path::new("o/%2E.%2F/etc")
        );
        assert_eq!(object_path(Path::new("o"), "a/"), Path::new("o/a%2F/%"));
    }
}
