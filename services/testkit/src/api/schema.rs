//! What a description says of one value, as far as wrong values can be told from it.

use std::collections::BTreeSet;

use serde_json::Value;

/// A schema with its references followed and the ways to write "or null" taken apart.
#[derive(Debug, Default)]
pub(super) struct Shape<'d> {
    /// JSON types that are taken; empty where nothing is said.
    pub(super) types: BTreeSet<&'d str>,
    /// Where there is exactly one form: it, for its limits and parts.
    pub(super) form: Option<&'d Value>,
}

/// The JSON type of a value.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

impl<'d> Shape<'d> {
    pub(super) fn of(document: &'d Value, schema: &'d Value) -> Self {
        let mut shape = Self::default();
        let mut forms = Vec::new();
        if !shape.read(document, schema, &mut forms) {
            shape.types.clear();
        }
        if let [only] = forms[..] {
            shape.form = Some(only);
        }
        shape
    }

    /// Whether everything about it was understood.
    fn read(&mut self, document: &'d Value, schema: &'d Value, forms: &mut Vec<&'d Value>) -> bool {
        if let Some(reference) = schema["$ref"].as_str() {
            let pointer = reference.strip_prefix('#').unwrap();
            return self.read(document, document.pointer(pointer).unwrap(), forms);
        }
        for several in ["oneOf", "anyOf"] {
            if let Some(variants) = schema[several].as_array() {
                // Each is read, whatever the one before it was.
                let understood: Vec<bool> = variants
                    .iter()
                    .map(|variant| self.read(document, variant, forms))
                    .collect();
                return understood.into_iter().all(|one| one);
            }
        }
        if let Some([only]) = schema["allOf"].as_array().map(Vec::as_slice) {
            return self.read(document, only, forms);
        }
        match &schema["type"] {
            Value::String(one) => {
                self.types.insert(one);
            }
            Value::Array(several) => {
                let names = several.iter().filter_map(Value::as_str);
                self.types.extend(names);
            }
            _ => return false,
        }
        if schema["type"] != "null" {
            forms.push(schema);
        }
        true
    }

    /// Whether a value of this JSON type is certainly not taken.
    pub(super) fn refuses(&self, kind: &str) -> bool {
        let is_taken = |name: &str| self.types.contains(name);
        let is_whole = kind == "integer" && is_taken("number");
        !self.types.is_empty() && !is_taken(kind) && !is_whole
    }

    /// A limit such as `maxLength`.
    pub(super) fn limit(&self, name: &str) -> Option<f64> {
        self.form?.get(name)?.as_f64()
    }

    /// The names that an object must have.
    pub(super) fn required(&self) -> BTreeSet<&'d str> {
        let names = self.form.and_then(|form| form["required"].as_array());
        let names = names.into_iter().flatten();
        names.filter_map(Value::as_str).collect()
    }

    /// What an object's member, or an array's element, must be.
    pub(super) fn part(&self, document: &'d Value, name: &str) -> Self {
        let Some(form) = self.form else {
            return Self::default();
        };
        let of_member = form["properties"].get(name);
        let schema = of_member.or_else(|| {
            form.get("additionalProperties")
                .filter(|any| any.is_object())
        });
        schema.map_or_else(Self::default, |schema| Self::of(document, schema))
    }

    pub(super) fn element(&self, document: &'d Value) -> Self {
        let schema = self.form.and_then(|form| form.get("items"));
        schema.map_or_else(Self::default, |schema| Self::of(document, schema))
    }

    /// Whether an object takes members of any name.
    pub(super) fn is_map(&self) -> bool {
        self.form.is_none_or(|form| {
            form["additionalProperties"].is_object() || form["properties"].is_null()
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn references_and_nulls_are_seen_through() {
        let document = json!({
            "name": { "type": ["string", "null"], "maxLength": 5 },
            "maybe": { "oneOf": [{ "type": "null" }, { "$ref": "#/whole" }] },
            "whole": { "type": "integer", "minimum": 1 },
            "any": {}
        });
        let shape = |name: &str| Shape::of(&document, &document[name]);
        assert!(shape("name").refuses("integer") && !shape("name").refuses("null"));
        assert_eq!(shape("name").limit("maxLength"), Some(5.0));
        assert!(shape("maybe").refuses("string") && shape("maybe").refuses("number"));
        assert_eq!(shape("maybe").limit("minimum"), Some(1.0));
        assert!(!shape("any").refuses("object"));
    }
}
