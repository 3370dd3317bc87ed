//! The shapes that several operations take or answer with.

use chassis::{FieldError, Problem};
use chrono::{DateTime, Utc};
use contracts::UserId;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::{Violation, account::User, address::Address};

pub(crate) use chassis::problem::ProblemBody;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserBody {
    id: UserId,
    /// In lower case.
    email: String,
    first_name: String,
    last_name: String,
    /// `customer`, `vendor` or `admin`.
    role: &'static str,
    /// What they may do beyond their role, such as `orders:refund`.
    permissions: Vec<String>,
    /// Missing where the operator made the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    consent: Option<ConsentBody>,
    /// Rises by one with each change.
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// To which text about personal data somebody agreed, and when.
#[derive(Debug, Serialize, ToSchema)]
struct ConsentBody {
    version: String,
    at: DateTime<Utc>,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            permissions: user.effective_permissions(),
            id: user.id,
            email: user.email,
            first_name: user.first_name,
            last_name: user.last_name,
            role: user.role.name(),
            consent: user.consent.map(|consent| ConsentBody {
                version: consent.version,
                at: consent.at,
            }),
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// An entry of the address book.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AddressBody {
    id: Uuid,
    label: String,
    recipient: String,
    street: String,
    city: String,
    state: String,
    zip_code: String,
    country: String,
    /// One of somebody's addresses at most.
    default: bool,
    created_at: DateTime<Utc>,
}

impl From<Address> for AddressBody {
    fn from(address: Address) -> Self {
        let place = address.place;
        Self {
            id: address.id,
            label: place.label,
            recipient: place.recipient,
            street: place.street,
            city: place.city,
            state: place.state,
            zip_code: place.zip_code,
            country: place.country,
            default: address.is_default,
            created_at: address.created_at,
        }
    }
}

/// What the domain found wrong, as the client is told.
pub(super) fn invalid(violations: Vec<Violation>) -> Problem {
    let errors = violations
        .into_iter()
        .map(|violation| FieldError::new(violation.field, violation.message));
    Problem::invalid(errors.collect())
}
