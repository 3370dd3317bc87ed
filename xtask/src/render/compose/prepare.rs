//! `prepare.sh`: gives every container its files, its secrets and its data folder, each readable by that container's user
//! and nobody else.

use std::fmt::Write as _;

use super::health::quoted;
use crate::{
    model::{Environment, Unit},
    render::Rendered,
    runtime::docker::places::{CONFIG, DATA, SECRETS},
};

const HEAD: &str = r#"#!/bin/sh
# Made by `cargo xtask render --target compose`. Runs as root in a container of its own, before everything else.
set -eu
umask 077

# files UNIT USER SECRET…: its configuration and its secrets, as they are now.
files() {
    unit=$1 user=$2
    shift 2
    to=/to/$unit/files
    rm -rf "${to:?}/CONFIG" "${to:?}/SECRETS"
    mkdir -p "$to/CONFIG" "$to/SECRETS"
    if [ -d "/from/config/$unit" ]; then cp -R "/from/config/$unit/." "$to/CONFIG/"; fi
    for secret in "$@"; do
        cat "/from/secrets/$secret" > "$to/SECRETS/$secret"
        chmod 400 "$to/SECRETS/$secret"
    done
    chmod -R u=rX,go= "$to/CONFIG"
    chmod 500 "$to/SECRETS"
    chown -R "$user:$user" "$to/CONFIG" "$to/SECRETS"
    chmod 755 "$to"
}

# data UNIT USER: the folder that it keeps its data in; what is there already stays as it is.
data() {
    to=/to/$1/DATA/DATA
    if [ ! -d "$to" ]; then
        mkdir "$to"
        chmod 700 "$to"
        chown "$2:$2" "$to"
    fi
    chmod 755 "/to/$1/DATA"
}

"#;

pub(super) fn script(environment: &Environment, rendered: &Rendered) -> String {
    let mut script = HEAD
        .replace("CONFIG", CONFIG)
        .replace("SECRETS", SECRETS)
        .replace("DATA", DATA);
    for (name, unit) in &rendered.units {
        // The user is the same whatever the image.
        let Some(confinement) = environment.confinement(name, None) else {
            continue;
        };
        let mut words = vec![
            "files".to_owned(),
            quoted(name.as_str()),
            confinement.user.to_string(),
        ];
        words.extend(unit.secrets.keys().map(|secret| quoted(secret.as_str())));
        let _ = writeln!(script, "{}", words.join(" "));
        if let Some(Unit::Component(component)) = environment.unit(name)
            && component.volume
        {
            let _ = writeln!(script, "data {name} {}", confinement.user);
        }
    }
    script
}
