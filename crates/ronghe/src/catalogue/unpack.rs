//! Archives of packages: wheels (zip, deflate), gzipped tar, Debian packages.
//!
//! Only wanted entries are written, see [`Collector`]. Limits: [`ENTRIES`] and, for what is streamed, [`STREAM`].

use super::collect::Collector;
use super::{Clients, client};
use crate::{Error, Result};
use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};

/// Entries of an archive.
const ENTRIES: usize = 200_000;

/// Bytes of an archive, unpacked.
const STREAM: u64 = 8 << 30;

/// Endings of the archives that can be unpacked.
const ENDINGS: [&str; 5] = [".whl", ".zip", ".tgz", ".tar.gz", ".deb"];

/// Whether the name is that of an archive.
pub(super) fn is_archive(path: &Path) -> bool {
    ending(path).is_some()
}

/// Gives the wanted entries of an archive to `collector`.
pub(super) fn unpack(archive: &Path, collector: &mut Collector<'_>, clients: &Clients) -> Result<()> {
    let open = || File::open(archive).map_err(|source| Error::Io { path: archive.to_owned(), source });
    match ending(archive) {
        Some(".whl" | ".zip") => zip(archive, open()?, collector),
        Some(".tgz" | ".tar.gz") => tar(archive, &mut GzDecoder::new(BufReader::new(open()?)), collector),
        Some(".deb") => deb(archive, collector, clients),
        _ => Err(wrong(archive, &format!("one of {}", ENDINGS.join(", ")), "another ending")),
    }
}

fn ending(path: &Path) -> Option<&'static str> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    ENDINGS.into_iter().find(|ending| name.ends_with(ending))
}

fn zip(path: &Path, file: File, collector: &mut Collector<'_>) -> Result<()> {
    let damaged = |e: zip::result::ZipError| wrong(path, "a complete zip archive", &e.to_string());
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(damaged)?;
    if archive.len() > ENTRIES {
        return Err(too_many(path));
    }
    for i in 0..archive.len() {
        let name = match archive.name_for_index(i) {
            Some(name) => name.map_err(damaged)?.into_owned(),
            None => continue,
        };
        let Some((part, leaf)) = collector.place(&name)? else { continue };
        let mut entry = archive.by_index(i).map_err(damaged)?;
        if !entry.is_file() || entry.is_symlink() {
            return Err(wrong(path, &format!("`{name}` as a file"), "a folder or link"));
        }
        collector.keep(part, leaf, &mut entry)?;
    }
    Ok(())
}

fn tar(path: &Path, stream: &mut dyn Read, collector: &mut Collector<'_>) -> Result<()> {
    let damaged = |e: io::Error| wrong(path, "a complete tar archive", &e.to_string());
    let mut stream = stream.take(STREAM);
    let mut archive = tar::Archive::new(&mut stream);
    for (i, entry) in archive.entries().map_err(damaged)?.enumerate() {
        if i >= ENTRIES {
            return Err(too_many(path));
        }
        let mut entry = entry.map_err(damaged)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let Some((part, leaf)) = collector.place(&name)? else { continue };
        if !entry.header().entry_type().is_file() {
            return Err(wrong(path, &format!("`{name}` as a file"), "a folder or link"));
        }
        collector.keep(part, leaf, &mut entry)?;
    }
    // A pipe is read to its end, so that its writer ends well.
    io::copy(&mut stream, &mut io::sink()).map_err(damaged)?;
    Ok(())
}

/// `dpkg-deb` gives the files as a tar stream, so that nothing is written but by the [`Collector`].
fn deb(path: &Path, collector: &mut Collector<'_>, clients: &Clients) -> Result<()> {
    let mut command = Command::new(&clients.dpkg_deb);
    command.arg("--fsys-tarfile").arg(path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|e| client::not_started(&clients.dpkg_deb, "dpkg", e))?;
    let unpacked = match child.stdout.take() {
        Some(mut stream) => tar(path, &mut stream, collector),
        None => Err(wrong(path, "the files of a Debian package", "nothing")),
    };
    let status = child.wait().map_err(|source| Error::Io { path: clients.dpkg_deb.clone(), source })?;
    unpacked?;
    if status.success() { Ok(()) } else { Err(wrong(path, "a complete Debian package", &status.to_string())) }
}

fn too_many(path: &Path) -> Error {
    wrong(path, &format!("at most {ENTRIES} entries"), "more")
}

fn wrong(path: &Path, expected: &str, found: &str) -> Error {
    Error::Artifact {
        path: path.to_owned(),
        expected: expected.to_owned(),
        found: found.to_owned(),
        mend: "the file is damaged or another one: fetch it again".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::pull::testing::{TestItem, tgz, zip_of};
    use super::*;
    use std::fs;

    fn unpacked(name: &str, archive: &[u8], item: &TestItem) -> Result<Vec<String>> {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join(name);
        fs::write(&path, archive).expect("an archive");
        let into = folder.path().join("into");
        fs::create_dir(&into).expect("a folder");
        let mut collector = Collector::new(item.item(), &path, &into);
        unpack(&path, &mut collector, &Clients::default())?;
        let kept = collector.finish()?;
        assert!(kept.iter().all(|k| into.join(&k.path).is_file()));
        assert_eq!(
            fs::read_dir(folder.path()).expect("a folder").count(),
            2,
            "something was written outside"
        );
        Ok(kept.into_iter().map(|k| k.path).collect())
    }

    #[test]
    fn wanted_files_come_out_of_both_archives() -> Result<()> {
        let files: &[(&str, &[u8])] =
            &[("p/readme", b"no"), ("p/a.txt", b"alpha"), ("p/i/1.png", b"x"), ("p/i/2.png", b"yz")];
        let item = TestItem::new(&[("p/a.txt", "a", &[b"alpha"]), ("p/i/*.png", "i", &[b"x", b"yz"])]);
        let expected = ["a", "i/1.png", "i/2.png"];
        assert_eq!(unpacked("p.whl", &zip_of(files), &item)?, expected);
        assert_eq!(unpacked("p.tgz", &tgz(files), &item)?, expected);
        Ok(())
    }

    #[test]
    fn an_entry_that_leaves_its_folder_is_refused() {
        let item = TestItem::new(&[("p/*", "i", &[b"x"])]);
        for name in ["../p/x", "p/../../x", "/p/x", "p\\..\\x", "c:/x"] {
            let found = unpacked("p.zip", &zip_of(&[(name, b"x")]), &item).unwrap_err().to_string();
            assert!(found.contains("inside the archive's own folder"), "{name}: {found}");
        }
        let found = unpacked("p.tgz", &tgz(&[("../p/x", b"x")]), &item).unwrap_err().to_string();
        assert!(found.contains("inside the archive's own folder"), "{found}");
    }

    #[test]
    fn more_than_expected_is_refused_and_less_too() {
        let item = TestItem::new(&[("p/*", "i", &[b"abc", b"d"])]);
        let refused =
            |files: &[(&str, &[u8])]| unpacked("p.zip", &zip_of(files), &item).unwrap_err().to_string();
        assert!(refused(&[("p/1.png", b"abcde")]).contains("4 bytes"));
        assert!(refused(&[("p/1", b"a"), ("p/2", b"b"), ("p/3", b"")]).contains("2 files"));
        assert!(refused(&[("p/1.png", b"abc")]).contains("found 1"));
        assert!(refused(&[]).contains("found none"));
        assert!(refused(&[("p/1.png", b"abc"), ("p/2.png", b"e")]).contains("sha256"));
        // A bomb: a gigabyte of zeros is cut off after the four bytes that are expected.
        let zeros = vec![0; 1 << 24];
        assert!(refused(&[("p/1.png", &zeros)]).contains("more"));
    }

    #[test]
    fn damage_is_told() {
        let item = TestItem::new(&[("p/a.txt", "a", &[b"alpha"])]);
        let whole = tgz(&[("p/a.txt", b"alpha")]);
        assert!(
            unpacked("p.tgz", &whole[..whole.len() / 2], &item).unwrap_err().to_string().contains("damaged")
        );
        assert!(unpacked("p.whl", b"PK no", &item).unwrap_err().to_string().contains("zip"));
        assert!(unpacked("p.rar", b"", &item).unwrap_err().to_string().contains(".whl"));
    }
}
