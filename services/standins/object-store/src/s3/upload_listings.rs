//! What is under way: the uploads of a bucket, and the parts of one.

use std::{
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use s3s::{
    S3Request, S3Result,
    dto::{
        ETag, ListMultipartUploadsInput, ListMultipartUploadsOutput, ListPartsInput,
        ListPartsOutput, MultipartUpload, Part,
    },
    s3_error,
};

use super::multipart::find;
use crate::{disk::blocking, object_file::Info, store::Store, uploads::Upload};

const PAGE: usize = 1000;

pub(super) async fn list_parts(
    store: &Arc<Store>,
    request: S3Request<ListPartsInput>,
) -> S3Result<ListPartsOutput> {
    let input = request.input;
    let limit = page_size(input.max_parts);
    let after = input.part_number_marker.unwrap_or_default();
    let upload = find(
        store,
        &input.bucket,
        input.upload_id.clone(),
        input.key.clone(),
    )
    .await?;
    let parts = blocking(move || upload.parts()).await?;
    let mut parts: Vec<Part> = parts
        .into_iter()
        .filter(|(number, _)| *number > after)
        .take(limit + 1)
        .map(part)
        .collect();
    let truncated = parts.len() > limit;
    parts.truncate(limit);
    let next = parts
        .last()
        .and_then(|part| part.part_number)
        .filter(|_| truncated);
    Ok(ListPartsOutput {
        bucket: Some(input.bucket),
        key: Some(input.key),
        upload_id: Some(input.upload_id),
        is_truncated: Some(truncated),
        max_parts: i32::try_from(limit).ok(),
        part_number_marker: input.part_number_marker,
        next_part_number_marker: next,
        parts: Some(parts),
        ..Default::default()
    })
}

pub(super) async fn list_multipart_uploads(
    store: &Arc<Store>,
    request: S3Request<ListMultipartUploadsInput>,
) -> S3Result<ListMultipartUploadsOutput> {
    let input = request.input;
    if input.delimiter.is_some() {
        return Err(s3_error!(
            NotImplemented,
            "Uploads cannot be listed by delimiter here"
        ));
    }
    let limit = page_size(input.max_uploads);
    let bucket = store.bucket(&input.bucket)?;
    let uploads = blocking(move || Upload::list(&bucket)).await?;
    let prefix = input.prefix.clone().unwrap_or_default();
    let mut uploads: Vec<Upload> = uploads
        .into_iter()
        .filter(|upload| upload.key.starts_with(&prefix))
        .filter(|upload| {
            input
                .key_marker
                .as_ref()
                .is_none_or(|marker| upload.key > *marker)
        })
        .take(limit + 1)
        .collect();
    let truncated = uploads.len() > limit;
    uploads.truncate(limit);
    let next = uploads.last().filter(|_| truncated);
    Ok(ListMultipartUploadsOutput {
        bucket: Some(input.bucket),
        prefix: input.prefix,
        key_marker: input.key_marker,
        is_truncated: Some(truncated),
        next_key_marker: next.map(|upload| upload.key.clone()),
        next_upload_id_marker: next.map(|upload| upload.id.clone()),
        max_uploads: i32::try_from(limit).ok(),
        uploads: Some(uploads.into_iter().map(description).collect()),
        ..Default::default()
    })
}

fn page_size(asked: Option<i32>) -> usize {
    asked
        .and_then(|number| usize::try_from(number).ok())
        .unwrap_or(PAGE)
        .clamp(1, PAGE)
}

fn part((number, info): (i32, Info)) -> Part {
    Part {
        part_number: Some(number),
        size: i64::try_from(info.size).ok(),
        last_modified: Some(info.last_modified()),
        e_tag: Some(ETag::Strong(info.etag)),
        ..Default::default()
    }
}

fn description(upload: Upload) -> MultipartUpload {
    MultipartUpload {
        initiated: Some((UNIX_EPOCH + Duration::from_secs(upload.initiated)).into()),
        key: Some(upload.key),
        upload_id: Some(upload.id),
        ..Default::default()
    }
}
