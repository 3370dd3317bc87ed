//! What an account may do: one role, and single permissions beyond it.

use super::Violation;

/// What an account is for. Each one may also do what those before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Buys.
    Customer,
    /// Also sells.
    Vendor,
    /// Moderates everything.
    Admin,
}

impl Role {
    /// As it stands in tokens, events and the database.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Vendor => "vendor",
            Self::Admin => "admin",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::Customer, Self::Vendor, Self::Admin]
            .into_iter()
            .find(|role| role.name() == name)
    }

    /// What an admin may make of somebody.
    pub(crate) fn granted(name: &str) -> Result<Self, Violation> {
        let message = "must be customer, vendor or admin";
        Self::named(name).ok_or_else(|| Violation::new("role", message))
    }

    /// What people may make of themselves.
    pub(crate) fn chosen(name: &str) -> Result<Self, Violation> {
        match Self::named(name) {
            Some(role @ (Self::Customer | Self::Vendor)) => Ok(role),
            Some(Self::Admin) => {
                let message = "admin cannot be asked for: an admin has to grant it";
                Err(Violation::new("role", message))
            }
            None => Err(Violation::new("role", "must be customer or vendor")),
        }
    }
}

/// Every permission that can be granted to somebody whose role does not have it. An admin has all of them.
pub(crate) const PERMISSIONS: [&str; 1] = ["orders:refund"];

/// As many names as a request may have.
const MAX_NAMES: usize = 20;

/// Reads permissions to grant: known ones, sorted, each once.
pub(crate) fn permissions(names: Vec<String>) -> Result<Vec<String>, Violation> {
    if names.len() > MAX_NAMES {
        let message = format!("must be at most {MAX_NAMES}");
        return Err(Violation::new("permissions", message));
    }
    let mut names = names;
    names.sort();
    names.dedup();
    match names
        .iter()
        .find(|name| !PERMISSIONS.contains(&name.as_str()))
    {
        None => Ok(names),
        Some(unknown) => {
            let message = format!(
                "there is no permission {unknown:?}; there are {}",
                PERMISSIONS.join(", ")
            );
            Err(Violation::new("permissions", message))
        }
    }
}

/// What somebody with this role and these grants may do, as their tokens say it.
pub(crate) fn effective(role: Role, granted: &[String]) -> Vec<String> {
    if role == Role::Admin {
        PERMISSIONS.map(ToOwned::to_owned).to_vec()
    } else {
        granted.to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_makes_themselves_an_admin() {
        assert_eq!(Role::chosen("vendor"), Ok(Role::Vendor));
        assert_eq!(Role::chosen("customer"), Ok(Role::Customer));
        for name in ["admin", "Admin", "root", "", "vendor "] {
            assert_eq!(Role::chosen(name).unwrap_err().field, "role", "{name:?}");
        }
        assert_eq!(Role::granted("admin"), Ok(Role::Admin));
    }

    #[test]
    fn a_permission_that_means_nothing_is_not_granted() {
        let twice = vec!["orders:refund".to_owned(), "orders:refund".to_owned()];
        assert_eq!(permissions(twice), Ok(vec!["orders:refund".to_owned()]));
        assert!(permissions(vec!["orders:refnud".to_owned()]).is_err());
    }

    #[test]
    fn an_admin_needs_no_grants() {
        assert_eq!(effective(Role::Admin, &[]), PERMISSIONS);
        assert!(effective(Role::Vendor, &[]).is_empty());
    }
}
