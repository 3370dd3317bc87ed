//! The connection to the object store.

use std::time::{Duration, Instant};

use anyhow::ensure;
use aws_sdk_s3::{
    Client,
    config::{
        BehaviorVersion, Config, Credentials, Region, retry::RetryConfig, timeout::TimeoutConfig,
    },
};
use aws_smithy_http_client::{
    Builder,
    tls::{Provider, rustls_provider::CryptoMode},
};

use crate::{arguments::Arguments, failure::Failure};

pub(crate) struct Store {
    pub(crate) client: Client,
    pub(crate) endpoint: String,
    pub(crate) region: String,
}

/// The first region knows no `LocationConstraint`, all others demand one.
pub(crate) const FIRST_REGION: &str = "us-east-1";
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(5);
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Connects, waiting for a store that is still starting, and makes sure that it takes the key.
pub(crate) async fn connect(arguments: &Arguments) -> anyhow::Result<Store> {
    let endpoint = arguments.endpoint.trim_end_matches('/').to_owned();
    ensure!(
        endpoint.starts_with("http://") || endpoint.starts_with("https://"),
        "--endpoint `{endpoint}` is not an address: expected one such as http://127.0.0.1:9000"
    );
    let store = Store {
        client: client(arguments, &endpoint)?,
        endpoint,
        region: arguments.region.clone(),
    };
    let deadline = Instant::now() + Duration::from_secs(arguments.wait_seconds);
    let mut pause = FIRST_PAUSE;
    loop {
        let Err(error) = store.client.list_buckets().send().await else {
            return Ok(store);
        };
        let failure = Failure::from(error);
        if failure.is_denied() {
            // The key is right but may not list: what it may do shows at each bucket.
            return Ok(store);
        }
        if !failure.is_temporary() || Instant::now() + pause > deadline {
            return Err(failure.into_error("use the object store", &store.endpoint));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn client(arguments: &Arguments, endpoint: &str) -> anyhow::Result<Client> {
    let http = Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https();
    let credentials = Credentials::new(
        &arguments.access_key,
        arguments.secret_key()?,
        None,
        None,
        "minio-init",
    );
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(ATTEMPT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .force_path_style(true)
        .region(Region::new(arguments.region.clone()))
        .credentials_provider(credentials)
        .http_client(http)
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .build();
    Ok(Client::from_conf(config))
}
