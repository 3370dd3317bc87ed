//! Listings against a model: a sorted set of keys, grouped and cut as S3's documentation says.

use std::collections::BTreeSet;

use aws_sdk_s3::{Client, types::EncodingType};

use crate::server::{Objects, Server, refused};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Clone)]
enum Item {
    Object(String),
    Prefix(String),
}

fn model(keys: &BTreeSet<String>, prefix: &str, delimiter: &str) -> Vec<Item> {
    let mut items = Vec::new();
    for key in keys.iter().filter(|key| key.starts_with(prefix)) {
        let rest = &key[prefix.len()..];
        let item = match rest.find(delimiter) {
            Some(at) if !delimiter.is_empty() => {
                Item::Prefix(format!("{prefix}{}", &rest[..at + delimiter.len()]))
            }
            _ => Item::Object(key.clone()),
        };
        if items.last() != Some(&item) {
            items.push(item);
        }
    }
    items
}

async fn list(client: &Client, prefix: &str, delimiter: &str, page_size: i32) -> Vec<Item> {
    let mut items = Vec::new();
    let mut token = None;
    loop {
        let request = client
            .list_objects_v2()
            .bucket("pictures")
            .max_keys(page_size)
            .set_continuation_token(token);
        let request = request.set_prefix((!prefix.is_empty()).then(|| prefix.to_owned()));
        let page = request
            .set_delimiter((!delimiter.is_empty()).then(|| delimiter.to_owned()))
            .send()
            .await
            .unwrap();
        let count = page.contents().len() + page.common_prefixes().len();
        assert_eq!(page.key_count(), i32::try_from(count).ok());
        assert!(count <= usize::try_from(page_size).unwrap());
        let objects = page
            .contents()
            .iter()
            .filter_map(|object| object.key())
            .map(|key| Item::Object(key.to_owned()));
        let prefixes = page
            .common_prefixes()
            .iter()
            .filter_map(|prefix| prefix.prefix())
            .map(|prefix| Item::Prefix(prefix.to_owned()));
        let mut both: Vec<_> = objects.chain(prefixes).collect();
        both.sort_by(|left, right| text(left).cmp(text(right)));
        items.append(&mut both);
        token = page.next_continuation_token;
        assert_eq!(page.is_truncated, Some(token.is_some()));
        if token.is_none() {
            return items;
        }
    }
}

fn text(item: &Item) -> &str {
    match item {
        Item::Object(text) | Item::Prefix(text) => text,
    }
}

#[tokio::test]
async fn pages_prefixes_and_delimiters_agree_with_the_model() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let long = "L".repeat(200);
    let mut keys = BTreeSet::new();
    for left in ["a", "a-", "a.", "b", "é", "z~", &long] {
        for middle in ["", "/", "/x", "/x/", "//", "-x", &long] {
            for right in ["", "1", "/2"] {
                keys.insert(format!("{left}{middle}{right}"));
            }
        }
    }
    for key in &keys {
        client.put("pictures", key).send().await.unwrap();
    }
    let in_long = format!("{long}{}", &long[..30]);
    for prefix in [
        "", "a", "a/", "a/x", "a/x/", "é", "nothing", &long, &in_long,
    ] {
        for delimiter in ["", "/", "x", "//"] {
            let expected = model(&keys, prefix, delimiter);
            for page_size in [1, 7, 1000] {
                assert_eq!(
                    list(&client, prefix, delimiter, page_size).await,
                    expected,
                    "prefix {prefix:?}, delimiter {delimiter:?}, {page_size} per page"
                );
            }
        }
    }
}

#[tokio::test]
async fn the_first_version_of_listing_and_start_after_work_alike() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    for key in ["a", "b/1", "b/2", "c", "d"] {
        client.put("pictures", key).send().await.unwrap();
    }
    let first = client
        .list_objects()
        .bucket("pictures")
        .delimiter("/")
        .max_keys(2)
        .send()
        .await
        .unwrap();
    assert_eq!(first.next_marker(), Some("b/"));
    let second = client
        .list_objects()
        .bucket("pictures")
        .delimiter("/")
        .marker("b/")
        .send()
        .await
        .unwrap();
    assert_eq!(
        second
            .contents()
            .iter()
            .filter_map(|object| object.key())
            .collect::<Vec<_>>(),
        ["c", "d"]
    );
    assert_eq!(second.common_prefixes().len(), 0);
    let after = client
        .list_objects_v2()
        .bucket("pictures")
        .start_after("b/1")
        .send()
        .await
        .unwrap();
    assert_eq!(
        after
            .contents()
            .iter()
            .filter_map(|object| object.key())
            .collect::<Vec<_>>(),
        ["b/2", "c", "d"]
    );
}

#[tokio::test]
async fn a_listing_says_what_each_object_is() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client
        .put("pictures", "a b")
        .body(b"hello".to_vec().into())
        .send()
        .await
        .unwrap();
    let plain = client
        .list_objects_v2()
        .bucket("pictures")
        .send()
        .await
        .unwrap();
    let object = &plain.contents()[0];
    assert_eq!(
        (object.size(), object.e_tag()),
        (Some(5), Some("\"5d41402abc4b2a76b9719d911017c592\""))
    );
    let encoded = client
        .list_objects_v2()
        .bucket("pictures")
        .encoding_type(EncodingType::Url)
        .send()
        .await
        .unwrap();
    assert_eq!(encoded.contents()[0].key(), Some("a%20b"));
}

#[tokio::test]
async fn bad_questions_get_an_error_that_says_why() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    assert_eq!(
        refused(
            client
                .list_objects_v2()
                .bucket("pictures")
                .continuation_token("zz")
                .send()
        )
        .await,
        "InvalidArgument"
    );
    assert_eq!(
        refused(
            client
                .list_objects_v2()
                .bucket("pictures")
                .max_keys(-1)
                .send()
        )
        .await,
        "InvalidArgument"
    );
    assert_eq!(
        refused(client.list_objects_v2().bucket("absent").send()).await,
        "NoSuchBucket"
    );
    let none = client
        .list_objects_v2()
        .bucket("pictures")
        .max_keys(0)
        .send()
        .await
        .unwrap();
    assert_eq!(
        (none.key_count(), none.is_truncated()),
        (Some(0), Some(false))
    );
}
