//! Whose a cart is, and how long it lasts.

use chrono::{DateTime, Duration, Utc};
use contracts::UserId;

/// How long a guest's cart rests before it is forgotten, and their cookie with it.
pub(crate) const GUEST_LIFETIME: Duration = Duration::days(30);
/// The same of an account's.
const USER_LIFETIME: Duration = Duration::days(365);
/// How much of its lifetime a cart may lose before looking at it gives it all of it back: not every look is a write.
const RENEWAL: Duration = Duration::days(1);

/// Whose a cart is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Somebody with an account.
    User(UserId),
    /// Whoever holds the token with this digest.
    Guest([u8; 32]),
}

impl Owner {
    /// When a cart is forgotten that was used now and never again.
    pub(crate) fn expiry(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + match self {
            Self::User(_) => USER_LIFETIME,
            Self::Guest(_) => GUEST_LIFETIME,
        }
    }

    /// The new end of a cart that is looked at now, where it is worth storing.
    pub(crate) fn renewed(
        &self,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Option<DateTime<Utc>> {
        let renewed = self.expiry(now);
        (renewed - expires_at >= RENEWAL).then_some(renewed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_renews_a_cart_at_most_once_a_day() {
        let (guest, now) = (Owner::Guest([0; 32]), DateTime::UNIX_EPOCH);
        let expires_at = guest.expiry(now);
        assert_eq!(expires_at - now, Duration::days(30));
        assert_eq!(guest.renewed(expires_at, now + Duration::hours(23)), None);
        let tomorrow = now + Duration::hours(24);
        assert_eq!(
            guest.renewed(expires_at, tomorrow),
            Some(guest.expiry(tomorrow))
        );
    }
}
