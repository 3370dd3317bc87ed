//! Operations on single objects.

use std::sync::Arc;

use s3s::{
    S3Request, S3Result,
    checksum::ChecksumHasher,
    dto::{
        CopyObjectInput, CopyObjectOutput, CopyObjectResult, CopySource, DeleteObjectInput,
        DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, ETag, Error,
        GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, MetadataDirective,
        PutObjectInput, PutObjectOutput, Range, StreamingBlob,
    },
    s3_error,
};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use super::{
    body::{self, Expected},
    conditions::Conditions,
};
use crate::{
    disk::{self, blocking},
    object_file::{Attributes, Checksums, Content, Draft, Info},
    store::{Condition, Store, open_object},
};

/// S3's bound on the names and values of an object's metadata together.
const METADATA_LIMIT: usize = 2 * 1024;
const DELETE_LIMIT: usize = 1000;
const READ_SIZE: usize = 64 * 1024;

/// Takes the attributes out of an input; those of all storing operations have the same names.
macro_rules! attributes {
    ($input:ident) => {
        Attributes {
            content_type: $input.content_type.take(),
            content_encoding: $input.content_encoding.take(),
            content_disposition: $input.content_disposition.take(),
            content_language: $input.content_language.take(),
            cache_control: $input.cache_control.take(),
            expires: $input.expires.take(),
            website_redirect_location: $input.website_redirect_location.take(),
            metadata: $input.metadata.take(),
        }
    };
}
pub(super) use attributes;

pub(super) async fn put_object(
    store: &Arc<Store>,
    request: S3Request<PutObjectInput>,
) -> S3Result<PutObjectOutput> {
    let mut input = request.input;
    store.bucket(&input.bucket)?;
    let attributes = attributes!(input);
    check_metadata(&attributes)?;
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
    let condition = Condition {
        if_match: input.if_match,
        if_none_match: input.if_none_match,
    };
    let etag = content.md5.clone();
    let info = publish(
        store,
        input.bucket,
        input.key,
        content,
        etag,
        attributes,
        condition,
    )
    .await?;
    Ok(PutObjectOutput {
        checksum_crc32: info.checksums.crc32,
        checksum_crc32c: info.checksums.crc32c,
        checksum_crc64nvme: info.checksums.crc64nvme,
        checksum_sha1: info.checksums.sha1,
        checksum_sha256: info.checksums.sha256,
        e_tag: Some(ETag::Strong(info.etag)),
        ..Default::default()
    })
}

/// Seals what was written and gives it its key.
pub(super) async fn publish(
    store: &Arc<Store>,
    bucket: String,
    key: String,
    content: Content,
    etag: String,
    attributes: Attributes,
    condition: Condition,
) -> S3Result<Info> {
    let store = Arc::clone(store);
    blocking(move || {
        let (sealed, info) = content.seal(etag, attributes).map_err(disk::refused)?;
        store.publish(&bucket, &key, sealed, &condition)?;
        Ok(info)
    })
    .await
}

pub(super) fn check_metadata(attributes: &Attributes) -> S3Result<()> {
    let size: usize = attributes
        .metadata
        .iter()
        .flatten()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > METADATA_LIMIT {
        return Err(s3_error!(
            MetadataTooLarge,
            "Your metadata headers exceed the maximum allowed metadata size: {size} > {METADATA_LIMIT}"
        ));
    }
    Ok(())
}

pub(super) async fn open(
    store: &Arc<Store>,
    bucket: &str,
    key: String,
) -> S3Result<(std::fs::File, Info)> {
    let bucket = store.bucket(bucket)?;
    blocking(move || open_object(&bucket, &key)).await
}

/// The source of a copy, named by a header that no router has checked.
pub(super) async fn open_source(
    store: &Arc<Store>,
    source: &CopySource,
) -> S3Result<(std::fs::File, Info)> {
    match source {
        CopySource::Bucket {
            bucket,
            key,
            version_id: None,
        } => open(store, bucket, key.to_string()).await,
        CopySource::Bucket { .. } => Err(s3_error!(NoSuchVersion, "There are no versions here")),
        _ => Err(s3_error!(
            NotImplemented,
            "Only copies from a bucket of this server are possible"
        )),
    }
}

pub(super) async fn get_object(
    store: &Arc<Store>,
    request: S3Request<GetObjectInput>,
) -> S3Result<GetObjectOutput> {
    let input = request.input;
    let overrides = input.response_content_type.is_some()
        || input.response_content_disposition.is_some()
        || input.response_content_encoding.is_some()
        || input.response_content_language.is_some()
        || input.response_cache_control.is_some()
        || input.response_expires.is_some();
    if overrides && request.credentials.is_none() {
        // Else anybody could have somebody's upload served as a web page.
        return Err(s3_error!(
            InvalidRequest,
            "Request specific response headers cannot be used for anonymous GET requests."
        ));
    }
    let (file, info) = open(store, &input.bucket, input.key.clone()).await?;
    Conditions::from(&input).check_read(&info)?;
    let (range, content_range) = resolve(input.range, info.size)?;
    let length = range.end - range.start;

    let mut file = tokio::fs::File::from_std(file);
    file.seek(std::io::SeekFrom::Start(range.start))
        .await
        .map_err(disk::refused)?;
    let body = StreamingBlob::wrap(ReaderStream::with_capacity(file.take(length), READ_SIZE));
    let whole = content_range.is_none();
    let checksums = if whole {
        info.checksums.clone()
    } else {
        Checksums::default()
    };
    let last_modified = info.last_modified();
    let attributes = info.attributes;
    Ok(GetObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        body: Some(body),
        content_length: i64::try_from(length).ok(),
        content_range,
        e_tag: Some(ETag::Strong(info.etag)),
        last_modified: Some(last_modified),
        content_type: Some(attributes.content_type.unwrap_or_else(binary)),
        content_encoding: attributes.content_encoding,
        content_disposition: attributes.content_disposition,
        content_language: attributes.content_language,
        cache_control: attributes.cache_control,
        expires: attributes.expires,
        website_redirect_location: attributes.website_redirect_location,
        metadata: attributes.metadata,
        checksum_crc32: checksums.crc32,
        checksum_crc32c: checksums.crc32c,
        checksum_crc64nvme: checksums.crc64nvme,
        checksum_sha1: checksums.sha1,
        checksum_sha256: checksums.sha256,
        ..Default::default()
    })
}

pub(super) async fn head_object(
    store: &Arc<Store>,
    request: S3Request<HeadObjectInput>,
) -> S3Result<HeadObjectOutput> {
    let input = request.input;
    let (_, info) = open(store, &input.bucket, input.key.clone()).await?;
    Conditions::from(&input).check_read(&info)?;
    let (range, content_range) = resolve(input.range, info.size)?;
    let last_modified = info.last_modified();
    let Info {
        attributes,
        checksums,
        etag,
        ..
    } = info;
    Ok(HeadObjectOutput {
        accept_ranges: Some("bytes".to_owned()),
        content_length: i64::try_from(range.end - range.start).ok(),
        content_range,
        e_tag: Some(ETag::Strong(etag)),
        last_modified: Some(last_modified),
        content_type: Some(attributes.content_type.unwrap_or_else(binary)),
        content_encoding: attributes.content_encoding,
        content_disposition: attributes.content_disposition,
        content_language: attributes.content_language,
        cache_control: attributes.cache_control,
        expires: attributes.expires,
        website_redirect_location: attributes.website_redirect_location,
        metadata: attributes.metadata,
        checksum_crc32: checksums.crc32,
        checksum_crc32c: checksums.crc32c,
        checksum_crc64nvme: checksums.crc64nvme,
        checksum_sha1: checksums.sha1,
        checksum_sha256: checksums.sha256,
        ..Default::default()
    })
}

/// What S3 says of an object that was stored without a type.
fn binary() -> String {
    "binary/octet-stream".to_owned()
}

fn resolve(range: Option<Range>, size: u64) -> S3Result<(std::ops::Range<u64>, Option<String>)> {
    let Some(range) = range else {
        return Ok((0..size, None));
    };
    let resolved = range.check(size)?;
    let content_range = format!(
        "bytes {}-{}/{size}",
        resolved.start,
        resolved.end.saturating_sub(1)
    );
    Ok((resolved, Some(content_range)))
}

pub(super) async fn copy_object(
    store: &Arc<Store>,
    request: S3Request<CopyObjectInput>,
) -> S3Result<CopyObjectOutput> {
    let mut input = request.input;
    store.bucket(&input.bucket)?;
    let (file, source) = open_source(store, &input.copy_source).await?;
    Conditions::from(&input).check_copy(&source)?;
    let replaces = input
        .metadata_directive
        .as_ref()
        .is_some_and(|directive| directive.as_str() == MetadataDirective::REPLACE);
    let attributes = if replaces {
        attributes!(input)
    } else {
        source.attributes
    };
    check_metadata(&attributes)?;

    let mut draft = Draft::create(&store.temporary(), ChecksumHasher::default()).await?;
    body::copy(file, 0..source.size, &mut draft).await?;
    let mut content = draft.finish().await?;
    content.checksums = source.checksums;
    let etag = content.md5.clone();
    let info = publish(
        store,
        input.bucket,
        input.key,
        content,
        etag,
        attributes,
        Condition::default(),
    )
    .await?;
    let last_modified = Some(info.last_modified());
    let result = CopyObjectResult {
        e_tag: Some(ETag::Strong(info.etag)),
        last_modified,
        ..Default::default()
    };
    Ok(CopyObjectOutput {
        copy_object_result: Some(result),
        ..Default::default()
    })
}

pub(super) async fn delete_object(
    store: &Arc<Store>,
    request: S3Request<DeleteObjectInput>,
) -> S3Result<DeleteObjectOutput> {
    let input = request.input;
    let bucket = store.bucket(&input.bucket)?;
    let store = Arc::clone(store);
    blocking(move || store.delete(&bucket, &input.key, |_| true)).await?;
    Ok(DeleteObjectOutput::default())
}

pub(super) async fn delete_objects(
    store: &Arc<Store>,
    request: S3Request<DeleteObjectsInput>,
) -> S3Result<DeleteObjectsOutput> {
    let input = request.input;
    let bucket = store.bucket(&input.bucket)?;
    if input.delete.objects.is_empty() || input.delete.objects.len() > DELETE_LIMIT {
        return Err(s3_error!(
            MalformedXML,
            "Between 1 and {DELETE_LIMIT} objects can be deleted at once"
        ));
    }
    let quiet = input.delete.quiet.unwrap_or(false);
    let store = Arc::clone(store);
    blocking(move || {
        let (mut deleted, mut errors) = (Vec::new(), Vec::new());
        for object in input.delete.objects {
            match store.delete(&bucket, &object.key, |_| true) {
                Ok(_) => deleted.push(DeletedObject {
                    key: Some(object.key),
                    ..Default::default()
                }),
                Err(error) => errors.push(Error {
                    code: Some(error.code().as_str().to_owned()),
                    message: error.message().map(ToOwned::to_owned),
                    key: Some(object.key),
                    version_id: None,
                }),
            }
        }
        Ok(DeleteObjectsOutput {
            deleted: (!quiet).then_some(deleted),
            errors: Some(errors),
            request_charged: None,
        })
    })
    .await
}
