//! The model's own scalars. Each is checked where it is parsed, so that an error points at its place in the file.

use std::{
    borrow::{Borrow, Cow},
    fmt,
    str::FromStr,
    time::Duration,
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A name: lower-case letters, digits and `-`, beginning with a letter, at most 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Name(String);

/// A length of time in whole milliseconds, written as `250ms`, `30s`, `5m`, `12h` or `15d`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(Duration);

/// A number of bytes, written as `64KiB`, `128MiB` or `1GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ByteSize(pub(crate) u64);

/// Processor time in thousandths of one processor, written as `250m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Cpu(pub(crate) u32);

const NAME_PATTERN: &str = "^[a-z][a-z0-9-]{0,39}$";
const SPAN_UNITS: [(&str, u64); 5] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
];
const SIZE_UNITS: [(&str, u64); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

impl Name {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// So that maps keyed by names can be asked with a text.
impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl Span {
    pub(crate) const fn from_secs(secs: u64) -> Self {
        Self(Duration::from_secs(secs))
    }

    pub(crate) const fn duration(self) -> Duration {
        self.0
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut chars = text.chars();
        let begins_well = chars.next().is_some_and(|c| c.is_ascii_lowercase());
        let goes_on_well = chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if begins_well && goes_on_well && text.len() <= 40 {
            return Ok(Self(text.into()));
        }
        Err(format!(
            "`{text}` is not a name: expected lower-case letters, digits and `-`, a letter first, at most 40 characters"
        ))
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let millis = parse_with_unit(text, &SPAN_UNITS)
            .ok_or_else(|| format!("`{text}` is not a duration: expected a whole number and a unit, such as 250ms, 30s, 5m, 12h or 15d"))?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        parse_with_unit(text, &SIZE_UNITS)
            .map(Self)
            .ok_or_else(|| format!("`{text}` is not a size: expected a whole number and a unit, such as 64KiB, 128MiB or 1GiB"))
    }
}

impl FromStr for Cpu {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text
            .strip_suffix('m')
            .and_then(|digits| digits.parse().ok());
        number.filter(|thousandths| *thousandths > 0).map(Self).ok_or_else(|| {
            format!("`{text}` is not processor time: expected thousandths of a processor, such as 250m or 2000m")
        })
    }
}

fn parse_with_unit(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let (_, factor) = units.iter().find(|(unit, _)| *unit == &text[digits..])?;
    number.checked_mul(*factor)
}

fn with_greatest_unit(number: u64, units: &[(&str, u64)]) -> String {
    let (unit, factor) = units
        .iter()
        .rev()
        .find(|(_, factor)| number > 0 && number.is_multiple_of(*factor))
        .unwrap_or(&units[0]);
    format!("{}{unit}", number / factor)
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX);
        f.write_str(&with_greatest_unit(millis, &SPAN_UNITS))
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&with_greatest_unit(self.0, &SIZE_UNITS))
    }
}

impl fmt::Display for Cpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}m", self.0)
    }
}

/// Reads from and writes to a YAML string, and says in the JSON Schema which strings are good.
macro_rules! text_scalar {
    ($type:ty, $name:literal, $pattern:expr, $description:literal) => {
        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(D::Error::custom)
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern, "description": $description })
            }
        }
    };
}

text_scalar!(
    Name,
    "Name",
    NAME_PATTERN,
    "Lower-case letters, digits and `-`, a letter first, at most 40 characters."
);
text_scalar!(
    Span,
    "Duration",
    "^[0-9]+(ms|s|m|h|d)$",
    "A whole number and a unit: 250ms, 30s, 5m, 12h, 15d."
);
text_scalar!(
    ByteSize,
    "ByteSize",
    "^[0-9]+(KiB|MiB|GiB)$",
    "A whole number and a unit: 64KiB, 128MiB, 1GiB."
);
text_scalar!(
    Cpu,
    "Cpu",
    "^[1-9][0-9]{0,5}m$",
    "Thousandths of a processor: 250m, 2000m."
);
