//! Brings an item into the cache with its registry's client.

use super::cache::{fingerprint, settle};
use super::collect::Collector;
use super::staging::Staging;
use super::{Cache, Clients, Item, Repository, client, find, hub, unpack};
use crate::{Error, Result};
use std::path::{Path, PathBuf};

/// Where pulling stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// Another process brings the same item in.
    Waiting,
    /// The client runs.
    Fetching {
        /// Bytes on the disk, where the client lets them be seen; a build may add some.
        done: u64,
        /// Bytes of the archive; 0 if that is not known.
        total: u64,
    },
    /// The archive is there; wanted files are taken out and checked.
    Unpacking,
}

/// Listens to pulling.
pub trait Progress {
    /// Is told each step of pulling `name`, again and again while the client runs. `false` stops it; the finished archive
    /// is kept, and what the client itself can go on with.
    fn step(&mut self, name: &str, step: Step) -> bool;
}

/// Listens to nothing.
impl Progress for () {
    fn step(&mut self, _: &str, _: Step) -> bool {
        true
    }
}

/// Fetches the item `name`, or the repository `hub:OWNER/NAME[@REVISION]`, unless it is in the cache; the path as
/// [`Cache::path`] gives it.
///
/// It may be broken off at any time: what is in the cache under the item's name is always whole, and the next call goes on
/// with what was fetched (`client` says how far that goes). Two processes that pull the same item wait for each other.
pub fn pull(name: &str, cache: &Cache, clients: &Clients, progress: &mut dyn Progress) -> Result<PathBuf> {
    match Repository::parse(name) {
        Some(repository) => hub::pull(&repository?, cache, clients, progress),
        None => pull_item(find(name)?, cache, clients, progress),
    }
}

fn pull_item(item: &Item, cache: &Cache, clients: &Clients, progress: &mut dyn Progress) -> Result<PathBuf> {
    if let Some(path) = cache.path_of(item) {
        return Ok(path);
    }
    let mut bring = || {
        let lock = cache.lock(item.name, &mut || {
            progress.step(item.name, Step::Waiting);
        })?;
        if let Some(path) = cache.path_of(item) {
            return Ok(path);
        }
        cache.staged(item.name, |staging| {
            let total = item.package.bytes;
            let mut watch =
                |done: u64| progress.step(item.name, Step::Fetching { done: done.min(total), total });
            let archive = client::fetch(&item.package, &staging, clients, &lock, &mut watch)?;
            if !progress.step(item.name, Step::Unpacking) {
                return Err(Error::Stopped);
            }
            keep_archive(item, &archive, cache, staging, clients)
        })
    };
    bring().map_err(|e| cache.explain(item.name, Some(needed(item)), e))
}

/// Bytes that pulling takes on the disk: the archive and the files in it.
pub(super) fn needed(item: &Item) -> u64 {
    item.package.bytes + item.parts.iter().map(|part| part.bytes).sum::<u64>()
}

/// Takes the wanted files out of an archive whose hash is right.
pub(super) fn keep_archive(
    item: &Item,
    archive: &Path,
    cache: &Cache,
    staging: Staging,
    clients: &Clients,
) -> Result<PathBuf> {
    let files = staging.files();
    let mut collector = Collector::new(item, archive, &files);
    unpack::unpack(archive, &mut collector, clients)?;
    settle(&cache.item_folder(item), staging, &fingerprint(item), &collector.finish()?)?;
    cache.path_of(item).ok_or_else(|| cache.not_pulled(item.name))
}

/// Items and archives made for tests.
#[cfg(test)]
pub(super) mod testing {
    use super::super::{Client, Item, Package, Part, Role, digest};
    use std::io::Write;

    /// An item of the parts (path inside, name, contents). Names of a folder's files are `1.png`, `2.png`.
    pub(in super::super) struct TestItem(&'static Item);

    impl TestItem {
        pub(in super::super) fn new(parts: &[(&'static str, &'static str, &[&[u8]])]) -> TestItem {
            TestItem::packed(parts, Client::Npm, &[])
        }

        /// The same, whose package is `archive`.
        pub(in super::super) fn packed(
            parts: &[(&'static str, &'static str, &[&[u8]])],
            client: Client,
            archive: &[u8],
        ) -> TestItem {
            let parts: Vec<Part> = parts
                .iter()
                .map(|(inside, name, contents)| {
                    let hashes: Vec<(String, String)> = contents
                        .iter()
                        .enumerate()
                        .map(|(i, content)| (format!("{}.png", i + 1), hash(content)))
                        .collect();
                    let sha256 = match hashes.as_slice() {
                        [(_, hash)] if !inside.contains('*') => hash.clone(),
                        hashes => digest::of_files(hashes.iter().map(|(n, h)| (n.as_str(), h.as_str()))),
                    };
                    let bytes = contents.iter().map(|c| c.len() as u64).sum();
                    Part { inside, name, files: contents.len() as u32, bytes, sha256: sha256.leak() }
                })
                .collect();
            TestItem(Box::leak(Box::new(Item {
                name: "test",
                role: Role::Weights,
                summary: "",
                summary_zh: "",
                licence: "",
                package: Package {
                    client,
                    name: "package",
                    version: "1",
                    platform: None,
                    bytes: archive.len() as u64,
                    sha256: hash(archive).leak(),
                },
                hub: None,
                parts: parts.leak(),
                table: None,
            })))
        }

        pub(in super::super) fn item(&self) -> &'static Item {
            self.0
        }
    }

    fn hash(content: &[u8]) -> String {
        digest::copy(&mut &content[..], &mut std::io::sink(), u64::MAX).expect("bytes in memory").sha256
    }

    pub(in super::super) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in files {
            zip.start_file(*name, zip::write::SimpleFileOptions::default()).expect("an entry");
            zip.write_all(content).expect("its content");
        }
        zip.finish().expect("an archive").into_inner()
    }

    pub(in super::super) fn tgz(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar =
            tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
        for (name, content) in files {
            let mut header = tar::Header::new_ustar();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            header.set_cksum();
            tar.append(&header, *content).expect("an entry");
        }
        tar.into_inner().expect("an archive").finish().expect("an archive")
    }
}

#[cfg(test)]
mod tests {
    use super::super::Client;
    use super::testing::{TestItem, tgz};
    use super::*;
    use std::fs;

    /// Programs that stand for npm: shell scripts in `folder`.
    #[cfg(unix)]
    fn npm(folder: &Path, script: &str) -> Clients {
        use std::os::unix::fs::PermissionsExt;
        let path = folder.join("npm");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a script");
        Clients { npm: path, ..Clients::default() }
    }

    fn item() -> (TestItem, Vec<u8>) {
        let archive = tgz(&[("package/a.bin", b"alpha")]);
        (TestItem::packed(&[("package/a.bin", "a.bin", &[b"alpha"])], Client::Npm, &archive), archive)
    }

    #[cfg(unix)]
    #[test]
    fn a_pulled_item_is_whole_and_pulled_once() -> Result<()> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let (item, archive) = item();
        let source = home.path().join("source");
        fs::write(&source, archive).expect("an archive");
        let copies =
            format!("test \"$1 $2\" = 'pack package@1' && cp '{}' ./package-1.tgz", source.display());
        let mut steps = Vec::new();
        struct Note<'a>(&'a mut Vec<Step>);
        impl Progress for Note<'_> {
            fn step(&mut self, _: &str, step: Step) -> bool {
                self.0.push(step);
                true
            }
        }
        let path = pull_item(item.item(), &cache, &npm(home.path(), &copies), &mut Note(&mut steps))?;
        assert_eq!(fs::read(&path).expect("the file"), b"alpha");
        assert_eq!(path, cache.folder().join("test/a.bin"));
        assert_eq!(steps.last(), Some(&Step::Unpacking));
        // The client is not asked again, ...
        assert_eq!(pull_item(item.item(), &cache, &npm(home.path(), "exit 1"), &mut ())?, path);
        // ... unless the file is damaged; the good one then takes its place.
        fs::write(&path, b"alphabet").expect("the file");
        assert_eq!(cache.path_of(item.item()), None);
        assert!(pull_item(item.item(), &cache, &npm(home.path(), "exit 1"), &mut ()).is_err());
        pull_item(item.item(), &cache, &npm(home.path(), &copies), &mut ())?;
        assert_eq!(fs::read(&path).expect("the file"), b"alpha");
        let names =
            fs::read_dir(cache.folder()).expect("the cache").map(|e| e.expect("an entry").file_name());
        let mut names: Vec<String> = names.map(|n| n.to_string_lossy().into_owned()).collect();
        names.sort();
        assert_eq!(names, [".test.lock", "test"], "work was left behind");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn what_goes_wrong_is_told_and_nothing_is_kept() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let (item, _) = item();
        let fails = |script: &str| {
            let clients = npm(home.path(), script);
            let message = pull_item(item.item(), &cache, &clients, &mut ()).unwrap_err().to_string();
            assert!(!cache.folder().join("test").exists() && !cache.folder().join(".test.part").exists());
            message
        };
        let message = fails("echo 'registry: no such host' >&2; exit 3");
        assert!(message.contains("no such host") && message.contains("package 1"), "{message}");
        assert!(message.contains("--from"), "{message}");
        let message = fails("echo other > package-1.tgz");
        assert!(message.contains("sha256") && message.contains("another file"), "{message}");
        assert!(fails("true").contains("fetched nothing"));
        let clients = Clients { npm: home.path().join("absent"), ..Clients::default() };
        let message = pull_item(item.item(), &cache, &clients, &mut ()).unwrap_err().to_string();
        assert!(message.contains("Node.js"), "{message}");
    }

    fn there(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).map(|all| all.filter_map(std::io::Result::ok).collect::<Vec<_>>());
        entries.unwrap_or_default().iter().map(|e| e.file_name().to_string_lossy().into_owned()).collect()
    }

    #[cfg(unix)]
    #[test]
    fn a_finished_archive_is_not_fetched_again() -> Result<()> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let (item, archive) = item();
        let source = home.path().join("source");
        fs::write(&source, &archive).expect("an archive");
        /// Stops before unpacking.
        struct Stop;
        impl Progress for Stop {
            fn step(&mut self, _: &str, step: Step) -> bool {
                step != Step::Unpacking
            }
        }
        let copies = npm(home.path(), &format!("cp '{}' package-1.tgz", source.display()));
        let stopped = pull_item(item.item(), &cache, &copies, &mut Stop);
        assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
        let part = cache.folder().join(".test.part");
        assert_eq!(there(&part), ["archive"]);
        // Damaged meanwhile, it is no archive any more.
        fs::write(part.join("archive/package-1.tgz"), vec![0; archive.len()]).expect("a file");
        assert!(pull_item(item.item(), &cache, &npm(home.path(), "exit 1"), &mut ()).is_err());
        let copies = npm(home.path(), &format!("cp '{}' package-1.tgz", source.display()));
        assert!(pull_item(item.item(), &cache, &copies, &mut Stop).is_err());
        pull_item(item.item(), &cache, &npm(home.path(), "exit 1"), &mut ())?;
        assert_eq!(there(cache.folder()).len(), 2, "{:?}", there(cache.folder()));
        Ok(())
    }

    /// What a killed process can leave behind, each completed by the next one.
    #[cfg(unix)]
    #[test]
    fn every_leftover_is_completed() -> Result<()> {
        let (item, archive) = item();
        type Leftover<'a> = (&'a str, &'a [u8]);
        let whole = archive.as_slice();
        let leftovers: &[&[Leftover<'_>]] = &[
            &[("download/package-1.tgz", &whole[..9]), ("temporary/x", b"x"), ("wanted.txt", b"x")],
            &[("download/package-1.tgz", whole), ("log", b"x")],
            &[("archive/package-1.tgz", whole), ("files/a.bin", b"al")],
            &[("archive/package-1.tgz", whole), ("files/a.bin", b"alpha"), ("files/.verified", b"4")],
            &[("archive/package-1.tgz", whole), ("old/a.bin", b"alp"), ("files/a.bin", b"alpha")],
            &[("download/other-1.tgz", b"other"), ("download/more", b"x")],
        ];
        for (i, files) in leftovers.iter().enumerate() {
            let home = tempfile::tempdir().expect("a temporary folder");
            let cache = Cache::open(&home.path().join("cache"));
            for (name, content) in *files {
                let path = cache.folder().join(".test.part").join(name);
                fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
                fs::write(path, content).expect("a file");
            }
            let source = home.path().join("source");
            fs::write(&source, &archive).expect("an archive");
            let fetched = home.path().join("fetched");
            let script = format!("touch '{}'; cp '{}' package-1.tgz", fetched.display(), source.display());
            let path = pull_item(item.item(), &cache, &npm(home.path(), &script), &mut ())?;
            assert_eq!(fs::read(path).expect("the file"), b"alpha", "{i}");
            assert!(!cache.folder().join(".test.part").exists(), "{i}");
            let finished = files.iter().any(|(_, content)| *content == whole);
            assert_eq!(fetched.exists(), !finished, "{i}");
        }
        Ok(())
    }

    /// The client outlives its caller and holds the lock; what it brings is then taken.
    #[cfg(unix)]
    #[test]
    fn a_client_whose_caller_was_killed_is_waited_for() -> Result<()> {
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let (item, archive) = item();
        let source = home.path().join("source");
        fs::write(&source, archive).expect("an archive");
        let lock = cache.lock("test", &mut || ())?;
        let staging = Staging::open(cache.folder().join(".test.part"))?;
        let script = format!("sleep 0.3; cp '{}' package-1.tgz", source.display());
        let mut client = std::process::Command::new("sh");
        client.args(["-c", &script]).current_dir(staging.download()).stdin(lock);
        let mut orphan = client.spawn().expect("a shell");
        // As after a kill: nobody tidies up, and only the client has the lock.
        std::mem::forget(staging);
        drop(client);
        let path = pull_item(item.item(), &cache, &npm(home.path(), "exit 1"), &mut ());
        assert!(orphan.wait().expect("its end").success());
        assert_eq!(fs::read(path?).expect("the file"), b"alpha");
        Ok(())
    }

    #[cfg(unix)]
    #[test]
    fn a_cache_that_takes_nothing_is_told_with_what_is_needed() {
        let home = tempfile::tempdir().expect("a temporary folder");
        let (item, archive) = item();
        // A file where the folder should be stands for a disk that cannot be written to.
        let blocked = Cache::open(&home.path().join("blocked/cache"));
        fs::write(home.path().join("blocked"), "").expect("a file");
        let full = Cache::open(&home.path().join("full"));
        let script = "echo 'npm error ENOSPC: no space left on device, write' >&2; exit 228";
        for cache in [&blocked, &full] {
            let message =
                pull_item(item.item(), cache, &npm(home.path(), script), &mut ()).map_err(|e| e.to_string());
            let message = message.err().unwrap_or_default();
            let folder = cache.folder().display().to_string();
            assert!(message.starts_with(&folder) && message.contains("RONGHE_CACHE"), "{message}");
            assert!(message.contains(&format!("{} bytes", archive.len() + 5)), "{message}");
        }
        assert_eq!(there(full.folder()), [".test.lock"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_listener_can_stop_it() {
        struct Stop;
        impl Progress for Stop {
            fn step(&mut self, _: &str, _: Step) -> bool {
                false
            }
        }
        let home = tempfile::tempdir().expect("a temporary folder");
        let cache = Cache::open(&home.path().join("cache"));
        let clients = npm(home.path(), "exec sleep 60");
        let stopped = pull_item(item().0.item(), &cache, &clients, &mut Stop);
        assert!(matches!(stopped, Err(Error::Stopped)), "{stopped:?}");
    }
}
