//! The file that says which buckets there are, read strictly: what it does not mean is better refused than guessed.

use std::{collections::HashSet, fmt, fs, net::Ipv4Addr, path::Path};

use anyhow::{Context, bail};
use serde::Deserialize;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BucketsFile {
    pub(crate) buckets: Vec<BucketDescription>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BucketDescription {
    pub(crate) name: BucketName,
    /// Whether anybody may read objects whose keys they know.
    #[serde(default)]
    pub(crate) public_read: bool,
    #[serde(default)]
    pub(crate) cors: Vec<CorsRule>,
    #[serde(default)]
    pub(crate) lifecycle: Vec<LifecycleRule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CorsRule {
    pub(crate) origins: NonEmpty<String>,
    pub(crate) methods: NonEmpty<Method>,
    #[serde(default)]
    pub(crate) headers: Vec<String>,
    pub(crate) max_age_seconds: Option<u32>,
}

/// The methods that S3 knows in a CORS rule.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum Method {
    Get,
    Head,
    Put,
    Post,
    Delete,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LifecycleRule {
    pub(crate) id: RuleId,
    /// Only objects whose keys begin with this.
    #[serde(default)]
    pub(crate) prefix: String,
    pub(crate) expire_days: Days,
}

/// A name that S3 takes everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct BucketName(String);

#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct RuleId(String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "i64")]
pub(crate) struct Days(i32);

#[derive(Debug, Deserialize)]
#[serde(try_from = "Vec<T>", bound = "T: Deserialize<'de>")]
pub(crate) struct NonEmpty<T>(Vec<T>);

/// Reads and checks a file. An error names the file, where possible the line, and what is expected.
pub(crate) fn read(path: &Path) -> anyhow::Result<BucketsFile> {
    let shown = path.display();
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {shown} (--buckets)"))?;
    parse(&text).with_context(|| format!("{shown} is not a list of buckets"))
}

fn parse(text: &str) -> anyhow::Result<BucketsFile> {
    let file: BucketsFile = serde_yaml::from_str(text)?;
    let mut names = HashSet::new();
    for bucket in &file.buckets {
        let name = &bucket.name;
        if !names.insert(name) {
            bail!("the bucket `{name}` is listed twice: expected each name once");
        }
        let mut ids = HashSet::new();
        if let Some(rule) = bucket.lifecycle.iter().find(|rule| !ids.insert(&rule.id)) {
            bail!(
                "the lifecycle rule `{}` of the bucket `{name}` is listed twice: expected each id once",
                rule.id.as_str()
            );
        }
    }
    Ok(file)
}

impl TryFrom<String> for BucketName {
    type Error = String;

    /// The rules of general purpose buckets, reserved beginnings and endings included.
    fn try_from(name: String) -> Result<Self, String> {
        let expected = |what: &str| Err(format!("`{name}` is not a bucket name: expected {what}"));
        let is_outer = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit();
        if !(3..=63).contains(&name.len()) {
            return expected("3 to 63 characters");
        }
        if !name
            .chars()
            .all(|char| is_outer(char) || matches!(char, '-' | '.'))
        {
            return expected("lower-case letters, digits, `-` and `.`");
        }
        if !name.starts_with(is_outer) || !name.ends_with(is_outer) {
            return expected("a letter or digit first and last");
        }
        if name.contains("..") || name.contains(".-") || name.contains("-.") {
            return expected("no two dots in a row, and no dot beside a hyphen");
        }
        if name.parse::<Ipv4Addr>().is_ok() {
            return expected("something that is not an IP address");
        }
        if ["xn--", "sthree-", "amzn-s3-demo-"]
            .iter()
            .any(|reserved| name.starts_with(reserved))
        {
            return expected("no beginning that S3 reserves (xn--, sthree-, amzn-s3-demo-)");
        }
        if ["-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"]
            .iter()
            .any(|reserved| name.ends_with(reserved))
        {
            return expected(
                "no ending that S3 reserves (-s3alias, --ol-s3, .mrap, --x-s3, --table-s3)",
            );
        }
        Ok(Self(name))
    }
}

impl TryFrom<String> for RuleId {
    type Error = String;

    fn try_from(id: String) -> Result<Self, String> {
        if (1..=255).contains(&id.len()) {
            Ok(Self(id))
        } else {
            Err(format!(
                "the rule id `{id}` has {} bytes: expected 1 to 255",
                id.len()
            ))
        }
    }
}

impl TryFrom<i64> for Days {
    type Error = String;

    fn try_from(days: i64) -> Result<Self, String> {
        i32::try_from(days)
            .ok()
            .filter(|days| *days >= 1)
            .map(Self)
            .ok_or_else(|| format!("{days} is not a number of days: expected at least 1"))
    }
}

impl<T> TryFrom<Vec<T>> for NonEmpty<T> {
    type Error = &'static str;

    fn try_from(all: Vec<T>) -> Result<Self, Self::Error> {
        if all.is_empty() {
            Err("this list is empty: expected at least one entry")
        } else {
            Ok(Self(all))
        }
    }
}

impl<T> NonEmpty<T> {
    pub(crate) fn iter(&self) -> std::slice::Iter<'_, T> {
        self.0.iter()
    }
}

impl BucketName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl RuleId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl Days {
    pub(crate) fn get(self) -> i32 {
        self.0
    }
}

impl Method {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for BucketName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", parse(text).unwrap_err())
    }

    #[test]
    fn the_file_of_this_repository_is_a_list_of_buckets() {
        let file = parse(include_str!("../buckets.yaml.j2")).unwrap();
        let names: Vec<_> = file
            .buckets
            .iter()
            .map(|bucket| (bucket.name.as_str(), bucket.public_read))
            .collect();
        assert_eq!(names, [("product-images", true), ("documents", false)]);
    }

    #[test]
    fn an_unknown_key_is_named_with_its_line_and_what_is_expected() {
        let error = error("buckets:\n  - name: pictures\n    public: true\n");
        assert!(
            error.contains("unknown field `public`, expected one of `name`, `public_read`"),
            "{error}"
        );
        assert!(error.contains("line 3"), "{error}");
    }

    #[test]
    fn names_that_s3_refuses_are_refused() {
        for name in [
            "ab",
            "Pictures",
            "my_pictures",
            "-pictures",
            "pictures-",
            "a..b",
            "192.168.1.1",
            "xn--abc",
            "abc-s3alias",
            &"a".repeat(64),
        ] {
            assert!(
                error(&format!("buckets: [{{name: {name}}}]"))
                    .contains("is not a bucket name: expected"),
                "{name}"
            );
        }
    }

    #[test]
    fn what_is_listed_twice_is_refused() {
        assert!(
            error("buckets: [{name: pictures}, {name: pictures}]")
                .contains("`pictures` is listed twice")
        );
        let rules = "buckets: [{name: pictures, lifecycle: [{id: a, expire_days: 1}, {id: a, expire_days: 2}]}]";
        assert!(error(rules).contains("rule `a` of the bucket `pictures` is listed twice"));
    }

    #[test]
    fn values_out_of_bounds_are_refused() {
        assert!(
            error("buckets: [{name: pictures, lifecycle: [{id: a, expire_days: 0}]}]")
                .contains("expected at least 1")
        );
        assert!(
            error("buckets: [{name: pictures, cors: [{origins: [], methods: [GET]}]}]")
                .contains("expected at least one entry")
        );
        assert!(
            error("buckets: [{name: pictures, cors: [{origins: ['*'], methods: [PATCH]}]}]")
                .contains("unknown variant `PATCH`")
        );
    }
}
