//! Checks the shape of a file (keys, types, scalars) against the JSON Schema made from the types.
//!
//! serde stops at the first mistake and knows no near misses. Here every mistake of a file is found in one go, each
//! at its place, and with the very schema that editors use: no third description of the format.

mod schema_terms;

use schema_terms::{
    accepts, choice, in_range, is_null_type, keys, matches_pattern, range, required, spoken,
    value_schema, words,
};
use serde_json::Value;

use super::{
    diagnostic::{Diagnostic, any_of, did_you_mean},
    locate::{Document, Entry, Half, Kind, Node, Place},
};

/// Every mistake in the document's shape.
pub(super) fn check(document: &Document, schema: &Value) -> Vec<Diagnostic> {
    let mut checker = Checker {
        document,
        schema,
        found: Vec::new(),
    };
    match document.root() {
        Some(root) => checker.node(root, root.start(), schema),
        None => checker.mapping(&[], document.place(&[], Half::Key), schema),
    }
    checker.found
}

/// Whether the text is what the pattern says.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    schema_terms::regex(pattern).is_match(text)
}

struct Checker<'a> {
    document: &'a Document,
    /// The whole schema, in which references are looked up.
    schema: &'a Value,
    found: Vec<Diagnostic>,
}

impl<'a> Checker<'a> {
    /// `owner` is the place of the node's key, where something missing is reported.
    fn node(&mut self, node: &Node, owner: Place, schema: &'a Value) {
        let (schema, name) = self.resolve(schema);
        if let Some(variants) = choice(schema) {
            return self.choice(node, owner, schema, variants);
        }
        if accepts(schema, "null") && node.is_null() {
            return;
        }
        match &node.kind {
            Kind::Mapping(entries) if accepts(schema, "object") => {
                self.mapping(entries, owner, schema);
            }
            Kind::Sequence(items) if accepts(schema, "array") => {
                if let Some(item_schema) = schema.get("items") {
                    for item in items {
                        self.node(item, item.start(), item_schema);
                    }
                }
            }
            Kind::Scalar { text, .. } if !node.is_null() => self.scalar(node, text, schema, name),
            _ => self.wrong_type(node, owner, schema, name),
        }
    }

    fn mapping(&mut self, entries: &[Entry], owner: Place, schema: &'a Value) {
        for entry in entries {
            match value_schema(schema, &entry.key) {
                Some(value_schema) => self.node(&entry.value, entry.key_place, value_schema),
                None => self.unknown_key(entry, schema),
            }
        }
        let is_meant = |name: &str| {
            let unknown = entries
                .iter()
                .filter(|entry| value_schema(schema, &entry.key).is_none());
            entries.iter().any(|entry| entry.key == name)
                || unknown
                    .into_iter()
                    .any(|entry| did_you_mean(&entry.key, [name]).is_some())
        };
        for required in required(schema).filter(|name| !is_meant(name)) {
            let about = schema
                .pointer(&format!("/properties/{required}/description"))
                .and_then(Value::as_str);
            let missing = self
                .document
                .at_place(owner, format!("`{required}` is missing here"));
            self.found.push(Diagnostic {
                expected: about.map(|about| format!("`{required}`: {about}")),
                ..missing
            });
        }
    }

    fn unknown_key(&mut self, entry: &Entry, schema: &'a Value) {
        let known: Vec<&str> = keys(schema).collect();
        if known.is_empty() {
            let message = format!("`{}` is not a name", entry.key);
            let expected =
                "lower-case letters, digits and `-`, a letter first, at most 40 characters";
            return self.found.push(
                self.document
                    .at_place(entry.key_place, message)
                    .expected(expected),
            );
        }
        let message = format!("unknown key `{}`", entry.key);
        let hint = did_you_mean(&entry.key, &known);
        self.found.push(
            self.document
                .at_place(entry.key_place, message)
                .expected(any_of(known))
                .maybe_hint(hint),
        );
    }

    fn scalar(&mut self, node: &Node, text: &str, schema: &'a Value, name: Option<&str>) {
        if let Some(words) = words(schema) {
            if !words.contains(&text) {
                let hint = did_you_mean(text, &words);
                let message = format!("`{text}` is not known here");
                self.found.push(
                    self.document
                        .at_place(node.place, message)
                        .expected(any_of(words))
                        .maybe_hint(hint),
                );
            }
            return;
        }
        let fits = (accepts(schema, "string") && matches_pattern(schema, text))
            || (accepts(schema, "integer") && node.is_plain() && in_range(schema, text))
            || (accepts(schema, "boolean") && node.is_plain() && matches!(text, "true" | "false"));
        if !fits {
            self.wrong_type(node, node.place, schema, name);
        }
    }

    /// A value that may have one of several shapes.
    fn choice(&mut self, node: &Node, owner: Place, schema: &'a Value, variants: &'a [Value]) {
        let real: Vec<&Value> = variants
            .iter()
            .filter(|variant| !is_null_type(variant))
            .collect();
        if real.len() < variants.len() && node.is_null() {
            return;
        }
        if let [only] = real[..] {
            return self.node(node, owner, only);
        }
        match &node.kind {
            Kind::Mapping(entries) => self.tagged(entries, owner, &real),
            Kind::Scalar { text, .. } if words(schema).is_some() && !node.is_null() => {
                self.scalar(node, text, schema, None);
            }
            _ => self.wrong_type(node, owner, schema, None),
        }
    }

    /// A mapping whose first known key says which variant is meant.
    fn tagged(&mut self, entries: &[Entry], owner: Place, variants: &[&'a Value]) {
        let all: Vec<&str> = variants.iter().flat_map(|variant| keys(variant)).collect();
        let chosen = entries.iter().find_map(|entry| {
            let variant = variants
                .iter()
                .copied()
                .find(|variant| keys(variant).any(|key| key == entry.key));
            variant.map(|variant| (entry, variant))
        });
        let Some((tag, variant)) = chosen else {
            if entries.is_empty() {
                let message = "nothing is chosen here";
                return self.found.push(
                    self.document
                        .at_place(owner, message)
                        .expected(any_of(&all)),
                );
            }
            for entry in entries {
                let message = format!("unknown key `{}`", entry.key);
                let diagnostic = self
                    .document
                    .at_place(entry.key_place, message)
                    .expected(any_of(&all));
                self.found
                    .push(diagnostic.maybe_hint(did_you_mean(&entry.key, &all)));
            }
            return;
        };
        let (others, own): (Vec<&Entry>, Vec<&Entry>) = entries.iter().partition(|entry| {
            all.contains(&entry.key.as_str()) && value_schema(variant, &entry.key).is_none()
        });
        for other in others {
            let message = format!("`{}` cannot stand beside `{}`", other.key, tag.key);
            self.found.push(
                self.document
                    .at_place(other.key_place, message)
                    .expected(format!("one of {}", any_of(&all))),
            );
        }
        let own: Vec<Entry> = own.into_iter().cloned().collect();
        self.mapping(&own, owner, variant);
    }

    fn wrong_type(&mut self, node: &Node, owner: Place, schema: &'a Value, name: Option<&str>) {
        let expected = self.describe(schema);
        let diagnostic = match (&node.kind, name) {
            (Kind::Scalar { text, .. }, Some(name)) if !node.is_null() => self
                .document
                .at_place(node.place, format!("`{text}` is not a {}", spoken(name))),
            (Kind::Scalar { text, .. }, None) if !node.is_null() => self
                .document
                .at_place(node.place, format!("`{text}` is not what is expected here")),
            (Kind::Scalar { .. }, _) => self.document.at_place(owner, "there is no value here"),
            (Kind::Sequence(_), _) => self.document.at_place(owner, "there is a list here"),
            (Kind::Mapping(_), _) => self
                .document
                .at_place(owner, "there are keys and values here"),
        };
        let quoted_number =
            matches!(&node.kind, Kind::Scalar { plain: false, .. }) && !accepts(schema, "string");
        let hint = quoted_number.then(|| "take away the quotes".to_owned());
        self.found
            .push(diagnostic.expected(expected).maybe_hint(hint));
    }

    fn describe(&self, schema: &'a Value) -> String {
        let (schema, _) = self.resolve(schema);
        if let Some(words) = words(schema) {
            return any_of(words);
        }
        if let Some(variants) = choice(schema) {
            return format!("one of {}", any_of(variants.iter().flat_map(keys)));
        }
        let about = schema
            .get("description")
            .and_then(Value::as_str)
            .map(|about| about.trim_end_matches('.').to_owned());
        match schema.get("pattern").and(about) {
            Some(about) => about
                .chars()
                .next()
                .map(|first| first.to_lowercase().chain(about.chars().skip(1)).collect())
                .unwrap_or_default(),
            None if accepts(schema, "string") => "a text".into(),
            None if accepts(schema, "integer") => {
                let (minimum, maximum) = range(schema);
                format!("a whole number from {minimum} to {maximum}")
            }
            None if accepts(schema, "boolean") => any_of(["true", "false"]),
            None if accepts(schema, "array") => {
                "a list: `[a, b]`, or lines that begin with `- `".into()
            }
            None => match keys(schema).collect::<Vec<_>>() {
                known if known.is_empty() => "keys and values: `name: value`".into(),
                known => format!("a mapping with the keys {}", any_of(known)),
            },
        }
    }

    /// Follows references and drops the wrapping that schemars puts around a reference with a description.
    fn resolve(&self, schema: &'a Value) -> (&'a Value, Option<&'a str>) {
        let mut schema = schema;
        let mut name = None;
        loop {
            if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
                name = reference.rsplit('/').next();
                schema = self
                    .schema
                    .pointer(&reference[1..])
                    .expect("BUG: a schema refers only to its own definitions");
            } else if let Some([only]) = schema
                .get("allOf")
                .and_then(Value::as_array)
                .map(Vec::as_slice)
            {
                schema = only;
            } else {
                return (schema, name);
            }
        }
    }
}

impl Node {
    fn is_plain(&self) -> bool {
        matches!(self.kind, Kind::Scalar { plain: true, .. })
    }

    /// What YAML reads as "nothing".
    fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}
