//! How a thing on a page is found: by what it says, as people find it.

use std::fmt;

use thirtyfour::By;

/// What somebody looks for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing<'a> {
    /// By its text, or the label that screen readers speak.
    Link(&'a str),
    Button(&'a str),
    /// Anything that is filled in, ticked or chosen from, by its label.
    Field(&'a str),
    Heading(&'a str),
}

impl Thing<'_> {
    /// Paths of XML, the exact name before one that only contains it.
    pub(crate) fn ways(self) -> [By; 2] {
        [true, false].map(|exact| By::XPath(self.path(exact)))
    }

    fn path(self, exact: bool) -> String {
        let is = |what: &str, name: &str| {
            let name = quoted(name);
            if exact {
                format!("normalize-space({what})={name}")
            } else {
                format!("contains(normalize-space({what}),{name})")
            }
        };
        match self {
            Self::Link(name) => format!(
                "//a[@href][{} or {} or .//img[{}]]",
                is(".", name),
                is("@aria-label", name),
                is("@alt", name)
            ),
            Self::Button(name) => format!(
                "//button[{0} or {1}] | //input[@type='submit'][{2}] | //summary[{0}]",
                is(".", name),
                is("@aria-label", name),
                is("@value", name)
            ),
            Self::Field(label) => {
                let fields = "self::input or self::select or self::textarea";
                format!(
                    "//*[{fields}][@id=//label[{0}]/@for] | //label[{0}]//*[{fields}] | //*[{fields}][{1}]",
                    is(".", label),
                    is("@aria-label", label)
                )
            }
            Self::Heading(text) => {
                let headings = "self::h1 or self::h2 or self::h3";
                format!("//*[{headings}][{}]", is(".", text))
            }
        }
    }
}

impl fmt::Display for Thing<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match self {
            Self::Link(name) => ("link", name),
            Self::Button(name) => ("button", name),
            Self::Field(name) => ("field", name),
            Self::Heading(name) => ("heading", name),
        };
        write!(formatter, "{kind} \"{name}\"")
    }
}

/// A text as a path of XML has it, which has no escape.
fn quoted(text: &str) -> String {
    if text.contains('\'') {
        format!("\"{text}\"")
    } else {
        format!("'{text}'")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_an_apostrophe_can_be_looked_for() {
        assert_eq!(quoted("Place order"), "'Place order'");
        assert_eq!(quoted("Don't"), "\"Don't\"");
    }

    #[test]
    fn a_field_is_found_by_its_label_wherever_the_label_stands() {
        let path = Thing::Field("E-mail").path(true);
        assert!(
            path.contains("@id=//label[normalize-space(.)='E-mail']/@for"),
            "{path}"
        );
        assert!(
            path.contains("//label[normalize-space(.)='E-mail']//*"),
            "{path}"
        );
    }
}
