//! Who may do what: whoever signs with the key everything, everybody else what a bucket's policy lets them read.

use std::sync::Arc;

use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    s3_error,
};

use crate::store::Store;

/// The one key.
pub(crate) struct Key {
    pub(crate) access_key: String,
    pub(crate) secret_key: SecretKey,
}

#[async_trait::async_trait]
impl S3Auth for Key {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.access_key {
            return Ok(self.secret_key.clone());
        }
        Err(s3_error!(
            InvalidAccessKeyId,
            "The access key ID you provided does not exist in our records."
        ))
    }
}

pub(crate) struct Access(pub(crate) Arc<Store>);

#[async_trait::async_trait]
impl S3Access for Access {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_some() {
            return Ok(());
        }
        let is_read = matches!(context.s3_op().name(), "GetObject" | "HeadObject");
        if let (true, Some((bucket, key))) = (is_read, context.s3_path().as_object())
            && let Some(found) = self.0.find_bucket(bucket)
            && found
                .policy
                .as_ref()
                .is_some_and(|policy| policy.allows_anonymous_read(bucket, key))
        {
            return Ok(());
        }
        Err(s3_error!(AccessDenied, "Access Denied"))
    }
}
