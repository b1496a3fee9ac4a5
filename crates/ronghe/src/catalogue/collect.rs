//! Keeps the files of an item that come out of an archive or a folder, and nothing else.
//!
//! A file's name in the cache is the catalogue's, or, in a folder part, the entry's last name, which is checked. So
//! nothing is written outside the folder, whatever an archive says. Sizes are known before, so no more than those is written.

use super::cache::{io_error as io, is_refusal};
use super::digest::{self, Digest};
use super::{Item, Part};
use crate::{Error, Result};
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::path::Path;

/// A file that was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    /// Path inside the item's folder, with `/` between names.
    pub(super) path: String,
    pub(super) digest: Digest,
}

pub(super) struct Collector<'a> {
    item: &'a Item,
    /// Where the files come from, for messages.
    from: &'a Path,
    /// Where they go.
    into: &'a Path,
    /// Of each part, the last names and contents so far.
    kept: Vec<Vec<(String, Digest)>>,
}

impl<'a> Collector<'a> {
    pub(super) fn new(item: &'a Item, from: &'a Path, into: &'a Path) -> Collector<'a> {
        Collector { item, from, into, kept: vec![Vec::new(); item.parts.len()] }
    }

    /// The part that the entry of an archive belongs to, and its last name. An entry that would leave the folder it is
    /// unpacked to is an error, wanted or not: no honest archive has one.
    pub(super) fn place<'e>(&self, entry: &'e str) -> Result<Option<(usize, &'e str)>> {
        let entry = entry.strip_prefix("./").unwrap_or(entry);
        let leaves = entry.starts_with(['/', '\\'])
            || entry.split(['/', '\\']).any(|name| name == "..")
            || entry.as_bytes().get(1) == Some(&b':');
        if leaves || entry.contains('\0') {
            return Err(self.wrong("entries inside the archive's own folder", format!("`{entry}`")));
        }
        let mut parts = self.item.parts.iter().enumerate();
        Ok(parts.find_map(|(i, part)| part.leaf(entry).map(|leaf| (i, leaf))))
    }

    /// Writes a file of part `part`.
    pub(super) fn keep(&mut self, part: usize, leaf: &str, content: &mut dyn Read) -> Result<()> {
        let spec = &self.item.parts[part];
        let so_far = &mut self.kept[part];
        let plain = |c: char| !c.is_control() && !matches!(c, '/' | '\\' | ':');
        if !leaf.chars().all(plain) || matches!(leaf, "" | "." | "..") {
            return Err(self.wrong("plain file names", format!("`{leaf}`")));
        }
        if so_far.len() as u64 >= u64::from(spec.files) {
            return Err(self.wrong(&format!("{} files for `{}`", spec.files, spec.name), "more".into()));
        }
        let left = spec.bytes - so_far.iter().map(|(_, d)| d.bytes).sum::<u64>().min(spec.bytes);
        let path = if spec.is_folder() {
            let folder = self.into.join(spec.name);
            fs::create_dir_all(&folder).map_err(|e| io(&folder, e))?;
            folder.join(leaf)
        } else {
            self.into.join(spec.name)
        };
        // A second entry of the same name is an error here.
        let mut to = OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| io(&path, e))?;
        let digest = digest::copy(content, &mut to, left + 1).map_err(|e| match e.kind() {
            kind if is_refusal(kind) => io(&path, e),
            _ => Error::Artifact {
                path: self.from.to_owned(),
                expected: format!("a readable `{leaf}`"),
                found: e.to_string(),
                mend: "the file is damaged: fetch it again".into(),
            },
        })?;
        if digest.bytes > left {
            return Err(self.wrong(&format!("{} bytes for `{}`", spec.bytes, spec.name), "more".into()));
        }
        // Thousands of small files would take seconds; one that a power cut leaves short is found by its size.
        if !spec.is_folder() {
            to.sync_all().map_err(|e| io(&path, e))?;
        }
        so_far.push((leaf.to_owned(), digest));
        Ok(())
    }

    /// Writes a file of part `part` that lies on the disk.
    pub(super) fn keep_file(&mut self, part: usize, path: &Path) -> Result<()> {
        let leaf = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        self.keep(part, &leaf, &mut File::open(path).map_err(|e| io(path, e))?)
    }

    /// Checks that all files are there and are the right ones.
    pub(super) fn finish(self) -> Result<Vec<Kept>> {
        let mut all = Vec::new();
        for (part, files) in self.item.parts.iter().zip(&self.kept) {
            if files.len() as u64 != u64::from(part.files) {
                let found = if files.is_empty() { "none".into() } else { format!("{}", files.len()) };
                return Err(self.wrong(&format!("{} files for `{}`", part.files, part.inside), found));
            }
            let found = match files.as_slice() {
                [(_, digest)] if !part.is_folder() => digest.sha256.clone(),
                files => digest::of_files(files.iter().map(|(name, d)| (name.as_str(), d.sha256.as_str()))),
            };
            if found != part.sha256 {
                return Err(self.other(part, found));
            }
            all.extend(files.iter().map(|(leaf, digest)| Kept {
                path: match part.is_folder() {
                    true => format!("{}/{leaf}", part.name),
                    false => part.name.to_owned(),
                },
                digest: digest.clone(),
            }));
        }
        Ok(all)
    }

    fn other(&self, part: &Part, found: String) -> Error {
        Error::Checksum {
            path: self.from.join(part.name),
            expected: part.sha256.to_owned(),
            found,
            mend: format!("nothing was kept; this is not the version that `{}` stands for", self.item.name),
        }
    }

    fn wrong(&self, expected: &str, found: String) -> Error {
        Error::Artifact {
            path: self.from.to_owned(),
            expected: expected.to_owned(),
            found,
            mend: format!("nothing was kept; this is not the version that `{}` stands for", self.item.name),
        }
    }
}
