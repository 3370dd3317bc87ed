//! What drawings can call: colours and details of the picture, shades, patterns, outlines; gradients are next door.
//!
//! A definition is asked for where it is used (`fill="{{ tube(body) }}"`), collected on the side and written once, so
//! that no drawing has to invent names that are unique in a scene of several.

use std::collections::BTreeSet;

use minijinja::{Environment, Error, ErrorKind, State, value::Value};

use crate::{
    colour::Colour,
    geometry::{Outline, Point, lathe, rounded, smooth},
    gradients,
};

/// What one evaluation collects.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    definitions: Vec<String>,
    /// The names of colours that the drawing asked for.
    pub(crate) colours: BTreeSet<String>,
    /// The names of details that it asked for.
    pub(crate) details: BTreeSet<String>,
    /// How much larger the studio shows the drawing, and which of its points comes to the middle.
    camera: Option<(f64, f64, f64)>,
}

impl Canvas {
    /// Gives the definition a name, or finds the same one again.
    pub(crate) fn define(&mut self, element: &str, attributes: &str, content: &str) -> String {
        let rest = format!("{attributes}>{content}</{element}>");
        let start = format!("<{element} id=");
        let found = self
            .definitions
            .iter()
            .position(|known| known.starts_with(&start) && known.ends_with(&rest));
        let index = found.unwrap_or_else(|| {
            self.definitions
                .push(format!("{start}\"d{}\"{rest}", self.definitions.len()));
            self.definitions.len() - 1
        });
        format!("url(#d{index})")
    }
}

/// The middle of the studio's view, in its units.
const MIDDLE: f64 = 400.0;

/// Makes everything below callable.
pub(crate) fn register(environment: &mut Environment<'static>) {
    environment.add_function("colour", part_colour);
    environment.add_function("detail", part_detail);
    environment.add_function("definitions", definitions);
    environment.add_function("camera", camera);
    environment.add_function("view", view);
    environment.add_function("pattern", pattern);
    environment.add_function("clip", clip);
    register_shades(environment);
    gradients::register(environment);
    register_outlines(environment);
}

fn register_shades(environment: &mut Environment<'static>) {
    environment.add_filter("lighter", |text: &str, amount: f64| {
        Ok::<_, Error>(read(text)?.lighter(amount).to_string())
    });
    environment.add_filter("darker", |text: &str, amount: f64| {
        Ok::<_, Error>(read(text)?.darker(amount).to_string())
    });
    environment.add_filter("mix", |text: &str, other: &str, share: f64| {
        Ok::<_, Error>(read(text)?.mix(read(other)?, share).to_string())
    });
}

fn register_outlines(environment: &mut Environment<'static>) {
    environment.add_function("lathe", |centre: f64, profile: Value, sag: f64| {
        Ok::<_, Error>(lathe(centre, &read_points(&profile)?, sag))
    });
    environment.add_function("blob", |points: Value| {
        Ok::<_, Error>(smooth(&read_points(&points)?, Outline::Closed))
    });
    environment.add_function("curve", |points: Value| {
        Ok::<_, Error>(smooth(&read_points(&points)?, Outline::Open))
    });
    environment.add_function("rounded", |points: Value, radius: f64| {
        Ok::<_, Error>(rounded(&read_points(&points)?, radius))
    });
}

/// The picture's colour of that name, or the drawing's own.
fn part_colour(state: &mut State, name: &str, own: &str) -> String {
    state
        .get_or_insert_extension_with(Canvas::default)
        .colours
        .insert(name.to_owned());
    let given = state
        .lookup("colours")
        .and_then(|colours| colours.get_attr(name).ok());
    given
        .as_ref()
        .and_then(Value::as_str)
        .unwrap_or(own)
        .to_owned()
}

/// The picture's detail of that name, or the drawing's own.
fn part_detail(state: &mut State, name: &str, own: Value) -> Value {
    state
        .get_or_insert_extension_with(Canvas::default)
        .details
        .insert(name.to_owned());
    let given = state
        .lookup("details")
        .and_then(|details| details.get_attr(name).ok());
    given.filter(|value| !value.is_undefined()).unwrap_or(own)
}

/// Every definition that was asked for so far.
fn definitions(state: &mut State) -> String {
    state
        .get_or_insert_extension_with(Canvas::default)
        .definitions
        .concat()
}

/// A drawing's own wish for how the studio frames it. Scenes, which place drawings themselves, take no notice.
fn camera(state: &mut State, scale: f64, x: f64, y: f64) -> &'static str {
    state.get_or_insert_extension_with(Canvas::default).camera = Some((scale, x, y));
    ""
}

/// The studio's transform for that.
fn view(state: &mut State) -> String {
    let camera = state.get_or_insert_extension_with(Canvas::default).camera;
    camera.map_or_else(String::new, |(scale, x, y)| {
        format!(
            "translate({MIDDLE} {MIDDLE}) scale({scale}) translate({} {})",
            -x, -y
        )
    })
}

/// A repeating tile.
fn pattern(state: &mut State, width: f64, height: f64, turn: f64, content: &str) -> String {
    let attributes = format!(
        " width=\"{width}\" height=\"{height}\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate({turn})\""
    );
    state
        .get_or_insert_extension_with(Canvas::default)
        .define("pattern", &attributes, content)
}

/// A clipping outline, for `clip-path="…"`.
fn clip(state: &mut State, path: &str) -> String {
    state.get_or_insert_extension_with(Canvas::default).define(
        "clipPath",
        "",
        &format!("<path d=\"{path}\"/>"),
    )
}

pub(crate) fn read(text: &str) -> Result<Colour, Error> {
    Colour::parse(text).ok_or_else(|| {
        Error::new(
            ErrorKind::InvalidOperation,
            format!("{text:?} is not a colour like #RRGGBB"),
        )
    })
}

/// Reads [[x, y], [x, y, extra], …].
fn read_points(value: &Value) -> Result<Vec<Point>, Error> {
    value
        .try_iter()?
        .map(|point| {
            let numbers = point
                .try_iter()?
                .map(f64::try_from)
                .collect::<Result<Vec<_>, _>>()?;
            match numbers[..] {
                [x, y] => Ok(Point { x, y, extra: None }),
                [x, y, extra] => Ok(Point {
                    x,
                    y,
                    extra: Some(extra),
                }),
                _ => Err(Error::new(
                    ErrorKind::InvalidOperation,
                    format!("{point} is not a point like [x, y]"),
                )),
            }
        })
        .collect()
}
