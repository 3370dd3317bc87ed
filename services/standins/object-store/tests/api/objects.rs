//! Storing, reading, copying and deleting single objects.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::{
    primitives::{ByteStream, DateTime},
    types::{ChecksumAlgorithm, ChecksumMode, Delete, MetadataDirective, ObjectIdentifier},
};

use crate::server::{Objects, Server, code, files, refused, refused_with, status};

const HELLO_MD5: &str = "\"5d41402abc4b2a76b9719d911017c592\"";

fn body(text: &str) -> ByteStream {
    ByteStream::from(text.as_bytes().to_vec())
}

#[tokio::test]
async fn an_object_comes_back_with_everything_that_was_said_of_it() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(2_000_000_000);
    let put = client
        .put("pictures", "p/1.webp")
        .body(body("hello"))
        .content_type("image/webp")
        .cache_control("public, max-age=31536000, immutable")
        .content_encoding("identity")
        .content_disposition("inline; filename=\"1.webp\"")
        .content_language("en")
        .expires(DateTime::from(expires))
        .metadata("product", "p-1")
        .metadata("colour", "deep-blue")
        .send()
        .await
        .unwrap();
    assert_eq!(put.e_tag(), Some(HELLO_MD5));

    let got = client.get("pictures", "p/1.webp").send().await.unwrap();
    let head = client.head("pictures", "p/1.webp").send().await.unwrap();
    assert_eq!(
        (got.content_type(), head.content_type()),
        (Some("image/webp"), Some("image/webp"))
    );
    assert_eq!(
        got.cache_control(),
        Some("public, max-age=31536000, immutable")
    );
    assert_eq!(head.cache_control(), got.cache_control());
    assert_eq!(
        (got.content_encoding(), head.content_encoding()),
        (Some("identity"), Some("identity"))
    );
    assert_eq!(
        got.content_disposition(),
        Some("inline; filename=\"1.webp\"")
    );
    assert_eq!(got.content_language(), Some("en"));
    assert_eq!(got.expires_string(), Some("Wed, 18 May 2033 03:33:20 GMT"));
    assert_eq!(got.metadata(), head.metadata());
    assert_eq!(got.metadata().unwrap()["product"], "p-1");
    assert_eq!(
        (got.e_tag(), head.e_tag()),
        (Some(HELLO_MD5), Some(HELLO_MD5))
    );
    assert_eq!(
        (got.content_length(), head.content_length()),
        (Some(5), Some(5))
    );
    assert_eq!(got.last_modified(), head.last_modified());
    assert_eq!(
        got.body.collect().await.unwrap().into_bytes().as_ref(),
        b"hello"
    );
}

#[tokio::test]
async fn an_object_stored_again_is_the_new_one_with_nothing_left_of_the_old() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client
        .put("pictures", "a")
        .body(body("a much longer content"))
        .metadata("old", "yes")
        .content_type("text/plain")
        .send()
        .await
        .unwrap();
    client.store("pictures", "a", "new").await;
    let got = client.get("pictures", "a").send().await.unwrap();
    assert!(
        got.metadata()
            .is_none_or(std::collections::HashMap::is_empty)
    );
    // The SDK names this type itself when none is given.
    assert_eq!(got.content_type(), Some("application/octet-stream"));
    assert_eq!(
        got.body.collect().await.unwrap().into_bytes().as_ref(),
        b"new"
    );
    assert_eq!(files(&server.data().join("temporary")).len(), 0);
}

#[tokio::test]
async fn an_empty_object_is_an_object() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client.put("pictures", "empty").send().await.unwrap();
    let got = client.get("pictures", "empty").send().await.unwrap();
    assert_eq!(got.content_length(), Some(0));
    assert_eq!(got.body.collect().await.unwrap().into_bytes().len(), 0);
}

#[tokio::test]
async fn a_reader_that_has_the_object_already_is_told_so() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client
        .put("pictures", "a")
        .body(body("hello"))
        .cache_control("max-age=60")
        .send()
        .await
        .unwrap();

    let same = client
        .get("pictures", "a")
        .if_none_match(HELLO_MD5)
        .send()
        .await
        .unwrap_err();
    let answer = same.raw_response().unwrap();
    assert_eq!(answer.status().as_u16(), 304);
    assert_eq!(answer.headers().get("etag"), Some(HELLO_MD5));
    assert_eq!(answer.headers().get("cache-control"), Some("max-age=60"));
    assert_eq!(
        refused_with(client.head("pictures", "a").if_none_match(HELLO_MD5).send()).await,
        304
    );

    assert!(
        client
            .get("pictures", "a")
            .if_none_match("\"another\"")
            .send()
            .await
            .is_ok()
    );
    assert!(
        client
            .get("pictures", "a")
            .if_match(HELLO_MD5)
            .send()
            .await
            .is_ok()
    );
    assert_eq!(
        refused_with(client.get("pictures", "a").if_match("\"another\"").send()).await,
        412
    );
}

#[tokio::test]
async fn a_reader_may_ask_by_date_as_well() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client.store("pictures", "a", "hello").await;
    let tomorrow = DateTime::from(SystemTime::now() + Duration::from_hours(24));
    let long_ago = DateTime::from(SystemTime::now() - Duration::from_hours(24));
    assert_eq!(
        refused_with(
            client
                .get("pictures", "a")
                .if_modified_since(tomorrow)
                .send()
        )
        .await,
        304
    );
    assert!(
        client
            .get("pictures", "a")
            .if_modified_since(long_ago)
            .send()
            .await
            .is_ok()
    );
    assert_eq!(
        refused_with(
            client
                .get("pictures", "a")
                .if_unmodified_since(long_ago)
                .send()
        )
        .await,
        412
    );
}

#[tokio::test]
async fn a_write_on_a_condition_happens_only_if_it_holds() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let create = || {
        client
            .put("pictures", "a")
            .if_none_match("*")
            .body(body("hello"))
            .send()
    };
    create().await.unwrap();
    assert_eq!(refused(create()).await, "PreconditionFailed");

    let replace = |etag: &str, text: &str| {
        client
            .put("pictures", "a")
            .if_match(etag)
            .body(body(text))
            .send()
    };
    assert_eq!(
        refused(replace("\"another\"", "wrong")).await,
        "PreconditionFailed"
    );
    replace(HELLO_MD5, "changed").await.unwrap();
    assert_eq!(client.read("pictures", "a").await, b"changed");
}

#[tokio::test]
async fn of_many_who_create_an_object_at_once_one_succeeds() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let attempts = (0..16).map(|number| {
        client
            .put("pictures", "only/one")
            .if_none_match("*")
            .body(body(&format!("{number}")))
            .send()
    });
    let outcomes = futures::future::join_all(attempts).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
}

#[tokio::test]
async fn a_part_of_an_object_can_be_read() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client.store("pictures", "a", "0123456789").await;
    for (range, part, said) in [
        ("bytes=2-4", "234", "bytes 2-4/10"),
        ("bytes=7-", "789", "bytes 7-9/10"),
        ("bytes=-3", "789", "bytes 7-9/10"),
        ("bytes=8-99", "89", "bytes 8-9/10"),
    ] {
        let got = client
            .get("pictures", "a")
            .range(range)
            .send()
            .await
            .unwrap();
        assert_eq!(got.content_range(), Some(said), "{range}");
        assert_eq!(
            got.body.collect().await.unwrap().into_bytes().as_ref(),
            part.as_bytes(),
            "{range}"
        );
    }
    let beyond = client
        .get("pictures", "a")
        .range("bytes=10-")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&beyond), "InvalidRange");
    assert_eq!(status(&beyond), 416);
}

#[tokio::test]
async fn what_arrives_changed_is_refused_and_not_kept() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let wrong_md5 = client
        .put("pictures", "a")
        .body(body("hello"))
        .content_md5("AAAAAAAAAAAAAAAAAAAAAA==")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&wrong_md5), "BadDigest");
    let wrong_crc = client
        .put("pictures", "a")
        .body(body("hello"))
        .checksum_crc32("AAAAAA==")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&wrong_crc), "BadDigest");
    let no_md5 = client
        .put("pictures", "a")
        .body(body("hello"))
        .content_md5("nonsense")
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&no_md5), "InvalidDigest");
    assert_eq!(
        refused(client.get("pictures", "a").send()).await,
        "NoSuchKey"
    );
    assert_eq!(files(&server.data().join("temporary")).len(), 0);
}

#[tokio::test]
async fn every_checksum_of_the_sdk_is_checked_and_given_back() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    for algorithm in [
        ChecksumAlgorithm::Crc32,
        ChecksumAlgorithm::Crc32C,
        ChecksumAlgorithm::Crc64Nvme,
        ChecksumAlgorithm::Sha1,
        ChecksumAlgorithm::Sha256,
    ] {
        let key = algorithm.as_str().to_owned();
        client
            .put("pictures", &key)
            .body(body("hello"))
            .checksum_algorithm(algorithm)
            .send()
            .await
            .unwrap();
        // The SDK compares the checksum with what it reads.
        let got = client
            .get("pictures", &key)
            .checksum_mode(ChecksumMode::Enabled)
            .send()
            .await
            .unwrap();
        let sums = [
            got.checksum_crc32(),
            got.checksum_crc32_c(),
            got.checksum_crc64_nvme(),
            got.checksum_sha1(),
            got.checksum_sha256(),
        ];
        assert_eq!(sums.iter().flatten().count(), 1, "{key}");
        assert_eq!(
            got.body.collect().await.unwrap().into_bytes().as_ref(),
            b"hello"
        );
    }
}

#[tokio::test]
async fn metadata_beyond_two_kilobytes_is_refused() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let refused = client
        .put("pictures", "a")
        .metadata("long", "x".repeat(2048))
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&refused), "MetadataTooLarge");
}

#[tokio::test]
async fn a_copy_keeps_or_replaces_what_was_said_of_the_object() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    client
        .create_bucket()
        .bucket("archive")
        .send()
        .await
        .unwrap();
    client
        .put("pictures", "ä/1 +.png")
        .body(body("hello"))
        .content_type("image/png")
        .metadata("product", "p-1")
        .send()
        .await
        .unwrap();

    let copy = |key: &str| {
        client
            .copy("archive", key)
            .copy_source("pictures/%C3%A4/1%20%2B.png")
    };
    copy("kept").send().await.unwrap();
    let kept = client.get("archive", "kept").send().await.unwrap();
    assert_eq!(
        (kept.content_type(), kept.e_tag()),
        (Some("image/png"), Some(HELLO_MD5))
    );
    assert_eq!(kept.metadata().unwrap()["product"], "p-1");
    assert_eq!(
        kept.body.collect().await.unwrap().into_bytes().as_ref(),
        b"hello"
    );

    copy("replaced")
        .metadata_directive(MetadataDirective::Replace)
        .content_type("image/webp")
        .send()
        .await
        .unwrap();
    let replaced = client.head("archive", "replaced").send().await.unwrap();
    assert_eq!(replaced.content_type(), Some("image/webp"));
    assert!(
        replaced
            .metadata()
            .is_none_or(std::collections::HashMap::is_empty)
    );
}

#[tokio::test]
async fn an_object_copied_onto_itself_changes_what_is_said_of_it() {
    let server = Server::start();
    let client = server.bucket("archive").await;
    client.store("archive", "kept", "hello").await;
    client
        .copy("archive", "kept")
        .copy_source("archive/kept")
        .metadata_directive(MetadataDirective::Replace)
        .cache_control("no-cache")
        .send()
        .await
        .unwrap();
    let changed = client.get("archive", "kept").send().await.unwrap();
    assert_eq!(changed.cache_control(), Some("no-cache"));
    assert_eq!(
        changed.body.collect().await.unwrap().into_bytes().as_ref(),
        b"hello"
    );
}

#[tokio::test]
async fn a_copy_of_what_is_not_there_is_refused() {
    let server = Server::start();
    let client = server.bucket("archive").await;
    client.store("archive", "kept", "hello").await;
    let copy = |key: &str| client.copy("archive", key).copy_source("archive/kept");
    assert_eq!(
        refused(copy("x").copy_source("archive/absent").send()).await,
        "NoSuchKey"
    );
    assert_eq!(
        refused(copy("x").copy_source("absent/a").send()).await,
        "NoSuchBucket"
    );
    assert_eq!(
        refused(copy("x").copy_source_if_match("\"another\"").send()).await,
        "PreconditionFailed"
    );
}

#[tokio::test]
async fn deleting_leaves_no_trace_and_may_be_repeated() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    for key in ["a/b/c", "a/b/d", "e"] {
        client.store("pictures", key, "x").await;
    }
    for _ in 0..2 {
        client.delete("pictures", "a/b/c").send().await.unwrap();
    }
    assert_eq!(
        refused(client.get("pictures", "a/b/c").send()).await,
        "NoSuchKey"
    );
    assert!(client.get("pictures", "a/b/d").send().await.is_ok());

    let object = |key: &str| ObjectIdentifier::builder().key(key).build().unwrap();
    let delete = Delete::builder()
        .objects(object("a/b/d"))
        .objects(object("e"))
        .objects(object("never-there"))
        .build()
        .unwrap();
    let deleted = client
        .delete_objects()
        .bucket("pictures")
        .delete(delete)
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.deleted().len(), 3);
    assert!(deleted.errors().is_empty());
    let objects = server.data().join("buckets/pictures/objects");
    assert_eq!(
        std::fs::read_dir(objects).unwrap().count(),
        0,
        "empty folders are left"
    );
}

#[tokio::test]
async fn a_large_object_streams_through_in_little_memory() {
    let server = Server::start();
    let client = server.bucket("pictures").await;
    let large: Vec<u8> = (0..40_000_000_u32)
        .map(|number| u8::try_from(number % 251).unwrap())
        .collect();
    client
        .put("pictures", "large")
        .body(large.clone().into())
        .send()
        .await
        .unwrap();
    let got = client.get("pictures", "large").send().await.unwrap();
    assert!(
        got.body.collect().await.unwrap().into_bytes() == large,
        "the object comes back changed"
    );
    assert!(
        server.resident() < 40_000_000,
        "{} bytes are held",
        server.resident()
    );
}
