//! What somebody who wants a picture says about it: the public, deserialisable description.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A drawing and what is particular about this use of it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// The name of a drawing, as listed by [`crate::drawings`] and [`crate::scenes`].
    pub drawing: String,
    /// The studio's tint: a name such as `clay` or a colour such as `#E8DED2`. Scenes bring their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backdrop: Option<String>,
    /// Colours by the names that the drawing gives its parts, each `#RRGGBB`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub colours: BTreeMap<String, String>,
    /// Everything else that the drawing can vary.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub details: BTreeMap<String, Detail>,
}

/// One value of [`Picture::details`].
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(untagged)]
pub enum Detail {
    /// Switches a part on or off.
    Flag(bool),
    /// A proportion or a count.
    Number(f64),
    /// A choice between named forms.
    Text(String),
}

impl Picture {
    /// The drawing as its author left it.
    pub fn new(drawing: &str) -> Self {
        Self {
            drawing: drawing.to_owned(),
            backdrop: None,
            colours: BTreeMap::new(),
            details: BTreeMap::new(),
        }
    }

    /// The same picture with some colours replaced: how a variant differs from its product.
    #[must_use]
    pub fn recoloured(&self, colours: &BTreeMap<String, String>) -> Self {
        let mut picture = self.clone();
        picture.colours.extend(
            colours
                .iter()
                .map(|(name, colour)| (name.clone(), colour.clone())),
        );
        picture
    }
}
