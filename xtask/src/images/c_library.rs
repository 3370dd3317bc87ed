//! Which C library a binary needs. One that was linked against a newer library than an image has would end before its
//! first instruction, with an error that names neither.

use std::{fmt, fs::File, path::Path};

use object::{
    Endianness, Object as _,
    elf::FileHeader64,
    read::{ReadCache, elf::FileHeader as _},
};

/// `2.36`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    major: u32,
    minor: u32,
}

/// What a program was built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Needs {
    /// As images name it: `amd64`, `arm64`.
    pub(super) architecture: String,
    /// None when it needs no GNU C library.
    pub(super) glibc: Option<Version>,
}

impl Version {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('.');
        let major = parts.next()?.parse().ok()?;
        let minor = parts.next()?.parse().ok()?;
        Some(Self { major, minor })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// None when it is not a program for Linux on a 64-bit machine.
pub(super) fn needs(program: &Path) -> Option<Needs> {
    let cache = ReadCache::new(File::open(program).ok()?);
    let architecture = match object::File::parse(&cache).ok()?.architecture() {
        object::Architecture::X86_64 => "amd64",
        object::Architecture::Aarch64 => "arm64",
        _ => return None,
    };
    Some(Needs {
        architecture: architecture.into(),
        glibc: newest_symbol_version(&cache),
    })
}

/// The newest `GLIBC_x.y` among the versions that the dynamic linker is asked for.
fn newest_symbol_version(cache: &ReadCache<File>) -> Option<Version> {
    let header = FileHeader64::<Endianness>::parse(cache).ok()?;
    let endian = header.endian().ok()?;
    let sections = header.sections(endian, cache).ok()?;
    let (mut needed, link) = sections.gnu_verneed(endian, cache).ok()??;
    let strings = sections.strings(endian, cache, link).ok()?;
    let mut newest = None;
    while let Ok(Some((_, mut symbols))) = needed.next() {
        while let Ok(Some(symbol)) = symbols.next() {
            let name = symbol.name(endian, strings).ok()?;
            let version = std::str::from_utf8(name)
                .ok()
                .and_then(|name| name.strip_prefix("GLIBC_"))
                .and_then(Version::parse);
            newest = newest.max(version);
        }
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        let version = |text| Version::parse(text).expect("a version");
        assert!(version("2.9") < version("2.36"));
        assert!(version("2.2.5") < version("2.3"));
        assert_eq!(Version::parse("PRIVATE"), None);
    }

    #[test]
    fn this_very_program_needs_a_c_library_that_this_machine_has() {
        let needs = needs(&std::env::current_exe().expect("a path")).expect("a program for Linux");
        assert!(needs.glibc.expect("linked dynamically") >= Version { major: 2, minor: 2 });
        assert!(["amd64", "arm64"].contains(&needs.architecture.as_str()));
    }

    #[test]
    fn a_text_is_no_program() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), "#!/bin/sh\n").expect("written");
        assert_eq!(needs(file.path()), None);
    }
}
