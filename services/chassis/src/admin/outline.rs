//! What a message says without what it says of people: numbers, ids, times and the shape stay, other texts become their length.
//!
//! Nothing is shown because of its name: a field that somebody adds tomorrow is hidden before anybody has thought of it.

use chrono::DateTime;
use serde_json::Value;
use uuid::Uuid;

/// The outline of a message. Of one that is not JSON only its length is told.
pub(super) fn outline(payload: &str) -> String {
    match serde_json::from_str::<Value>(payload) {
        Ok(mut message) => {
            hide(&mut message);
            format!("{message:#}")
        }
        Err(_) => hidden(payload),
    }
}

/// All of a message, laid out where it is JSON.
pub(super) fn whole(payload: &str) -> String {
    match serde_json::from_str::<Value>(payload) {
        Ok(message) => format!("{message:#}"),
        Err(_) => payload.to_owned(),
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::String(text) => {
            if !tells_of_nobody(text) {
                *text = hidden(text);
            }
        }
        Value::Array(values) => values.iter_mut().for_each(hide),
        Value::Object(members) => members.values_mut().for_each(hide),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn hidden(text: &str) -> String {
    format!("[text of {} characters]", text.chars().count())
}

/// An id, a time, an amount, a word in capitals such as a state or a currency, or the name of an event.
fn tells_of_nobody(text: &str) -> bool {
    let is_amount = !text.is_empty()
        && text.len() <= 12
        && text.contains('.')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let is_word = (3..=24).contains(&text.len())
        && text.contains('_')
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    let is_subject = text.starts_with("shop.")
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._".contains(&byte)
        });
    Uuid::parse_str(text).is_ok()
        || DateTime::parse_from_rfc3339(text).is_ok()
        || is_amount
        || is_word
        || is_subject
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_of_a_person_is_in_the_outline() {
        let message = json!({
            "id": "0190a000-0000-7000-8000-00000000beef",
            "type": "shop.identity.user_registered.v1",
            "time": "2026-11-21T12:00:00Z",
            "data": { "email": "ada@example.com", "firstName": "Ada", "phones": ["0123456"], "version": 3, "total": "12.50" },
        });
        let outline: Value = serde_json::from_str(&outline(&message.to_string())).unwrap();
        assert_eq!(
            outline,
            json!({
                "id": "0190a000-0000-7000-8000-00000000beef",
                "type": "shop.identity.user_registered.v1",
                "time": "2026-11-21T12:00:00Z",
                "data": {
                    "email": "[text of 15 characters]", "firstName": "[text of 3 characters]",
                    "phones": ["[text of 7 characters]"], "version": 3, "total": "12.50",
                },
            })
        );
    }

    #[test]
    fn what_is_no_json_is_not_shown() {
        assert_eq!(outline("Ada"), "[text of 3 characters]");
        assert_eq!(whole("Ada"), "Ada");
    }
}
