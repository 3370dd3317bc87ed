//! A YAML file as a tree in which every key and value knows its place.
//!
//! serde's types forget where a value came from. Mistakes that show only when the whole model is there (a dependency
//! on a name that does not exist) are looked up here by their path, and pointed at.

use std::collections::HashMap;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::diagnostic::Diagnostic;

/// Where something stands: line and column from 1, in characters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) line: usize,
    pub(crate) column: usize,
    pub(crate) length: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub(crate) place: Place,
    pub(crate) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// `plain` when it was written without quotes, so that `5` is a number and `"5"` is not.
    Scalar {
        text: String,
        plain: bool,
    },
    Sequence(Vec<Node>),
    Mapping(Vec<Entry>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) value: Node,
}

/// A parsed file together with its text.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Document {
    /// Path from the project's root.
    pub(crate) file: String,
    pub(crate) text: String,
    root: Option<Node>,
}

/// Which half of a mapping's entry is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Half {
    Key,
    Value,
}

impl Document {
    pub(crate) fn parse(file: &str, text: &str) -> Result<Self, Box<Diagnostic>> {
        let mut document = Self {
            file: file.into(),
            text: text.into(),
            root: None,
        };
        match parse_tree(text) {
            Ok(root) => {
                document.root = root;
                Ok(document)
            }
            Err((place, message)) => {
                let diagnostic = document.at_place(place, format!("not valid YAML: {message}"));
                let has_expression = diagnostic
                    .source
                    .as_ref()
                    .is_some_and(|line| line.contains("{{"));
                Err(Box::new(diagnostic.maybe_hint(has_expression.then(|| {
                    "inside `[…]` and `{…}` a text with `{{ … }}` needs quotes".to_owned()
                }))))
            }
        }
    }

    pub(crate) fn root(&self) -> Option<&Node> {
        self.root.as_ref()
    }

    /// The place of the entry at `path`, or of the nearest one above it that exists.
    pub(crate) fn place(&self, path: &[&str], half: Half) -> Place {
        let mut place = Place {
            line: 1,
            column: 1,
            length: 1,
        };
        let mut node = self.root.as_ref();
        for step in path {
            let Some((key_place, value)) = node.and_then(|node| node.child(step)) else {
                break;
            };
            place = if half == Half::Key {
                key_place
            } else {
                value.start()
            };
            node = Some(value);
        }
        place
    }

    pub(crate) fn contains(&self, path: &[&str]) -> bool {
        path.iter()
            .try_fold(self.root.as_ref(), |node, step| {
                Some(Some(node?.child(step)?.1))
            })
            .flatten()
            .is_some()
    }

    /// A diagnostic about the entry at `path`.
    pub(crate) fn at(&self, path: &[&str], half: Half, message: impl Into<String>) -> Diagnostic {
        self.at_place(self.place(path, half), message)
    }

    pub(crate) fn at_place(&self, place: Place, message: impl Into<String>) -> Diagnostic {
        let mut diagnostic =
            Diagnostic::new(self.file.clone(), message).on_line(&self.text, place.line);
        diagnostic.column = place.column;
        diagnostic.length = place.length;
        diagnostic
    }
}

impl Node {
    /// The entry of a mapping, or the item of a sequence by its number.
    fn child(&self, step: &str) -> Option<(Place, &Node)> {
        match &self.kind {
            Kind::Mapping(entries) => entries
                .iter()
                .find(|entry| entry.key == step)
                .map(|entry| (entry.key_place, &entry.value)),
            Kind::Sequence(items) => items
                .get(step.parse::<usize>().ok()?)
                .map(|item| (item.start(), item)),
            Kind::Scalar { .. } => None,
        }
    }

    /// Where it begins; for a mapping its first key, which says more than a brace.
    pub(crate) fn start(&self) -> Place {
        match &self.kind {
            Kind::Mapping(entries) => entries.first().map_or(self.place, |entry| entry.key_place),
            Kind::Sequence(_) | Kind::Scalar { .. } => self.place,
        }
    }
}

/// A collection that is being read.
enum Open {
    Sequence {
        place: Place,
        anchor: usize,
        items: Vec<Node>,
    },
    Mapping {
        place: Place,
        anchor: usize,
        entries: Vec<Entry>,
        key: Option<(String, Place)>,
    },
}

#[derive(Default)]
struct Builder {
    open: Vec<Open>,
    anchors: HashMap<usize, Node>,
    root: Option<Node>,
}

type Fault = (Place, String);

fn parse_tree(text: &str) -> Result<Option<Node>, Fault> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        let (event, span) = event.map_err(|error| {
            let mark = error.marker();
            (
                Place {
                    line: mark.line(),
                    column: mark.col() + 1,
                    length: 1,
                },
                error.info().to_owned(),
            )
        })?;
        builder.take(event, place_of(span))?;
    }
    Ok(builder.root)
}

fn place_of(span: Span) -> Place {
    let one_line = span.start.line() == span.end.line();
    let length = if one_line {
        span.end.col().saturating_sub(span.start.col())
    } else {
        1
    };
    Place {
        line: span.start.line(),
        column: span.start.col() + 1,
        length: length.max(1),
    }
}

impl Builder {
    fn take(&mut self, event: Event<'_>, place: Place) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let kind = Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                };
                self.add(Node { place, kind }, anchor)
            }
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).cloned();
                let node = node.ok_or_else(|| {
                    (
                        place,
                        "this alias refers to itself or to nothing".to_owned(),
                    )
                })?;
                self.add(node, 0)
            }
            Event::SequenceStart(anchor, _) => {
                self.open.push(Open::Sequence {
                    place,
                    anchor,
                    items: Vec::new(),
                });
                Ok(())
            }
            Event::MappingStart(anchor, _) => {
                self.open.push(Open::Mapping {
                    place,
                    anchor,
                    entries: Vec::new(),
                    key: None,
                });
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::DocumentStart(_) if self.root.is_some() => {
                Err((place, "a second document begins here".to_owned()))
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd => Ok(()),
        }
    }

    fn close(&mut self) -> Result<(), Fault> {
        match self.open.pop() {
            Some(Open::Sequence {
                place,
                anchor,
                items,
            }) => self.add(
                Node {
                    place,
                    kind: Kind::Sequence(items),
                },
                anchor,
            ),
            Some(Open::Mapping {
                place,
                anchor,
                entries,
                ..
            }) => self.add(
                Node {
                    place,
                    kind: Kind::Mapping(entries),
                },
                anchor,
            ),
            None => Ok(()),
        }
    }

    fn add(&mut self, node: Node, anchor: usize) -> Result<(), Fault> {
        if anchor > 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::Sequence { items, .. }) => items.push(node),
            Some(Open::Mapping { entries, key, .. }) => match key.take() {
                Some((key, key_place)) => entries.push(Entry {
                    key,
                    key_place,
                    value: node,
                }),
                None => *key = Some(key_text(node, entries)?),
            },
        }
        Ok(())
    }
}

fn key_text(node: Node, entries: &[Entry]) -> Result<(String, Place), Fault> {
    let Kind::Scalar { text, .. } = node.kind else {
        return Err((node.place, "a key must be a plain text".to_owned()));
    };
    if let Some(first) = entries.iter().find(|entry| entry.key == text) {
        return Err((
            node.place,
            format!(
                "the key `{text}` is here twice, first on line {}",
                first.key_place.line
            ),
        ));
    }
    Ok((text, node.place))
}
