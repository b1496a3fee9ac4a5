//! Indexing where the system, or another program, is in the way.

use crate::double::{Silent, bring};
use ronghe_knowledge::document::{Document, Limits, format_of};
use ronghe_knowledge::index::{Options, Report, index};
use ronghe_knowledge::retrieve::{self, search};
use ronghe_knowledge::store::{FolderStore, FolderWriter, Store};
use ronghe_knowledge::{Error, Result};
use std::path::{Path, PathBuf};

fn read(path: &Path, limits: &Limits) -> Result<Vec<Document>> {
    Ok(ronghe_knowledge::document::read(path, limits)?)
}

/// Indexes by the readers of the crate.
fn indexed(store: &Path, from: &Path) -> Result<Report> {
    let (mut writer, _) = FolderWriter::open(store, None)?;
    let known = |path: &Path| format_of(path).is_some();
    let mut reader = |path: &Path| read(path, &Limits::default());
    index(&mut writer, &[from.to_owned()], &Options::default(), &known, &mut reader, None, &mut Silent)
}

fn put(folder: &Path, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, text).unwrap();
    path
}

fn found(store: &Path, query: &str) -> Vec<String> {
    let store = FolderStore::open(store).unwrap();
    let hits = search(&store, None, query, &retrieve::Options::default()).unwrap();
    hits.into_iter().map(|h| h.document.path.rsplit('/').next().unwrap().to_owned()).collect()
}

#[test]
fn a_picture_and_its_caption_are_one_file() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    put(&docs, "cat.jpg", "no real picture");
    put(&docs, "silent.png", "");
    let caption = put(&docs, "cat.txt", "A striped cat sleeps.");
    put(&docs, "talk.mp3", "");
    put(&docs, "talk.srt", "1\n00:01:05,000 --> 00:01:07,000\nWelcome to the lecture.\n");
    let report = indexed(&place, &docs).unwrap();
    assert_eq!((report.read, report.empty, report.documents), (3, 1, 2), "{report:?}");
    assert_eq!(
        (found(&place, "striped"), found(&place, "lecture")),
        (vec!["cat.jpg".into()], vec!["talk.mp3".into()])
    );
    assert_eq!(indexed(&place, &docs).unwrap().unchanged, 3);
    // Of the same length, and older.
    std::fs::write(&caption, "A spotted cat sleeps.").unwrap();
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    std::fs::File::options().write(true).open(&caption).unwrap().set_modified(old).unwrap();
    let report = indexed(&place, &docs).unwrap();
    assert_eq!((report.read, report.unchanged), (1, 2), "{report:?}");
    assert_eq!(found(&place, "spotted"), ["cat.jpg"]);
    // Without the picture the caption is a text.
    std::fs::remove_file(docs.join("cat.jpg")).unwrap();
    let report = indexed(&place, &docs).unwrap();
    assert_eq!((report.read, report.removed), (1, 1), "{report:?}");
    assert_eq!(found(&place, "spotted"), ["cat.txt"]);
}

#[cfg(unix)]
#[test]
fn links_devices_and_strange_names_stop_nothing() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    put(&docs, "a.txt", "An ordinary text.");
    std::os::unix::fs::symlink(&docs, docs.join("loop")).unwrap();
    std::os::unix::fs::symlink("b.txt", docs.join("b.txt")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", docs.join("c.txt")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(docs.join("d.txt")).status().unwrap().success());
    let _socket = std::os::unix::net::UnixListener::bind(docs.join("e.txt")).unwrap();
    std::fs::write(docs.join(std::ffi::OsStr::from_bytes(b"f\xff.txt")), "Never cited.").unwrap();
    let deep = (0..80).fold(docs.clone(), |path, _| path.join("d"));
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("g.txt"), "Too deep.").unwrap();
    let report = indexed(&place, &docs).unwrap();
    assert_eq!((report.read, report.failed.len()), (1, 2), "{report:?}");
    assert!(report.failed.iter().any(|(_, why)| why.contains("UTF-8")));
    assert!(report.failed.iter().any(|(_, why)| why.contains("64 folders")));
    // A pipe that is named itself.
    assert!(read(&docs.join("d.txt"), &Limits::default()).is_err());
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_counted_and_keeps_its_documents() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    put(&docs, "a.txt", "An ordinary text.");
    put(&docs, "closed/b.txt", "A secret text.");
    put(&docs, "c.txt", "Another one.");
    assert_eq!(indexed(&place, &docs).unwrap().read, 3);
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let closed = docs.join("closed");
    mode(&closed, 0o000);
    put(&docs, "c.txt", "Another one, changed.");
    mode(&docs.join("c.txt"), 0o000);
    // Whoever may read everything sees no difference.
    let root = std::fs::read_dir(&closed).is_ok();
    let report = indexed(&place, &docs);
    mode(&closed, 0o755);
    let report = report.unwrap();
    let expected = if root { (1, 0, 0) } else { (0, 2, 0) };
    assert_eq!((report.read, report.failed.len(), report.removed), expected, "{report:?}");
    assert_eq!(found(&place, "secret"), ["b.txt"]);
    mode(&docs.join("c.txt"), 0o644);
    assert_eq!(indexed(&place, &docs).unwrap().read, usize::from(!root));
    assert_eq!(found(&place, "changed"), ["c.txt"]);
}

#[test]
fn a_file_that_changes_while_it_is_read_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    let path = put(&docs, "a.txt", "The first words.");
    put(&docs, "b.txt", "Gone before it is read.");
    {
        let (mut writer, _) = FolderWriter::open(&place, None).unwrap();
        let mut reader = |file: &Path| {
            if file.ends_with("b.txt") {
                std::fs::remove_file(file).unwrap();
            }
            let documents = read(file, &Limits::default());
            std::fs::write(&path, "Entirely other words.").unwrap();
            documents
        };
        let known = |_: &Path| true;
        let report = index(
            &mut writer,
            std::slice::from_ref(&docs),
            &Options::default(),
            &known,
            &mut reader,
            None,
            &mut Silent,
        )
        .unwrap();
        assert_eq!((report.read, report.failed.len()), (1, 1), "{report:?}");
    }
    let report = indexed(&place, &docs).unwrap();
    assert_eq!((report.read, report.failed.len()), (1, 0), "{report:?}");
    assert_eq!(found(&place, "entirely"), ["a.txt"]);
}

#[test]
fn a_store_of_a_later_version_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    put(&docs, "a.txt", "An ordinary text.");
    bring(&place, &docs, None);
    let database = rusqlite::Connection::open(place.join("store.db")).unwrap();
    database.pragma_update(None, "user_version", 99).unwrap();
    drop(database);
    for error in [FolderStore::open(&place).err(), FolderWriter::open(&place, None).err()] {
        let error = error.unwrap();
        assert!(matches!(error, Error::Store { .. }) && error.to_string().contains("version 99"), "{error}");
    }
}

#[test]
fn a_question_of_a_hundred_kilobytes_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (docs, place) = (folder.path().join("docs"), folder.path().join("store"));
    put(&docs, "a.txt", "Copper melts at 1085 degrees.");
    indexed(&place, &docs).unwrap();
    let store = FolderStore::open(&place).unwrap();
    let long: String = (0..20_000).map(|i| format!("copper{i} 铜 ")).collect();
    let started = std::time::Instant::now();
    assert!(search(&store, None, &format!("melts {long}"), &retrieve::Options::default()).is_ok());
    assert!(started.elapsed() < std::time::Duration::from_secs(60));
    assert!(store.stats().unwrap().chunks > 0);
}
