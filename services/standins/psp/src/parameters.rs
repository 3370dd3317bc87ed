//! The parameters of a call, form encoded with nesting (`metadata[order_id]=…`, `expand[]=…`): each is taken once, and what
//! nobody took is refused, so that a misspelt parameter cannot be ignored.

use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::error::Error;

/// Stripe's limits for metadata.
const METADATA_KEYS: usize = 50;
const METADATA_KEY_CHARACTERS: usize = 40;
const METADATA_VALUE_CHARACTERS: usize = 500;
/// Longer than any value that is taken here.
const VALUE_CHARACTERS: usize = 1_000;

/// What is left of the parameters.
#[derive(Debug, Default)]
pub(crate) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads a body or a query.
    pub(crate) fn parse(form: &[u8]) -> Result<Self, Error> {
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(form).map_err(|error| {
            Error::invalid(format!(
                "Invalid request: the parameters are not form encoded ({error})."
            ))
        })?;
        for (name, value) in &pairs {
            if name.contains('\0') || value.contains('\0') {
                return Err(Error::parameter(
                    name.trim_matches('\0'),
                    "parameter_invalid_string_blank",
                    "A parameter contains a NUL character.",
                ));
            }
            if value.chars().count() > VALUE_CHARACTERS {
                return Err(Error::parameter(
                    name,
                    "parameter_invalid_string_length",
                    format!("Invalid string: it must be at most {VALUE_CHARACTERS} characters."),
                ));
            }
        }
        Ok(Self(pairs))
    }

    /// The same for the same parameters in any order.
    pub(crate) fn fingerprint(&self) -> String {
        let mut sorted: Vec<_> = self.0.iter().collect();
        sorted.sort();
        let mut digest = Sha256::new();
        for (name, value) in sorted {
            for text in [name, value] {
                digest.update(text.len().to_be_bytes());
                digest.update(text);
            }
        }
        hex::encode(digest.finalize())
    }

    /// The value of `name`; the last one counts, and an empty one is none.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let mut found = None;
        self.0.retain_mut(|(candidate, value)| {
            if candidate == name {
                found = Some(std::mem::take(value));
                return false;
            }
            true
        });
        found.filter(|value| !value.is_empty())
    }

    /// A whole number within `range`.
    pub(crate) fn take_integer(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<i64>,
    ) -> Result<Option<i64>, Error> {
        let Some(text) = self.take(name) else {
            return Ok(None);
        };
        let invalid =
            |message: String| Error::parameter(name, "parameter_invalid_integer", message);
        let number: i64 = text
            .parse()
            .map_err(|_| invalid(format!("Invalid integer: {text}")))?;
        if number < *range.start() {
            return Err(invalid(format!(
                "This value must be greater than or equal to {}.",
                range.start()
            )));
        }
        if number > *range.end() {
            return Err(invalid(format!(
                "This value must be less than or equal to {}.",
                range.end()
            )));
        }
        Ok(Some(number))
    }

    /// `true` or `false`.
    pub(crate) fn take_boolean(&mut self, name: &str) -> Result<Option<bool>, Error> {
        match self.take(name).as_deref() {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Error {
                param: Some(name.to_owned()),
                ..Error::invalid(format!("Invalid boolean: {other}"))
            }),
        }
    }

    /// One of a few words.
    pub(crate) fn take_choice(
        &mut self,
        name: &str,
        choices: &[&str],
    ) -> Result<Option<String>, Error> {
        match self.take(name) {
            Some(value) if !choices.contains(&value.as_str()) => Err(Error {
                param: Some(name.to_owned()),
                ..Error::invalid(format!(
                    "Invalid {name}: must be one of {}",
                    choices.join(", ")
                ))
            }),
            value => Ok(value),
        }
    }

    /// The values of `name[]` or `name[0]`, `name[1]`, … in their order.
    pub(crate) fn take_list(&mut self, name: &str) -> Vec<String> {
        let mut values = Vec::new();
        self.0.retain_mut(|(candidate, value)| {
            let index = inner(candidate, name);
            if index.is_some_and(|index| index.bytes().all(|byte| byte.is_ascii_digit())) {
                values.push(std::mem::take(value));
                return false;
            }
            true
        });
        values
    }

    /// `metadata[…]`, within Stripe's limits. An empty value removes its key, which is the same as not giving it.
    pub(crate) fn take_metadata(&mut self) -> Result<Value, Error> {
        let mut metadata = Map::new();
        self.0.retain_mut(|(candidate, value)| {
            let Some(key) = inner(candidate, "metadata").filter(|key| !key.is_empty()) else {
                return true;
            };
            if !value.is_empty() {
                metadata.insert(key.to_owned(), std::mem::take(value).into());
            }
            false
        });
        let too_long = metadata.iter().find_map(|(key, value)| {
            let length = value.as_str().map_or(0, |value| value.chars().count());
            (key.chars().count() > METADATA_KEY_CHARACTERS || length > METADATA_VALUE_CHARACTERS)
                .then_some(key)
        });
        if let Some(key) = too_long {
            let message = format!(
                "Metadata keys can have up to {METADATA_KEY_CHARACTERS} characters, values up to {METADATA_VALUE_CHARACTERS}."
            );
            return Err(Error {
                param: Some(format!("metadata[{key}]")),
                ..Error::invalid(message)
            });
        }
        if metadata.len() > METADATA_KEYS {
            return Err(Error {
                param: Some("metadata".to_owned()),
                ..Error::invalid(format!("Metadata can have up to {METADATA_KEYS} keys."))
            });
        }
        Ok(Value::Object(metadata))
    }

    /// `expand[]`; true when `path`, the one thing that can be expanded, is asked for.
    pub(crate) fn take_expand(&mut self, path: &str) -> Result<bool, Error> {
        let asked = self.take_list("expand");
        if let Some(other) = asked.iter().find(|other| *other != path) {
            return Err(Error {
                param: Some("expand".to_owned()),
                ..Error::invalid(format!(
                    "This property cannot be expanded ({other}); the simulator expands {path}."
                ))
            });
        }
        Ok(!asked.is_empty())
    }

    /// Refuses what is left.
    pub(crate) fn finish(self) -> Result<(), Error> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(Error::parameter(
                name,
                "parameter_unknown",
                format!("Received unknown parameter: {name}"),
            )),
        }
    }
}

/// The error for a parameter that must be there.
pub(crate) fn required(name: &str) -> Error {
    Error::parameter(
        name,
        "parameter_missing",
        format!("Missing required param: {name}."),
    )
}

/// `order_id` of `metadata[order_id]`.
fn inner<'a>(candidate: &'a str, name: &str) -> Option<&'a str> {
    candidate
        .strip_prefix(name)?
        .strip_prefix('[')?
        .strip_suffix(']')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(form: &str) -> Parameters {
        Parameters::parse(form.as_bytes()).unwrap()
    }

    #[test]
    fn nested_names_are_read_and_what_is_left_is_refused() {
        let mut parameters = parse(
            "amount=12&metadata%5Border_id%5D=7&metadata[empty]=&expand[]=latest_charge&types[0]=a&types[1]=b&x=1",
        );
        assert_eq!(parameters.take_integer("amount", 1..=20).unwrap(), Some(12));
        assert_eq!(
            parameters.take_metadata().unwrap(),
            serde_json::json!({ "order_id": "7" })
        );
        assert!(parameters.take_expand("latest_charge").unwrap());
        assert_eq!(parameters.take_list("types"), ["a", "b"]);
        assert_eq!(parameters.finish().unwrap_err().param.unwrap(), "x");
    }

    #[test]
    fn the_order_of_parameters_does_not_matter_but_their_values_do() {
        let fingerprint = |form| parse(form).fingerprint();
        assert_eq!(fingerprint("a=1&b=2"), fingerprint("b=2&a=1"));
        assert_ne!(fingerprint("a=1&b=2"), fingerprint("a=2&b=1"));
        assert_ne!(fingerprint("a=12&b="), fingerprint("a=1&b=2"));
    }

    #[test]
    fn numbers_out_of_bounds_and_no_numbers_are_refused() {
        for form in [
            "amount=0",
            "amount=21",
            "amount=1.5",
            "amount=x",
            "amount=99999999999999999999",
        ] {
            let error = parse(form).take_integer("amount", 1..=20).unwrap_err();
            assert_eq!(error.code, Some("parameter_invalid_integer"), "{form}");
        }
    }
}
