//! Where a parcel goes: the fields of an address, and what its country expects of them.

use contracts::orders::ShippingAddress;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    form::{Form, Input},
    services::identity::Address,
};

/// The fields of an address, under the names that the services have for them.
pub(crate) const FIELDS: [Input; 6] = [
    Input::new("recipient", "Name on the door"),
    Input::new("street", "Street and number"),
    Input::new("city", "Town"),
    Input::new("state", "State or county"),
    Input::new("zipCode", "Postal code"),
    Input::new("country", "Country"),
];

/// A country that we send to. In a mask, `9` is a digit, `A` a letter and `X` either; blanks and hyphens do not count.
struct Country {
    name: &'static str,
    masks: &'static [&'static str],
    example: &'static str,
    needs_state: bool,
}

const fn country(
    name: &'static str,
    masks: &'static [&'static str],
    example: &'static str,
) -> Country {
    Country {
        name,
        masks,
        example,
        needs_state: false,
    }
}

const COUNTRIES: [Country; 31] = [
    country("Austria", &["9999"], "1010"),
    country("Belgium", &["9999"], "1000"),
    country("Bulgaria", &["9999"], "1000"),
    country("Croatia", &["99999"], "20000"),
    country("Cyprus", &["9999"], "1010"),
    country("Czechia", &["99999"], "110 00"),
    country("Denmark", &["9999"], "1050"),
    country("Estonia", &["99999"], "10111"),
    country("Finland", &["99999"], "00100"),
    country("France", &["99999"], "75001"),
    country("Germany", &["99999"], "20457"),
    country("Greece", &["99999"], "105 57"),
    country("Hungary", &["9999"], "1051"),
    country("Ireland", &["A9XXXXX"], "D02 AF30"),
    country("Italy", &["99999"], "34121"),
    country("Latvia", &["9999", "AA9999"], "LV-1050"),
    country("Lithuania", &["99999", "AA99999"], "LT-01103"),
    country("Luxembourg", &["9999"], "1111"),
    country("Malta", &["AAA9999"], "VLT 1117"),
    country("Netherlands", &["9999AA"], "1012 AB"),
    country("Norway", &["9999"], "0150"),
    country("Poland", &["99999"], "80-831"),
    country("Portugal", &["9999999"], "1100-148"),
    country("Romania", &["999999"], "030031"),
    country("Slovakia", &["99999"], "811 01"),
    country("Slovenia", &["9999"], "6330"),
    country("Spain", &["99999"], "08003"),
    country("Sweden", &["99999"], "111 29"),
    country("Switzerland", &["9999"], "4051"),
    country(
        "United Kingdom",
        &["A99AA", "A999AA", "AA99AA", "AA999AA", "A9A9AA", "AA9A9AA"],
        "SW1A 1AA",
    ),
    Country {
        name: "United States",
        masks: &["99999", "999999999"],
        example: "02110",
        needs_state: true,
    },
];

/// A country to choose.
#[derive(Debug, Serialize)]
pub(crate) struct Choice {
    name: String,
    is_chosen: bool,
}

/// The countries to choose from. One that we do not list, from an older entry, is offered to whoever has it.
pub(crate) fn countries(chosen: &str) -> Vec<Choice> {
    let listed = COUNTRIES.iter().map(|country| country.name);
    let is_listed = chosen.is_empty() || COUNTRIES.iter().any(|country| country.name == chosen);
    let other = (!is_listed).then_some(chosen);
    other
        .into_iter()
        .chain(listed)
        .map(|name| Choice {
            name: name.to_owned(),
            is_chosen: name == chosen,
        })
        .collect()
}

/// Refuses what cannot be an address in its country.
pub(crate) fn check(form: &mut Form) {
    form.require(&["street", "city", "zipCode", "country"]);
    for (name, most) in [
        ("recipient", 120),
        ("street", 200),
        ("city", 120),
        ("state", 120),
        ("zipCode", 20),
        ("country", 60),
    ] {
        form.limit(name, most);
    }
    let chosen = form.text("country").to_owned();
    let Some(country) = COUNTRIES.iter().find(|country| country.name == chosen) else {
        if !chosen.is_empty() {
            form.refuse("country", "must be one that we send to");
        }
        return;
    };
    if country.needs_state && form.text("state").is_empty() {
        form.refuse(
            "state",
            &format!("must not be empty in the {}", country.name),
        );
    }
    if !form.text("zipCode").is_empty() && !fits(form.text("zipCode"), country.masks) {
        let message = format!(
            "does not look like one of {}, such as {}",
            country.name, country.example
        );
        form.refuse("zipCode", &message);
    }
}

fn fits(code: &str, masks: &[&str]) -> bool {
    let code: Vec<char> = code
        .chars()
        .filter(|letter| !letter.is_whitespace() && *letter != '-')
        .collect();
    masks.iter().any(|mask| {
        mask.len() == code.len()
            && mask.chars().zip(&code).all(|(mask, letter)| match mask {
                '9' => letter.is_ascii_digit(),
                'A' => letter.is_ascii_alphabetic(),
                _ => letter.is_ascii_alphanumeric(),
            })
    })
}

/// What was typed, for an order.
pub(crate) fn typed(form: &Form) -> ShippingAddress {
    let optional = |name| Some(form.text(name).to_owned()).filter(|text| !text.is_empty());
    ShippingAddress {
        recipient: optional("recipient"),
        street: form.text("street").to_owned(),
        city: form.text("city").to_owned(),
        state: optional("state"),
        zip_code: form.text("zipCode").to_owned(),
        country: form.text("country").to_owned(),
    }
}

/// What was typed, for the address book.
pub(crate) fn entry(form: &Form) -> Value {
    json!({
        "label": form.text("label"),
        "recipient": form.text("recipient"),
        "street": form.text("street"),
        "city": form.text("city"),
        "state": form.text("state"),
        "zipCode": form.text("zipCode"),
        "country": form.text("country"),
    })
}

/// An entry of the address book, for an order.
pub(crate) fn chosen(address: &Address) -> ShippingAddress {
    let optional = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
    ShippingAddress {
        recipient: optional(&address.recipient),
        street: address.street.clone(),
        city: address.city.clone(),
        state: optional(&address.state),
        zip_code: address.zip_code.clone(),
        country: address.country.clone(),
    }
}

/// As one writes it on a parcel, a line each.
pub(crate) fn lines(address: &ShippingAddress) -> Vec<String> {
    let town = format!("{} {}", address.zip_code, address.city);
    let parts = [
        address.recipient.clone(),
        Some(address.street.clone()),
        Some(town),
        address.state.clone(),
        Some(address.country.clone()),
    ];
    parts
        .into_iter()
        .flatten()
        .filter(|line| !line.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusals(pairs: &[(&'static str, &str)]) -> Vec<String> {
        let mut form = Form::filled(&FIELDS, |name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map_or(String::new(), |(_, value)| (*value).to_owned())
        });
        check(&mut form);
        let view = serde_json::to_value(form.view()).unwrap();
        let refused = view["refused"].as_array().unwrap();
        refused
            .iter()
            .map(|refused| refused["text"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn each_country_knows_its_postal_codes() {
        for country in &COUNTRIES {
            assert!(fits(country.example, country.masks), "{}", country.name);
            assert!(!fits("!", country.masks));
        }
        assert!(fits("sw1a1aa", &["AA9A9AA"]));
    }

    #[test]
    fn what_is_missing_or_does_not_fit_is_said_at_its_field() {
        let address = [
            ("street", "1 Quay"),
            ("city", "London"),
            ("zipCode", "SW1A"),
        ];
        let with = |country| [address.as_slice(), &[("country", country)]].concat();
        assert_eq!(
            refusals(&with("United Kingdom")),
            ["Postal code does not look like one of United Kingdom, such as SW1A 1AA."]
        );
        assert_eq!(refusals(&with("Atlantis")).len(), 1);
        assert_eq!(refusals(&with("United States")).len(), 2);
        assert_eq!(refusals(&[]).len(), 4);
    }
}
