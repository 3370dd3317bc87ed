//! Images and containers: the defaults, what loosens them, and the mistakes.

use super::{STACK, load_texts, mistakes};
use crate::model::{ImageKind, Name, Network};

const DATABASE: &str = "    host: { packages: [postgresql], program: postgres }\n";

fn name(text: &str) -> Name {
    text.parse().expect("a name")
}

/// The stack with these lines in the database's entry.
fn with(lines: &str) -> (String, String) {
    (DATABASE.to_owned(), format!("{DATABASE}    {lines}\n"))
}

fn said_of(lines: &str) -> String {
    let (old, new) = with(lines);
    mistakes(&[(&old, &new)], "")
}

#[test]
fn what_says_nothing_is_shut_in() {
    let environment = load_texts(STACK, "", "dev").expect("a stack");
    let database = environment
        .confinement(&name("database"), None)
        .expect("a component");
    assert_eq!(database.user, 10_001);
    assert_eq!(database.networks, [Network::App].into());
    assert_eq!(database.tmpfs, ["/tmp".to_owned()].into());
    assert!(database.capabilities.is_empty());
    assert_eq!(database.writable_root, None);
    assert_eq!((database.pids, database.cpu), (256, None));

    // It has a database and a published port; its job publishes nothing.
    let api = environment.confinement(&name("api"), None).expect("one");
    assert_eq!(api.networks, Network::ALL.into());
    assert_eq!(api.memory.0, 64 << 20);
    let migrate = environment
        .confinement(&name("migrate"), None)
        .expect("one");
    assert_eq!(migrate.networks, [Network::App, Network::Data].into());
    assert_eq!(migrate.memory, api.memory);
}

#[test]
fn a_capability_can_be_for_one_kind_of_image() {
    let (old, new) =
        with("container: { capabilities: [{ name: CHOWN, images: upstream, reason: it owns }] }");
    let stack = STACK.replacen(&old, &new, 1);
    let environment = load_texts(&stack, "", "dev").expect("a stack");
    let of = |kind| {
        environment
            .confinement(&name("database"), Some(kind))
            .expect("a component")
            .capabilities
    };
    assert_eq!(of(ImageKind::Upstream)["CHOWN"], "it owns");
    assert!(of(ImageKind::Debian).is_empty());
}

#[test]
fn mistakes_in_images_and_containers_are_told_with_their_place() {
    for (lines, message) in [
        ("image: {}", "nothing says which image this is"),
        ("image: { upstream: postgres }", "`postgres` is not"),
        (
            "image: { upstream: \"postgres:latest\" }",
            "`latest` is another image tomorrow",
        ),
        (
            "image: { upstream: \"postgres:15\" }",
            "`15` is another image tomorrow",
        ),
        (
            "image: { debian: nothing }",
            "there is no file `infra/images/nothing/Dockerfile`",
        ),
        ("image: { debian: database, program: x }", "there is none"),
        ("container: { user: 0 }", "would run as root"),
        ("container: { networks: [] }", "is in no network"),
        ("container: { networks: [web] }", "`web` is not known here"),
        (
            "container: { tmpfs: [run] }",
            "`run` is not a folder in a container",
        ),
        (
            "container: { tmpfs: [/run/../etc] }",
            "is not a folder in a container",
        ),
        ("container: { writable_root: \"\" }", "needs a reason"),
        (
            "container: { capabilities: [{ name: NET_ADMN, reason: x }] }",
            "there is no capability `NET_ADMN`",
        ),
        (
            "container: { capabilities: [{ name: CHOWN, reason: \" \" }] }",
            "`CHOWN` needs a reason",
        ),
        (
            "container: { capabilities: [{ name: CHOWN }] }",
            "`reason` is missing here",
        ),
        ("local_ports: [web]", "`database` has no port `web`"),
    ] {
        let said = said_of(lines);
        assert!(said.contains(message), "{lines}:\n{said}");
        assert!(said.contains("--> infra/stack.yaml:10"), "{lines}:\n{said}");
    }
    let said = said_of("container: { capabilities: [{ name: NET_ADMN, reason: x }] }");
    assert!(said.contains("NET_ADMIN"), "{said}");
}

#[test]
fn tags_with_a_version_are_exact_enough() {
    for tag in [
        "postgres:15.18-bookworm",
        "prom/prometheus:v2.53.5",
        "quay.io/minio/minio:RELEASE.2025-04-22T22-12-26Z",
        "localhost:5000/a/b:1.2",
    ] {
        let (old, new) = with(&format!("image: {{ upstream: \"{tag}\" }}"));
        let stack = STACK.replacen(&old, &new, 1);
        let environment = load_texts(&stack, "", "dev").expect(tag);
        let image = environment.stack.components["database"].image.clone();
        assert_eq!(
            image
                .and_then(|image| image.upstream)
                .expect("one")
                .to_string(),
            tag
        );
    }
}

#[test]
fn our_own_binaries_have_no_image_to_choose() {
    let said = mistakes(
        &[(
            "    binary: api\n",
            "    binary: api\n    image: { debian: database }\n",
        )],
        "",
    );
    assert!(said.contains("whose image is built from it"), "{said}");
}
