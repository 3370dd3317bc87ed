//! Applies the buckets' lifecycle rules: expired objects and abandoned uploads go.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use s3s::{
    S3Result,
    dto::{BucketLifecycleConfiguration, ExpirationStatus, LifecycleExpiration, LifecycleRule},
    s3_error,
};
use tracing::{error, info};

use crate::{
    bucket::Bucket,
    listing::{self, Query},
    object_file::Info,
    store::Store,
    uploads::Upload,
};

const DAY: u64 = 24 * 60 * 60;
const PAGE: usize = 1000;

/// Refuses what the sweep would silently not do.
pub(crate) fn check(configuration: &BucketLifecycleConfiguration) -> S3Result<()> {
    for rule in &configuration.rules {
        let name = rule.id.as_deref().unwrap_or("without an id");
        let filter = rule.filter.as_ref();
        if filter.is_some_and(|filter| {
            filter.tag.is_some()
                || filter
                    .and
                    .as_ref()
                    .is_some_and(|and| and.tags.as_ref().is_some_and(|tags| !tags.is_empty()))
        }) {
            return Err(s3_error!(
                NotImplemented,
                "Lifecycle rule {name}: filters by tag are not supported, objects have no tags here"
            ));
        }
        if rule.transitions.is_some()
            || rule.noncurrent_version_transitions.is_some()
            || rule.noncurrent_version_expiration.is_some()
        {
            return Err(s3_error!(
                NotImplemented,
                "Lifecycle rule {name}: there is one storage class and no versions here"
            ));
        }
        if rule
            .expiration
            .as_ref()
            .and_then(|expiration| expiration.days)
            .is_some_and(|days| days < 1)
        {
            return Err(s3_error!(
                InvalidArgument,
                "Lifecycle rule {name}: 'Days' for Expiration action must be a positive integer"
            ));
        }
        if rule.expiration.is_none() && rule.abort_incomplete_multipart_upload.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "Lifecycle rule {name}: at least one action needs to be specified"
            ));
        }
    }
    Ok(())
}

/// Goes through all buckets once. What fails is logged and tried again by the next sweep.
pub(crate) fn sweep(store: &Arc<Store>, now: SystemTime) {
    for bucket in store.buckets() {
        let Some(lifecycle) = &bucket.lifecycle else {
            continue;
        };
        for rule in lifecycle
            .rules
            .iter()
            .filter(|rule| rule.status.as_str() == ExpirationStatus::ENABLED)
        {
            let name = rule.id.as_deref().unwrap_or_default();
            match apply(store, &bucket, rule, now) {
                Ok((0, 0)) => {}
                Ok((objects, uploads)) => info!(
                    bucket = bucket.name,
                    rule = name,
                    objects,
                    uploads,
                    "expired"
                ),
                Err(cause) => {
                    error!(bucket = bucket.name, rule = name, error = %cause, "a lifecycle rule could not be applied");
                }
            }
        }
    }
}

fn apply(
    store: &Store,
    bucket: &Bucket,
    rule: &LifecycleRule,
    now: SystemTime,
) -> S3Result<(usize, usize)> {
    let mut expired = 0;
    if let Some(expiration) = &rule.expiration {
        let mut query = Query {
            prefix: prefix(rule).to_owned(),
            limit: PAGE,
            ..Query::default()
        };
        loop {
            let page = listing::list(&bucket.objects(), &query)?;
            for (key, info) in page
                .objects
                .iter()
                .filter(|(_, info)| fits(rule, info) && has_expired(expiration, info, now))
            {
                // Somebody may have written it anew since it was listed.
                expired += usize::from(store.delete(bucket, key, |current| {
                    current.etag == info.etag && current.modified == info.modified
                })?);
            }
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
    }
    Ok((expired, abort_uploads(bucket, rule, now)?))
}

fn abort_uploads(bucket: &Bucket, rule: &LifecycleRule, now: SystemTime) -> S3Result<usize> {
    let Some(days) = rule
        .abort_incomplete_multipart_upload
        .as_ref()
        .and_then(|abort| abort.days_after_initiation)
    else {
        return Ok(0);
    };
    let mut aborted = 0;
    for upload in Upload::list(bucket)? {
        if upload.key.starts_with(prefix(rule)) && now >= due(upload.initiated, days) {
            upload.remove()?;
            aborted += 1;
        }
    }
    Ok(aborted)
}

fn prefix(rule: &LifecycleRule) -> &str {
    let filter = rule.filter.as_ref();
    filter
        .and_then(|filter| {
            filter
                .prefix
                .as_ref()
                .or_else(|| filter.and.as_ref().and_then(|and| and.prefix.as_ref()))
        })
        .or(rule.prefix.as_ref())
        .map_or("", String::as_str)
}

fn fits(rule: &LifecycleRule, info: &Info) -> bool {
    let Some(filter) = &rule.filter else {
        return true;
    };
    let size = i64::try_from(info.size).unwrap_or(i64::MAX);
    let and = filter.and.as_ref();
    let more_than = filter
        .object_size_greater_than
        .or_else(|| and.and_then(|and| and.object_size_greater_than));
    let less_than = filter
        .object_size_less_than
        .or_else(|| and.and_then(|and| and.object_size_less_than));
    more_than.is_none_or(|bound| size > bound) && less_than.is_none_or(|bound| size < bound)
}

fn has_expired(expiration: &LifecycleExpiration, info: &Info, now: SystemTime) -> bool {
    expiration
        .days
        .is_some_and(|days| now >= due(info.modified, days))
        || expiration
            .date
            .as_ref()
            .is_some_and(|date| s3s::dto::Timestamp::from(now) >= *date)
}

/// S3 counts days from the midnight (UTC) that follows.
fn due(since: u64, days: i32) -> SystemTime {
    let days = u64::try_from(days).unwrap_or_default();
    UNIX_EPOCH + Duration::from_secs((since / DAY + 1 + days) * DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_expires_at_the_midnight_after_its_days() {
        let noon = 20 * DAY + DAY / 2;
        assert_eq!(due(noon, 1), UNIX_EPOCH + Duration::from_secs(22 * DAY));
        assert_eq!(due(20 * DAY, 1), UNIX_EPOCH + Duration::from_secs(22 * DAY));
    }
}
