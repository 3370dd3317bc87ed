//! The colours, measured as the Web Content Accessibility Guidelines do.

use std::collections::BTreeMap;

use crate::app::App;

/// Text on what it stands on, where the ratio must be at least 4.5.
const TEXT: [(&str, &str); 16] = [
    ("text", "page"),
    ("text", "surface"),
    ("text", "sunken"),
    ("text-soft", "page"),
    ("text-soft", "surface"),
    ("text-soft", "sunken"),
    ("link", "page"),
    ("link", "surface"),
    ("on-accent", "accent"),
    ("danger", "page"),
    ("danger", "surface"),
    ("navy", "signal-yellow"),
    ("mast-text", "navy"),
    ("mast-text-soft", "navy"),
    ("field-text-soft", "field"),
    ("mast-text", "signal-red"),
];

/// Borders of controls and focus rings on what is beside them, where 3 is enough.
const SHAPES: [(&str, &str); 7] = [
    ("control", "page"),
    ("control", "surface"),
    ("focus", "page"),
    ("focus", "surface"),
    ("accent", "surface"),
    ("good", "surface"),
    ("good", "page"),
];

/// `--name: #rrggbb;` in a piece of CSS.
fn colours(css: &str) -> BTreeMap<&str, [f64; 3]> {
    let declarations = css
        .split(';')
        .filter_map(|part| part.split("--").nth(1)?.split_once(": #"));
    declarations
        .map(|(name, digits)| (name, channels(digits)))
        .collect()
}

/// Red, green and blue, each linear and from 0 to 1.
fn channels(digits: &str) -> [f64; 3] {
    [0, 2, 4].map(|start| {
        let value = f64::from(u8::from_str_radix(&digits[start..start + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    })
}

fn luminance([red, green, blue]: [f64; 3]) -> f64 {
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    if one > other {
        one / other
    } else {
        other / one
    }
}

#[tokio::test]
async fn text_can_be_read_and_controls_can_be_seen_in_light_and_dark() {
    let app = App::start().await;
    let page = app.page("/").await;
    let css = app
        .get(page.one("link[rel=stylesheet]").attr("href").unwrap())
        .await
        .text()
        .await
        .unwrap();
    let (light, rest) = css
        .split_once("@media (prefers-color-scheme: dark)")
        .unwrap();
    let light = colours(light);
    let mut dark = light.clone();
    dark.extend(colours(rest.split_once("\n}\n").unwrap().0));
    assert!(
        luminance(light["page"]) > 0.5 && luminance(dark["page"]) < 0.1,
        "both schemes are read"
    );
    for (scheme, colours) in [("light", light), ("dark", dark)] {
        let pairs = TEXT
            .iter()
            .map(|pair| (pair, 4.5))
            .chain(SHAPES.iter().map(|pair| (pair, 3.0)));
        for ((front, back), least) in pairs {
            let ratio = contrast(colours[front], colours[back]);
            assert!(
                ratio >= least,
                "{scheme}: {front} on {back} is {ratio:.2}, must be {least}"
            );
        }
    }
}

#[test]
fn black_on_white_is_twenty_one() {
    assert!((contrast(channels("000000"), channels("ffffff")) - 21.0).abs() < 0.01);
}
