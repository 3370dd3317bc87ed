//! Wrong input for every operation: never a failure of ours, always a problem of a known kind that its description names,
//! and the field named where the description says what is wrong with it.

use rand::{SeedableRng as _, rngs::StdRng};
use serde_json::Value;

use super::{
    Actor, Call, Document, Operation, Promises, Subject,
    attempts::{Attempt, Expected, attempts},
};
use crate::Answer;

/// Sets another seed than the one that is always tried.
const SEED: &str = "FUZZ_SEED";
/// What the server may answer any request with, before the operation is reached or behind it.
const EVERYWHERE: [u16; 4] = [405, 408, 413, 415];

/// Tries everything that is wrong, with a printed seed for what is left to chance.
pub async fn check(subject: &impl Subject, promises: &Promises) {
    let seed = seed();
    let mut random = StdRng::seed_from_u64(seed);
    let document = Document::of(&subject.client(Actor::Anonymous)).await;
    let (mut wrong, mut requests) = (Vec::new(), 0);
    for operation in document.operations() {
        let (actor, good) = admitted(subject, &operation).await;
        let mut fresh = good.clone();
        for mut attempt in attempts(&document.0, &operation, &good, &mut random) {
            if attempt.call.parameters == good.parameters {
                attempt.call.parameters.clone_from(&fresh.parameters);
            }
            let caller = if attempt.is_anonymous {
                Actor::Anonymous
            } else {
                actor
            };
            let answer = attempt.call.send(&subject.client(caller), &operation).await;
            requests += 1;
            if answer.status.is_success() && good.is_used_up {
                fresh = subject.call(&operation.id, actor).await;
            }
            if let Some(complaint) = judge(&operation, promises, &attempt, &answer) {
                let body: String = String::from_utf8_lossy(&answer.body)
                    .chars()
                    .take(300)
                    .collect();
                wrong.push(format!(
                    "{} {} with {}: {complaint}; it answered {} {body}",
                    operation.method, operation.path, attempt.what, answer.status
                ));
            }
        }
    }
    let summary = format!("{requests} requests, seed {seed} (again with {SEED}={seed})");
    report(&summary);
    let shown = wrong
        .iter()
        .take(60)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    assert!(
        wrong.is_empty(),
        "{} of {summary} were answered wrongly:\n{shown}",
        wrong.len()
    );
}

#[expect(
    clippy::print_stderr,
    reason = "the seed is what a failure is repeated with"
)]
fn report(summary: &str) {
    eprintln!("fuzz: {summary}");
}

fn seed() -> u64 {
    let text = std::env::var_os(SEED);
    let text = text.map(|text| text.to_string_lossy().into_owned());
    text.map_or(20_261, |text| text.parse().expect("FUZZ_SEED is a number"))
}

/// Somebody who may call the operation, and a call that works.
async fn admitted(subject: &impl Subject, operation: &Operation) -> (Actor, Call) {
    for actor in [Actor::Customer, Actor::Vendor, Actor::Admin] {
        let call = subject.call(&operation.id, actor).await;
        if operation.admits(actor, &call) {
            return (actor, call);
        }
    }
    let call = subject.call(&operation.id, Actor::Anonymous).await;
    (Actor::Anonymous, call)
}

fn judge(
    operation: &Operation,
    promises: &Promises,
    attempt: &Attempt,
    answer: &Answer,
) -> Option<String> {
    let status = answer.status.as_u16();
    if status >= 500 {
        return Some("a failure of ours".to_owned());
    }
    let fields = match proper(promises, answer) {
        Ok(fields) => fields,
        Err(complaint) => return Some(complaint),
    };
    // A path that is no text is refused before anybody looks what it leads to.
    let is_unreadable = status == 400 && matches!(attempt.expected, Expected::Refused);
    let is_known = EVERYWHERE.contains(&status) || is_unreadable;
    if status >= 400 && !operation.documents(status) && !is_known {
        return Some("a status that the description does not name".to_owned());
    }
    match &attempt.expected {
        Expected::AnythingProper => None,
        Expected::Refused => (status < 400).then(|| "it should be refused".to_owned()),
        Expected::Status(expected) => {
            (status != *expected).then(|| format!("{expected} is expected"))
        }
        Expected::Field(field) if status == 400 => {
            let is_named = fields.iter().any(|named| names(named, field));
            (!is_named).then(|| format!("it should name {field:?}, and names {fields:?}"))
        }
        Expected::Field(field) => Some(format!("a 400 that names {field:?} is expected")),
    }
}

/// Whether one is the other, or within it.
fn names(named: &str, field: &str) -> bool {
    field.is_empty()
        || (!named.is_empty() && (named.starts_with(field) || field.starts_with(named)))
}

/// Whether an error is a problem as our documents describe it; the fields that it names.
fn proper(promises: &Promises, answer: &Answer) -> Result<Vec<String>, String> {
    if answer.status.as_u16() < 400 {
        return Ok(Vec::new());
    }
    let content_type = answer.header("content-type");
    if content_type != "application/problem+json" {
        return Err(format!("it is of type {content_type:?}"));
    }
    let problem: Value = serde_json::from_slice(&answer.body).map_err(|error| error.to_string())?;
    let known = promises.problems.iter().any(|kind| {
        problem["type"] == format!("/problems/{}", kind.slug)
            && problem["title"] == kind.title
            && problem["status"] == kind.status
            && answer.status == kind.status
    });
    if !known {
        return Err("it is no kind of problem that the service declares".to_owned());
    }
    if problem["requestId"] != answer.header("x-request-id") || !problem["detail"].is_string() {
        return Err("it has no detail, or not the id of its request".to_owned());
    }
    let errors = problem["errors"].as_array().into_iter().flatten();
    let field = |error: &Value| error["field"].as_str().map(ToOwned::to_owned);
    errors
        .map(|error| field(error).ok_or_else(|| "an error has no field".to_owned()))
        .collect()
}
