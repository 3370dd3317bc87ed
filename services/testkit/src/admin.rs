//! What every service offers to admins (`chassis::admin`), and that it is for nobody else.

use http::Method;

use crate::{Client, api::Call};

/// Every route, under `/api/admin/<service>`; and what an admin is answered who names a letter that does not exist.
const ROUTES: [(Method, &str, u16); 5] = [
    (Method::GET, "audit", 200),
    (Method::GET, "dead-letters", 200),
    (Method::GET, "dead-letters/0", 404),
    (Method::POST, "dead-letters/0/reveal", 404),
    (Method::POST, "dead-letters/0/replay", 404),
];

/// A call of one of these operations, if it is one; the letter is not there.
pub fn example(operation: &str) -> Option<Call> {
    match operation {
        "list_audit" | "list_dead_letters" => Some(Call::plain()),
        "get_dead_letter" | "reveal_dead_letter" | "replay_dead_letter" => {
            Some(Call::plain().with("letter", "0").answered(404))
        }
        _ => None,
    }
}

/// Whether the path of a documented operation is one of these.
pub fn is_for_admins(path: &str) -> bool {
    path.starts_with("/api/admin/")
}

/// For what has no document of its own: asserts that nobody but an admin gets an answer from them, and that an admin does.
pub async fn assert_for_admins_only(
    service: &str,
    anonymous: &Client,
    others: &[&Client],
    admin: &Client,
) {
    for (method, path, found) in ROUTES {
        let path = format!("/api/admin/{service}/{path}");
        let ask = async |client: &Client| {
            let answer = client.send(method.clone(), &path, |request| request);
            answer.await.status.as_u16()
        };
        assert_eq!(ask(anonymous).await, 401, "{method} {path} as nobody");
        for other in others {
            assert_eq!(ask(other).await, 403, "{method} {path} as no admin");
        }
        assert_eq!(ask(admin).await, found, "{method} {path} as an admin");
    }
}
