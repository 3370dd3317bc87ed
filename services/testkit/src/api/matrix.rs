//! Every operation by every kind of caller: whoever its description names is served, everybody else is refused and changes
//! nothing.

use super::{Actor, Call, Document, Operation, Subject};
use crate::Answer;

/// What `x-roles` may name. What has a colon is a permission.
const KNOWN: [&str; 7] = [
    "anonymous",
    "customer",
    "vendor",
    "admin",
    "owner",
    "seller",
    "provider",
];

/// Fails with every operation that is open to others than its description says.
pub async fn check(subject: &impl Subject) {
    let document = Document::of(&subject.client(Actor::Anonymous)).await;
    let mut wrong = Vec::new();
    for operation in document.operations() {
        wrong.extend(check_statement(&operation));
        for actor in Actor::ALL {
            let call = subject.call(&operation.id, actor).await;
            let admitted = operation.admits(actor, &call);
            let before = subject.stored().await;
            let answer = call.send(&subject.client(actor), &operation).await;
            let complaint = if admitted {
                served(&call, &answer)
            } else {
                refused(&operation, actor, &answer)
            };
            if let Some(complaint) = complaint {
                let body = String::from_utf8_lossy(&answer.body).into_owned();
                wrong.push(format!(
                    "{} as {actor:?}: {complaint}, not {}: {body}",
                    answer.request, answer.status
                ));
            }
            if call.is_used_up && answer.status.is_success() {
                // The next operation finds the caller signed in again.
                subject.call(&operation.id, actor).await;
            }
            if !admitted && subject.stored().await != before {
                let request = &answer.request;
                wrong.push(format!(
                    "{request} as {actor:?}: is refused and changes something"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Whether the statement is one that can be checked, and says the same as `security`.
fn check_statement(operation: &Operation) -> Option<String> {
    let roles = operation.roles();
    let unknown = roles
        .iter()
        .find(|role| !KNOWN.contains(role) && !role.contains(':'));
    if let Some(unknown) = unknown {
        return Some(format!("{}: nobody knows {unknown:?}", operation.id));
    }
    let security = operation.definition["security"].as_array();
    let is_open = security.is_none_or(|ways| {
        ways.iter()
            .any(|way| way.as_object().is_some_and(serde_json::Map::is_empty))
    });
    (is_open != roles.contains(&"anonymous")).then(|| {
        format!(
            "{}: `security` and `x-roles` contradict each other",
            operation.id
        )
    })
}

fn served(call: &Call, answer: &Answer) -> Option<String> {
    if call.is_good(answer) {
        return None;
    }
    let expected = call.answers.map_or("2xx".to_owned(), |one| one.to_string());
    Some(format!("its description admits them, so {expected}"))
}

/// What is somebody else's is forbidden or not there; which of them, the operation says.
fn refused(operation: &Operation, actor: Actor, answer: &Answer) -> Option<String> {
    let by_token = !operation.roles().contains(&"provider");
    let expected: &[u16] = match actor {
        Actor::Anonymous if by_token => &[401],
        _ if by_token => &[403, 404],
        _ => &[400, 401, 403],
    };
    let status = answer.status.as_u16();
    if !expected.contains(&status) {
        return Some(format!("refused with one of {expected:?}"));
    }
    if !operation.documents(status) {
        return Some("a status that its description names".to_owned());
    }
    None
}
