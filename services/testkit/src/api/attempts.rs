//! What is wrong with a request that works: one thing at a time, in each place where one can be wrong.

use http::{HeaderName, HeaderValue, Method};
use rand::{Rng as _, rngs::StdRng};
use serde_json::{Value, json};

use super::{
    Body, Call, Operation,
    mutation::{self, Mutation},
    schema::Shape,
};

/// Bodies that are wrong by chance, for each operation.
const RANDOM_BODIES: usize = 40;
/// Instead of an id, a slug, or whatever else a path takes; as they stand in a URL.
const BAD_PARAMETERS: [&str; 14] = [
    "x",
    "0",
    "-1",
    "%00",
    "%FF%FE",
    "..%2F..%2Fetc%2Fpasswd",
    "%20",
    "99999999999999999999999999",
    "0190a000-0000-7000-8000-000000000000",
    "0190a000-0000-7000-8000-00000000000g",
    "%27%20or%201%3D1--",
    "%F0%9F%92%A9",
    "null",
    "%C0%AF",
];

/// A request with something wrong in it.
pub(super) struct Attempt {
    pub(super) what: String,
    pub(super) call: Call,
    /// Without a token, or with the right one.
    pub(super) is_anonymous: bool,
    pub(super) expected: Expected,
}

pub(super) enum Expected {
    /// It may be taken; refused, it is refused well.
    AnythingProper,
    /// A 4xx.
    Refused,
    /// This status.
    Status(u16),
    /// A 400 that names this.
    Field(String),
}

/// Everything that is wrong with a call that works.
pub(super) fn attempts(
    document: &Value,
    operation: &Operation,
    good: &Call,
    random: &mut StdRng,
) -> Vec<Attempt> {
    let mut attempts = Attempts {
        good,
        list: Vec::new(),
    };
    attempts.paths(operation);
    attempts.queries(document, operation);
    attempts.headers(operation);
    let content = &operation.definition["requestBody"]["content"];
    let is_required = operation.definition["requestBody"]["required"] == true;
    if let Body::Json(body) = &good.body {
        attempts.raw_bodies(is_required, operation.documents(413));
        let schema = &content["application/json"]["schema"];
        attempts.bodies(document, schema, body, random);
    } else if operation.method != Method::GET {
        attempts.foreign_bodies(!content.is_null());
    }
    attempts.list
}

/// The attempts at one operation.
struct Attempts<'c> {
    good: &'c Call,
    list: Vec<Attempt>,
}

impl Attempts<'_> {
    fn add(&mut self, what: impl Into<String>, change: impl FnOnce(&mut Call)) -> &mut Attempt {
        let mut call = self.good.clone();
        change(&mut call);
        self.list.push(Attempt {
            what: what.into(),
            call,
            is_anonymous: false,
            expected: Expected::AnythingProper,
        });
        self.list.last_mut().unwrap()
    }

    fn paths(&mut self, operation: &Operation) {
        let long = "a".repeat(4_000);
        for parameter in operation.parameters("path") {
            let name = parameter["name"].as_str().unwrap();
            for value in BAD_PARAMETERS.into_iter().chain([long.as_str()]) {
                let change = |call: &mut Call| {
                    let found = call.parameters.iter_mut().find(|(known, _)| known == name);
                    value.clone_into(&mut found.unwrap().1);
                };
                let what = format!("{{{name}}} = {value:.60}");
                self.add(what, change).expected = Expected::Refused;
            }
        }
    }

    fn queries(&mut self, document: &Value, operation: &Operation) {
        let parameters: Vec<&Value> = operation.parameters("query").collect();
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap();
            let name = name.replace("<key>", "%00");
            let is_number = Shape::of(document, &parameter["schema"])
                .types
                .contains("integer");
            for value in [
                "",
                "x",
                "1.5",
                "99999999999999999999",
                "%00",
                "%FF",
                "-1e9",
                "%27",
            ] {
                let query = format!("{name}={value}");
                let attempt = self.add(format!("?{query}"), |call| call.query = query);
                if is_number {
                    attempt.expected = Expected::Field(name.clone());
                }
            }
            let long = format!("{name}={}", "%F0%9F%92%A9".repeat(300));
            self.add(format!("a long {name}"), |call| call.query = long);
            if is_number {
                let twice = format!("{name}=1&{name}=1");
                self.add(format!("?{twice}"), |call| call.query = twice)
                    .expected = Expected::Field(name.clone());
            }
        }
        let unknown = self.add("?surprise=1", |call| {
            "surprise=1".clone_into(&mut call.query);
        });
        if !parameters.is_empty() {
            unknown.expected = Expected::Field("surprise".to_owned());
        }
        self.add("a query that is none", |call| {
            "&&=%&?#%ZZ=1".clone_into(&mut call.query);
        });
    }

    fn headers(&mut self, operation: &Operation) {
        let values: [&[u8]; 7] = [
            b"",
            b"\"\"",
            b"a b",
            b"\"",
            b"\xff\xfe",
            "ключ".as_bytes(),
            &[b'k'; 256],
        ];
        for parameter in operation.parameters("header") {
            let name = parameter["name"].as_str().unwrap();
            let header: HeaderName = name.to_lowercase().parse().unwrap();
            for value in values {
                let value = HeaderValue::from_bytes(value).unwrap();
                let attempt = self.add(format!("{name}: {value:?}"), |call| {
                    call.headers.retain(|(known, _)| *known != header);
                    call.headers.push((header.clone(), value));
                });
                if name == "Idempotency-Key" {
                    attempt.expected = Expected::Field(name.to_owned());
                }
            }
        }
        let needs_token = !operation.roles().contains(&"anonymous");
        for token in [
            &b"Bearer x.y.z"[..],
            b"Bearer",
            b"Basic eDp5",
            b"\xff",
            b"Bearer \xf0\x9f",
        ] {
            let value = HeaderValue::from_bytes(token).unwrap();
            let attempt = self.add(format!("Authorization: {value:?}"), |call| {
                call.headers.push((http::header::AUTHORIZATION, value));
            });
            attempt.is_anonymous = true;
            if needs_token && !operation.roles().contains(&"provider") {
                attempt.expected = Expected::Status(401);
            }
        }
        self.add("Cookie: argosy_access=\\xff; ;;=", |call| {
            let value = HeaderValue::from_bytes(b"argosy_access=\xff; ;;=").unwrap();
            call.headers.push((http::header::COOKIE, value));
        });
    }

    /// Bodies that are not even JSON, or no object.
    fn raw_bodies(&mut self, is_required: bool, has_own_limit: bool) {
        let mut raw = |what: &str, content_type: Option<&'static str>, body: &[u8], status| {
            let content_type = content_type.map(HeaderValue::from_static);
            let body = Body::Raw(content_type, body.to_vec());
            self.add(what, |call| call.body = body).expected = status;
        };
        let json = Some("application/json");
        let when_asked_for = |status| {
            if is_required {
                Expected::Status(status)
            } else {
                Expected::AnythingProper
            }
        };
        raw("no body", json, b"", when_asked_for(400));
        raw("null", json, b"null", when_asked_for(400));
        raw("no content type", None, b"{}", when_asked_for(415));
        raw(
            "a form",
            Some("application/x-www-form-urlencoded"),
            b"a=1",
            when_asked_for(415),
        );
        raw("plain text", Some("text/plain"), b"{}", when_asked_for(415));
        for text in [
            "{",
            "[]",
            "1",
            "\"text\"",
            "{} x",
            "{\"a\":1,}",
            "{'a':1}",
            "\u{feff}{}",
        ] {
            raw(
                &format!("the body {text}"),
                json,
                text.as_bytes(),
                Expected::Status(400),
            );
        }
        let arrays = "[".repeat(20_000);
        let objects = "{\"a\":".repeat(8_000);
        let malformed: [(&str, &[u8]); 4] = [
            ("bad UTF-8", b"{\"a\":\"\xff\xfe\"}"),
            ("half a surrogate", br#"{"a":"\ud800"}"#),
            ("20000 arrays", arrays.as_bytes()),
            ("8000 objects", objects.as_bytes()),
        ];
        for (what, body) in malformed {
            raw(what, json, body, Expected::Status(400));
        }
        let large = json!({ "a": "x".repeat(64 * 1024) }).to_string();
        raw(
            "a body of more than 64 KiB",
            json,
            large.as_bytes(),
            if has_own_limit {
                Expected::Refused
            } else {
                Expected::Status(413)
            },
        );
    }

    /// Where no JSON is asked for.
    fn foreign_bodies(&mut self, is_something_asked_for: bool) {
        for (content_type, body) in [
            (None, &b""[..]),
            (None, b"{"),
            (Some("application/json"), b"{\"surprise\":1}"),
            (Some("image/png"), b"\x89PNG\r\n\x1a\n"),
            (Some("multipart/form-data; boundary=x"), b"--x\r\n"),
        ] {
            let content_type = content_type.map(HeaderValue::from_static);
            let what = format!("{content_type:?} {}", String::from_utf8_lossy(body));
            let body = Body::Raw(content_type, body.to_vec());
            let attempt = self.add(what, |call| call.body = body);
            if is_something_asked_for {
                attempt.expected = Expected::Refused;
            }
        }
    }

    fn bodies(&mut self, document: &Value, schema: &Value, good: &Value, random: &mut StdRng) {
        if let Some((name, value)) = good.as_object().and_then(|members| members.iter().next()) {
            let twice = format!("{{{0}:{value},{0}:{value}}}", json!(name));
            let json = Some(HeaderValue::from_static("application/json"));
            let body = Body::Raw(json, twice.into_bytes());
            self.add(format!("{name} twice"), |call| call.body = body)
                .expected = Expected::Field(name.clone());
        }
        let systematic = mutation::one_by_one(document, schema, good);
        let by_chance: Vec<Mutation> = (0..RANDOM_BODIES)
            .map(|_| mutation::at_random(good, random))
            .collect();
        // What comes first decides what state later ones meet: that is left to chance too.
        let mut all: Vec<Mutation> = systematic.into_iter().chain(by_chance).collect();
        for last in (1..all.len()).rev() {
            all.swap(last, random.random_range(0..=last));
        }
        for Mutation {
            what,
            body,
            refused,
        } in all
        {
            let attempt = self.add(what, |call| call.body = Body::Json(body));
            if let Some(field) = refused {
                attempt.expected = Expected::Field(field);
            }
        }
    }
}
