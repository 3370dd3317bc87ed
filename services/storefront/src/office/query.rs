//! What the address of a list says: its filters, its order and its page. The address is the only state.

/// Longer than anything that is looked for.
const LONGEST_VALUE: usize = 300;

/// The parameters that a list knows, as they were given.
#[derive(Debug, Clone, Default)]
pub(super) struct Query(Vec<(&'static str, String)>);

impl Query {
    /// Takes the known ones; what is empty, too long or unknown is left out.
    pub(super) fn read(query: Option<&str>, names: &[&'static str]) -> Self {
        let pairs: Vec<(String, String)> =
            serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default();
        let value = |name: &&'static str| {
            let (_, value) = pairs.iter().find(|(given, _)| given == name)?;
            let value = value.trim();
            (!value.is_empty() && value.len() <= LONGEST_VALUE).then(|| (*name, value.to_owned()))
        };
        Self(names.iter().filter_map(value).collect())
    }

    /// The value of a parameter; empty without one.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(given, _)| *given == name)
            .map_or("", |(_, value)| value)
    }

    /// Without a parameter.
    pub(super) fn without(&self, name: &str) -> Self {
        let others = self.0.iter().filter(|(given, _)| *given != name);
        Self(others.cloned().collect())
    }

    /// With this value instead of the one that it has.
    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut changed = self.without(name);
        changed.0.push((name, value.to_owned()));
        changed
    }

    /// Behind a path.
    pub(super) fn url(&self, path: &str) -> String {
        if self.0.is_empty() {
            return path.to_owned();
        }
        let mark = if path.contains('?') { '&' } else { '?' };
        format!("{path}{mark}{}", encoded(&self.0))
    }
}

fn encoded(pairs: &[(&'static str, String)]) -> String {
    serde_urlencoded::to_string(pairs).expect("BUG: a string always encodes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_list_knows_is_taken() {
        let query = Query::read(Some("q=+mug+&sort=&page=7&q=cup"), &["q", "sort", "after"]);
        assert_eq!(query.text("q"), "mug");
        assert_eq!(query.url("/api/x?limit=5"), "/api/x?limit=5&q=mug");
        assert_eq!(query.with("after", "a&b").url("/x"), "/x?q=mug&after=a%26b");
        assert_eq!(query.without("q").url("/x"), "/x");
    }
}
