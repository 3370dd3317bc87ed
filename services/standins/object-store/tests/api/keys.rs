//! Keys that try to be something else.

use aws_sdk_s3::primitives::ByteStream;

use crate::server::{Objects, Server, code, files, refused};

/// What a careless server would take for paths, names of its own, or nothing.
const ODD: [&str; 25] = [
    "..",
    "../..",
    "../../escaped",
    "a/../../b",
    "./a",
    ".hidden",
    "a//b",
    "a/",
    "/a",
    "//",
    "%2e%2e/%2e%2e/x",
    "..%2f..%2fx",
    "a b+c&d=e?f#g",
    "ünïcödé/日本語/🦀",
    "a\\b",
    "con",
    "quote\"'<>",
    "trailing.",
    "%",
    "%+",
    "%2F",
    "a%2F",
    "tab\there",
    "lock",
    "bucket.json",
];

#[tokio::test]
async fn any_text_is_a_key_and_nothing_more() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let long_part = "n".repeat(700);
    let keys = ODD
        .iter()
        .copied()
        .chain([long_part.as_str()])
        .collect::<Vec<_>>();
    for key in keys.iter().copied() {
        client
            .put("pictures", key)
            .body(ByteStream::from(key.as_bytes().to_vec()))
            .send()
            .await
            .unwrap_or_else(|error| panic!("{key}: {error:?}"));
    }
    for key in keys.iter().copied() {
        let got = client
            .get("pictures", key)
            .send()
            .await
            .unwrap_or_else(|error| panic!("{key}: {error:?}"));
        assert_eq!(
            got.body.collect().await.unwrap().into_bytes().as_ref(),
            key.as_bytes()
        );
    }
    let mut expected = keys.clone();
    expected.sort_unstable();
    let listed = client
        .list_objects_v2()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    assert_eq!(
        listed
            .contents()
            .iter()
            .filter_map(|object| object.key())
            .collect::<Vec<_>>(),
        expected
    );

    // Nothing is anywhere but in the bucket's own folder.
    let outside: Vec<_> = files(server.home().path())
        .into_iter()
        .filter(|path| !path.starts_with("data/buckets/pictures"))
        .collect();
    assert_eq!(
        outside,
        [
            std::path::Path::new("data/lock"),
            std::path::Path::new("key")
        ]
    );
    for key in keys.iter().copied() {
        client.delete("pictures", key).send().await.unwrap();
    }
    assert_eq!(
        client
            .list_objects_v2()
            .bucket("pictures")
            .send()
            .await
            .unwrap()
            .contents()
            .len(),
        0
    );
}

#[tokio::test]
async fn an_object_may_bear_the_name_of_a_folder() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    for key in ["a", "a/b", "a/b/c", "a/"] {
        client
            .put("pictures", key)
            .body(ByteStream::from(key.as_bytes().to_vec()))
            .send()
            .await
            .unwrap();
    }
    client.delete("pictures", "a/b").send().await.unwrap();
    for key in ["a", "a/b/c", "a/"] {
        assert_eq!(client.read("pictures", key).await, key.as_bytes());
    }
}

#[tokio::test]
async fn the_longest_keys_are_kept_and_longer_ones_refused() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    for key in [
        "k".repeat(1024),
        "é".repeat(512),
        "a/".repeat(512),
        "/k".repeat(512),
        "~".repeat(1024),
    ] {
        client
            .put("pictures", &key)
            .body(ByteStream::from_static(b"x"))
            .send()
            .await
            .unwrap_or_else(|error| panic!("{key}: {error:?}"));
        assert!(client.head("pictures", &key).send().await.is_ok());
    }
    let too_long = client
        .put("pictures", "k".repeat(1025))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&too_long), "KeyTooLongError");
    // Within S3's limit, but beyond what a path may be: an error of S3, not a fault of the server.
    let too_deep = client
        .put("pictures", "/".repeat(1024))
        .body(ByteStream::from_static(b"x"))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&too_deep), "KeyTooLongError");
    assert_eq!(
        refused(client.get("pictures", "/".repeat(1024)).send()).await,
        "NoSuchKey"
    );
}

#[test]
fn a_raw_path_that_climbs_reaches_nothing() {
    let server = Server::start();
    for path in [
        "/../key",
        "/pictures/../../key",
        "/%2e%2e/%2e%2e/key",
        "/pictures/%2e%2e%2f%2e%2e%2fkey",
        "//etc/passwd",
        "/pictures/..%00/key",
        "/%ff%fe",
        "/pictures/%",
    ] {
        let answer = server.raw(&format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ));
        assert!(answer.starts_with("HTTP/1.1 4"), "{path}: {answer}");
        assert!(
            !answer.contains(crate::server::SECRET_KEY) && !answer.contains("root:"),
            "{path}: {answer}"
        );
    }
}
