//! What can be wrong with a picture's description, each with what would be right.

use std::fmt::Write;

/// Why a picture could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such file in `drawings/`.
    #[error("there is no drawing called {name:?}{}", suggestion(name, known))]
    UnknownDrawing {
        /// As given.
        name: String,
        /// All drawings and scenes.
        known: Vec<String>,
    },
    /// The drawing never asks for this colour.
    #[error(
        "drawing {drawing:?} has no colour called {name:?}{}",
        suggestion(name, known)
    )]
    UnknownColour {
        /// The drawing's name.
        drawing: String,
        /// As given.
        name: String,
        /// The names that it asks for.
        known: Vec<String>,
    },
    /// The drawing never asks for this detail.
    #[error(
        "drawing {drawing:?} has no detail called {name:?}{}",
        suggestion(name, known)
    )]
    UnknownDetail {
        /// The drawing's name.
        drawing: String,
        /// As given.
        name: String,
        /// The names that it asks for.
        known: Vec<String>,
    },
    /// Not a colour.
    #[error("{value:?} is not a colour ({part} of drawing {drawing:?}): write #RRGGBB")]
    BadColour {
        /// The drawing's name.
        drawing: String,
        /// Which colour.
        part: String,
        /// As given.
        value: String,
    },
    /// Neither a named backdrop nor a colour.
    #[error(
        "there is no backdrop called {name:?}{}; #RRGGBB works too",
        suggestion(name, known)
    )]
    UnknownBackdrop {
        /// As given.
        name: String,
        /// The names.
        known: Vec<String>,
    },
    /// The template could not be evaluated with these details.
    #[error("drawing {drawing:?} cannot be composed")]
    Template {
        /// The drawing's name.
        drawing: String,
        /// What minijinja says.
        source: minijinja::Error,
    },
    /// The template's output is not SVG.
    #[error("drawing {drawing:?} does not give valid SVG")]
    Svg {
        /// The drawing's name.
        drawing: String,
        /// What usvg says.
        source: resvg::usvg::Error,
    },
    /// The encoder gave up.
    #[error("drawing {drawing:?} cannot be encoded")]
    Encode {
        /// The drawing's name.
        drawing: String,
        /// What the encoder says.
        source: jpeg_encoder::EncodingError,
    },
}

/// "; did you mean …" when something is close, otherwise the whole list.
fn suggestion(name: &str, known: &[String]) -> String {
    let mut text = String::new();
    let closest = known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 3));
    if let Some((_, candidate)) = closest {
        let _ = write!(text, "; did you mean {candidate:?}?");
    } else if known.is_empty() {
        text.push_str("; it has none");
    } else {
        let _ = write!(text, "; there are {}", known.join(", "));
    }
    text
}
