//! Conditional requests, in the order of precedence that S3 and RFC 9110 give them.

use http::{HeaderMap, HeaderValue, header};
use s3s::{
    S3Error, S3Result,
    dto::{
        CopyObjectInput, ETag, ETagCondition, GetObjectInput, HeadObjectInput, Timestamp,
        TimestampFormat, UploadPartCopyInput,
    },
    s3_error,
};

use crate::object_file::Info;

pub(super) struct Conditions<'a> {
    matching: Option<&'a ETagCondition>,
    not_matching: Option<&'a ETagCondition>,
    modified_since: Option<&'a Timestamp>,
    unmodified_since: Option<&'a Timestamp>,
}

macro_rules! conditions_of {
    ($input:ty: $if_match:ident, $if_none_match:ident, $if_modified_since:ident, $if_unmodified_since:ident) => {
        impl<'a> From<&'a $input> for Conditions<'a> {
            fn from(input: &'a $input) -> Self {
                Self {
                    matching: input.$if_match.as_ref(),
                    not_matching: input.$if_none_match.as_ref(),
                    modified_since: input.$if_modified_since.as_ref(),
                    unmodified_since: input.$if_unmodified_since.as_ref(),
                }
            }
        }
    };
}

conditions_of!(GetObjectInput: if_match, if_none_match, if_modified_since, if_unmodified_since);
conditions_of!(HeadObjectInput: if_match, if_none_match, if_modified_since, if_unmodified_since);
conditions_of!(CopyObjectInput: copy_source_if_match, copy_source_if_none_match, copy_source_if_modified_since, copy_source_if_unmodified_since);
conditions_of!(UploadPartCopyInput: copy_source_if_match, copy_source_if_none_match, copy_source_if_modified_since, copy_source_if_unmodified_since);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Holds,
    Failed,
    NotModified,
}

impl Conditions<'_> {
    /// For reads: 412 when the object is another one than the client wants, 304 when the client has it already.
    pub(super) fn check_read(&self, info: &Info) -> S3Result<()> {
        match self.outcome(info) {
            Outcome::Holds => Ok(()),
            Outcome::Failed => Err(failed()),
            Outcome::NotModified => Err(not_modified(info)),
        }
    }

    /// For the source of a copy: whatever does not hold is a 412.
    pub(super) fn check_copy(&self, info: &Info) -> S3Result<()> {
        match self.outcome(info) {
            Outcome::Holds => Ok(()),
            Outcome::Failed | Outcome::NotModified => Err(failed()),
        }
    }

    fn outcome(&self, info: &Info) -> Outcome {
        let etag = ETag::Strong(info.etag.clone());
        let modified = info.last_modified();
        let matches = |condition: &ETagCondition| match condition {
            ETagCondition::Any => true,
            ETagCondition::ETag(wanted) => wanted.weak_cmp(&etag),
        };
        let fails = match (self.matching, self.unmodified_since) {
            (Some(condition), _) => !matches(condition),
            (None, Some(date)) => modified > *date,
            (None, None) => false,
        };
        let unchanged = match (self.not_matching, self.modified_since) {
            (Some(condition), _) => matches(condition),
            (None, Some(date)) => modified <= *date,
            (None, None) => false,
        };
        match (fails, unchanged) {
            (true, _) => Outcome::Failed,
            (false, true) => Outcome::NotModified,
            (false, false) => Outcome::Holds,
        }
    }
}

fn failed() -> S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold"
    )
}

/// A 304 repeats the headers by which a cache refreshes what it has.
fn not_modified(info: &Info) -> S3Error {
    let mut headers = HeaderMap::new();
    let mut modified = Vec::new();
    let _ = info
        .last_modified()
        .format(TimestampFormat::HttpDate, &mut modified);
    for (name, value) in [
        (header::ETAG, Some(format!("\"{}\"", info.etag))),
        (header::LAST_MODIFIED, String::from_utf8(modified).ok()),
        (header::CACHE_CONTROL, info.attributes.cache_control.clone()),
    ] {
        if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
            headers.insert(name, value);
        }
    }
    let mut error = s3_error!(NotModified);
    error.set_headers(headers);
    error
}
