//! Who is asking, looked up: unlike other services this one asks its own database whether the session lives, so that the end
//! of a session and a change of rights count at once.

use axum::{extract::FromRequestParts, http::request::Parts};
use chassis::{
    Problem,
    auth::{self, ADMINS, Principal},
    problem::FORBIDDEN,
};
use uuid::Uuid;

use crate::{
    assembly::State,
    db,
    domain::{account::User, rights::Role},
};

/// Somebody with a valid token of a live session.
pub(crate) struct SignedIn {
    pub(crate) user: User,
    pub(crate) session: Uuid,
}

impl SignedIn {
    /// As the audit trail names them.
    pub(crate) fn principal(&self) -> Principal {
        let role = match self.user.role {
            Role::Customer => auth::Role::Customer,
            Role::Vendor => auth::Role::Vendor,
            Role::Admin => auth::Role::Admin,
        };
        Principal {
            user: self.user.id,
            role,
        }
    }
}

/// The same, and an admin.
pub(crate) struct Administrator(pub(crate) SignedIn);

impl FromRequestParts<State> for SignedIn {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let caller = state.verifier.verify(&parts.method, &parts.headers).await?;
        let session = caller
            .session
            .ok_or_else(|| state.verifier.session_ended())?;
        let mut connection = state.database.acquire().await?;
        let user = db::users::in_session(&mut connection, caller.principal.user, session).await?;
        let user = user.ok_or_else(|| state.verifier.session_ended())?;
        Ok(Self { user, session })
    }
}

impl FromRequestParts<State> for Administrator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Problem> {
        let signed_in = SignedIn::from_request_parts(parts, state).await?;
        if ADMINS.contains(&signed_in.user.role.name()) {
            Ok(Self(signed_in))
        } else {
            Err(Problem::new(&FORBIDDEN, "Only an admin may do this."))
        }
    }
}
