//! Folders of pictures and sounds: parts of a split, metadata, what is passed over.

use crate::support::{kinds, message, put, row, table};
use ronghe_data::read::{ReadOptions, Warning, collect, open};
use ronghe_data::{Cell, Kind, SplitBy};
use std::path::Path;
use tempfile::TempDir;

/// A folder with such files.
fn folder(files: &[&str]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    files.iter().for_each(|file| put(&folder.path().join(file), b"x"));
    folder
}

/// Rows as `column=value` without empty cells.
fn rows(path: &Path) -> Vec<String> {
    let found = table(path);
    let names = found.schema().names();
    let text = |i: usize| {
        let cells = names.iter().zip(row(&found, i)).filter(|(_, cell)| !cell.is_empty());
        cells.map(|(name, cell)| format!("{name}={cell}")).collect::<Vec<_>>().join(" ")
    };
    (0..found.rows()).map(text).collect()
}

fn said(folder: &TempDir) -> String {
    message(folder.path(), &ReadOptions::default())
}

fn warnings(path: &Path) -> Vec<Warning> {
    let mut reader = open(path, &ReadOptions::default()).unwrap();
    collect(reader.as_mut(), path).unwrap();
    reader.warnings().to_vec()
}

#[test]
fn a_part_without_classes_has_no_label() {
    let f = folder(&["train/cat/1.jpg", "train/dog/2.jpg", "test/3.jpg", "test/4.jpg"]);
    assert_eq!(
        rows(f.path()),
        [
            "image=test/3.jpg split=test",
            "image=test/4.jpg split=test",
            "image=train/cat/1.jpg label=cat split=train",
            "image=train/dog/2.jpg label=dog split=train",
        ]
    );
    let found = table(f.path());
    assert!(found.is_missing(1, 0) && found.is_missing(1, 1));
    assert!(warnings(f.path()).is_empty());
    let f = folder(&["train/a.wav", "test/b.wav"]);
    assert_eq!(rows(f.path()), ["audio=test/b.wav split=test", "audio=train/a.wav split=train"]);
}

#[test]
fn parts_go_by_many_names() {
    for (train, other, split) in [
        ("train", "eval", "test"),
        ("train", "evaluation", "test"),
        ("training_set", "test_set", "test"),
        ("seg_train", "seg_test", "test"),
        ("train-set", "val-set", "validation"),
        ("Train", "holdout", "test"),
        ("train2017", "val2017", "validation"),
        ("训练集", "验证集", "validation"),
        ("训练", "测试", "test"),
        ("chest_train", "chest_dev", "validation"),
    ] {
        let files = [format!("{train}/cat/1.jpg"), format!("{other}/cat/2.jpg")];
        let f = folder(&[&files[0], &files[1]]);
        let mut found = rows(f.path());
        found.sort_by_key(|row| row.contains("2.jpg"));
        assert_eq!(found[0], format!("image={} label=cat split=train", files[0]));
        assert_eq!(found[1], format!("image={} label=cat split={split}", files[1]));
    }
    let f = folder(&["train/cat/1.jpg", "eval/cat/2.jpg", "test/cat/3.jpg"]);
    assert_eq!(rows(f.path())[0], "image=eval/cat/2.jpg label=cat split=validation");
}

#[test]
fn folders_around_and_within_parts_are_looked_through() {
    let f = folder(&["seg_train/seg_train/forest/1.jpg", "seg_test/seg_test/forest/2.jpg"]);
    assert_eq!(
        rows(f.path()),
        [
            "image=seg_test/seg_test/forest/2.jpg label=forest split=test",
            "image=seg_train/seg_train/forest/1.jpg label=forest split=train",
        ]
    );
    let f = folder(&["cats_and_dogs/data/train/cat/1.jpg", "cats_and_dogs/data/val/cat/2.jpg"]);
    assert_eq!(rows(f.path())[1], "image=cats_and_dogs/data/val/cat/2.jpg label=cat split=validation");
    let f = folder(&["train/images/cat/1.jpg", "test/images/2.jpg"]);
    assert_eq!(
        rows(f.path()),
        ["image=test/images/2.jpg split=test", "image=train/images/cat/1.jpg label=cat split=train"]
    );
    let f = folder(&["images/train/1.jpg", "images/val/2.jpg", "labels/train/1.txt", "labels/val/2.txt"]);
    assert_eq!(
        rows(f.path()),
        ["image=images/train/1.jpg split=train", "image=images/val/2.jpg split=validation"]
    );
    let f = folder(&["animals/cat/1.jpg", "animals/dog/2.jpg"]);
    assert_eq!(rows(f.path()), ["image=animals/cat/1.jpg label=cat", "image=animals/dog/2.jpg label=dog"]);
    let f = folder(&["cat/1.jpg", "cat/more/2.jpg"]);
    assert_eq!(rows(f.path()), ["image=cat/1.jpg label=cat", "image=cat/more/2.jpg label=cat"]);
}

#[test]
fn parts_within_classes() {
    let f = folder(&["cat/train/1.jpg", "cat/test/2.jpg", "dog/train/3.jpg"]);
    assert_eq!(
        rows(f.path()),
        [
            "image=cat/test/2.jpg label=cat split=test",
            "image=cat/train/1.jpg label=cat split=train",
            "image=dog/train/3.jpg label=dog split=train",
        ]
    );
    let f = folder(&["bottle/train/good/1.png", "cable/train/good/2.png"]);
    assert_eq!(
        said(&f),
        "FOLDER: expected one set, as train/CLASS/FILE or CLASS/train/FILE, found parts with folders of their own \
         within `bottle`, `cable`, such as `bottle/train/good/1.png`; give one of these folders"
    );
}

#[test]
fn folders_that_are_parts_beside_others() {
    let f = folder(&["train/cat/1.jpg", "test/cat/2.jpg", "extra/cat/3.jpg", "extra/dog/4.jpg"]);
    assert_eq!(rows(f.path()).len(), 2);
    assert_eq!(
        warnings(f.path()),
        [Warning::PassedOver {
            what: "2 files in `extra`: `test`, `train` were read as parts of a split, and these are named like none \
                   (train, val, test ...)"
                .into()
        }]
    );
    let f = folder(&["train/cat/1.jpg", "evaluated/cat/2.jpg"]);
    assert_eq!(
        said(&f),
        "FOLDER: expected folders of classes, or of parts of a split (train, val, test ...), found `train` beside \
         `evaluated`; rename the folders so that all are parts or all are classes, or move some of them away"
    );
    let f = folder(&["train/1.jpg", "test/2.jpg", "cat/3.jpg"]);
    assert!(said(&f).contains("found `test`, `train` beside `cat`; rename the folders"), "{}", said(&f));
    // A class of vehicles.
    let f = folder(&["bus/1.jpg", "car/2.jpg", "train/3.jpg"]);
    assert_eq!(rows(f.path())[2], "image=train/3.jpg label=train");
    let warned =
        Warning::ClassNamedLikePart { class: "train".into(), others: vec!["bus".into(), "car".into()] };
    assert_eq!(warnings(f.path()), [warned]);
}

#[test]
fn classes_that_training_lacks_are_an_error() {
    let f = folder(&["train/cat/1.jpg", "val/bird/2.jpg", "val/cat/3.jpg", "test/unknown/4.jpg"]);
    assert_eq!(
        said(&f),
        "FOLDER: expected in validation and test only classes that training has, too (folders were read as \
         PART/CLASS/FILE), found `unknown` in test only and `bird` in validation only; rename or move these folders; \
         files without a label go directly into the folder of their part"
    );
    // The files can still be had.
    let options = ReadOptions { only: Some(vec!["image".into()]), ..ReadOptions::default() };
    assert_eq!(ronghe_data::read::read(f.path(), &options).unwrap().rows(), 4);
    let f = folder(&["train/cat/1.jpg", "train/2.jpg"]);
    assert!(said(&f).contains("expected every file in the folder of its class, found `train/2.jpg`"));
    // Nothing is known of training here.
    assert_eq!(rows(folder(&["test/cat/1.jpg"]).path()), ["image=test/cat/1.jpg label=cat split=test"]);
}

#[test]
fn what_is_passed_over_is_counted() {
    let f = folder(&[
        "cat/a.jpg",
        "cat/b.jfif",
        "cat/c.jpe",
        "cat/d.TIF",
        "cat/e.avif",
        "cat/f.avif",
        "dog/g.heic",
        "dog/notes.txt",
        "README",
        ".DS_Store",
        "Thumbs.db",
    ]);
    assert_eq!(table(f.path()).rows(), 4);
    assert_eq!(
        warnings(f.path()),
        [Warning::PassedOver {
            what: format!(
                "5 files: 2 .avif (convert it: `avifdec a.avif a.png`), 1 .heic (convert it: `heif-convert a.heic \
                 a.jpg`), 1 .txt, 1 no ending in {}",
                f.path().display()
            )
        }]
    );
    let f = folder(&["a.avif"]);
    assert_eq!(
        said(&f),
        "FOLDER: expected pictures or sounds in the folder, found none that are read here, but 1 file: 1 .avif \
         (convert it: `avifdec a.avif a.png`); arrange the files as CLASS/FILE or train/CLASS/FILE, or add a \
         metadata.csv that names them"
    );
    let f = folder(&["yes/a.opus", "yes/b.m4a", "no/c.aiff", "no/d.aac", "no/e.wma"]);
    assert_eq!(table(f.path()).rows(), 4);
    assert_eq!(warnings(f.path()).len(), 1);
}

#[test]
fn metadata_in_every_part_is_one_table() {
    let f = folder(&["train/a.png", "train/b.png", "test/c.png", "val/d.png"]);
    put(&f.path().join("train/metadata.csv"), "file_name,label,weight\na.png,cat,1.5\nb.png,dog,2\n");
    put(
        &f.path().join("test/metadata.jsonl"),
        "{\"file_name\": \"c.png\", \"label\": \"7\", \"source\": \"web\"}\n",
    );
    let found = table(f.path());
    assert_eq!(
        kinds(&found),
        [
            ("file_name".into(), Kind::Image),
            ("label".into(), Kind::Category),
            ("weight".into(), Kind::Number),
            ("source".into(), Kind::Category),
            ("split".into(), Kind::Category),
        ]
    );
    assert_eq!(
        rows(f.path()),
        [
            "file_name=train/a.png label=cat weight=1.5 split=train",
            "file_name=train/b.png label=dog weight=2 split=train",
            "file_name=test/c.png label=7 source=web split=test",
            "file_name=val/d.png split=validation",
        ]
    );
    assert_eq!(found.media(0, 2), Some(Cell::Path(f.path().join("test/c.png"))));
    let by = SplitBy::Column { column: "split".into(), stratify: None };
    let split = ronghe_data::split(&found, &by, Default::default(), 0);
    assert!(split.is_ok(), "{split:?}");
    let options = ReadOptions { only: Some(vec!["label".into(), "split".into()]), ..ReadOptions::default() };
    let some = ronghe_data::read::read(f.path(), &options).unwrap();
    assert_eq!(some.schema().names(), ["label", "split"]);
    let options = ReadOptions {
        kinds: [("weight".to_owned(), Kind::Category), ("source".to_owned(), Kind::Text)].into(),
        drop: ["label".to_owned()].into(),
        ..ReadOptions::default()
    };
    let some = ronghe_data::read::read(f.path(), &options).unwrap();
    let expected = [Kind::Image, Kind::Category, Kind::Text, Kind::Category];
    assert_eq!(kinds(&some).into_iter().map(|c| c.1).collect::<Vec<_>>(), expected);
    let options = ReadOptions { kinds: [("lable".to_owned(), Kind::Text)].into(), ..ReadOptions::default() };
    assert_eq!(
        message(f.path(), &options),
        "FOLDER: no column `lable` (did you mean `label`?); the columns are file_name, label, weight, source, split"
    );
}

#[test]
fn media_can_lie_elsewhere() {
    let f = folder(&["audio/a.wav", "audio/b.wav"]);
    put(&f.path().join("meta/esc50.csv"), "filename,category\na.wav,dog\nb.wav,rain\n");
    let path = f.path().join("meta/esc50.csv");
    assert_ne!(kinds(&table(&path))[0].1, Kind::Audio);
    let options = ReadOptions { media: Some(f.path().join("audio")), ..ReadOptions::default() };
    let found = ronghe_data::read::read(&path, &options).unwrap();
    assert_eq!(kinds(&found)[0], ("filename".into(), Kind::Audio));
    assert_eq!(found.media(0, 1), Some(Cell::Path(f.path().join("audio/b.wav"))));
}
