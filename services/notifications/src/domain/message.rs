//! A message to the shop: what it may contain, and what its document really is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::text::one_line;

/// What a document may have: 4 MiB.
pub(crate) const MOST_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Topic {
    Question,
    Order,
    Return,
    Selling,
}

impl Topic {
    pub(crate) const ALL: [Self; 4] = [Self::Question, Self::Order, Self::Return, Self::Selling];

    /// As it is stored and counted.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Question => "question",
            Self::Order => "order",
            Self::Return => "return",
            Self::Selling => "selling",
        }
    }
}

/// What a document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MediaType {
    Pdf,
    Png,
    Jpeg,
    Text,
}

impl MediaType {
    pub(crate) const ALL: [Self; 4] = [Self::Pdf, Self::Png, Self::Jpeg, Self::Text];

    /// As the web calls it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Text => "text/plain",
        }
    }

    /// What the content is, whatever its name says.
    pub(crate) fn of(content: &[u8]) -> Option<Self> {
        let is_text = |text: &str| {
            !text.is_empty()
                && !text
                    .chars()
                    .any(|letter| letter.is_control() && !matches!(letter, '\n' | '\r' | '\t'))
        };
        match content {
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            text if std::str::from_utf8(text).is_ok_and(is_text) => Some(Self::Text),
            _ => None,
        }
    }
}

/// A document that may be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Document {
    pub(crate) name: String,
    pub(crate) media_type: MediaType,
    pub(crate) content: Vec<u8>,
}

impl Document {
    /// If it is not too large, and is what we take.
    pub(crate) fn new(name: &str, content: Vec<u8>) -> Result<Self, String> {
        if content.len() > MOST_DOCUMENT_BYTES {
            return Err(format!(
                "must have at most {MOST_DOCUMENT_BYTES} bytes, has {}",
                content.len()
            ));
        }
        let media_type = MediaType::of(&content);
        let media_type =
            media_type.ok_or_else(|| "must be a PDF, PNG, JPEG or plain text file".to_owned())?;
        Ok(Self {
            name: file_name(name),
            media_type,
            content,
        })
    }
}

/// The last part of a path, short and on one line.
fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let plain: String = one_line(last).chars().take(100).collect();
    if plain.is_empty() {
        "document".to_owned()
    } else {
        plain
    }
}

/// Text of several lines, if it has between 1 and `most` characters that can be stored and shown.
pub(crate) fn text(text: &str, most: usize) -> Result<String, String> {
    let text = text.trim().replace("\r\n", "\n");
    let length = text.chars().count();
    if length == 0 {
        return Err("must not be empty".to_owned());
    }
    if length > most {
        return Err(format!("must have at most {most} characters, has {length}"));
    }
    if text
        .chars()
        .any(|letter| letter.is_control() && !matches!(letter, '\n' | '\t'))
    {
        return Err("must not contain control characters".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_document_is_what_it_contains() {
        for (content, expected) in [
            (&b"%PDF-1.7 ..."[..], Some(MediaType::Pdf)),
            (b"\x89PNG\r\n\x1a\n...", Some(MediaType::Png)),
            (b"\xff\xd8\xff\xe0...", Some(MediaType::Jpeg)),
            ("Größe:\r\n\tgut".as_bytes(), Some(MediaType::Text)),
            (b"MZ\x90\x00", None),
            (b"\xff\xfeU\x00", None),
            (b"", None),
        ] {
            assert_eq!(MediaType::of(content), expected, "{content:?}");
        }
        assert!(Document::new("a.txt", vec![b'x'; MOST_DOCUMENT_BYTES + 1]).is_err());
    }

    #[test]
    fn of_a_path_only_the_name_is_kept() {
        for (name, kept) in [
            ("C:\\fakepath\\photo.jpg", "photo.jpg"),
            ("../../etc/passwd", "passwd"),
            ("a\r\nb: c", "a b: c"),
            ("", "document"),
        ] {
            assert_eq!(file_name(name), kept);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_can_be_stored(typed in any::<String>()) {
            if let Ok(kept) = text(&typed, 100) {
                prop_assert!(!kept.contains('\0') && kept.chars().count() <= 100);
            }
        }
    }
}
