//! Who works here: a vendor or an admin. Anybody else is asked to sign in, or told that this is not for them.
//!
//! What the token says decides which pages are offered; what may be done is decided by the services, which check the token.

use axum::{extract::FromRequestParts, http::request::Parts};

use crate::{
    pages::failure::Failure,
    visit::{Account, Member, Visit},
};

/// A vendor or an admin.
pub(crate) struct Staff {
    pub(super) visit: Visit,
    pub(super) account: Account,
    pub(super) is_admin: bool,
}

/// An admin.
pub(crate) struct Admin(pub(super) Staff);

impl<S: Send + Sync> FromRequestParts<S> for Staff {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let Member(visit) = Member::from_request_parts(parts, state).await?;
        let account = visit
            .account()
            .ok_or_else(|| Failure::SignIn(visit.page().to_owned()))?;
        let is_admin = match account.role.as_str() {
            "admin" => true,
            "vendor" => false,
            _ => {
                return Err(Failure::Forbidden(
                    "The back office is for those who sell here.",
                ));
            }
        };
        Ok(Self {
            visit,
            account,
            is_admin,
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Admin {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let staff = Staff::from_request_parts(parts, state).await?;
        if staff.is_admin {
            Ok(Self(staff))
        } else {
            Err(Failure::Forbidden("This page is for admins."))
        }
    }
}
