//! What Chromium fetched for a page, and what it complained about meanwhile.

use std::collections::BTreeMap;

use serde_json::Value;
use thirtyfour::BrowserLogEntry;

/// One thing that was fetched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) url: String,
    /// `Document`, `Stylesheet`, `Script`, `Image`, `Font` and so on, as the page uses it.
    pub(crate) used_as: String,
    pub(crate) status: u64,
    pub(crate) media_type: String,
    /// With its headers, as it came over the wire.
    pub(crate) bytes: u64,
    /// Why it did not come.
    pub(crate) failed: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Warnings and errors of the console, violations of the content security policy among them.
    pub(crate) complaints: Vec<String>,
    pub(crate) fetched: Vec<Fetched>,
    /// A WebSocket was opened.
    pub(crate) listens: bool,
}

impl Watched {
    pub(crate) fn read(console: &[BrowserLogEntry], network: &[BrowserLogEntry]) -> Self {
        let complaints = console
            .iter()
            .filter(|entry| ["SEVERE", "WARNING"].contains(&entry.level.as_str()))
            .map(|entry| entry.message.clone());
        let mut fetched: BTreeMap<String, Fetched> = BTreeMap::new();
        let mut listens = false;
        for entry in network {
            let Ok(line) = serde_json::from_str::<Value>(&entry.message) else {
                continue;
            };
            let message = &line["message"];
            let method = message["method"].as_str().unwrap_or_default();
            listens |= method == "Network.webSocketHandshakeResponseReceived";
            note(method, &message["params"], &mut fetched);
        }
        Self {
            listens,
            complaints: complaints.collect(),
            fetched: fetched
                .into_values()
                .filter(|one| one.url.starts_with("http"))
                .collect(),
        }
    }

    /// What is wrong with what came: an error, or another kind of thing than the page uses it as.
    pub(crate) fn faults(&self) -> Vec<String> {
        let wrong = self.fetched.iter().filter_map(|one| {
            let Fetched {
                url,
                used_as,
                status,
                media_type,
                ..
            } = one;
            if let Some(reason) = &one.failed {
                return Some(format!("{url} did not come: {reason}"));
            }
            if *status >= 400 {
                return Some(format!("{url} answers with {status}"));
            }
            // One that was still on its way when the page was left has no type yet.
            let fits = media_type.is_empty() || fits(used_as, media_type);
            (!fits).then(|| format!("{url} is used as {used_as} and comes as {media_type}"))
        });
        wrong.chain(self.complaints.iter().cloned()).collect()
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.fetched.iter().map(|one| one.bytes).sum()
    }
}

fn note(method: &str, parameters: &Value, fetched: &mut BTreeMap<String, Fetched>) {
    let Some(id) = parameters["requestId"].as_str() else {
        return;
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match method {
        "Network.responseReceived" => {
            let response = &parameters["response"];
            let one = fetched.entry(id.to_owned()).or_default();
            one.url = text(&response["url"]);
            one.used_as = text(&parameters["type"]);
            one.status = response["status"].as_u64().unwrap_or_default();
            one.media_type = text(&response["mimeType"]);
        }
        "Network.loadingFinished" => {
            if let Some(one) = fetched.get_mut(id) {
                one.bytes = whole(&parameters["encodedDataLength"]);
            }
        }
        "Network.requestWillBeSent" => {
            let one = fetched.entry(id.to_owned()).or_default();
            one.url = text(&parameters["request"]["url"]);
            one.used_as = text(&parameters["type"]);
        }
        "Network.loadingFailed" if parameters["canceled"] != true => {
            let one = fetched.entry(id.to_owned()).or_default();
            one.failed = Some(match parameters["blockedReason"].as_str() {
                Some(reason) => format!("blocked by {reason}"),
                None => text(&parameters["errorText"]),
            });
        }
        _ => {}
    }
}

/// Chromium writes numbers of bytes as floats.
fn whole(number: &Value) -> u64 {
    number
        .as_u64()
        .or_else(|| number.to_string().split('.').next()?.parse().ok())
        .unwrap_or_default()
}

fn fits(used_as: &str, media_type: &str) -> bool {
    match used_as {
        "Document" => media_type == "text/html",
        "Stylesheet" => media_type == "text/css",
        "Script" => media_type == "text/javascript",
        "Image" => media_type.starts_with("image/"),
        "Font" => media_type.starts_with("font/"),
        "Manifest" => media_type == "application/manifest+json",
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(level: &str, message: &str) -> BrowserLogEntry {
        BrowserLogEntry {
            level: level.to_owned(),
            message: message.to_owned(),
            timestamp: 0,
            source: None,
        }
    }

    fn network(method: &str, parameters: &str) -> BrowserLogEntry {
        entry(
            "INFO",
            &format!(r#"{{"message":{{"method":"{method}","params":{parameters}}}}}"#),
        )
    }

    #[test]
    fn an_asset_of_another_type_is_a_fault_and_what_it_weighs_is_counted() {
        let watched = Watched::read(
            &[],
            &[
                network(
                    "Network.responseReceived",
                    r#"{"requestId":"1","type":"Stylesheet","response":{"url":"http://a/b.css","status":200,"mimeType":"text/html"}}"#,
                ),
                network(
                    "Network.loadingFinished",
                    r#"{"requestId":"1","encodedDataLength":1234.0}"#,
                ),
            ],
        );
        assert_eq!(
            watched.faults(),
            ["http://a/b.css is used as Stylesheet and comes as text/html"]
        );
        assert_eq!(watched.bytes(), 1234);
    }

    #[test]
    fn what_the_policy_blocks_and_the_console_says_is_a_fault() {
        let watched = Watched::read(
            &[entry("SEVERE", "Refused to load"), entry("INFO", "hello")],
            &[
                network(
                    "Network.requestWillBeSent",
                    r#"{"requestId":"1","type":"Image","request":{"url":"https://elsewhere/x.png"}}"#,
                ),
                network(
                    "Network.loadingFailed",
                    r#"{"requestId":"1","errorText":"net::ERR","blockedReason":"csp"}"#,
                ),
            ],
        );
        assert_eq!(
            watched.faults(),
            [
                "https://elsewhere/x.png did not come: blocked by csp",
                "Refused to load"
            ]
        );
    }

    #[test]
    fn a_page_that_is_left_before_everything_has_come_is_no_fault() {
        let watched = Watched::read(
            &[],
            &[
                network(
                    "Network.requestWillBeSent",
                    r#"{"requestId":"1","type":"Image","request":{"url":"http://a/x.png"}}"#,
                ),
                network(
                    "Network.loadingFailed",
                    r#"{"requestId":"1","errorText":"net::ERR_ABORTED","canceled":true}"#,
                ),
            ],
        );
        assert!(watched.faults().is_empty(), "{:?}", watched.faults());
    }
}
