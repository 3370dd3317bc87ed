//! What happens when the description of a picture is wrong, and what a right one may say.

use std::collections::BTreeMap;

use artwork::{Detail, Picture, render};

fn message(picture: &Picture) -> String {
    render(picture)
        .expect_err("this picture cannot be drawn")
        .to_string()
}

fn read(yaml: &str) -> Picture {
    serde_yaml::from_str(yaml).expect("this picture can be read")
}

#[test]
fn a_misspelt_drawing_is_answered_with_the_nearest_one() {
    assert_eq!(
        message(&Picture::new("goosneck")),
        r#"there is no drawing called "goosneck"; did you mean "gooseneck"?"#
    );
}

#[test]
fn a_drawing_that_resembles_nothing_is_answered_with_all_of_them() {
    let message = message(&Picture::new("zeppelin-hangar"));
    assert!(
        message.contains("there are ")
            && message.contains("gooseneck")
            && message.contains("scene-harbour"),
        "{message}"
    );
}

#[test]
fn what_drawings_share_cannot_be_drawn() {
    assert!(message(&Picture::new("kit")).starts_with("there is no drawing called"));
    assert!(message(&Picture::new("studio")).starts_with("there is no drawing called"));
}

#[test]
fn an_unknown_colour_is_answered_with_the_names_that_the_drawing_has() {
    assert_eq!(
        message(&read(
            r##"{ drawing: gooseneck, colours: { boddy: "#112233" } }"##
        )),
        r#"drawing "gooseneck" has no colour called "boddy"; did you mean "body"?"#
    );
}

#[test]
fn an_unknown_detail_is_an_error() {
    let picture = read("{ drawing: gooseneck, details: { wings: 2 } }");
    assert_eq!(picture.details["wings"], Detail::Number(2.0));
    assert_eq!(
        message(&picture),
        r#"drawing "gooseneck" has no detail called "wings"; it has none"#
    );
}

#[test]
fn what_is_not_a_colour_is_named_with_its_part() {
    assert_eq!(
        message(&read("{ drawing: gooseneck, colours: { body: red } }")),
        r#""red" is not a colour (body of drawing "gooseneck"): write #RRGGBB"#
    );
}

#[test]
fn an_unknown_backdrop_is_an_error_and_a_colour_is_not() {
    assert_eq!(
        message(&read("{ drawing: gooseneck, backdrop: cley }")),
        r#"there is no backdrop called "cley"; did you mean "clay"?; #RRGGBB works too"#
    );
    assert!(artwork::svg(&read(r##"{ drawing: gooseneck, backdrop: "#AABBCC" }"##)).is_ok());
}

#[test]
fn a_field_that_does_not_exist_is_refused_when_read() {
    let error = serde_yaml::from_str::<Picture>("{ drawing: gooseneck, color: blue }")
        .unwrap_err()
        .to_string();
    assert!(error.contains("unknown field `color`"), "{error}");
}

#[test]
fn a_recoloured_picture_keeps_the_colours_that_are_not_replaced() {
    let picture =
        read(r##"{ drawing: gooseneck, colours: { body: "#112233", grip: "#445566" } }"##);
    let other = picture.recoloured(&BTreeMap::from([("body".to_owned(), "#778899".to_owned())]));
    assert_eq!(other.colours["body"], "#778899");
    assert_eq!(other.colours["grip"], "#445566");
}

#[test]
fn a_description_survives_being_written_and_read_again() {
    let picture = read(
        r##"{ drawing: casserole, backdrop: sky, colours: { body: "#112233" }, details: { open: true, size: wide } }"##,
    );
    assert_eq!(
        serde_yaml::from_str::<Picture>(&serde_yaml::to_string(&picture).unwrap()).unwrap(),
        picture
    );
}

#[test]
fn a_detail_changes_what_is_drawn() {
    let svg = |yaml: &str| artwork::svg(&read(yaml)).unwrap();
    let usual = svg("drawing: plates");
    assert!(svg("{ drawing: plates, details: { count: 4 } }") == usual);
    assert!(svg("{ drawing: plates, details: { count: 2 } }") != usual);
    assert!(svg("{ drawing: skillet, details: { egg: false } }") != svg("drawing: skillet"));
}
