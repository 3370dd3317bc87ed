//! Uploads in parts.

use aws_sdk_s3::{
    Client,
    types::{CompletedMultipartUpload, CompletedPart},
};

use crate::server::{Objects, Server, code, files, refused};

const PART: usize = 5 * 1024 * 1024;

async fn begin(client: &Client, key: &str) -> String {
    let upload = client
        .create_multipart_upload()
        .bucket("documents")
        .key(key)
        .content_type("video/mp4")
        .metadata("made-by", "parts")
        .send()
        .await
        .unwrap();
    upload.upload_id.unwrap()
}

async fn upload(
    client: &Client,
    key: &str,
    id: &str,
    number: i32,
    content: Vec<u8>,
) -> CompletedPart {
    let part = client
        .upload_part()
        .bucket("documents")
        .key(key)
        .upload_id(id)
        .part_number(number)
        .body(content.into())
        .send()
        .await
        .unwrap();
    CompletedPart::builder()
        .part_number(number)
        .set_e_tag(part.e_tag)
        .build()
}

fn completed(parts: Vec<CompletedPart>) -> CompletedMultipartUpload {
    CompletedMultipartUpload::builder()
        .set_parts(Some(parts))
        .build()
}

/// How many uploads the bucket says are under way.
async fn under_way(client: &Client) -> usize {
    let listed = client
        .list_multipart_uploads()
        .bucket("documents")
        .send()
        .await;
    listed.unwrap().uploads().len()
}

#[tokio::test]
async fn parts_become_one_object() {
    let server = Server::start();
    let client = server.bucket("documents").await;
    let id = begin(&client, "film").await;
    let (first, last) = (vec![1; PART], vec![2; 1000]);
    // Numbers may have gaps, and parts may come in any order and more than once.
    let part_9 = upload(&client, "film", &id, 9, last.clone()).await;
    upload(&client, "film", &id, 3, vec![7; 10]).await;
    let part_3 = upload(&client, "film", &id, 3, first.clone()).await;
    let listed = client
        .list_parts()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    assert_eq!(
        listed
            .parts()
            .iter()
            .filter_map(|part| Some((part.part_number()?, part.size()?)))
            .collect::<Vec<_>>(),
        [(3, 5_242_880), (9, 1000)]
    );
    assert_eq!(under_way(&client).await, 1);
    assert!(
        client.head("documents", "film").send().await.is_err(),
        "the object exists before it is complete"
    );

    let complete = client
        .complete_multipart_upload()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .multipart_upload(completed(vec![part_3, part_9]))
        .send()
        .await
        .unwrap();
    assert!(
        complete.e_tag().unwrap().ends_with("-2\""),
        "{:?}",
        complete.e_tag()
    );
    let got = client.get("documents", "film").send().await.unwrap();
    assert_eq!(
        (
            got.content_type(),
            got.metadata().unwrap()["made-by"].as_str()
        ),
        (Some("video/mp4"), "parts")
    );
    assert_eq!(got.e_tag(), complete.e_tag());
    assert!(got.body.collect().await.unwrap().into_bytes() == [first, last].concat());
    assert_eq!(under_way(&client).await, 0);
    assert_eq!(
        files(&server.data().join("buckets/documents/uploads")).len(),
        0
    );
}

#[tokio::test]
async fn an_upload_survives_a_restart_between_its_parts() {
    let server = Server::start();
    let client = server.bucket("documents").await;
    let id = begin(&client, "film").await;
    let first = upload(&client, "film", &id, 1, vec![1; PART]).await;
    let server = server.restart();
    let client = server.client();
    let second = upload(&client, "film", &id, 2, vec![2; 1]).await;
    client
        .complete_multipart_upload()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .multipart_upload(completed(vec![first, second]))
        .send()
        .await
        .unwrap();
    assert_eq!(
        client
            .head("documents", "film")
            .send()
            .await
            .unwrap()
            .content_length(),
        Some(5_242_881)
    );
}

#[tokio::test]
async fn what_is_not_complete_cannot_be_completed() {
    let server = Server::start();
    let client = server.bucket("documents").await;
    let id = begin(&client, "film").await;
    let small = upload(&client, "film", &id, 1, vec![1; 10]).await;
    let other = upload(&client, "film", &id, 2, vec![2; 10]).await;
    let complete = |key: &str, id: &str, parts| {
        client
            .complete_multipart_upload()
            .bucket("documents")
            .key(key)
            .upload_id(id)
            .multipart_upload(completed(parts))
            .send()
    };

    assert_eq!(
        refused(complete("film", &id, vec![small.clone(), other.clone()])).await,
        "EntityTooSmall"
    );
    assert_eq!(
        refused(complete("film", &id, vec![other.clone(), small.clone()])).await,
        "InvalidPartOrder"
    );
    assert_eq!(refused(complete("film", &id, vec![])).await, "MalformedXML");
    let wrong_etag = CompletedPart::builder()
        .part_number(1)
        .e_tag("\"another\"")
        .build();
    assert_eq!(
        refused(complete("film", &id, vec![wrong_etag])).await,
        "InvalidPart"
    );
    let absent = CompletedPart::builder()
        .part_number(5)
        .e_tag("\"x\"")
        .build();
    assert_eq!(
        refused(complete("film", &id, vec![absent])).await,
        "InvalidPart"
    );
    assert_eq!(
        refused(complete("another-key", &id, vec![small.clone()])).await,
        "NoSuchUpload"
    );

    // After all that, the upload is as good as before.
    complete("film", &id, vec![small]).await.unwrap();
}

#[tokio::test]
async fn a_part_needs_an_upload_and_a_number_in_bounds() {
    let server = Server::start();
    let client = server.bucket("documents").await;
    let id = begin(&client, "film").await;
    for wrong_id in ["../../../lock", "00000000-0000-0000-0000-000000000000", ""] {
        let refused = client
            .upload_part()
            .bucket("documents")
            .key("film")
            .upload_id(wrong_id)
            .part_number(1)
            .body(vec![1].into())
            .send()
            .await;
        assert!(refused.is_err(), "{wrong_id}");
    }
    let too_many = client
        .upload_part()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .part_number(10_001)
        .body(vec![1].into())
        .send()
        .await
        .unwrap_err();
    assert_eq!(code(&too_many), "InvalidArgument");
}

#[tokio::test]
async fn an_aborted_upload_leaves_nothing() {
    let server = Server::start();
    let client = server.bucket("documents").await;
    let id = begin(&client, "film").await;
    let part = upload(&client, "film", &id, 1, vec![1; 10]).await;
    client
        .abort_multipart_upload()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .send()
        .await
        .unwrap();
    let complete = client
        .complete_multipart_upload()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .multipart_upload(completed(vec![part]))
        .send()
        .await;
    assert_eq!(code(&complete.unwrap_err()), "NoSuchUpload");
    assert_eq!(
        files(&server.data().join("buckets/documents/uploads")).len(),
        0
    );
}

#[tokio::test]
async fn a_part_may_be_copied_from_another_object() {
    let server = Server::start();
    let client = server.bucket("documents").await;
    client
        .put("documents", "source")
        .body(b"0123456789".to_vec().into())
        .send()
        .await
        .unwrap();
    let id = begin(&client, "film").await;
    let copy = client
        .upload_part_copy()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .part_number(1)
        .copy_source("documents/source")
        .copy_source_range("bytes=2-5")
        .send()
        .await
        .unwrap();
    let part = CompletedPart::builder()
        .part_number(1)
        .set_e_tag(copy.copy_part_result.unwrap().e_tag)
        .build();
    client
        .complete_multipart_upload()
        .bucket("documents")
        .key("film")
        .upload_id(&id)
        .multipart_upload(completed(vec![part]))
        .send()
        .await
        .unwrap();
    assert_eq!(client.read("documents", "film").await, b"2345");
}
