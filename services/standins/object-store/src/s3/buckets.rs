//! Operations on buckets and their settings.

use std::sync::Arc;

use s3s::{
    S3Request, S3Result,
    dto::{
        Bucket, CreateBucketInput, CreateBucketOutput, DeleteBucketCorsInput,
        DeleteBucketCorsOutput, DeleteBucketInput, DeleteBucketLifecycleInput,
        DeleteBucketLifecycleOutput, DeleteBucketOutput, DeleteBucketPolicyInput,
        DeleteBucketPolicyOutput, GetBucketCorsInput, GetBucketCorsOutput,
        GetBucketLifecycleConfigurationInput, GetBucketLifecycleConfigurationOutput,
        GetBucketLocationInput, GetBucketLocationOutput, GetBucketPolicyInput,
        GetBucketPolicyOutput, HeadBucketInput, HeadBucketOutput, ListBucketsInput,
        ListBucketsOutput, PutBucketCorsInput, PutBucketCorsOutput,
        PutBucketLifecycleConfigurationInput, PutBucketLifecycleConfigurationOutput,
        PutBucketPolicyInput, PutBucketPolicyOutput,
    },
    s3_error,
};

use crate::{
    bucket::{Setting, to_xml},
    disk::{self, blocking},
    lifecycle,
    policy::Policy,
    store::Store,
};

const MAX_BUCKETS: usize = 10_000;

pub(super) async fn create_bucket(
    store: &Arc<Store>,
    request: S3Request<CreateBucketInput>,
) -> S3Result<CreateBucketOutput> {
    let input = request.input;
    let region = input
        .create_bucket_configuration
        .and_then(|configuration| configuration.location_constraint);
    let location = format!("/{}", input.bucket);
    let store = Arc::clone(store);
    blocking(move || {
        store.create_bucket(
            &input.bucket,
            region.map(|region| region.as_str().to_owned()),
        )
    })
    .await?;
    Ok(CreateBucketOutput {
        location: Some(location),
    })
}

pub(super) async fn delete_bucket(
    store: &Arc<Store>,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<DeleteBucketOutput> {
    let store = Arc::clone(store);
    blocking(move || store.delete_bucket(&request.input.bucket)).await?;
    Ok(DeleteBucketOutput {})
}

pub(super) fn head_bucket(
    store: &Arc<Store>,
    input: &HeadBucketInput,
) -> S3Result<HeadBucketOutput> {
    let bucket = store.bucket(&input.bucket)?;
    let region = bucket
        .region
        .clone()
        .unwrap_or_else(|| "us-east-1".to_owned());
    Ok(HeadBucketOutput {
        bucket_region: Some(region),
        ..Default::default()
    })
}

pub(super) fn get_bucket_location(
    store: &Arc<Store>,
    input: &GetBucketLocationInput,
) -> S3Result<GetBucketLocationOutput> {
    let bucket = store.bucket(&input.bucket)?;
    Ok(GetBucketLocationOutput {
        location_constraint: bucket.region.clone().map(Into::into),
    })
}

pub(super) fn list_buckets(
    store: &Arc<Store>,
    input: &ListBucketsInput,
) -> S3Result<ListBucketsOutput> {
    let limit = match input.max_buckets {
        Some(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_BUCKETS).contains(limit)),
        None => Some(MAX_BUCKETS),
    };
    let limit = limit.ok_or_else(|| {
        s3_error!(
            InvalidArgument,
            "max-buckets must be a number from 1 to {MAX_BUCKETS}"
        )
    })?;
    let prefix = input.prefix.as_deref().unwrap_or_default();
    let after = input.continuation_token.as_deref().unwrap_or_default();
    let mut buckets: Vec<Bucket> = store
        .buckets()
        .into_iter()
        .filter(|bucket| bucket.name.starts_with(prefix) && bucket.name.as_str() > after)
        .take(limit + 1)
        .map(|bucket| Bucket {
            bucket_region: bucket.region.clone(),
            creation_date: Some(bucket.created()),
            name: Some(bucket.name.clone()),
        })
        .collect();
    let more = buckets.len() > limit;
    buckets.truncate(limit);
    let next = buckets
        .last()
        .and_then(|bucket| bucket.name.clone())
        .filter(|_| more);
    Ok(ListBucketsOutput {
        buckets: Some(buckets),
        continuation_token: next,
        prefix: input.prefix.clone(),
        owner: None,
    })
}

pub(super) async fn put_bucket_policy(
    store: &Arc<Store>,
    request: S3Request<PutBucketPolicyInput>,
) -> S3Result<PutBucketPolicyOutput> {
    let PutBucketPolicyInput { bucket, policy, .. } = request.input;
    Policy::parse(&bucket, &policy).map_err(|why| s3_error!(MalformedPolicy, "{why}"))?;
    change(store, bucket, Setting::Policy, Some(policy.into_bytes())).await?;
    Ok(PutBucketPolicyOutput::default())
}

pub(super) fn get_bucket_policy(
    store: &Arc<Store>,
    input: &GetBucketPolicyInput,
) -> S3Result<GetBucketPolicyOutput> {
    let bucket = store.bucket(&input.bucket)?;
    let policy = bucket
        .policy
        .as_ref()
        .ok_or_else(|| s3_error!(NoSuchBucketPolicy, "The bucket policy does not exist"))?;
    Ok(GetBucketPolicyOutput {
        policy: Some(policy.text.clone()),
    })
}

pub(super) async fn delete_bucket_policy(
    store: &Arc<Store>,
    request: S3Request<DeleteBucketPolicyInput>,
) -> S3Result<DeleteBucketPolicyOutput> {
    change(store, request.input.bucket, Setting::Policy, None).await?;
    Ok(DeleteBucketPolicyOutput::default())
}

pub(super) async fn put_bucket_cors(
    store: &Arc<Store>,
    request: S3Request<PutBucketCorsInput>,
) -> S3Result<PutBucketCorsOutput> {
    let PutBucketCorsInput {
        bucket,
        cors_configuration,
        ..
    } = request.input;
    for rule in &cors_configuration.cors_rules {
        if let Some(method) = rule
            .allowed_methods
            .iter()
            .find(|method| !matches!(method.as_str(), "GET" | "PUT" | "HEAD" | "POST" | "DELETE"))
        {
            return Err(s3_error!(
                InvalidRequest,
                "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            ));
        }
        if rule.allowed_methods.is_empty() || rule.allowed_origins.is_empty() {
            return Err(s3_error!(
                MalformedXML,
                "A CORS rule needs at least one AllowedMethod and one AllowedOrigin"
            ));
        }
    }
    let xml = to_xml(&cors_configuration).map_err(disk::refused)?;
    change(store, bucket, Setting::Cors, Some(xml)).await?;
    Ok(PutBucketCorsOutput::default())
}

pub(super) fn get_bucket_cors(
    store: &Arc<Store>,
    input: &GetBucketCorsInput,
) -> S3Result<GetBucketCorsOutput> {
    let bucket = store.bucket(&input.bucket)?;
    let cors = bucket.cors.as_ref().ok_or_else(|| {
        s3_error!(
            NoSuchCORSConfiguration,
            "The CORS configuration does not exist"
        )
    })?;
    Ok(GetBucketCorsOutput {
        cors_rules: Some(cors.cors_rules.clone()),
    })
}

pub(super) async fn delete_bucket_cors(
    store: &Arc<Store>,
    request: S3Request<DeleteBucketCorsInput>,
) -> S3Result<DeleteBucketCorsOutput> {
    change(store, request.input.bucket, Setting::Cors, None).await?;
    Ok(DeleteBucketCorsOutput::default())
}

pub(super) async fn put_bucket_lifecycle_configuration(
    store: &Arc<Store>,
    request: S3Request<PutBucketLifecycleConfigurationInput>,
) -> S3Result<PutBucketLifecycleConfigurationOutput> {
    let PutBucketLifecycleConfigurationInput {
        bucket,
        lifecycle_configuration,
        ..
    } = request.input;
    let configuration = lifecycle_configuration
        .ok_or_else(|| s3_error!(MalformedXML, "The lifecycle configuration is missing"))?;
    lifecycle::check(&configuration)?;
    let xml = to_xml(&configuration).map_err(disk::refused)?;
    change(store, bucket, Setting::Lifecycle, Some(xml)).await?;
    Ok(PutBucketLifecycleConfigurationOutput::default())
}

pub(super) fn get_bucket_lifecycle_configuration(
    store: &Arc<Store>,
    input: &GetBucketLifecycleConfigurationInput,
) -> S3Result<GetBucketLifecycleConfigurationOutput> {
    let bucket = store.bucket(&input.bucket)?;
    let lifecycle = bucket.lifecycle.as_ref().ok_or_else(|| {
        s3_error!(
            NoSuchLifecycleConfiguration,
            "The lifecycle configuration does not exist"
        )
    })?;
    Ok(GetBucketLifecycleConfigurationOutput {
        rules: Some(lifecycle.rules.clone()),
        ..Default::default()
    })
}

pub(super) async fn delete_bucket_lifecycle(
    store: &Arc<Store>,
    request: S3Request<DeleteBucketLifecycleInput>,
) -> S3Result<DeleteBucketLifecycleOutput> {
    change(store, request.input.bucket, Setting::Lifecycle, None).await?;
    Ok(DeleteBucketLifecycleOutput::default())
}

async fn change(
    store: &Arc<Store>,
    bucket: String,
    setting: Setting,
    content: Option<Vec<u8>>,
) -> S3Result<()> {
    let store = Arc::clone(store);
    blocking(move || store.change_setting(&bucket, setting, content.as_deref())).await
}
