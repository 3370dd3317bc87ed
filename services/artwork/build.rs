//! Lists `drawings/` for the library, so that a new drawing is one new file and nothing else.
//!
//! The templates are embedded because the service that draws runs where this directory does not exist.

use std::{env, error::Error, fmt::Write, fs, path::Path};

const SUFFIX: &str = ".svg.j2";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=drawings");
    let folder =
        Path::new(&env::var_os("CARGO_MANIFEST_DIR").ok_or("cargo sets this")?).join("drawings");
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder)? {
        let path = entry?.path();
        if path.is_dir() {
            for entry in fs::read_dir(&path)? {
                files.push(entry?.path());
            }
        }
    }
    files.sort();

    let mut listing = String::from("[\n");
    for path in &files {
        let relative = path
            .strip_prefix(&folder)?
            .to_string_lossy()
            .replace('\\', "/");
        if let Some(name) = relative.strip_suffix(SUFFIX) {
            let text = path.to_str().ok_or("the path is not UTF-8")?;
            let (theme, name) = name
                .split_once('/')
                .ok_or("drawings are in a folder each")?;
            writeln!(
                listing,
                "    Source {{ theme: {theme:?}, name: {name:?}, text: include_str!({text:?}) }},"
            )?;
        }
    }
    listing.push(']');
    fs::write(
        Path::new(&env::var_os("OUT_DIR").ok_or("cargo sets this")?).join("drawings.rs"),
        listing,
    )?;
    Ok(())
}
