//! Ids in Stripe's form: what it is, an underscore, and 24 characters that nobody can guess.

use rand::{Rng as _, distr::Alphanumeric};

/// A fresh id such as `pi_3MtwBwLkdIwHu7ix28a3tqPa`.
pub(crate) fn fresh(prefix: &str) -> String {
    let random = rand::rng().sample_iter(&Alphanumeric).take(24);
    let mut id = format!("{prefix}_");
    id.extend(random.map(char::from));
    id
}
