//! Colours, mixed in Oklab: lighter and darker shades of a hue keep looking like the same paint, which sRGB does not give.

use std::fmt;

/// A colour in Oklab (<https://bottosson.github.io/posts/oklab/>).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Colour {
    lightness: f64,
    green_red: f64,
    blue_yellow: f64,
}

impl Colour {
    /// Reads `#RRGGBB`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits = text
            .strip_prefix('#')
            .filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let channel = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).ok().map(linear);
        Some(Self::from_linear([channel(0)?, channel(2)?, channel(4)?]))
    }

    /// Towards the light, 0 to 1. Highlights lose a little of their hue, as they do on real things.
    pub(crate) fn lighter(self, amount: f64) -> Self {
        Self {
            lightness: self.lightness + (1.0 - self.lightness) * amount,
            green_red: self.green_red * (1.0 - amount * 0.6),
            blue_yellow: self.blue_yellow * (1.0 - amount * 0.6),
        }
    }

    /// Into the shade, 0 to 1.
    pub(crate) fn darker(self, amount: f64) -> Self {
        Self {
            lightness: self.lightness * (1.0 - amount),
            green_red: self.green_red * (1.0 - amount * 0.55),
            blue_yellow: self.blue_yellow * (1.0 - amount * 0.55) - 0.012 * amount,
        }
    }

    /// This colour at 0, `other` at 1.
    pub(crate) fn mix(self, other: Self, share: f64) -> Self {
        let blend = |from: f64, to: f64| from + (to - from) * share;
        Self {
            lightness: blend(self.lightness, other.lightness),
            green_red: blend(self.green_red, other.green_red),
            blue_yellow: blend(self.blue_yellow, other.blue_yellow),
        }
    }

    fn from_linear([red, green, blue]: [f64; 3]) -> Self {
        let long =
            (0.412_221_470_8 * red + 0.536_332_536_3 * green + 0.051_445_992_9 * blue).cbrt();
        let middle =
            (0.211_903_498_2 * red + 0.680_699_545_1 * green + 0.107_396_956_6 * blue).cbrt();
        let short =
            (0.088_302_461_9 * red + 0.281_718_837_6 * green + 0.629_978_700_5 * blue).cbrt();
        Self {
            lightness: 0.210_454_255_3 * long + 0.793_617_785_0 * middle - 0.004_072_046_8 * short,
            green_red: 1.977_998_495_1 * long - 2.428_592_205_0 * middle + 0.450_593_709_9 * short,
            blue_yellow: 0.025_904_037_1 * long + 0.782_771_766_2 * middle
                - 0.808_675_766_0 * short,
        }
    }

    fn to_linear(self) -> [f64; 3] {
        let long = (self.lightness
            + 0.396_337_777_4 * self.green_red
            + 0.215_803_757_3 * self.blue_yellow)
            .powi(3);
        let middle = (self.lightness
            - 0.105_561_345_8 * self.green_red
            - 0.063_854_172_8 * self.blue_yellow)
            .powi(3);
        let short = (self.lightness
            - 0.089_484_177_5 * self.green_red
            - 1.291_485_548_0 * self.blue_yellow)
            .powi(3);
        [
            4.076_741_662_1 * long - 3.307_711_591_3 * middle + 0.230_969_929_2 * short,
            -1.268_438_004_6 * long + 2.609_757_401_1 * middle - 0.341_319_396_5 * short,
            -0.004_196_086_3 * long - 0.703_418_614_7 * middle + 1.707_614_701_0 * short,
        ]
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.to_linear().map(encoded);
        write!(formatter, "#{red:02x}{green:02x}{blue:02x}")
    }
}

/// An sRGB byte as light, 0 to 1.
fn linear(byte: u8) -> f64 {
    let value = f64::from(byte) / 255.0;
    if value <= 0.040_45 {
        value / 12.92
    } else {
        ((value + 0.055) / 1.055).powf(2.4)
    }
}

/// Light as an sRGB byte; what a screen cannot show is clipped.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to 0..=255 before"
)]
fn encoded(light: f64) -> u8 {
    let light = light.clamp(0.0, 1.0);
    let value = if light <= 0.003_130_8 {
        light * 12.92
    } else {
        1.055 * light.powf(1.0 / 2.4) - 0.055
    };
    (value * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_survives_the_way_there_and_back() {
        for text in ["#000000", "#ffffff", "#c0592b", "#12a4f0", "#7f7f7f"] {
            assert_eq!(Colour::parse(text).unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_colour_is_refused() {
        for text in ["", "red", "#fff", "#12345g", "123456", "#12345é"] {
            assert!(Colour::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn shades_go_where_they_should() {
        let colour = Colour::parse("#3f6d8a").unwrap();
        assert!(colour.lighter(0.3).lightness > colour.lightness);
        assert!(colour.darker(0.3).lightness < colour.lightness);
        let other = Colour::parse("#ffffff").unwrap();
        assert_eq!(colour.mix(other, 1.0).to_string(), "#ffffff");
    }
}
