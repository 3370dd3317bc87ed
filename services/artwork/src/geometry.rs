//! Path data from a few points: turned shapes, smooth outlines and rounded corners, which are tedious as raw Béziers.

use std::fmt::Write;

/// A point of an outline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// The third number of a point, whose meaning depends on the function.
    pub(crate) extra: Option<f64>,
}

impl Point {
    fn minus(self, other: Self) -> (f64, f64) {
        (self.x - other.x, self.y - other.y)
    }
}

/// Whether an outline returns to its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outline {
    Open,
    Closed,
}

/// A smooth line through all points. A point with a third number is a corner.
pub(crate) fn smooth(points: &[Point], outline: Outline) -> String {
    let Some(first) = points.first() else {
        return String::new();
    };
    let mut path = format!("M{} {}", number(first.x), number(first.y));
    segments(&mut path, points, outline);
    if outline == Outline::Closed {
        path.push('Z');
    }
    path
}

/// The silhouette of something turned on a lathe around the vertical axis `centre`.
///
/// `profile` holds (radius, height) from top to bottom; a third number makes a corner. `sag` is how far the round base
/// bulges downwards, as it does when seen a little from above.
pub(crate) fn lathe(centre: f64, profile: &[Point], sag: f64) -> String {
    let side = |sign: f64| {
        move |point: &Point| Point {
            x: centre + sign * point.x,
            y: point.y,
            extra: point.extra,
        }
    };
    let right: Vec<Point> = profile.iter().map(side(1.0)).collect();
    let left: Vec<Point> = profile.iter().rev().map(side(-1.0)).collect();
    let (Some(start), Some(base)) = (right.first(), left.first()) else {
        return String::new();
    };
    let mut path = format!("M{} {}", number(start.x), number(start.y));
    segments(&mut path, &right, Outline::Open);
    let radius = (centre - base.x).abs();
    if sag > 0.0 && radius > 0.0 {
        let _ = write!(
            path,
            "A{} {} 0 0 1 {} {}",
            number(radius),
            number(sag),
            number(base.x),
            number(base.y)
        );
    } else {
        let _ = write!(path, "L{} {}", number(base.x), number(base.y));
    }
    segments(&mut path, &left, Outline::Open);
    path.push('Z');
    path
}

/// A polygon with rounded corners. A point's third number is its own radius.
pub(crate) fn rounded(points: &[Point], radius: f64) -> String {
    let mut path = String::new();
    for (index, &corner) in points.iter().enumerate() {
        let before = points[(index + points.len() - 1) % points.len()];
        let after = points[(index + 1) % points.len()];
        let reach = corner.extra.unwrap_or(radius);
        let (enter, leave) = (
            towards(corner, before, reach),
            towards(corner, after, reach),
        );
        let command = if index == 0 { 'M' } else { 'L' };
        let _ = write!(
            path,
            "{command}{} {}Q{} {} {} {}",
            number(enter.0),
            number(enter.1),
            number(corner.x),
            number(corner.y),
            number(leave.0),
            number(leave.1)
        );
    }
    path.push('Z');
    path
}

/// `distance` from `from` in the direction of `to`, but never past the middle.
fn towards(from: Point, to: Point, distance: f64) -> (f64, f64) {
    let (across, down) = to.minus(from);
    let length = across.hypot(down).max(f64::EPSILON);
    let share = (distance / length).min(0.5);
    (from.x + across * share, from.y + down * share)
}

/// Appends the Béziers that lead from the first point through the others.
fn segments(path: &mut String, points: &[Point], outline: Outline) {
    let count = points.len();
    let last = if outline == Outline::Closed {
        count
    } else {
        count.saturating_sub(1)
    };
    for index in 0..last {
        let (from, to) = (points[index], points[(index + 1) % count]);
        let (across, down) = to.minus(from);
        // A third of the segment's own length: neighbours of very different length do not overshoot.
        let handle = across.hypot(down) / 3.0;
        let leaving = direction(points, index, outline);
        let arriving = direction(points, (index + 1) % count, outline);
        let _ = write!(
            path,
            "C{} {} {} {} {} {}",
            number(from.x + leaving.0 * handle),
            number(from.y + leaving.1 * handle),
            number(to.x - arriving.0 * handle),
            number(to.y - arriving.1 * handle),
            number(to.x),
            number(to.y)
        );
    }
}

/// The unit vector along the line at a point; nothing at a corner or an end.
fn direction(points: &[Point], index: usize, outline: Outline) -> (f64, f64) {
    let count = points.len();
    let end = outline == Outline::Open && (index == 0 || index + 1 == count);
    if points[index].extra.is_some() || end {
        return (0.0, 0.0);
    }
    let (across, down) = points[(index + 1) % count].minus(points[(index + count - 1) % count]);
    let length = across.hypot(down).max(f64::EPSILON);
    (across / length, down / length)
}

/// Two decimals are a tenth of a pixel at the largest size, and the same text on every machine.
fn number(value: f64) -> String {
    let text = format!("{value:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" {
        "0".to_owned()
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(pairs: &[(f64, f64)]) -> Vec<Point> {
        pairs
            .iter()
            .map(|&(x, y)| Point { x, y, extra: None })
            .collect()
    }

    #[test]
    fn a_turned_shape_is_symmetric() {
        assert_eq!(
            lathe(100.0, &points(&[(10.0, 0.0), (10.0, 50.0)]), 5.0),
            "M110 0C110 0 110 50 110 50A10 5 0 0 1 90 50C90 50 90 0 90 0Z"
        );
    }

    #[test]
    fn rounded_corners_never_pass_the_middle_of_an_edge() {
        let path = rounded(
            &points(&[(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]),
            400.0,
        );
        assert!(path.starts_with("M0 5Q0 0 5 0L5 0Q10 0 10 5"), "{path}");
    }

    #[test]
    fn no_points_draw_nothing() {
        assert_eq!(smooth(&[], Outline::Closed), "");
        assert_eq!(lathe(0.0, &[], 1.0), "");
    }
}
