//! Gradients that make flat shapes look round, metallic or lit: the light comes from the upper left in every picture.

use std::fmt::Write;

use minijinja::{Environment, Error, ErrorKind, State, value::Value};

use crate::{
    colour::Colour,
    paint::{Canvas, read},
};

/// A stop: offset, colour, opacity.
type Stop = (f64, Colour, f64);

/// Makes everything below callable from drawings.
pub(crate) fn register(environment: &mut Environment<'static>) {
    // Round and upright: lit from the left, a little light coming back on the right.
    environment.add_function("tube", |state: &mut State, text: &str| {
        shaded(state, 0.0, text, &tube_stops)
    });
    // Round and lying: lit from above.
    environment.add_function("roll", |state: &mut State, text: &str| {
        shaded(state, 90.0, text, &tube_stops)
    });
    // Polished metal, upright.
    environment.add_function("metal", |state: &mut State, text: &str| {
        shaded(state, 0.0, text, &metal_stops)
    });
    // Polished metal, lying.
    environment.add_function("bar", |state: &mut State, text: &str| {
        shaded(state, 90.0, text, &metal_stops)
    });
    // Flat, facing us: a little lighter towards the lamp.
    environment.add_function("slab", |state: &mut State, text: &str| {
        shaded(state, 52.0, text, &slab_stops)
    });
    // Lit from above, flat or bulging.
    environment.add_function("down", |state: &mut State, text: &str| {
        shaded(state, 90.0, text, &down_stops)
    });
    environment.add_function("dome", dome);
    environment.add_function("between", between);
    environment.add_function("fade", fade);
    environment.add_function("glow", glow);
    // Any stops: [[offset, colour, opacity], …].
    environment.add_function("linear", |state: &mut State, angle: f64, stops: Value| {
        Ok::<_, Error>(linear(state, angle, &read_stops(&stops)?))
    });
    environment.add_function(
        "radial",
        |state: &mut State, attributes: &str, stops: Value| {
            Ok::<_, Error>(radial(state, attributes, &read_stops(&stops)?))
        },
    );
}

/// Shades of one colour along a direction.
fn shaded<const N: usize>(
    state: &mut State,
    angle: f64,
    text: &str,
    stops: &dyn Fn(Colour) -> [Stop; N],
) -> Result<String, Error> {
    Ok(linear(state, angle, &stops(read(text)?)))
}

/// Round in every direction.
fn dome(state: &mut State, text: &str) -> Result<String, Error> {
    let colour = read(text)?;
    let stops = [
        (0.0, colour.lighter(0.34), 1.0),
        (0.35, colour.lighter(0.1), 1.0),
        (0.62, colour, 1.0),
        (1.0, colour.darker(0.28), 1.0),
    ];
    Ok(radial(state, "cx=\"0.36\" cy=\"0.3\" r=\"0.82\"", &stops))
}

/// One colour into another at an angle (degrees; 0 = left to right, 90 = downwards).
fn between(state: &mut State, from: &str, to: &str, angle: f64) -> Result<String, Error> {
    let stops = [(0.0, read(from)?, 1.0), (1.0, read(to)?, 1.0)];
    Ok(linear(state, angle, &stops))
}

/// One colour from an opacity to another at an angle.
fn fade(state: &mut State, text: &str, from: f64, to: f64, angle: f64) -> Result<String, Error> {
    let colour = read(text)?;
    Ok(linear(
        state,
        angle,
        &[(0.0, colour, from), (1.0, colour, to)],
    ))
}

/// A soft spot that vanishes at its edge.
fn glow(state: &mut State, text: &str, opacity: f64) -> Result<String, Error> {
    let colour = read(text)?;
    let falloff = [
        (0.0, 1.0),
        (0.35, 0.72),
        (0.6, 0.34),
        (0.8, 0.11),
        (1.0, 0.0),
    ];
    let stops = falloff.map(|(offset, share)| (offset, colour, opacity * share));
    Ok(radial(state, "cx=\"0.5\" cy=\"0.5\" r=\"0.5\"", &stops))
}

fn linear(state: &mut State, angle: f64, stops: &[Stop]) -> String {
    let (sine, cosine) = angle.to_radians().sin_cos();
    // The gradient spans the box along its direction, whatever the angle.
    let reach = f64::midpoint(sine.abs(), cosine.abs());
    let attributes = format!(
        " x1=\"{:.4}\" y1=\"{:.4}\" x2=\"{:.4}\" y2=\"{:.4}\"",
        0.5 - cosine * reach,
        0.5 - sine * reach,
        0.5 + cosine * reach,
        0.5 + sine * reach
    );
    let content = written(stops);
    state.get_or_insert_extension_with(Canvas::default).define(
        "linearGradient",
        &attributes,
        &content,
    )
}

fn radial(state: &mut State, attributes: &str, stops: &[Stop]) -> String {
    let content = written(stops);
    state.get_or_insert_extension_with(Canvas::default).define(
        "radialGradient",
        &format!(" {attributes}"),
        &content,
    )
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

fn slab_stops(colour: Colour) -> [Stop; 3] {
    [
        (0.0, colour.lighter(0.14), 1.0),
        (0.5, colour, 1.0),
        (1.0, colour.darker(0.1), 1.0),
    ]
}

fn down_stops(colour: Colour) -> [Stop; 3] {
    [
        (0.0, colour.lighter(0.18), 1.0),
        (0.45, colour, 1.0),
        (1.0, colour.darker(0.17), 1.0),
    ]
}

fn written(stops: &[Stop]) -> String {
    let mut text = String::new();
    for (offset, colour, opacity) in stops {
        // Writing to a string cannot fail.
        let _ = write!(
            text,
            "<stop offset=\"{offset}\" stop-color=\"{colour}\" stop-opacity=\"{opacity:.3}\"/>"
        );
    }
    text
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
            Ok((
                f64::try_from(offset.clone())?,
                colour,
                f64::try_from(opacity.clone())?,
            ))
        })
        .collect()
}
