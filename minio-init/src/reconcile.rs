//! Makes one bucket what the file says: reads what is there, changes only what differs.

use std::fmt;

use anyhow::Context;
use aws_sdk_s3::types::{
    BucketLifecycleConfiguration, BucketLocationConstraint, CorsConfiguration, CorsRule,
    CreateBucketConfiguration,
};
use serde_json::Value;

use crate::{
    buckets_file::{self, BucketDescription},
    failure::Failure,
    lifecycle, policy,
    store::{FIRST_REGION, Store},
};

/// What was done, as one line.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    created: bool,
    changes: Vec<String>,
    /// What the store does not offer.
    notes: Vec<&'static str>,
}

/// What became of one setting.
enum Change {
    None,
    Made(String),
    NotOffered(&'static str),
}

type Result<T> = std::result::Result<T, Failure>;

pub(crate) async fn reconcile(
    store: &Store,
    bucket: &BucketDescription,
) -> anyhow::Result<Outcome> {
    let name = bucket.name.as_str();
    let failed = |doing: &str| {
        let doing = format!("{doing} `{name}`");
        move |failure: Failure| failure.into_error(&doing, &store.endpoint)
    };
    let mut outcome = Outcome {
        created: ensure_exists(store, name)
            .await
            .map_err(failed("create the bucket"))?,
        ..Outcome::default()
    };
    outcome.note(
        set_policy(store, name, bucket.public_read)
            .await
            .map_err(failed("set the policy of the bucket"))?,
    );
    let cors = cors_rules(&bucket.cors).context("BUG: a CORS rule lacks a part")?;
    outcome.note(
        set_cors(store, name, cors)
            .await
            .map_err(failed("set the CORS rules of the bucket"))?,
    );
    let rules =
        lifecycle::wanted(&bucket.lifecycle).context("BUG: a lifecycle rule lacks a part")?;
    outcome.note(
        set_lifecycle(store, name, rules)
            .await
            .map_err(failed("set the lifecycle rules of the bucket"))?,
    );
    Ok(outcome)
}

/// Creates the bucket if it is not there, and says whether it did.
async fn ensure_exists(store: &Store, name: &str) -> Result<bool> {
    match store.client.head_bucket().bucket(name).send().await {
        Ok(_) => return Ok(false),
        Err(error) => {
            let failure = Failure::from(error);
            if !failure.has_status(404) {
                return Err(failure);
            }
        }
    }
    let constraint = (store.region != FIRST_REGION).then(|| {
        CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(store.region.as_str()))
            .build()
    });
    match store
        .client
        .create_bucket()
        .bucket(name)
        .set_create_bucket_configuration(constraint)
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(_) => Ok(true),
        // Another run was faster.
        Err(failure) if failure.is("BucketAlreadyOwnedByYou") => Ok(false),
        Err(failure) => Err(failure),
    }
}

async fn set_policy(store: &Store, name: &str, public_read: bool) -> Result<Change> {
    let current = match store
        .client
        .get_bucket_policy()
        .bucket(name)
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(answer) => answer
            .policy
            .and_then(|text| serde_json::from_str::<Value>(&text).ok()),
        Err(failure) if failure.is("NoSuchBucketPolicy") => None,
        Err(failure) => return Err(failure),
    };
    let wanted = policy::wanted(name, public_read, current.as_ref());
    if policy::same(current.as_ref(), wanted.as_ref()) {
        return Ok(Change::None);
    }
    match wanted {
        Some(policy) => put_policy(store, name, &policy.to_string(), public_read).await?,
        None => {
            store
                .client
                .delete_bucket_policy()
                .bucket(name)
                .send()
                .await?;
        }
    }
    Ok(Change::Made(
        if public_read {
            "public read"
        } else {
            "private"
        }
        .to_owned(),
    ))
}

async fn put_policy(store: &Store, name: &str, policy: &str, public_read: bool) -> Result<()> {
    let put = || async {
        store
            .client
            .put_bucket_policy()
            .bucket(name)
            .policy(policy)
            .send()
            .await
            .map_err(Failure::from)
    };
    match put().await {
        Err(failure) if public_read && failure.is_denied() => {
            // AWS blocks public policies on new buckets until told otherwise. If that is not it, the first answer is the one
            // to report.
            if store
                .client
                .delete_public_access_block()
                .bucket(name)
                .send()
                .await
                .is_err()
            {
                return Err(failure);
            }
            put().await.map(drop)
        }
        answer => answer.map(drop),
    }
}

fn cors_rules(
    rules: &[buckets_file::CorsRule],
) -> std::result::Result<Vec<CorsRule>, aws_sdk_s3::error::BuildError> {
    let build = |rule: &buckets_file::CorsRule| {
        CorsRule::builder()
            .set_allowed_origins(Some(rule.origins.iter().cloned().collect()))
            .set_allowed_methods(Some(
                rule.methods
                    .iter()
                    .map(|method| method.as_str().to_owned())
                    .collect(),
            ))
            .set_allowed_headers((!rule.headers.is_empty()).then(|| rule.headers.clone()))
            .set_max_age_seconds(
                rule.max_age_seconds
                    .and_then(|seconds| i32::try_from(seconds).ok()),
            )
            .build()
    };
    rules.iter().map(build).collect()
}

async fn set_cors(store: &Store, name: &str, wanted: Vec<CorsRule>) -> Result<Change> {
    let current = match store
        .client
        .get_bucket_cors()
        .bucket(name)
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(answer) => answer.cors_rules.unwrap_or_default(),
        Err(failure) if failure.is("NoSuchCORSConfiguration") || failure.is_not_implemented() => {
            Vec::new()
        }
        Err(failure) => return Err(failure),
    };
    if current == wanted {
        return Ok(Change::None);
    }
    if wanted.is_empty() {
        store
            .client
            .delete_bucket_cors()
            .bucket(name)
            .send()
            .await?;
        return Ok(Change::Made("no CORS rules".to_owned()));
    }
    let made = counted(wanted.len(), "CORS rule");
    let configuration = CorsConfiguration::builder()
        .set_cors_rules(Some(wanted))
        .build();
    let Ok(configuration) = configuration else {
        return Ok(Change::None);
    };
    match store
        .client
        .put_bucket_cors()
        .bucket(name)
        .cors_configuration(configuration)
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(_) => Ok(Change::Made(made)),
        // MinIO has one setting for all buckets (MINIO_API_CORS_ALLOW_ORIGIN), which is open unless closed.
        Err(failure) if failure.is_not_implemented() => Ok(Change::NotOffered(
            "CORS is set for the whole store, not per bucket",
        )),
        Err(failure) => Err(failure),
    }
}

async fn set_lifecycle(
    store: &Store,
    name: &str,
    wanted: Vec<aws_sdk_s3::types::LifecycleRule>,
) -> Result<Change> {
    let current = match store
        .client
        .get_bucket_lifecycle_configuration()
        .bucket(name)
        .send()
        .await
        .map_err(Failure::from)
    {
        Ok(answer) => answer.rules.unwrap_or_default(),
        Err(failure) if failure.is("NoSuchLifecycleConfiguration") => Vec::new(),
        Err(failure) => return Err(failure),
    };
    if lifecycle::same(&current, &wanted) {
        return Ok(Change::None);
    }
    if wanted.is_empty() {
        store
            .client
            .delete_bucket_lifecycle()
            .bucket(name)
            .send()
            .await?;
        return Ok(Change::Made("no lifecycle rules".to_owned()));
    }
    let made = counted(wanted.len(), "lifecycle rule");
    let configuration = BucketLifecycleConfiguration::builder()
        .set_rules(Some(wanted))
        .build();
    let Ok(configuration) = configuration else {
        return Ok(Change::None);
    };
    store
        .client
        .put_bucket_lifecycle_configuration()
        .bucket(name)
        .lifecycle_configuration(configuration)
        .send()
        .await?;
    Ok(Change::Made(made))
}

fn counted(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

impl Outcome {
    fn note(&mut self, change: Change) {
        match change {
            Change::None => {}
            Change::Made(what) => self.changes.push(what),
            Change::NotOffered(why) => self.notes.push(why),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.created, self.changes.is_empty()) {
            (true, _) => formatter.write_str("created")?,
            (false, true) => formatter.write_str("unchanged")?,
            (false, false) => formatter.write_str("changed")?,
        }
        for change in &self.changes {
            write!(formatter, ", {change}")?;
        }
        if !self.notes.is_empty() {
            write!(formatter, " ({})", self.notes.join("; "))?;
        }
        Ok(())
    }
}
