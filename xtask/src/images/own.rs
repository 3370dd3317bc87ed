//! Images of our own binaries.
//!
//! Cargo has built them on this machine a moment ago, so the quick way is to pack the very file. That only works when
//! the image has the C library and the processor that the file was built for; else it is built from source inside.

use std::collections::BTreeMap;

use super::{
    Recipe, Site,
    c_library::{self, Version},
    context,
    recipe::{Context, Folder},
};
use crate::{
    digest::{self, FileDigests},
    failure::{Failure, Kind},
    model::Name,
    paths,
};

/// Works out the recipe of each binary, and remembers the digests of files.
pub(super) struct Packer<'a> {
    site: Site<'a>,
    base: &'a Base,
    /// The engine's.
    architecture: &'a str,
    digests: FileDigests,
    known: BTreeMap<Name, Recipe>,
}

/// The base image, as recipes see it.
pub(super) struct Base {
    pub(super) reference: String,
    /// Its C library's version.
    pub(super) glibc: Version,
}

impl<'a> Packer<'a> {
    pub(super) fn open(site: &Site<'a>, base: &'a Base, architecture: &'a str) -> Self {
        Self {
            site: *site,
            base,
            architecture,
            digests: FileDigests::open(&site.paths.run().join("images.json")),
            known: BTreeMap::new(),
        }
    }

    pub(super) fn keep(self) {
        self.digests.keep();
    }

    pub(super) fn recipe(&mut self, binary: &Name) -> Result<Recipe, Failure> {
        if let Some(known) = self.known.get(binary) {
            return Ok(known.clone());
        }
        let recipe = match self.obstacle(binary) {
            None => self.packed(binary),
            Some(obstacle) => self.recipe_of_source(binary, &obstacle),
        }?;
        self.known.insert(binary.clone(), recipe.clone());
        Ok(recipe)
    }

    /// Why the binary that cargo has built cannot be packed.
    fn obstacle(&self, binary: &Name) -> Option<String> {
        let path = paths::binary(
            &self.site.cargo.target,
            self.site.environment.build,
            binary.as_str(),
        );
        if !path.exists() {
            // Cargo is about to build it: a plan that is made before has no better name to give.
            return None;
        }
        let Some(needs) = c_library::needs(&path) else {
            return Some("the one built on this machine is not for Linux".into());
        };
        if needs.architecture != self.architecture {
            return Some(format!(
                "the one built on this machine is for {}, and the engine's machine is {}",
                needs.architecture, self.architecture
            ));
        }
        let glibc = needs.glibc.filter(|glibc| *glibc > self.base.glibc)?;
        Some(format!(
            "the one built on this machine needs the C library {glibc}, and the base image has {}",
            self.base.glibc
        ))
    }

    fn packed(&mut self, binary: &Name) -> Result<Recipe, Failure> {
        let folder = Folder::read(&self.site.paths.project, "service")?;
        let program = paths::binary(
            &self.site.cargo.target,
            self.site.environment.build,
            binary.as_str(),
        );
        let content = self.digests.of_file(&program);
        Ok(self.named(
            binary,
            folder,
            &content,
            Context::Program(program),
            "packed from the binary that cargo built".into(),
        ))
    }

    fn recipe_of_source(&mut self, binary: &Name, obstacle: &str) -> Result<Recipe, Failure> {
        let workspace = self.site.cargo.workspace.clone();
        if !workspace.join("Cargo.toml").exists() {
            return Err(Failure::new(
                binary.to_string(),
                Kind::ImageMissing,
                format!("{obstacle}, and there are no sources to build it from"),
                "cargo xtask up --runtime docker   (in the project's checkout)",
            ));
        }
        let folder = Folder::read(&self.site.paths.project, "source")?;
        let files = context::sources(&workspace);
        let described: Vec<String> = files
            .iter()
            .map(|(name, path)| format!("{name} {}", self.digests.of_file(path)))
            .collect();
        let content = digest::of_parts(described.iter().map(String::as_str));
        let why = format!("built from source: {obstacle}");
        Ok(self.named(binary, folder, &content, Context::Sources(workspace), why))
    }

    fn named(
        &self,
        binary: &Name,
        folder: Folder,
        origin: &str,
        context: Context,
        why: String,
    ) -> Recipe {
        let stack = &self.site.environment.stack.name;
        let parts = [self.base.reference.as_str(), folder.digest.as_str(), origin];
        Recipe {
            name: binary.to_string(),
            reference: format!("{stack}-{binary}:{}", digest::of_parts(parts)),
            current: format!("{stack}-{binary}:local"),
            why,
            dockerfile: folder.dockerfile,
            arguments: BTreeMap::from([
                ("BASE".to_owned(), self.base.reference.clone()),
                ("BINARY".to_owned(), binary.to_string()),
            ]),
            context,
        }
    }
}
