//! JSON Schemas of the files that people write, made from the types: editors complete and check with them, and
//! `structure` checks with the very same ones.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::Value;

use super::{Overlay, Stack};

/// Path from the project's root and content of each schema.
pub(crate) fn generate() -> Vec<(&'static str, String)> {
    [
        ("infra/schema/stack.schema.json", of::<Stack>()),
        ("infra/schema/environment.schema.json", of::<Overlay>()),
    ]
    .into_iter()
    .map(|(path, schema)| (path, format!("{schema:#}\n")))
    .collect()
}

/// Draft 7 is what the editors' YAML plug-ins understand best.
pub(super) fn of<T: JsonSchema>() -> Value {
    SchemaSettings::draft07()
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}
