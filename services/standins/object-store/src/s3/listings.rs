//! `ListObjects` and `ListObjectsV2`: the same page in two forms.

use std::sync::Arc;

use s3s::{
    S3Request, S3Result,
    dto::{
        CommonPrefix, ETag, EncodingType, ListObjectsInput, ListObjectsOutput, ListObjectsV2Input,
        ListObjectsV2Output, Object, ObjectStorageClass,
    },
    s3_error,
};

use crate::{
    disk::blocking,
    key_path::encode_for_url,
    listing::{self, Page, Query},
    object_file::Info,
    store::Store,
};

const MAX_KEYS: i32 = 1000;

pub(super) async fn list_objects_v2(
    store: &Arc<Store>,
    request: S3Request<ListObjectsV2Input>,
) -> S3Result<ListObjectsV2Output> {
    let input = request.input;
    let max_keys = max_keys(input.max_keys)?;
    let after = match &input.continuation_token {
        Some(token) => Some(decode_token(token)?),
        None => input.start_after.clone(),
    };
    let page = list(
        store,
        &input.bucket,
        input.prefix.clone(),
        input.delimiter.clone(),
        after,
        max_keys,
    )
    .await?;
    let encoding = Encoding::of(input.encoding_type.as_ref());
    let next_continuation_token = page.next.as_deref().map(hex::encode);
    let (contents, common_prefixes) = encoding.page(page);
    Ok(ListObjectsV2Output {
        key_count: i32::try_from(contents.len() + common_prefixes.len()).ok(),
        max_keys: Some(max_keys),
        is_truncated: Some(next_continuation_token.is_some()),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        continuation_token: input.continuation_token,
        next_continuation_token,
        delimiter: input.delimiter.map(|text| encoding.text(text)),
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.unwrap_or_default())),
        start_after: input.start_after.map(|text| encoding.text(text)),
        ..Default::default()
    })
}

pub(super) async fn list_objects(
    store: &Arc<Store>,
    request: S3Request<ListObjectsInput>,
) -> S3Result<ListObjectsOutput> {
    let input = request.input;
    let max_keys = max_keys(input.max_keys)?;
    let after = input.marker.clone().filter(|marker| !marker.is_empty());
    let page = list(
        store,
        &input.bucket,
        input.prefix.clone(),
        input.delimiter.clone(),
        after,
        max_keys,
    )
    .await?;
    let encoding = Encoding::of(input.encoding_type.as_ref());
    let next_marker = page.next.clone().map(|text| encoding.text(text));
    let (contents, common_prefixes) = encoding.page(page);
    Ok(ListObjectsOutput {
        max_keys: Some(max_keys),
        is_truncated: Some(next_marker.is_some()),
        contents: Some(contents),
        common_prefixes: Some(common_prefixes),
        next_marker,
        marker: Some(encoding.text(input.marker.unwrap_or_default())),
        delimiter: input.delimiter.map(|text| encoding.text(text)),
        encoding_type: input.encoding_type,
        name: Some(input.bucket),
        prefix: Some(encoding.text(input.prefix.unwrap_or_default())),
        ..Default::default()
    })
}

async fn list(
    store: &Arc<Store>,
    bucket: &str,
    prefix: Option<String>,
    delimiter: Option<String>,
    after: Option<String>,
    max_keys: i32,
) -> S3Result<Page> {
    let bucket = store.bucket(bucket)?;
    let query = Query {
        prefix: prefix.unwrap_or_default(),
        delimiter: delimiter.filter(|delimiter| !delimiter.is_empty()),
        after,
        limit: usize::try_from(max_keys).unwrap_or_default(),
    };
    blocking(move || listing::list(&bucket.objects(), &query)).await
}

fn max_keys(asked: Option<i32>) -> S3Result<i32> {
    match asked {
        Some(negative @ ..0) => Err(s3_error!(
            InvalidArgument,
            "max-keys must be an integer between 0 and {}, not {negative}",
            i32::MAX
        )),
        Some(number) => Ok(number.min(MAX_KEYS)),
        None => Ok(MAX_KEYS),
    }
}

fn decode_token(token: &str) -> S3Result<String> {
    let bytes = hex::decode(token).ok();
    bytes
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .ok_or_else(|| {
            s3_error!(
                InvalidArgument,
                "The continuation token provided is incorrect"
            )
        })
}

/// Keys may hold characters that XML cannot; a client that minds asks for them in URL encoding.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    Plain,
    Url,
}

impl Encoding {
    fn of(asked: Option<&EncodingType>) -> Self {
        if asked.is_some_and(|asked| asked.as_str() == EncodingType::URL) {
            Self::Url
        } else {
            Self::Plain
        }
    }

    fn text(self, text: String) -> String {
        match self {
            Self::Plain => text,
            Self::Url => encode_for_url(&text),
        }
    }

    fn page(self, page: Page) -> (Vec<Object>, Vec<CommonPrefix>) {
        let objects = page
            .objects
            .into_iter()
            .map(|(key, info)| object(self.text(key), info));
        let prefixes = page.common_prefixes.into_iter().map(|prefix| CommonPrefix {
            prefix: Some(self.text(prefix)),
        });
        (objects.collect(), prefixes.collect())
    }
}

fn object(key: String, info: Info) -> Object {
    Object {
        key: Some(key),
        size: i64::try_from(info.size).ok(),
        last_modified: Some(info.last_modified()),
        e_tag: Some(ETag::Strong(info.etag)),
        storage_class: Some(ObjectStorageClass::from_static(
            ObjectStorageClass::STANDARD,
        )),
        ..Default::default()
    }
}
