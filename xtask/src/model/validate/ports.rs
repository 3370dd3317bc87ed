//! Port numbers as the environment has them: in range, and no two alike.

use std::collections::BTreeMap;

use super::{Diagnostic, Half, Input};
use crate::model::Name;

/// A port's final number, and the path of what it was written as.
struct Port<'a> {
    component: &'a Name,
    name: &'a Name,
    number: u32,
    written: u16,
    in_overlay: bool,
}

pub(super) fn check(input: &Input<'_>, found: &mut Vec<Diagnostic>) {
    let mut taken: BTreeMap<u32, Port<'_>> = BTreeMap::new();
    for port in final_ports(input) {
        if port.written == 0 {
            found.push(at(input, &port, "port 0 is not a port".into()).expected("1 to 65535"));
        } else if port.number > u32::from(u16::MAX) {
            let offset = input.overlay.port_offset;
            let message = format!(
                "port {} + offset {offset} is {}, which is no port",
                port.written, port.number
            );
            let diagnostic = at(input, &port, message).expected("at most 65535");
            found.push(diagnostic.hint(format!(
                "lower the `port_offset` in {}",
                input.origin.overlay.file
            )));
        } else if let Some(first) = taken.get(&port.number) {
            found.push(duplicate(input, first, &port));
        } else {
            taken.insert(port.number, port);
        }
    }
}

fn final_ports<'a>(input: &Input<'a>) -> Vec<Port<'a>> {
    let overlay = input.overlay;
    let mut ports = Vec::new();
    for (component, spec) in input.components() {
        let changes = overlay
            .components
            .get(component)
            .map(|change| &change.ports);
        for (name, base) in &spec.ports {
            let set_anew = changes.and_then(|ports| ports.get(name)).copied();
            let number =
                set_anew.map_or(u32::from(*base) + u32::from(overlay.port_offset), u32::from);
            ports.push(Port {
                component,
                name,
                number,
                written: set_anew.unwrap_or(*base),
                in_overlay: set_anew.is_some(),
            });
        }
    }
    // Errors point at the overlay's port, which is the one to change, and name the stack's as the first.
    ports.sort_by_key(|port| port.in_overlay);
    ports
}

fn duplicate(input: &Input<'_>, first: &Port<'_>, second: &Port<'_>) -> Diagnostic {
    let same_component = first.component == second.component;
    let message = format!(
        "port {} of `{}.{}` is taken",
        second.number, second.component, second.name
    );
    let earlier = at(input, first, String::new());
    let (file, line) = (earlier.file, earlier.line);
    let holder = if same_component {
        format!("port `{}`", first.name)
    } else {
        format!("`{}.{}`", first.component, first.name)
    };
    let diagnostic = at(input, second, message).expected(format!(
        "another number than that of {holder}, {file}:{line}"
    ));
    if first.in_overlay == second.in_overlay {
        return diagnostic;
    }
    diagnostic.hint("numbers in an overlay are final: the environment's port_offset is added only to those of the stack")
}

fn at(input: &Input<'_>, port: &Port<'_>, message: String) -> Diagnostic {
    let path = [
        "components",
        port.component.as_str(),
        "ports",
        port.name.as_str(),
    ];
    if port.in_overlay {
        input.in_overlay(&path, Half::Value, message)
    } else {
        input.in_stack(&path, Half::Value, message)
    }
}
