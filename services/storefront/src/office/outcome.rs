//! What comes of asking a service: a failure page, or a form that is shown again with what was wrong.

use crate::{form::Form, pages::failure::Failure, services::Error};

/// For whatever no form can show.
pub(super) fn fail(error: Error) -> Failure {
    match error {
        Error::NotFound(_) => {
            Failure::NotFound("There is nothing of this id, or it is not yours to see.")
        }
        Error::Refused { problem, .. } if problem.status == 403 => {
            Failure::Forbidden("This belongs to somebody else, or is for admins.")
        }
        other => other.into(),
    }
}

/// Puts what a service refused beside the fields of the form; everything else is a failure.
pub(super) fn refused(form: &mut Form, error: Error) -> Result<(), Failure> {
    match error {
        Error::Refused { problem, .. } if problem.status != 403 => {
            form.refuse_by(&problem);
            Ok(())
        }
        other => Err(fail(other)),
    }
}
