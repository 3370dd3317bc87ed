//! Turns what the SDK reports into a sentence that says what failed and what to check.

use anyhow::anyhow;
use aws_sdk_s3::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};

/// One failed request, whatever its operation.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    detail: String,
}

#[derive(Debug)]
enum Kind {
    /// No answer came.
    Unreachable,
    Answered {
        status: u16,
        code: String,
    },
    /// The request was never sent.
    Other,
}

impl<E> From<SdkError<E, HttpResponse>> for Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let kind = match &error {
            SdkError::ServiceError(answer) => Kind::Answered {
                status: answer.raw().status().as_u16(),
                code: answer.err().code().unwrap_or_default().to_owned(),
            },
            SdkError::ResponseError(answer) => Kind::Answered {
                status: answer.raw().status().as_u16(),
                code: String::new(),
            },
            SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) => Kind::Unreachable,
            _ => Kind::Other,
        };
        let answer = error.as_service_error();
        let said = answer
            .and_then(ProvideErrorMetadata::message)
            .or(answer.and_then(ProvideErrorMetadata::code));
        let detail = said.map_or_else(|| causes(&error), ToOwned::to_owned);
        Self { kind, detail }
    }
}

/// An error and what caused it, each once, without the innards that the SDK adds for debugging.
fn causes(error: &dyn std::error::Error) -> String {
    let all = std::iter::successors(Some(error), |error| error.source()).map(ToString::to_string);
    let mut told: Vec<String> = Vec::new();
    for cause in all {
        if !told.iter().any(|earlier| earlier.contains(&cause)) {
            told.push(cause);
        }
    }
    told.join(": ")
}

impl Failure {
    pub(crate) fn is(&self, wanted: &str) -> bool {
        matches!(&self.kind, Kind::Answered { code, .. } if code == wanted)
    }

    pub(crate) fn has_status(&self, wanted: u16) -> bool {
        matches!(self.kind, Kind::Answered { status, .. } if status == wanted)
    }

    /// A store that does not have this operation at all.
    pub(crate) fn is_not_implemented(&self) -> bool {
        self.has_status(501) || self.is("NotImplemented")
    }

    /// Whether the store may only still be starting.
    pub(crate) fn is_temporary(&self) -> bool {
        match self.kind {
            Kind::Unreachable => true,
            Kind::Answered { status, .. } => matches!(status, 429 | 500 | 502..=504),
            Kind::Other => false,
        }
    }

    /// Whether the store knows the key but does not let it do this.
    pub(crate) fn is_denied(&self) -> bool {
        self.is("AccessDenied")
    }

    pub(crate) fn into_error(self, doing: &str, endpoint: &str) -> anyhow::Error {
        let hint = match &self.kind {
            Kind::Unreachable => format!("check that the object store runs and that --endpoint ({endpoint}) is its address"),
            Kind::Answered { status, code } => match (code.as_str(), status) {
                ("InvalidAccessKeyId", _) => "the store does not know the access key: check MINIO_INIT_ACCESS_KEY".to_owned(),
                ("SignatureDoesNotMatch", _) => {
                    "the secret key does not belong to the access key: check the file named by MINIO_INIT_SECRET_KEY_FILE".to_owned()
                }
                ("RequestTimeTooSkewed", _) => "the clocks of this machine and the store differ: set them".to_owned(),
                ("BucketAlreadyExists", _) => "somebody else owns a bucket of this name: choose another name".to_owned(),
                ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _) | (_, 301) => {
                    "the bucket or the endpoint is in another region: check --region".to_owned()
                }
                (_, 403) => "the key may not do this, or somebody else owns the bucket: check its rights and the name".to_owned(),
                _ => format!("the store answered {status} {code}: its log says more"),
            },
            Kind::Other => "check --endpoint and --region".to_owned(),
        };
        anyhow!("cannot {doing}: {}\nhint: {hint}", self.detail)
    }
}
