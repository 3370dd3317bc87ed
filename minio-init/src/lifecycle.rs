//! Lifecycle rules: what the file says as S3 writes it, and whether a bucket has it already.

use aws_sdk_s3::{
    error::BuildError,
    types::{ExpirationStatus, LifecycleExpiration, LifecycleRule, LifecycleRuleFilter},
};

use crate::buckets_file;

/// A rule of ours, in a form that can be compared.
type Expiry = (String, String, i32);

pub(crate) fn wanted(
    rules: &[buckets_file::LifecycleRule],
) -> Result<Vec<LifecycleRule>, BuildError> {
    let build = |rule: &buckets_file::LifecycleRule| {
        LifecycleRule::builder()
            .id(rule.id.as_str())
            .status(ExpirationStatus::Enabled)
            .filter(LifecycleRuleFilter::builder().prefix(&rule.prefix).build())
            .expiration(
                LifecycleExpiration::builder()
                    .days(rule.expire_days.get())
                    .build(),
            )
            .build()
    };
    rules.iter().map(build).collect()
}

/// Whether the bucket's rules are these, in whatever order and form.
pub(crate) fn same(current: &[LifecycleRule], wanted: &[LifecycleRule]) -> bool {
    let expiries = |rules: &[LifecycleRule]| {
        let mut all: Vec<Option<Expiry>> = rules.iter().map(expiry).collect();
        all.sort_unstable();
        all
    };
    expiries(current) == expiries(wanted)
}

/// None for a rule that does anything else than expire what has a prefix.
fn expiry(rule: &LifecycleRule) -> Option<Expiry> {
    let expiration = rule.expiration()?;
    let is_ours = rule.status() == &ExpirationStatus::Enabled
        && expiration.date().is_none()
        && !expiration.expired_object_delete_marker().unwrap_or(false)
        && rule.transitions().is_empty()
        && rule.noncurrent_version_transitions().is_empty()
        && rule.noncurrent_version_expiration().is_none()
        && rule.abort_incomplete_multipart_upload().is_none();
    Some((
        rule.id()?.to_owned(),
        prefix(rule)?.to_owned(),
        expiration.days()?,
    ))
    .filter(|_| is_ours)
}

/// None for a filter by anything else than the key's beginning.
fn prefix(rule: &LifecycleRule) -> Option<&str> {
    #[expect(
        deprecated,
        reason = "some stores still answer in the form that S3 has replaced by filters"
    )]
    let old = rule.prefix();
    let Some(filter) = rule.filter() else {
        return Some(old.unwrap_or_default());
    };
    let only_prefix = filter.tag().is_none()
        && filter.and().is_none()
        && filter.object_size_greater_than().is_none()
        && filter.object_size_less_than().is_none();
    only_prefix.then(|| filter.prefix().or(old).unwrap_or_default())
}
