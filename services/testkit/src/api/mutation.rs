//! Bodies that are wrong in one place: each place of a good body, in each way that its schema lets us know to be wrong, and in
//! ways that have broken servers before.

use rand::{Rng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Map, Value, json};

use super::schema::{Shape, type_of};

/// A step into a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Member(String),
    Element(usize),
}

/// A body with one thing wrong.
#[derive(Debug)]
pub(super) struct Mutation {
    pub(super) what: String,
    pub(super) body: Value,
    /// Where the schema says that it is wrong: the field that must be named.
    pub(super) refused: Option<String>,
}

/// Where in a body something is, what is there, and what should be.
struct Place<'d, 'b> {
    path: Vec<Step>,
    value: &'b Value,
    shape: Shape<'d>,
}

/// As [`crate::Answer::expect_problem`] returns fields: `items[0].quantity`.
fn field(path: &[Step]) -> String {
    let mut field = String::new();
    for step in path {
        match step {
            Step::Member(name) if field.is_empty() => field.push_str(name),
            Step::Member(name) => {
                field.push('.');
                field.push_str(name);
            }
            Step::Element(index) => {
                field.push('[');
                field.push_str(&index.to_string());
                field.push(']');
            }
        }
    }
    field
}

/// One of each value that may be wrong somewhere.
fn junk() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.5),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e308),
        json!(-1e-308),
        json!(""),
        json!(" "),
        json!("x"),
        json!("\u{0}"),
        json!("a\u{0}b"),
        json!("\u{202e}\u{feff}"),
        json!("'; drop table orders; --"),
        json!("{{7*7}}<script>"),
        json!("NaN"),
        json!("-0"),
        json!("1e400"),
        json!("0190a000-0000-7000-8000-000000000000"),
        json!("9999-12-31T23:59:60Z"),
        json!("\u{10ffff}".repeat(400)),
        json!("x".repeat(20_000)),
        json!([]),
        json!([null]),
        json!([[[[[[]]]]]]),
        json!({}),
        json!({ "": null }),
        json!({ "surprise": { "a": [1] } }),
    ]
}

/// Every body that is wrong in one place.
pub(super) fn one_by_one(document: &Value, schema: &Value, good: &Value) -> Vec<Mutation> {
    let mut places = Vec::new();
    collect(
        document,
        Vec::new(),
        good,
        Shape::of(document, schema),
        &mut places,
    );
    let mut mutations = Vec::new();
    for place in &places {
        replace(good, place, &mut mutations);
        limits(good, place, &mut mutations);
        if let Value::Object(members) = place.value {
            remove(good, place, members, &mut mutations);
            add_unknown(good, place, &mut mutations);
        }
    }
    mutations
}

/// A body that is wrong in up to three places, which nobody has thought of.
pub(super) fn at_random(good: &Value, random: &mut StdRng) -> Mutation {
    let mut body = good.clone();
    let mut what = Vec::new();
    for _ in 0..random.random_range(1..=3) {
        let mut paths = Vec::new();
        paths_of(&body, Vec::new(), &mut paths);
        let path = paths.choose(random).unwrap().clone();
        let value = junk().choose(random).unwrap().clone();
        what.push(format!("{} = {}", field(&path), brief(&value)));
        *at(&mut body, &path) = value;
    }
    Mutation {
        what: what.join(", "),
        body,
        refused: None,
    }
}

fn brief(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 {
        return text;
    }
    let start: String = text.chars().take(20).collect();
    format!("{start}… ({} bytes)", text.len())
}

fn collect<'d, 'b>(
    document: &'d Value,
    path: Vec<Step>,
    value: &'b Value,
    shape: Shape<'d>,
    places: &mut Vec<Place<'d, 'b>>,
) {
    let inside = |step: Step| [path.as_slice(), &[step]].concat();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let part = shape.part(document, name);
                collect(
                    document,
                    inside(Step::Member(name.clone())),
                    member,
                    part,
                    places,
                );
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                let part = shape.element(document);
                collect(
                    document,
                    inside(Step::Element(index)),
                    element,
                    part,
                    places,
                );
            }
        }
        _ => {}
    }
    places.push(Place { path, value, shape });
}

fn paths_of(value: &Value, path: Vec<Step>, paths: &mut Vec<Vec<Step>>) {
    let inside = |step: Step| [path.as_slice(), &[step]].concat();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                paths_of(member, inside(Step::Member(name.clone())), paths);
            }
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                paths_of(element, inside(Step::Element(index)), paths);
            }
        }
        _ => {}
    }
    paths.push(path);
}

fn at<'b>(body: &'b mut Value, path: &[Step]) -> &'b mut Value {
    path.iter().fold(body, |value, step| match step {
        Step::Member(name) => &mut value[name],
        Step::Element(index) => &mut value[*index],
    })
}

fn with(good: &Value, path: &[Step], value: Value) -> Value {
    let mut body = good.clone();
    *at(&mut body, path) = value;
    body
}

fn replace(good: &Value, place: &Place<'_, '_>, mutations: &mut Vec<Mutation>) {
    let name = field(&place.path);
    for value in junk() {
        let is_refused = place.shape.refuses(type_of(&value));
        mutations.push(Mutation {
            what: format!("{name} = {}", brief(&value)),
            body: with(good, &place.path, value),
            refused: is_refused.then(|| name.clone()),
        });
    }
}

/// One beyond each limit that the schema states.
fn limits(good: &Value, place: &Place<'_, '_>, mutations: &mut Vec<Mutation>) {
    let name = field(&place.path);
    let limit = |keyword: &str| place.shape.limit(keyword);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "lengths in schemas are small whole numbers"
    )]
    let size = |limit: f64| limit as usize;
    let mut beyond = Vec::new();
    if place.value.is_string() {
        beyond.extend(limit("maxLength").map(|most| json!("x".repeat(size(most) + 1))));
        beyond.extend(
            limit("minLength")
                .filter(|least| *least >= 1.0)
                .map(|_| json!("")),
        );
    }
    if place.value.is_number() {
        #[expect(clippy::cast_possible_truncation, reason = "limits of whole numbers")]
        let whole = |limit: f64| limit as i64;
        beyond.extend(limit("maximum").map(|most| json!(whole(most).saturating_add(1))));
        beyond.extend(limit("minimum").map(|least| json!(whole(least).saturating_sub(1))));
    }
    if let Value::Array(elements) = place.value {
        beyond.extend(
            limit("minItems")
                .filter(|least| *least >= 1.0)
                .map(|_| json!([])),
        );
        if let (Some(most), Some(first)) = (limit("maxItems"), elements.first()) {
            beyond.push(Value::Array(vec![first.clone(); size(most) + 1]));
        }
    }
    if place.shape.form.is_some_and(|form| form["enum"].is_array()) {
        beyond.push(json!("no such thing"));
    }
    for value in beyond {
        mutations.push(Mutation {
            what: format!("{name} = {}, beyond its limit", brief(&value)),
            body: with(good, &place.path, value),
            refused: Some(name.clone()),
        });
    }
}

fn remove(
    good: &Value,
    place: &Place<'_, '_>,
    members: &Map<String, Value>,
    mutations: &mut Vec<Mutation>,
) {
    let required = place.shape.required();
    for member in members.keys() {
        let mut fewer = members.clone();
        fewer.remove(member);
        let path = [place.path.as_slice(), &[Step::Member(member.clone())]].concat();
        let name = field(&path);
        mutations.push(Mutation {
            what: format!("{name} is missing"),
            body: with(good, &place.path, Value::Object(fewer)),
            refused: required.contains(member.as_str()).then_some(name),
        });
    }
}

/// Nothing is taken that is not understood: neither `role` nor `total` nor what comes to somebody's mind.
fn add_unknown(good: &Value, place: &Place<'_, '_>, mutations: &mut Vec<Mutation>) {
    for name in ["surprise", "role", "total", "state", "__proto__"] {
        if place.shape.is_map()
            || place
                .shape
                .form
                .is_some_and(|form| !form["properties"][name].is_null())
        {
            continue;
        }
        let path = [place.path.as_slice(), &[Step::Member(name.to_owned())]].concat();
        let mut body = good.clone();
        at(&mut body, &place.path)[name] = json!("admin");
        mutations.push(Mutation {
            what: format!("{} is added", field(&path)),
            body,
            refused: Some(field(&path)),
        });
    }
}
