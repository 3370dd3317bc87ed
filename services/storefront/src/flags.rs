//! The International Code of Signals: the letter that stands for a department, and what a flag means when it flies alone.

use serde::Serialize;

/// One flag of the alphabet.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Flag {
    /// Lower case, as in the name of its picture.
    pub letter: &'static str,
    /// As it is spoken on the radio.
    pub name: &'static str,
    /// What it says on its own.
    pub meaning: &'static str,
}

const fn flag(letter: &'static str, name: &'static str, meaning: &'static str) -> Flag {
    Flag {
        letter,
        name,
        meaning,
    }
}

/// Every flag, in alphabetical order.
pub(crate) const ALPHABET: [Flag; 26] = [
    flag(
        "a",
        "Alfa",
        "I have a diver down; keep well clear at slow speed.",
    ),
    flag(
        "b",
        "Bravo",
        "I am taking in, discharging or carrying dangerous goods.",
    ),
    flag("c", "Charlie", "Yes."),
    flag(
        "d",
        "Delta",
        "Keep clear of me; I am manoeuvring with difficulty.",
    ),
    flag("e", "Echo", "I am altering my course to starboard."),
    flag("f", "Foxtrot", "I am disabled; communicate with me."),
    flag("g", "Golf", "I require a pilot."),
    flag("h", "Hotel", "I have a pilot on board."),
    flag("i", "India", "I am altering my course to port."),
    flag(
        "j",
        "Juliett",
        "I am on fire and have dangerous cargo; keep well clear of me.",
    ),
    flag("k", "Kilo", "I wish to communicate with you."),
    flag("l", "Lima", "You should stop your vessel instantly."),
    flag(
        "m",
        "Mike",
        "My vessel is stopped and making no way through the water.",
    ),
    flag("n", "November", "No."),
    flag("o", "Oscar", "Man overboard."),
    flag(
        "p",
        "Papa",
        "All persons should report on board: the vessel is about to proceed to sea.",
    ),
    flag(
        "q",
        "Quebec",
        "My vessel is healthy, and I request free pratique.",
    ),
    flag("r", "Romeo", "On its own it has no meaning in the code."),
    flag("s", "Sierra", "I am operating astern propulsion."),
    flag(
        "t",
        "Tango",
        "Keep clear of me; I am engaged in pair trawling.",
    ),
    flag("u", "Uniform", "You are running into danger."),
    flag("v", "Victor", "I require assistance."),
    flag("w", "Whiskey", "I require medical assistance."),
    flag(
        "x",
        "X-ray",
        "Stop carrying out your intentions and watch for my signals.",
    ),
    flag("y", "Yankee", "I am dragging my anchor."),
    flag("z", "Zulu", "I require a tug."),
];

pub(crate) const CHARLIE: Flag = ALPHABET[2];
pub(crate) const FOXTROT: Flag = ALPHABET[5];
pub(crate) const LIMA: Flag = ALPHABET[11];
pub(crate) const NOVEMBER: Flag = ALPHABET[13];
pub(crate) const PAPA: Flag = ALPHABET[15];
pub(crate) const UNIFORM: Flag = ALPHABET[20];
pub(crate) const XRAY: Flag = ALPHABET[23];
pub(crate) const YANKEE: Flag = ALPHABET[24];

/// The flag under which a department sails: that of its name's first letter, or the shop's own A.
pub(crate) fn letter_for(name: &str) -> &'static str {
    name.chars()
        .find_map(|character| {
            let lower = character.to_ascii_lowercase();
            ALPHABET.iter().find(|flag| flag.letter.starts_with(lower))
        })
        .map_or("a", |flag| flag.letter)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_department_sails_under_the_flag_of_its_first_letter() {
        assert_eq!(letter_for("Coffee & tea"), "c");
        assert_eq!(letter_for("“Quoted”"), "q");
        assert_eq!(letter_for("2026"), "a");
    }

    #[test]
    fn the_named_flags_are_the_ones_they_are_named_after() {
        assert_eq!(
            [
                FOXTROT.letter,
                LIMA.letter,
                NOVEMBER.letter,
                UNIFORM.letter,
                YANKEE.letter
            ],
            ["f", "l", "n", "u", "y"]
        );
    }
}
