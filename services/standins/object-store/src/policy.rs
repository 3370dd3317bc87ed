//! Bucket policies, as far as they say what somebody without a key may read.
//!
//! The one key may do everything, so a policy decides over anonymous reads alone. What this server does not understand never opens
//! a bucket: an `Allow` with a `Condition` is as good as absent, a `Deny` with one always denies.

use serde::Deserialize;

#[derive(Debug)]
pub(crate) struct Policy {
    pub(crate) text: String,
    statements: Vec<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Document {
    #[serde(rename = "Version")]
    _version: Option<String>,
    #[serde(rename = "Id")]
    _id: Option<String>,
    statement: OneOrMany<Statement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Statement {
    #[serde(rename = "Sid")]
    _sid: Option<String>,
    effect: Effect,
    principal: Principal,
    action: OneOrMany<String>,
    resource: OneOrMany<String>,
    condition: Option<serde_json::Value>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Principal {
    Everyone(String),
    Accounts {
        #[serde(rename = "AWS")]
        aws: OneOrMany<String>,
    },
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    Many(Vec<T>),
    One(T),
}

const SIZE_LIMIT: usize = 20 * 1024;
const GET_OBJECT: &str = "s3:GetObject";

impl Policy {
    /// Parses a policy of this bucket. The error says what S3 would not accept.
    pub(crate) fn parse(bucket: &str, text: &str) -> Result<Self, String> {
        if text.len() > SIZE_LIMIT {
            return Err(format!(
                "a policy has at most {SIZE_LIMIT} bytes, this one has {}",
                text.len()
            ));
        }
        let document: Document =
            serde_json::from_str(text).map_err(|error| format!("this is not a policy: {error}"))?;
        let statements = document.statement.to_vec();
        if statements.is_empty() {
            return Err("a policy needs at least one statement".to_owned());
        }
        let arn = format!("arn:aws:s3:::{bucket}");
        for resource in statements
            .iter()
            .flat_map(|statement| statement.resource.as_slice())
        {
            let rest = resource.strip_prefix(arn.as_str());
            if !rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                return Err(format!(
                    "policy has invalid resource {resource}: expected {arn} or {arn}/…"
                ));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            statements,
        })
    }

    /// Whether anybody may read this object.
    pub(crate) fn allows_anonymous_read(&self, bucket: &str, key: &str) -> bool {
        let resource = format!("arn:aws:s3:::{bucket}/{key}");
        let applies = |effect| {
            self.statements
                .iter()
                .any(|statement| statement.effect == effect && statement.applies_to(&resource))
        };
        applies(Effect::Allow) && !applies(Effect::Deny)
    }
}

impl Statement {
    fn applies_to(&self, resource: &str) -> bool {
        let everyone = match &self.principal {
            Principal::Everyone(who) => who == "*",
            Principal::Accounts { aws } => aws.as_slice().iter().any(|who| who == "*"),
        };
        everyone
            && (self.condition.is_none() || self.effect == Effect::Deny)
            && self.action.as_slice().iter().any(|pattern| {
                matches_pattern(
                    &pattern.to_ascii_lowercase(),
                    &GET_OBJECT.to_ascii_lowercase(),
                )
            })
            && self
                .resource
                .as_slice()
                .iter()
                .any(|pattern| matches_pattern(pattern, resource))
    }
}

impl<T: Clone> OneOrMany<T> {
    fn as_slice(&self) -> &[T] {
        match self {
            Self::Many(all) => all,
            Self::One(one) => std::slice::from_ref(one),
        }
    }

    fn to_vec(&self) -> Vec<T> {
        self.as_slice().to_vec()
    }
}

/// Matches a pattern in which `*` stands for any text and `?` for one character, in linear space and without recursion.
pub(crate) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut seen) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while seen < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, seen));
                at += 1;
            }
            Some(char) if *char == '?' || *char == text[seen] => {
                at += 1;
                seen += 1;
            }
            _ => {
                let Some((star_at, covered)) = star else {
                    return false;
                };
                star = Some((star_at, covered + 1));
                at = star_at + 1;
                seen = covered + 1;
            }
        }
    }
    pattern[at..].iter().all(|char| *char == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> Result<Policy, String> {
        Policy::parse(
            "pictures",
            &format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#),
        )
    }

    #[test]
    fn an_allow_for_everyone_opens_what_it_names() {
        let policy = policy(r#"[{"Effect":"Allow","Principal":{"AWS":["*"]},"Action":["s3:GetObject"],"Resource":["arn:aws:s3:::pictures/open/*"]}]"#).unwrap();
        assert!(policy.allows_anonymous_read("pictures", "open/a/b.png"));
        assert!(!policy.allows_anonymous_read("pictures", "closed/a.png"));
    }

    #[test]
    fn a_deny_wins_over_an_allow() {
        let policy = policy(
            r#"[{"Effect":"Allow","Principal":"*","Action":"s3:Get*","Resource":"arn:aws:s3:::pictures/*"},
                {"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3:::pictures/secret-?/*"}]"#,
        )
        .unwrap();
        assert!(policy.allows_anonymous_read("pictures", "secret-10/a"));
        assert!(!policy.allows_anonymous_read("pictures", "secret-1/a"));
    }

    #[test]
    fn what_is_not_understood_opens_nothing() {
        let allow = |extra: &str| {
            format!(
                r#"{{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::pictures/*"{extra}}}"#
            )
        };
        assert!(
            policy(&allow(""))
                .unwrap()
                .allows_anonymous_read("pictures", "a")
        );
        let conditional = allow(r#","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#);
        assert!(
            !policy(&conditional)
                .unwrap()
                .allows_anonymous_read("pictures", "a")
        );
        assert!(policy(&allow(r#","NotAction":"s3:PutObject""#)).is_err());
        assert!(policy(r#"{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*"}"#).is_err());
    }
}
