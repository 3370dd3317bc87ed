//! The drawings that exist, and the template environment in which they are evaluated.

use std::sync::LazyLock;

use minijinja::{AutoEscape, Environment, UndefinedBehavior};

use crate::paint;

/// A template of `drawings/`, embedded by the build script.
pub(crate) struct Source {
    /// The folder: which tint the studio takes, and whether it is a scene.
    pub(crate) theme: &'static str,
    pub(crate) name: &'static str,
    text: &'static str,
}

/// Scenes fill a 16:9 frame and paint their own background.
pub(crate) const SCENES: &str = "scenes";
/// What other templates import; nothing that can be drawn.
const SHARED: &str = "shared";

static SOURCES: &[Source] = &include!(concat!(env!("OUT_DIR"), "/drawings.rs"));

/// The names of everything square that can be drawn, in alphabetical order within each theme.
pub fn drawings() -> impl Iterator<Item = &'static str> {
    SOURCES
        .iter()
        .filter(|source| source.theme != SCENES && source.theme != SHARED)
        .map(|source| source.name)
}

/// The names of the 16:9 scenes.
pub fn scenes() -> impl Iterator<Item = &'static str> {
    SOURCES
        .iter()
        .filter(|source| source.theme == SCENES)
        .map(|source| source.name)
}

/// The drawing or scene called `name`.
pub(crate) fn find(name: &str) -> Option<&'static Source> {
    SOURCES
        .iter()
        .find(|source| source.name == name && source.theme != SHARED)
}

/// All templates, parsed once.
pub(crate) static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    paint::register(&mut environment);
    for source in SOURCES {
        environment
            .add_template(source.name, source.text)
            .unwrap_or_else(|error| {
                panic!("BUG: drawing {} does not parse: {error:#}", source.name)
            });
    }
    environment
});
