//! What a handler learns of who is asking, as extractors: a handler that takes [`Vendor`] cannot be reached by a customer.

use axum::{extract::FromRef, extract::FromRequestParts, http::request::Parts};
use chrono::{DateTime, Utc};
use contracts::UserId;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{ADMINS, OWNERS, VENDORS, Verifier, Who};
use crate::{Problem, problem::FORBIDDEN};

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Buys.
    Customer,
    /// Also sells, and edits what is their own.
    Vendor,
    /// Moderates everything.
    Admin,
}

impl Role {
    /// As tokens and the API's description have it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Vendor => "vendor",
            Self::Admin => "admin",
        }
    }
}

/// Somebody with a valid token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Principal {
    /// Whose token it is.
    pub user: UserId,
    /// What they may do.
    pub role: Role,
}

impl Principal {
    /// Whether `who` names their role.
    pub fn is_one_of(self, who: Who) -> bool {
        who.contains(&self.role.name())
    }

    /// Whether a thing of this owner is theirs to see and change: their own, or they are an admin.
    pub fn owns(self, owner: impl Into<Uuid>) -> bool {
        self.user.0 == owner.into() || self.is_one_of(OWNERS)
    }
}

/// Everything that a valid token says of who is asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Whose token it is.
    pub principal: Principal,
    /// The log-in that it descends from; a service that signs in machines may leave it out.
    pub session: Option<Uuid>,
    /// From when on the token does not count any more: for what goes on longer than a request.
    pub expires_at: DateTime<Utc>,
    /// What they may do beyond their role.
    pub permissions: Vec<String>,
    /// Where mail reaches them; a token of a machine may leave it out.
    pub email: Option<String>,
}

impl Caller {
    /// Whether `who` names their role or one of their permissions.
    pub fn is_one_of(&self, who: Who) -> bool {
        let granted = self
            .permissions
            .iter()
            .any(|own| who.contains(&own.as_str()));
        granted || self.principal.is_one_of(who)
    }

    /// Whether the token grants this permission; an admin has all of them.
    pub fn may(&self, permission: &str) -> bool {
        self.principal.role == Role::Admin
            || self.permissions.iter().any(|granted| granted == permission)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller
where
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Verifier::from_ref(state)
            .verify(&parts.method, &parts.headers)
            .await
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Principal
where
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, state).await?;
        Ok(caller.principal)
    }
}

/// A vendor, or an admin who acts in one's place.
#[derive(Debug, Clone, Copy)]
pub struct Vendor(pub Principal);

/// An admin.
#[derive(Debug, Clone, Copy)]
pub struct Admin(pub Principal);

impl<S: Send + Sync> FromRequestParts<S> for Vendor
where
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        admit(principal, VENDORS, "Only a vendor or an admin may do this.").map(Self)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin
where
    Verifier: FromRef<S>,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let principal = Principal::from_request_parts(parts, state).await?;
        admit(principal, ADMINS, "Only an admin may do this.").map(Self)
    }
}

fn admit(principal: Principal, who: Who, refusal: &str) -> Result<Principal, Problem> {
    if principal.is_one_of(who) {
        Ok(principal)
    } else {
        Err(Problem::new(&FORBIDDEN, refusal))
    }
}
