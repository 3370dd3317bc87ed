//! Small questions to a JSON Schema, in the words in which schemars writes it.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use regex::Regex;
use serde_json::{Map, Value};

pub(super) fn choice(schema: &Value) -> Option<&[Value]> {
    schema
        .get("oneOf")
        .or_else(|| schema.get("anyOf"))
        .and_then(Value::as_array)
        .map(Vec::as_slice)
}

pub(super) fn is_null_type(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

pub(super) fn accepts(schema: &Value, kind: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(only)) => only == kind,
        Some(Value::Array(several)) => several.iter().any(|one| one == kind),
        _ => false,
    }
}

/// The words of an enumeration, however schemars has written it.
pub(super) fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(word) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![word]);
    }
    if let Some(several) = schema.get("enum").and_then(Value::as_array) {
        return several.iter().map(Value::as_str).collect();
    }
    let nested: Option<Vec<Vec<&str>>> = choice(schema)?.iter().map(words).collect();
    nested.map(|lists| lists.concat())
}

pub(super) fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties").and_then(Value::as_object)
}

pub(super) fn keys(schema: &Value) -> impl Iterator<Item = &str> {
    properties(schema)
        .into_iter()
        .flat_map(Map::keys)
        .map(String::as_str)
}

pub(super) fn required(schema: &Value) -> impl Iterator<Item = &str> {
    schema
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// What the schema says of the value under `key`; `None` when the key is not allowed.
pub(super) fn value_schema<'a>(schema: &'a Value, key: &str) -> Option<&'a Value> {
    if let Some(known) = properties(schema).and_then(|properties| properties.get(key)) {
        return Some(known);
    }
    let patterns = schema.get("patternProperties").and_then(Value::as_object);
    let matching = patterns
        .into_iter()
        .flatten()
        .find(|(pattern, _)| regex(pattern).is_match(key));
    matching.map(|(_, value)| value).or_else(|| {
        schema
            .get("additionalProperties")
            .filter(|value| value.is_object())
    })
}

pub(super) fn matches_pattern(schema: &Value, text: &str) -> bool {
    schema
        .get("pattern")
        .and_then(Value::as_str)
        .is_none_or(|pattern| regex(pattern).is_match(text))
}

/// Compiled once: a file has hundreds of keys and scalars, and the schema a handful of patterns.
pub(super) fn regex(pattern: &str) -> Regex {
    static COMPILED: LazyLock<Mutex<HashMap<String, Regex>>> = LazyLock::new(Mutex::default);
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || Regex::new(pattern).expect("BUG: the patterns of our own scalars are valid");
    compiled
        .entry(pattern.to_owned())
        .or_insert_with(compile)
        .clone()
}

pub(super) fn range(schema: &Value) -> (i64, i64) {
    let bound = |name| schema.get(name).and_then(Value::as_i64);
    (
        bound("minimum").unwrap_or(0),
        bound("maximum").unwrap_or(i64::MAX),
    )
}

pub(super) fn in_range(schema: &Value, text: &str) -> bool {
    let (minimum, maximum) = range(schema);
    text.parse::<i64>()
        .is_ok_and(|number| (minimum..=maximum).contains(&number))
}

/// `ByteSize` → `byte size`.
pub(super) fn spoken(name: &str) -> String {
    let mut spoken = String::new();
    for character in name.chars() {
        if character.is_uppercase() && !spoken.is_empty() {
            spoken.push(' ');
        }
        spoken.extend(character.to_lowercase());
    }
    spoken
}
