//! Uploads in parts.

use std::{io, path::PathBuf, sync::Arc};

use s3s::{
    S3Request, S3Result,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Md5},
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CompletedPart, CopyPartResult, CreateMultipartUploadInput,
        CreateMultipartUploadOutput, ETag, Range, UploadPartCopyInput, UploadPartCopyOutput,
        UploadPartInput, UploadPartOutput,
    },
    s3_error,
};

use super::{
    body::{self, Expected},
    conditions::Conditions,
    objects::{self, attributes},
};
use crate::{
    disk::{self, blocking},
    object_file::{self, Attributes, Checksums, Content, Draft, Info},
    store::{Condition, Store},
    uploads::Upload,
};

/// S3's bound for every part but the last.
const MIN_PART_SIZE: u64 = 5 * 1024 * 1024;

pub(super) async fn create_multipart_upload(
    store: &Arc<Store>,
    request: S3Request<CreateMultipartUploadInput>,
) -> S3Result<CreateMultipartUploadOutput> {
    let mut input = request.input;
    let bucket = store.bucket(&input.bucket)?;
    let attributes = attributes!(input);
    objects::check_metadata(&attributes)?;
    let temporary = store.temporary();
    let upload =
        blocking(move || Upload::create(&bucket, &temporary, input.key, attributes)).await?;
    Ok(CreateMultipartUploadOutput {
        bucket: Some(input.bucket),
        key: Some(upload.key),
        upload_id: Some(upload.id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: input.checksum_type,
        ..Default::default()
    })
}

pub(super) async fn upload_part(
    store: &Arc<Store>,
    request: S3Request<UploadPartInput>,
) -> S3Result<UploadPartOutput> {
    let input = request.input;
    let file = part_file(
        store,
        input.bucket,
        input.upload_id,
        input.key,
        input.part_number,
    )
    .await?;
    let expected = Expected {
        md5: input.content_md5,
        checksums: Checksums {
            crc32: input.checksum_crc32,
            crc32c: input.checksum_crc32c,
            crc64nvme: input.checksum_crc64nvme,
            sha1: input.checksum_sha1,
            sha256: input.checksum_sha256,
        },
        algorithm: input.checksum_algorithm,
        trailing_headers: request.trailing_headers,
        length: input.content_length,
    };
    let content = body::receive(&store.temporary(), input.body, expected, &request.headers).await?;
    let info = keep_part(file, content).await?;
    Ok(UploadPartOutput {
        checksum_crc32: info.checksums.crc32,
        checksum_crc32c: info.checksums.crc32c,
        checksum_crc64nvme: info.checksums.crc64nvme,
        checksum_sha1: info.checksums.sha1,
        checksum_sha256: info.checksums.sha256,
        e_tag: Some(ETag::Strong(info.etag)),
        ..Default::default()
    })
}

pub(super) async fn upload_part_copy(
    store: &Arc<Store>,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<UploadPartCopyOutput> {
    let input = request.input;
    let (source, source_info) = objects::open_source(store, &input.copy_source).await?;
    Conditions::from(&input).check_copy(&source_info)?;
    let range = match &input.copy_source_range {
        Some(text) => {
            let range = Range::parse(text).map_err(|_| {
                s3_error!(
                    InvalidArgument,
                    "x-amz-copy-source-range must be bytes=first-last"
                )
            })?;
            range.check(source_info.size)?
        }
        None => 0..source_info.size,
    };
    let file = part_file(
        store,
        input.bucket,
        input.upload_id,
        input.key,
        input.part_number,
    )
    .await?;
    let mut draft = Draft::create(&store.temporary(), ChecksumHasher::default()).await?;
    body::copy(source, range, &mut draft).await?;
    let info = keep_part(file, draft.finish().await?).await?;
    let last_modified = Some(info.last_modified());
    let result = CopyPartResult {
        e_tag: Some(ETag::Strong(info.etag)),
        last_modified,
        ..Default::default()
    };
    Ok(UploadPartCopyOutput {
        copy_part_result: Some(result),
        ..Default::default()
    })
}

pub(super) async fn complete_multipart_upload(
    store: &Arc<Store>,
    request: S3Request<CompleteMultipartUploadInput>,
) -> S3Result<CompleteMultipartUploadOutput> {
    let input = request.input;
    let upload = find(store, &input.bucket, input.upload_id, input.key.clone()).await?;
    let wanted = input
        .multipart_upload
        .and_then(|upload| upload.parts)
        .unwrap_or_default();
    let (upload, parts) = blocking(move || {
        let parts = check_parts(&upload, &wanted)?;
        Ok((upload, parts))
    })
    .await?;

    let mut md5s = Md5::default();
    let mut draft = Draft::create(&store.temporary(), ChecksumHasher::default()).await?;
    for (path, info) in &parts {
        md5s.update(&hex::decode(&info.etag).map_err(s3s::S3Error::internal_error)?);
        let file = tokio::fs::File::open(path)
            .await
            .map_err(disk::refused)?
            .into_std()
            .await;
        body::copy(file, 0..info.size, &mut draft).await?;
    }
    let content = draft.finish().await?;
    let etag = format!("{}-{}", hex::encode(md5s.finalize()), parts.len());
    let condition = Condition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
    };
    let attributes = upload.attributes.clone();
    let info = objects::publish(
        store,
        input.bucket.clone(),
        input.key.clone(),
        content,
        etag,
        attributes,
        condition,
    )
    .await?;
    blocking(move || upload.remove()).await?;
    Ok(CompleteMultipartUploadOutput {
        location: Some(format!("/{}/{}", input.bucket, input.key)),
        bucket: Some(input.bucket),
        key: Some(input.key),
        e_tag: Some(ETag::Strong(info.etag)),
        ..Default::default()
    })
}

/// The files of the parts that the client lists, if they are what it thinks they are.
fn check_parts(upload: &Upload, wanted: &[CompletedPart]) -> S3Result<Vec<(PathBuf, Info)>> {
    if wanted.is_empty() {
        return Err(s3_error!(
            MalformedXML,
            "You must specify at least one part"
        ));
    }
    if !wanted.is_sorted_by(|left, right| left.part_number < right.part_number) {
        return Err(s3_error!(
            InvalidPartOrder,
            "The list of parts was not in ascending order"
        ));
    }
    let mut parts = Vec::with_capacity(wanted.len());
    for part in wanted {
        let number = part
            .part_number
            .ok_or_else(|| s3_error!(MalformedXML, "A part has no number"))?;
        let path = upload.part_file(number)?;
        let found = object_file::open(&path).ok().map(|(_, info)| info);
        let info = found.filter(|info| {
            part.e_tag
                .as_ref()
                .is_none_or(|etag| etag.value() == info.etag)
        });
        let info = info.ok_or_else(|| {
            s3_error!(
                InvalidPart,
                "Part {number} was not uploaded, or its ETag is another one"
            )
        })?;
        parts.push((path, info));
    }
    if let Some((_, small)) = parts
        .iter()
        .rev()
        .skip(1)
        .find(|(_, info)| info.size < MIN_PART_SIZE)
    {
        return Err(s3_error!(
            EntityTooSmall,
            "A part has {} bytes: all but the last need at least {MIN_PART_SIZE}",
            small.size
        ));
    }
    Ok(parts)
}

pub(super) async fn abort_multipart_upload(
    store: &Arc<Store>,
    request: S3Request<AbortMultipartUploadInput>,
) -> S3Result<AbortMultipartUploadOutput> {
    let input = request.input;
    let upload = find(store, &input.bucket, input.upload_id, input.key).await?;
    blocking(move || upload.remove()).await?;
    Ok(AbortMultipartUploadOutput::default())
}

pub(super) async fn find(
    store: &Arc<Store>,
    bucket: &str,
    upload_id: String,
    key: String,
) -> S3Result<Upload> {
    let bucket = store.bucket(bucket)?;
    blocking(move || Upload::find(&bucket, &upload_id, &key)).await
}

async fn part_file(
    store: &Arc<Store>,
    bucket: String,
    upload_id: String,
    key: String,
    number: i32,
) -> S3Result<PathBuf> {
    find(store, &bucket, upload_id, key)
        .await?
        .part_file(number)
}

async fn keep_part(file: PathBuf, content: Content) -> S3Result<Info> {
    blocking(move || {
        let etag = content.md5.clone();
        let (sealed, info) = content
            .seal(etag, Attributes::default())
            .map_err(disk::refused)?;
        match sealed.rename_within(&file) {
            Ok(()) => Ok(info),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(s3_error!(
                NoSuchUpload,
                "The upload was completed or aborted meanwhile"
            )),
            Err(error) => Err(disk::refused(error)),
        }
    })
    .await
}
