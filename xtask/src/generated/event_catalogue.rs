//! `docs/events.md`: every event with its fields and who reads it, from the structs that are the events and the consumers that
//! read them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};
use syn::{
    Attribute, Expr, Fields, Ident, ImplItem, Item, ItemImpl, ItemStruct, Lit, LitInt, LitStr,
    Meta, Token, Type,
    parse::{Parse, ParseStream},
};

const CONTRACTS: &str = "services/contracts/src";
/// The envelope and the types that all events share: everything else in the folder is a service with its events.
const SHARED: [&str; 7] = [
    "lib.rs",
    "amount.rs",
    "currency.rs",
    "envelope.rs",
    "event.rs",
    "id.rs",
    "money.rs",
];

/// One service's file of events.
struct Publisher {
    name: String,
    about: String,
    events: Vec<Event>,
    /// Structs and enums that stand in fields of events.
    parts: Vec<Part>,
}

struct Event {
    name: String,
    about: String,
    aggregate: String,
    subject: String,
    fields: Vec<Field>,
}

struct Part {
    name: String,
    about: String,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    kind: String,
    about: String,
}

/// `event!(Struct, aggregate_field, "subject", version)`.
struct Declaration {
    event: Ident,
    aggregate: Ident,
    subject: LitStr,
    version: LitInt,
}

impl Parse for Declaration {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let event = input.parse()?;
        input.parse::<Token![,]>()?;
        let aggregate = input.parse()?;
        input.parse::<Token![,]>()?;
        let subject = input.parse()?;
        input.parse::<Token![,]>()?;
        let version = input.parse()?;
        input.parse::<Option<Token![,]>>()?;
        Ok(Self {
            event,
            aggregate,
            subject,
            version,
        })
    }
}

/// The document.
pub(super) fn document(project: &Path) -> Result<String> {
    let mut files = rust_files(&project.join(CONTRACTS));
    files.retain(|file| {
        file.file_name()
            .and_then(|name| name.to_str())
            .is_some_and(|name| !SHARED.contains(&name))
    });
    let publishers: Vec<Publisher> = files
        .iter()
        .map(|file| publisher(file))
        .collect::<Result<_>>()?;
    let consumers = consumers(project)?;
    Ok(write(&publishers, &consumers))
}

fn parse(file: &Path) -> Result<syn::File> {
    let text =
        fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    syn::parse_file(&text).with_context(|| format!("{} is not Rust", file.display()))
}

/// Sorted, with those in folders below.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn publisher(file: &Path) -> Result<Publisher> {
    let source = parse(file)?;
    let structs: BTreeMap<String, &ItemStruct> = source
        .items
        .iter()
        .filter_map(|item| match item {
            Item::Struct(item) => Some((item.ident.to_string(), item)),
            _ => None,
        })
        .collect();
    let mut events = Vec::new();
    for item in &source.items {
        if let Item::Macro(item) = item
            && item.mac.path.is_ident("event")
        {
            let declaration: Declaration = item.mac.parse_body()?;
            let name = declaration.event.to_string();
            let item = structs
                .get(&name)
                .with_context(|| format!("{}: there is no struct {name}", file.display()))?;
            events.push(event(&declaration, item));
        }
    }
    let is_event = |name: &str| events.iter().any(|event| event.name == name);
    let parts = source
        .items
        .iter()
        .filter_map(part)
        .filter(|part| !is_event(&part.name))
        .collect();
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Publisher {
        name: name.into_owned(),
        about: documentation(&source.attrs),
        parts,
        events,
    })
}

fn event(declaration: &Declaration, item: &ItemStruct) -> Event {
    Event {
        name: item.ident.to_string(),
        about: documentation(&item.attrs),
        aggregate: camel_case(&declaration.aggregate.to_string()),
        subject: format!(
            "{}.v{}",
            declaration.subject.value(),
            declaration.version.base10_digits()
        ),
        fields: fields(&item.fields),
    }
}

fn part(item: &Item) -> Option<Part> {
    match item {
        Item::Struct(item) => Some(Part {
            name: item.ident.to_string(),
            about: documentation(&item.attrs),
            fields: fields(&item.fields),
        }),
        Item::Enum(item) => {
            let variants = item.variants.iter().map(|variant| Field {
                name: snake_case(&variant.ident.to_string()),
                kind: "word".to_owned(),
                about: documentation(&variant.attrs),
            });
            Some(Part {
                name: item.ident.to_string(),
                about: documentation(&item.attrs),
                fields: variants.collect(),
            })
        }
        _ => None,
    }
}

fn fields(fields: &Fields) -> Vec<Field> {
    let named = fields.iter().filter_map(|field| {
        Some(Field {
            name: camel_case(&field.ident.as_ref()?.to_string()),
            kind: kind(&field.ty),
            about: documentation(&field.attrs),
        })
    });
    named.collect()
}

/// A type as JSON shows it.
fn kind(ty: &Type) -> String {
    let Type::Path(path) = ty else {
        return "value".to_owned();
    };
    let Some(last) = path.path.segments.last() else {
        return "value".to_owned();
    };
    let name = last.ident.to_string();
    match name.as_str() {
        "String" => "text".to_owned(),
        "i32" | "i64" => "integer".to_owned(),
        "DateTime" => "time".to_owned(),
        "Option" => format!("{}, may be absent", argument(last)),
        "Vec" => format!("list of {}", argument(last)),
        other if other.ends_with("Id") => "UUID".to_owned(),
        other => other.to_owned(),
    }
}

/// The `T` of `Option<T>`.
fn argument(segment: &syn::PathSegment) -> String {
    if let syn::PathArguments::AngleBracketed(arguments) = &segment.arguments
        && let Some(syn::GenericArgument::Type(ty)) = arguments.args.first()
    {
        return kind(ty);
    }
    "value".to_owned()
}

/// The documentation comment, on one line.
fn documentation(attributes: &[Attribute]) -> String {
    let lines = attributes
        .iter()
        .filter_map(|attribute| match &attribute.meta {
            Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
                Expr::Lit(literal) => match &literal.lit {
                    Lit::Str(text) => Some(text.value().trim().to_owned()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        });
    lines.collect::<Vec<_>>().join(" ").trim().to_owned()
}

/// Event → the names of its consumers.
fn consumers(project: &Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let services = fs::read_dir(project.join("services")).context("there are no services")?;
    for service in services.flatten() {
        for file in rust_files(&service.path().join("src")) {
            for item in parse(&file)?.items {
                if let Item::Impl(item) = item
                    && let Some((event, consumer)) = consumer(&item)
                {
                    found.entry(event).or_default().insert(consumer);
                }
            }
        }
    }
    Ok(found)
}

/// The event and the name of an `impl Consumer for …`. One that serves several events is told its name by each of them, in an
/// `impl … for Event { const CONSUMER … }`.
fn consumer(item: &ItemImpl) -> Option<(String, String)> {
    let (implemented, _) = item.trait_.as_ref()?;
    let is_consumer = implemented.segments.last()?.ident == "Consumer";
    let (mut event, constant) = if is_consumer {
        (None, "NAME")
    } else {
        (name_of(&item.self_ty), "CONSUMER")
    };
    let mut name = None;
    for inner in &item.items {
        match inner {
            ImplItem::Type(ty) if is_consumer && ty.ident == "Event" => event = name_of(&ty.ty),
            ImplItem::Const(found) if found.ident == constant => {
                if let Expr::Lit(literal) = &found.expr
                    && let Lit::Str(text) = &literal.lit
                {
                    name = Some(text.value());
                }
            }
            _ => {}
        }
    }
    Some((event?, name?))
}

fn name_of(ty: &Type) -> Option<String> {
    match ty {
        Type::Path(path) => Some(path.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

fn write(publishers: &[Publisher], consumers: &BTreeMap<String, BTreeSet<String>>) -> String {
    let mut text = String::from(
        "# Events\n\n<!-- Made by `cargo xtask render --target schema` from services/contracts and the services' consumers. -->\n\n\
         Every message is a CloudEvents 1.0 envelope (`services/contracts/src/envelope.rs`) whose `type` is the subject below, whose `subject` is\n\
         the id of the aggregate and whose `aggregateversion` is the aggregate's version. A changed event is a new version beside the old one.\n\
         Each service publishes to a stream of its own; consumers are durable and named `<service>_<event>`.\n",
    );
    for publisher in publishers
        .iter()
        .filter(|publisher| !publisher.events.is_empty())
    {
        let stream = publisher.name.to_uppercase();
        let _ = write!(
            text,
            "\n## {} (stream `{stream}`)\n\n{}\n\n| Event | Subject | Aggregate | Read by |\n|---|---|---|---|\n",
            publisher.name, publisher.about
        );
        for event in &publisher.events {
            let readers = consumers.get(&event.name);
            let readers: Vec<String> = readers
                .into_iter()
                .flatten()
                .map(|name| format!("`{name}`"))
                .collect();
            let readers = if readers.is_empty() {
                "nobody yet".to_owned()
            } else {
                readers.join(", ")
            };
            let _ = writeln!(
                text,
                "| [{name}](#{anchor}) | `{}` | `{}` | {readers} |",
                event.subject,
                event.aggregate,
                name = event.name,
                anchor = event.name.to_lowercase()
            );
        }
        for event in &publisher.events {
            table(&mut text, &event.name, &event.about, &event.fields);
        }
        for part in &publisher.parts {
            table(&mut text, &part.name, &part.about, &part.fields);
        }
    }
    text
}

fn table(text: &mut String, name: &str, about: &str, fields: &[Field]) {
    let _ = write!(
        text,
        "\n### {name}\n\n{about}\n\n| Field | Type | |\n|---|---|---|\n"
    );
    for field in fields {
        let _ = writeln!(
            text,
            "| `{}` | {} | {} |",
            field.name, field.kind, field.about
        );
    }
}

/// `order_id` → `orderId`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

/// `OutOfStock` → `out_of_stock`.
fn snake_case(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_its_fields_and_its_readers_are_found() {
        let project = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = project.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write(
            "services/contracts/src/kitchen.rs",
            "//! What the kitchen tells.\n/// A dish is ready.\npub struct DishReady {\n/// Which one.\npub dish_id: DishId,\n/// Why not.\n\
             pub reason: Option<Why>,\n}\n/// Why.\npub enum Why { /// No more.\nSoldOut }\nevent!(DishReady, dish_id, \"shop.kitchen.dish_ready\", 2);",
        );
        write(
            "services/waiter/src/consumers/dish_ready.rs",
            "impl Consumer for Serve { type Event = DishReady; const NAME: &'static str = \"waiter_dish_ready\"; }",
        );
        write(
            "services/porter/src/consumers/dish_ready.rs",
            "impl Carried for DishReady { const CONSUMER: &'static str = \"porter_dish_ready\"; }",
        );
        let document = document(project.path()).unwrap();
        for expected in [
            "## kitchen (stream `KITCHEN`)\n\nWhat the kitchen tells.",
            "| [DishReady](#dishready) | `shop.kitchen.dish_ready.v2` | `dishId` | `porter_dish_ready`, `waiter_dish_ready` |",
            "| `dishId` | UUID | Which one. |\n| `reason` | Why, may be absent | Why not. |",
            "### Why\n\nWhy.\n\n| Field | Type | |\n|---|---|---|\n| `sold_out` | word | No more. |",
        ] {
            assert!(document.contains(expected), "{document}");
        }
    }
}
