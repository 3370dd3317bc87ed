//! What drawings can call: colours and details of the picture, shades, gradients for volume, and outlines.
//!
//! A gradient is asked for where it is used (`fill="{{ tube(body) }}"`); its definition is collected on the side and
//! written once, so that no drawing has to invent names that are unique in a scene of several.

use std::collections::BTreeSet;

use minijinja::{Environment, Error, ErrorKind, State, value::Value};

use crate::{
    colour::Colour,
    geometry::{Outline, Point, lathe, rounded, smooth},
};

/// What one evaluation collects.
#[derive(Debug, Default)]
pub(crate) struct Canvas {
    definitions: Vec<String>,
    /// The names of colours that the drawing asked for.
    pub(crate) colours: BTreeSet<String>,
    /// The names of details that it asked for.
    pub(crate) details: BTreeSet<String>,
}

impl Canvas {
    /// Gives the definition a name, or finds the same one again.
    fn define(&mut self, element: &str, attributes: &str, content: &str) -> String {
        let rest = format!("{attributes}>{content}</{element}>");
        let start = format!("<{element} id=");
        let found = self.definitions.iter().position(|known| known.starts_with(&start) && known.ends_with(&rest));
        let index = found.unwrap_or_else(|| {
            self.definitions.push(format!("{start}\"d{}\"{rest}", self.definitions.len()));
            self.definitions.len() - 1
        });
        format!("url(#d{index})")
    }
}

/// A stop: offset, colour, opacity.
type Stop = (f64, Colour, f64);

/// Makes everything below callable.
pub(crate) fn register(environment: &mut Environment<'static>) {
    environment.add_function("colour", part_colour);
    environment.add_function("detail", part_detail);
    environment.add_function("definitions", definitions);
    environment.add_function("pattern", pattern);
    environment.add_function("clip", clip);
    register_shades(environment);
    register_gradients(environment);
    register_outlines(environment);
}

fn register_shades(environment: &mut Environment<'static>) {
    environment.add_filter("lighter", |text: &str, amount: f64| Ok::<_, Error>(read(text)?.lighter(amount).to_string()));
    environment.add_filter("darker", |text: &str, amount: f64| Ok::<_, Error>(read(text)?.darker(amount).to_string()));
    environment.add_filter("mix", |text: &str, other: &str, share: f64| {
        Ok::<_, Error>(read(text)?.mix(read(other)?, share).to_string())
    });
}

fn register_gradients(environment: &mut Environment<'static>) {
    // Round and upright: lit from the left, a little light coming back on the right.
    environment.add_function("tube", |state: &mut State, text: &str| {
        let colour = read(text)?;
        Ok::<_, Error>(linear(state, 0.0, &tube_stops(colour)))
    });
    // Round and lying: lit from above.
    environment.add_function("roll", |state: &mut State, text: &str| {
        let colour = read(text)?;
        Ok::<_, Error>(linear(state, 90.0, &tube_stops(colour)))
    });
    // Polished metal, upright.
    environment.add_function("metal", |state: &mut State, text: &str| {
        let colour = read(text)?;
        Ok::<_, Error>(linear(state, 0.0, &metal_stops(colour)))
    });
    // Polished metal, lying.
    environment.add_function("bar", |state: &mut State, text: &str| {
        let colour = read(text)?;
        Ok::<_, Error>(linear(state, 90.0, &metal_stops(colour)))
    });
    // Flat, facing us: a little lighter towards the lamp.
    environment.add_function("slab", |state: &mut State, text: &str| {
        let colour = read(text)?;
        let stops = [(0.0, colour.lighter(0.14), 1.0), (0.5, colour, 1.0), (1.0, colour.darker(0.1), 1.0)];
        Ok::<_, Error>(linear(state, 52.0, &stops))
    });
    // Lit from above, flat or bulging.
    environment.add_function("down", |state: &mut State, text: &str| {
        let colour = read(text)?;
        let stops = [(0.0, colour.lighter(0.18), 1.0), (0.45, colour, 1.0), (1.0, colour.darker(0.17), 1.0)];
        Ok::<_, Error>(linear(state, 90.0, &stops))
    });
    // Round in every direction.
    environment.add_function("dome", |state: &mut State, text: &str| {
        let colour = read(text)?;
        let stops = [
            (0.0, colour.lighter(0.34), 1.0),
            (0.35, colour.lighter(0.1), 1.0),
            (0.62, colour, 1.0),
            (1.0, colour.darker(0.28), 1.0),
        ];
        Ok::<_, Error>(radial(state, "cx=\"0.36\" cy=\"0.3\" r=\"0.82\"", &stops))
    });
    // One colour into another at an angle (degrees; 0 = left to right, 90 = downwards).
    environment.add_function("between", |state: &mut State, from: &str, to: &str, angle: f64| {
        let stops = [(0.0, read(from)?, 1.0), (1.0, read(to)?, 1.0)];
        Ok::<_, Error>(linear(state, angle, &stops))
    });
    // One colour from an opacity to another at an angle.
    environment.add_function("fade", |state: &mut State, text: &str, from: f64, to: f64, angle: f64| {
        let colour = read(text)?;
        Ok::<_, Error>(linear(state, angle, &[(0.0, colour, from), (1.0, colour, to)]))
    });
    // A soft spot that vanishes at its edge.
    environment.add_function("glow", |state: &mut State, text: &str, opacity: f64| {
        let colour = read(text)?;
        let falloff = [(0.0, 1.0), (0.35, 0.72), (0.6, 0.34), (0.8, 0.11), (1.0, 0.0)];
        let stops = falloff.map(|(offset, share)| (offset, colour, opacity * share));
        Ok::<_, Error>(radial(state, "cx=\"0.5\" cy=\"0.5\" r=\"0.5\"", &stops))
    });
    // Any stops: [[offset, colour, opacity], …].
    environment.add_function("linear", |state: &mut State, angle: f64, stops: Value| {
        Ok::<_, Error>(linear(state, angle, &read_stops(&stops)?))
    });
    environment.add_function("radial", |state: &mut State, attributes: &str, stops: Value| {
        Ok::<_, Error>(radial(state, attributes, &read_stops(&stops)?))
    });
}

fn register_outlines(environment: &mut Environment<'static>) {
    environment.add_function("lathe", |centre: f64, profile: Value, sag: f64| {
        Ok::<_, Error>(lathe(centre, &read_points(&profile)?, sag))
    });
    environment.add_function("blob", |points: Value| Ok::<_, Error>(smooth(&read_points(&points)?, Outline::Closed)));
    environment.add_function("curve", |points: Value| Ok::<_, Error>(smooth(&read_points(&points)?, Outline::Open)));
    environment.add_function("rounded", |points: Value, radius: f64| {
        Ok::<_, Error>(rounded(&read_points(&points)?, radius))
    });
}

/// The picture's colour of that name, or the drawing's own.
fn part_colour(state: &mut State, name: &str, own: &str) -> String {
    state.get_or_insert_extension_with(Canvas::default).colours.insert(name.to_owned());
    let given = state.lookup("colours").and_then(|colours| colours.get_attr(name).ok());
    given.as_ref().and_then(Value::as_str).unwrap_or(own).to_owned()
}

/// The picture's detail of that name, or the drawing's own.
fn part_detail(state: &mut State, name: &str, own: Value) -> Value {
    state.get_or_insert_extension_with(Canvas::default).details.insert(name.to_owned());
    let given = state.lookup("details").and_then(|details| details.get_attr(name).ok());
    given.filter(|value| !value.is_undefined()).unwrap_or(own)
}

/// Every definition that was asked for so far.
fn definitions(state: &mut State) -> String {
    state.get_or_insert_extension_with(Canvas::default).definitions.concat()
}

/// A repeating tile.
fn pattern(state: &mut State, width: f64, height: f64, turn: f64, content: &str) -> String {
    let attributes = format!(
        " width=\"{width}\" height=\"{height}\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate({turn})\""
    );
    state.get_or_insert_extension_with(Canvas::default).define("pattern", &attributes, content)
}

/// A clipping outline, for `clip-path="…"`.
fn clip(state: &mut State, path: &str) -> String {
    state.get_or_insert_extension_with(Canvas::default).define("clipPath", "", &format!("<path d=\"{path}\"/>"))
}

fn linear(state: &mut State, angle: f64, stops: &[Stop]) -> String {
    let (sine, cosine) = angle.to_radians().sin_cos();
    // The gradient spans the box along its direction, whatever the angle.
    let reach = (sine.abs() + cosine.abs()) / 2.0;
    let attributes = format!(
        " x1=\"{:.4}\" y1=\"{:.4}\" x2=\"{:.4}\" y2=\"{:.4}\"",
        0.5 - cosine * reach,
        0.5 - sine * reach,
        0.5 + cosine * reach,
        0.5 + sine * reach
    );
    let content = written(stops);
    state.get_or_insert_extension_with(Canvas::default).define("linearGradient", &attributes, &content)
}

fn radial(state: &mut State, attributes: &str, stops: &[Stop]) -> String {
    let content = written(stops);
    state.get_or_insert_extension_with(Canvas::default).define("radialGradient", &format!(" {attributes}"), &content)
}

fn tube_stops(colour: Colour) -> [Stop; 7] {
    [
        (0.0, colour.darker(0.15), 1.0),
        (0.1, colour.darker(0.02), 1.0),
        (0.27, colour.lighter(0.24), 1.0),
        (0.46, colour.lighter(0.02), 1.0),
        (0.78, colour.darker(0.2), 1.0),
        (0.93, colour.darker(0.27), 1.0),
        (1.0, colour.darker(0.18), 1.0),
    ]
}

fn metal_stops(colour: Colour) -> [Stop; 8] {
    [
        (0.0, colour.darker(0.3), 1.0),
        (0.1, colour.darker(0.06), 1.0),
        (0.24, colour.lighter(0.62), 1.0),
        (0.36, colour.lighter(0.12), 1.0),
        (0.58, colour.darker(0.18), 1.0),
        (0.8, colour.darker(0.38), 1.0),
        (0.92, colour.darker(0.08), 1.0),
        (1.0, colour.darker(0.28), 1.0),
    ]
}

fn written(stops: &[Stop]) -> String {
    stops
        .iter()
        .map(|(offset, colour, opacity)| {
            format!("<stop offset=\"{offset}\" stop-color=\"{colour}\" stop-opacity=\"{opacity:.3}\"/>")
        })
        .collect()
}

fn read(text: &str) -> Result<Colour, Error> {
    Colour::parse(text)
        .ok_or_else(|| Error::new(ErrorKind::InvalidOperation, format!("{text:?} is not a colour like #RRGGBB")))
}

/// Reads [[offset, colour, opacity], …].
fn read_stops(stops: &Value) -> Result<Vec<Stop>, Error> {
    stops
        .try_iter()?
        .map(|stop| {
            let parts: Vec<Value> = stop.try_iter()?.collect();
            let [offset, colour, opacity] = &parts[..] else {
                let message = format!("{stop} is not a stop like [offset, colour, opacity]");
                return Err(Error::new(ErrorKind::InvalidOperation, message));
            };
            let colour = read(colour.as_str().unwrap_or_default())?;
            Ok((f64::try_from(offset.clone())?, colour, f64::try_from(opacity.clone())?))
        })
        .collect()
}

/// Reads [[x, y], [x, y, extra], …].
fn read_points(value: &Value) -> Result<Vec<Point>, Error> {
    value
        .try_iter()?
        .map(|point| {
            let numbers = point.try_iter()?.map(f64::try_from).collect::<Result<Vec<_>, _>>()?;
            match numbers[..] {
                [x, y] => Ok(Point { x, y, extra: None }),
                [x, y, extra] => Ok(Point { x, y, extra: Some(extra) }),
                _ => Err(Error::new(ErrorKind::InvalidOperation, format!("{point} is not a point like [x, y]"))),
            }
        })
        .collect()
}
