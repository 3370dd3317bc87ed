//! The bucket with the pictures, through the S3 API: the same code for the stand-in on a laptop and for AWS.

use std::time::Duration;

use anyhow::Context as _;
use aws_sdk_s3::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig},
    error::SdkError,
    operation::head_object::HeadObjectError,
    primitives::ByteStream,
};
use aws_smithy_http_client::{Builder, tls};

use super::scale::Rendition;
use crate::config::PictureStoreConfig;

/// A key names its content, so whoever has it need never ask again.
const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

/// The bucket. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Store {
    client: Client,
    bucket: String,
}

impl Store {
    pub(crate) fn new(config: &PictureStoreConfig) -> Self {
        let credentials = Credentials::new(
            &config.s3_access_key,
            config.s3_secret_key_file.expose(),
            None,
            None,
            "configuration",
        );
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(1))
            .operation_attempt_timeout(Duration::from_secs(10))
            .operation_timeout(Duration::from_secs(20))
            .build();
        let settings = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(config.s3_region.clone()))
            .endpoint_url(&config.s3_endpoint)
            .credentials_provider(credentials)
            .force_path_style(true)
            .http_client(http_client(&config.s3_endpoint))
            .timeout_config(timeouts)
            .retry_config(RetryConfig::standard().with_max_attempts(3))
            .build();
        Self {
            client: Client::from_conf(settings),
            bucket: config.s3_bucket.clone(),
        }
    }

    /// Stores one size. Storing it again replaces it with the same bytes.
    pub(crate) async fn put(&self, rendition: &Rendition) -> anyhow::Result<()> {
        let request = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(&rendition.key)
            .content_type(rendition.content_type)
            .cache_control(CACHE_CONTROL)
            .body(ByteStream::from(rendition.bytes.clone()));
        request.send().await.with_context(|| {
            format!(
                "cannot store {} in the bucket {}",
                rendition.key, self.bucket
            )
        })?;
        Ok(())
    }

    /// Whether the bucket has an object with this key.
    pub(crate) async fn has(&self, key: &str) -> anyhow::Result<bool> {
        match self
            .client
            .head_object()
            .bucket(&self.bucket)
            .key(key)
            .send()
            .await
        {
            Ok(_) => Ok(true),
            Err(SdkError::ServiceError(error))
                if matches!(error.err(), HeadObjectError::NotFound(_)) =>
            {
                Ok(false)
            }
            Err(error) => Err(error)
                .with_context(|| format!("cannot look for {key} in the bucket {}", self.bucket)),
        }
    }
}

/// Without TLS for an endpoint that has none: loading the system's certificates would cost megabytes for nothing.
fn http_client(endpoint: &str) -> aws_sdk_s3::config::SharedHttpClient {
    if endpoint.starts_with("http://") {
        return Builder::new().build_http();
    }
    Builder::new()
        .tls_provider(tls::Provider::Rustls(
            tls::rustls_provider::CryptoMode::Ring,
        ))
        .build_https()
}
