//! From a picture's description to one SVG document: the drawing in its studio, or a scene.

use std::collections::BTreeMap;

use minijinja::{context, value::Value};

use crate::{
    Error, Picture,
    colour::Colour,
    library::{self, ENVIRONMENT, SCENES, Source},
    paint::Canvas,
    picture::Detail,
};

/// The studio's tints by name. Light and unsaturated: the goods are what has colour.
const BACKDROPS: [(&str, &str); 10] = [
    ("sand", "#E9DECC"),
    ("clay", "#E6CDBB"),
    ("rose", "#E8D0CC"),
    ("butter", "#EEDFB4"),
    ("sage", "#CFD9C4"),
    ("moss", "#C2CCAF"),
    ("mist", "#CBD6DA"),
    ("sky", "#C4D5E2"),
    ("lilac", "#D6D0E0"),
    ("stone", "#D9D6D0"),
];

/// The tint that a drawing's folder has by itself.
const THEMES: [(&str, &str); 8] = [
    ("kitchen", "sand"),
    ("coffee", "clay"),
    ("home", "rose"),
    ("desk", "mist"),
    ("electronics", "stone"),
    ("outdoor", "sky"),
    ("clothing", "butter"),
    ("garden", "sage"),
];

/// A finished vector document.
pub(crate) struct Document {
    pub(crate) drawing: String,
    pub(crate) svg: String,
    /// Width and height of the view, in the drawing's units.
    pub(crate) view: (f32, f32),
}

/// The SVG document that [`crate::render`] rasterises, to look at in an editor.
///
/// # Errors
/// As [`crate::render`].
pub fn svg(picture: &Picture) -> Result<String, Error> {
    compose(picture).map(|document| document.svg)
}

pub(crate) fn compose(picture: &Picture) -> Result<Document, Error> {
    let source = library::find(&picture.drawing).ok_or_else(|| Error::UnknownDrawing {
        name: picture.drawing.clone(),
        known: library::drawings()
            .chain(library::scenes())
            .map(str::to_owned)
            .collect(),
    })?;
    for (part, value) in &picture.colours {
        if Colour::parse(value).is_none() {
            return Err(Error::BadColour {
                drawing: picture.drawing.clone(),
                part: part.clone(),
                value: value.clone(),
            });
        }
    }
    let scene = source.theme == SCENES;
    let backdrop = backdrop(picture, source)?;
    let failed = |error| Error::Template {
        drawing: picture.drawing.clone(),
        source: error,
    };
    let details: BTreeMap<String, Value> = picture
        .details
        .iter()
        .map(|(name, detail)| (name.clone(), value_of(detail)))
        .collect();
    let captured = ENVIRONMENT
        .get_template(if scene { "stage" } else { "studio" })
        .and_then(|frame| {
            frame.render_captured(context! {
                drawing => source.name,
                backdrop => backdrop,
                colours => Value::from(picture.colours.clone()),
                details => Value::from(details),
            })
        })
        .map_err(failed)?;
    if let Some(canvas) = captured.state().get_extension::<Canvas>() {
        check_names(picture, canvas)?;
    }
    let view = if scene {
        (1600.0, 900.0)
    } else {
        (800.0, 800.0)
    };
    Ok(Document {
        drawing: picture.drawing.clone(),
        svg: captured.into_output(),
        view,
    })
}

fn backdrop(picture: &Picture, source: &Source) -> Result<String, Error> {
    let own = || {
        THEMES
            .iter()
            .find(|(theme, _)| *theme == source.theme)
            .map_or("sand", |(_, tint)| tint)
    };
    let name = picture.backdrop.as_deref().unwrap_or_else(own);
    if Colour::parse(name).is_some() {
        return Ok(name.to_owned());
    }
    BACKDROPS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, colour)| (*colour).to_owned())
        .ok_or_else(|| Error::UnknownBackdrop {
            name: name.to_owned(),
            known: BACKDROPS
                .iter()
                .map(|(known, _)| (*known).to_owned())
                .collect(),
        })
}

/// A colour or detail that the drawing never asked for is a spelling mistake that would otherwise pass unseen.
fn check_names(picture: &Picture, canvas: &Canvas) -> Result<(), Error> {
    if let Some(name) = picture
        .colours
        .keys()
        .find(|name| !canvas.colours.contains(*name))
    {
        return Err(Error::UnknownColour {
            drawing: picture.drawing.clone(),
            name: name.clone(),
            known: canvas.colours.iter().cloned().collect(),
        });
    }
    if let Some(name) = picture
        .details
        .keys()
        .find(|name| !canvas.details.contains(*name))
    {
        return Err(Error::UnknownDetail {
            drawing: picture.drawing.clone(),
            name: name.clone(),
            known: canvas.details.iter().cloned().collect(),
        });
    }
    Ok(())
}

fn value_of(detail: &Detail) -> Value {
    match detail {
        Detail::Flag(flag) => Value::from(*flag),
        Detail::Number(number) => Value::from(*number),
        Detail::Text(text) => Value::from(text.as_str()),
    }
}
