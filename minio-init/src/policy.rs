//! The bucket policy that lets anybody read, or nobody, without touching what it grants to named accounts.

use serde_json::{Map, Value, json};

/// The policy that a bucket should have, or none, given the one that it has.
pub(crate) fn wanted(bucket: &str, public_read: bool, current: Option<&Value>) -> Option<Value> {
    let mut statements: Vec<Value> = statements(current)
        .into_iter()
        .filter(|statement| !opens_to_everyone(statement))
        .collect();
    if public_read {
        statements.push(json!({
            "Effect": "Allow",
            "Principal": {"AWS": ["*"]},
            "Action": ["s3:GetObject"],
            "Resource": [format!("arn:aws:s3:::{bucket}/*")],
        }));
    }
    (!statements.is_empty()).then(|| json!({"Version": "2012-10-17", "Statement": statements}))
}

/// Whether two policies say the same: stores write one name where others write a list of one, and in another order.
pub(crate) fn same(left: Option<&Value>, right: Option<&Value>) -> bool {
    let normal = |policy| {
        let mut statements = statements(policy);
        statements.sort_by_cached_key(ToString::to_string);
        statements
    };
    normal(left) == normal(right)
}

fn statements(policy: Option<&Value>) -> Vec<Value> {
    let statements = match policy.and_then(|policy| policy.get("Statement")) {
        Some(Value::Array(all)) => all.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    };
    statements.into_iter().map(normal_statement).collect()
}

fn normal_statement(statement: Value) -> Value {
    let Value::Object(fields) = statement else {
        return statement;
    };
    let mut normal = Map::new();
    for (name, value) in fields {
        let value = match name.as_str() {
            "Sid" => continue,
            "Action" | "Resource" => list(value),
            "Principal" if value == "*" => json!({"AWS": ["*"]}),
            "Principal" => principal(value),
            _ => value,
        };
        normal.insert(name, value);
    }
    normal.sort_keys();
    Value::Object(normal)
}

fn principal(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(kind, names)| (kind, list(names)))
                .collect(),
        ),
        other => other,
    }
}

fn list(value: Value) -> Value {
    match value {
        Value::Array(mut all) => {
            all.sort_by_cached_key(ToString::to_string);
            Value::Array(all)
        }
        one => json!([one]),
    }
}

fn opens_to_everyone(statement: &Value) -> bool {
    let everyone = statement
        .pointer("/Principal/AWS")
        .and_then(Value::as_array)
        .is_some_and(|names| names.iter().any(|name| name == "*"));
    everyone
        && statement
            .get("Effect")
            .is_some_and(|effect| effect == "Allow")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_name_and_a_list_of_one_are_the_same() {
        let written = json!({"Version": "2012-10-17", "Statement": {"Sid": "x", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pictures/*"}});
        assert!(same(
            wanted("pictures", true, None).as_ref(),
            Some(&written)
        ));
        assert!(!same(
            wanted("pictures", false, None).as_ref(),
            Some(&written)
        ));
    }

    #[test]
    fn what_named_accounts_may_do_is_kept() {
        let account = json!({"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::1:root"}, "Action": "s3:*", "Resource": "arn:aws:s3:::pictures/*"});
        let open = json!({"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::pictures/*"});
        let current = json!({"Statement": [account, open]});
        let private = wanted("pictures", false, Some(&current)).unwrap();
        assert!(same(Some(&private), Some(&json!({"Statement": [account]}))));
    }
}
