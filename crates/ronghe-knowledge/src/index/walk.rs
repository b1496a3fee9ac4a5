//! Which files there are below some paths.

use crate::{Error, Result};
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A file that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// Its absolute path, without links.
    pub(super) path: PathBuf,
    /// Its domain.
    pub(super) domain: String,
    pub(super) bytes: u64,
    /// Nanoseconds since 1970.
    pub(super) modified: i64,
}

/// Deepest folder below a root.
const DEPTH: usize = 64;

/// What there is below a root.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub(super) files: Vec<Found>,
    /// Files and folders that could not be looked at, and why.
    pub(super) failed: Vec<(PathBuf, String)>,
}

/// The files below `root` (or itself), in the order of their names. Hidden ones, links and devices are left out. The domain
/// is `domain`, or the name of the folder below the root that a file is in, or the root's own. A root that cannot be looked
/// at is an error; what is below it and cannot be is noted.
pub(super) fn walk(root: &Path, domain: Option<&str>) -> Result<Walked> {
    let root = root.canonicalize().map_err(Error::io(root))?;
    let name =
        |path: &Path| path.file_name().map_or_else(|| "files".into(), |n| n.to_string_lossy().into_owned());
    let own = match root.is_dir() {
        true => name(&root),
        false => root.parent().map_or_else(|| "files".into(), name),
    };
    let mut walked = Walked::default();
    let mut open = vec![(root.clone(), 0)];
    while let Some((path, depth)) = open.pop() {
        let looked = std::fs::symlink_metadata(&path).and_then(|about| {
            let entries = if about.is_dir() && depth <= DEPTH { entries(&path)? } else { Vec::new() };
            Ok((about, entries))
        });
        let (about, mut inside) = match looked {
            Ok(found) => found,
            Err(source) if depth == 0 => return Err(Error::Io { path, source }),
            Err(error) => {
                walked.failed.push((path, error.to_string()));
                continue;
            }
        };
        if path.to_str().is_none() {
            walked.failed.push((path, "expected a name in UTF-8, found another; rename it".into()));
        } else if about.is_dir() {
            if depth > DEPTH {
                let why = format!("expected at most {DEPTH} folders within each other, found more; move it");
                walked.failed.push((path, why));
                continue;
            }
            inside.retain(|p| !name(p).starts_with('.'));
            inside.sort_unstable_by(|a, b| b.cmp(a));
            open.extend(inside.into_iter().map(|p| (p, depth + 1)));
        } else if about.is_file() {
            let below = path.strip_prefix(&root).ok().and_then(|p| p.components().next());
            let folder = below.map(|c| root.join(c)).filter(|first| first.is_dir());
            walked.files.push(Found {
                domain: domain
                    .map_or_else(|| folder.map_or_else(|| own.clone(), |f| name(&f)), str::to_owned),
                bytes: about.len(),
                modified: modified(&about),
                path,
            });
        }
    }
    Ok(walked)
}

/// Nanoseconds since 1970 of the last change.
pub(super) fn modified(about: &Metadata) -> i64 {
    let since = about.modified().ok().and_then(|m| m.duration_since(UNIX_EPOCH).ok());
    since.map_or(0, |m| i64::try_from(m.as_nanos()).unwrap_or(i64::MAX))
}

fn entries(folder: &Path) -> std::io::Result<Vec<PathBuf>> {
    std::fs::read_dir(folder)?.map(|e| e.map(|e| e.path())).collect()
}

/// A path as it is kept: with `/` between names.
pub(super) fn key(path: &Path) -> String {
    let text = path.to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { text.into_owned() } else { text.replace('\\', "/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_domains_and_hidden_files_are_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("library");
        for (name, text) in [("law/a.txt", "a"), ("law/deep/b.txt", "b"), ("c.txt", "c"), (".git/d.txt", "d")]
        {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let found = walk(&root, None).unwrap();
        assert!(found.failed.is_empty());
        let seen: Vec<(String, &str)> = found
            .files
            .iter()
            .map(|f| (f.path.file_name().unwrap().to_string_lossy().into_owned(), f.domain.as_str()))
            .collect();
        let expected =
            [("c.txt", "library"), ("a.txt", "law"), ("b.txt", "law")].map(|(n, d)| (n.to_owned(), d));
        assert_eq!(seen, expected);
        assert!(walk(&root, Some("all")).unwrap().files.iter().all(|f| f.domain == "all"));
        assert!(walk(&root.join("nowhere"), None).is_err());
    }
}
