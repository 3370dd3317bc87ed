//! Hops as a report for `JUnit` readers: a suite for each journey, a case for each hop, in the form that CI servers read.

use std::fmt::Write as _;

use crate::events::Hop;

/// The report's text.
pub(crate) fn report(hops: &[Hop]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let failures = hops.iter().filter(|hop| !hop.ok).count();
    let _ = writeln!(
        xml,
        "<testsuites name=\"probe\" {}>",
        counts(hops.iter(), hops.len(), failures)
    );
    let mut journeys: Vec<&str> = hops.iter().map(|hop| hop.journey.as_str()).collect();
    journeys.dedup();
    for journey in journeys {
        let own: Vec<&Hop> = hops.iter().filter(|hop| hop.journey == journey).collect();
        let failures = own.iter().filter(|hop| !hop.ok).count();
        let _ = writeln!(
            xml,
            "  <testsuite name=\"{}\" {}>",
            escape(journey),
            counts(own.iter().copied(), own.len(), failures)
        );
        for hop in own {
            xml.push_str(&case(hop));
        }
        xml.push_str("  </testsuite>\n");
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn counts<'a>(hops: impl Iterator<Item = &'a Hop>, tests: usize, failures: usize) -> String {
    format!(
        "tests=\"{tests}\" failures=\"{failures}\" errors=\"0\" skipped=\"0\" time=\"{}\"",
        seconds(hops.map(|hop| hop.took_ms).sum())
    )
}

fn case(hop: &Hop) -> String {
    let head = format!(
        "    <testcase classname=\"probe.{}\" name=\"{}\" time=\"{}\">",
        escape(&hop.journey),
        escape(&hop.hop),
        seconds(hop.took_ms)
    );
    let detail = escape(&hop.detail);
    let body = if hop.ok {
        format!("<system-out>{detail}</system-out>")
    } else {
        format!("<failure message=\"{detail}\">{detail}</failure>")
    };
    format!("{head}{body}</testcase>\n")
}

fn seconds(took_ms: u64) -> String {
    format!("{}.{:03}", took_ms / 1_000, took_ms % 1_000)
}

/// Text for an element or an attribute; what XML cannot carry at all becomes `?`.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\r' | '\t' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hop(journey: &str, name: &str, ok: bool) -> Hop {
        Hop {
            journey: journey.into(),
            hop: name.into(),
            ok,
            took_ms: 1_234,
            detail: "a < b & \"c\"\n\u{7}".into(),
        }
    }

    #[test]
    fn a_report_has_a_suite_for_each_journey_and_escapes_what_was_found() {
        let xml = report(&[
            hop("edge", "one", true),
            hop("edge", "two", false),
            hop("mail", "three", true),
        ]);
        assert_eq!(
            xml,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
             <testsuites name=\"probe\" tests=\"3\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"3.702\">\n  \
             <testsuite name=\"edge\" tests=\"2\" failures=\"1\" errors=\"0\" skipped=\"0\" time=\"2.468\">\n    \
             <testcase classname=\"probe.edge\" name=\"one\" time=\"1.234\"><system-out>a &lt; b &amp; &quot;c&quot; ?</system-out></testcase>\n    \
             <testcase classname=\"probe.edge\" name=\"two\" time=\"1.234\"><failure message=\"a &lt; b &amp; &quot;c&quot; ?\">a &lt; b &amp; &quot;c&quot; ?</failure></testcase>\n  \
             </testsuite>\n  \
             <testsuite name=\"mail\" tests=\"1\" failures=\"0\" errors=\"0\" skipped=\"0\" time=\"1.234\">\n    \
             <testcase classname=\"probe.mail\" name=\"three\" time=\"1.234\"><system-out>a &lt; b &amp; &quot;c&quot; ?</system-out></testcase>\n  \
             </testsuite>\n</testsuites>\n"
        );
    }
}
