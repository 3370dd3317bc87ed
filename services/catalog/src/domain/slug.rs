//! A product's name in URLs, made from its name on the page.

/// Longer slugs are cut: they are for reading.
const MAX_CHARS: usize = 60;

/// Lower-case letters and digits with single dashes between words; `product` when the name has none of them.
pub(crate) fn from_name(name: &str) -> String {
    let mut slug = String::new();
    for character in name.chars().flat_map(char::to_lowercase) {
        match plain(character) {
            "" if slug.is_empty() || slug.ends_with('-') => {}
            "" => slug.push('-'),
            letters => slug.push_str(letters),
        }
        if slug.len() >= MAX_CHARS {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() {
        "product".to_owned()
    } else {
        slug.to_owned()
    }
}

/// `slug` with a tail that makes it this product's own, for when another product has the same name.
pub(crate) fn distinguished(slug: &str, id: contracts::ProductId) -> String {
    let digits = id.0.simple().to_string();
    format!("{slug}-{}", &digits[digits.len() - 6..])
}

/// The ASCII letters that stand for `character`, or nothing for what separates words.
fn plain(character: char) -> &'static str {
    const ASCII: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
    if let Some(index) = ASCII.find(character) {
        return &ASCII[index..=index];
    }
    match character {
        'à' | 'á' | 'â' | 'ã' | 'å' | 'ā' | 'ą' => "a",
        'ä' | 'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => "e",
        'ì' | 'í' | 'î' | 'ï' | 'ī' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ō' => "o",
        'ö' | 'ø' | 'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' => "s",
        'ß' => "ss",
        'ť' => "t",
        'ù' | 'ú' | 'û' | 'ů' | 'ū' => "u",
        'ü' => "ue",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_name_has_a_slug_that_the_database_accepts(name: String) {
            let slug = from_name(&name);
            let valid = !slug.is_empty()
                && slug.split('-').all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()));
            prop_assert!(valid, "{}", slug);
            prop_assert!(slug.len() <= MAX_CHARS + 2);
        }
    }

    #[test]
    fn a_slug_reads_like_its_name() {
        assert_eq!(
            from_name("Café au lait — Größe XL!"),
            "cafe-au-lait-groesse-xl"
        );
        assert_eq!(from_name("日本"), "product");
    }
}
