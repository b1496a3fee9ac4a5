//! IDX beyond MNIST: EMNIST, QMNIST, and folders that only look like it.

use crate::support::{gz, message, put, row, table};
use ronghe_data::Cell;
use ronghe_data::read::ReadOptions;

/// An IDX file of a type: 8 bytes, 12 integers.
fn idx(kind: u8, sizes: &[u32], content: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, kind, sizes.len() as u8];
    sizes.iter().for_each(|s| out.extend(s.to_be_bytes()));
    out.extend(content);
    out
}

const SETS: [&str; 6] = ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"];

#[test]
fn emnist_is_read_a_set_at_a_time_and_upright() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for set in SETS {
        // Two lines of three pixels, kept column by column.
        let pictures = idx(8, &[1, 2, 3], &[1, 4, 2, 5, 3, 6]);
        for part in ["train", "test"] {
            put(&at(&format!("emnist-{set}-{part}-images-idx3-ubyte.gz")), gz(&pictures));
            let label = if part == "train" { 1 } else { 26 };
            put(&at(&format!("emnist-{set}-{part}-labels-idx1-ubyte.gz")), gz(&idx(8, &[1], &[label])));
        }
    }
    put(&at("emnist-letters-mapping.txt"), "1 65 97\n26 90 122\n");
    put(&at("emnist-digits-mapping.txt"), "0 48\n1 49\n");
    assert_eq!(
        message(folder.path(), &ReadOptions::default()),
        "FOLDER: expected one set in the folder, found 6: emnist-balanced, emnist-byclass, emnist-bymerge, \
         emnist-digits, emnist-letters, emnist-mnist; give a file of the set that is meant, such as \
         `emnist-balanced-train-images-idx3-ubyte.gz`, for all its parts, or put the set into a folder of its own"
    );
    let letters = table(&at("emnist-letters-test-images-idx3-ubyte.gz"));
    assert_eq!(letters.rows(), 2);
    assert_eq!(letters.media(0, 0), Some(Cell::Bytes(b"P5 3 2 255\n\x01\x02\x03\x04\x05\x06")));
    assert_eq!(row(&letters, 0)[1..], ["A/a", "train"]);
    assert_eq!(row(&letters, 1)[1..], ["Z/z", "test"]);
    let digits = table(&at("emnist-digits-train-labels-idx1-ubyte.gz"));
    assert_eq!(row(&digits, 0)[1..], ["1", "train"]);
    assert_eq!(row(&digits, 1)[1..], ["26", "test"]);

    put(&at("emnist-digits-mapping.txt"), "nought 48\n");
    assert_eq!(
        message(&at("emnist-digits-train-images-idx3-ubyte.gz"), &ReadOptions::default()),
        "emnist-digits-mapping.txt: expected a label and the codes of its characters in each line, such as `1 65 97`, \
         found \"nought 48\"; give the published file, or remove it"
    );
}

#[test]
fn qmnist_labels_are_integers_of_eight_columns() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let labels = |classes: &[i32]| {
        let rows = classes.iter().flat_map(|c| [*c, 3, 0, 1_000, 7, 8, 0, 0]);
        idx(12, &[classes.len() as u32, 8], &rows.flat_map(i32::to_be_bytes).collect::<Vec<u8>>())
    };
    put(&at("qmnist-train-images-idx3-ubyte.gz"), gz(&idx(8, &[2, 1, 2], &[1, 2, 3, 4])));
    put(&at("qmnist-train-labels-idx2-int.gz"), gz(&labels(&[5, 0])));
    put(&at("qmnist-test-images-idx3-ubyte"), idx(8, &[1, 1, 2], &[9, 8]));
    put(&at("qmnist-test-labels-idx2-int"), labels(&[7]));
    for path in [folder.path().to_owned(), at("qmnist-test-labels-idx2-int")] {
        let found = table(&path);
        let rows: Vec<_> = (0..found.rows()).map(|i| row(&found, i)[1..].join(" ")).collect();
        assert_eq!(rows, ["5 train", "0 train", "7 test"]);
        assert_eq!(found.media(0, 2), Some(Cell::Bytes(b"P5 2 1 255\n\x09\x08")));
    }
    put(&at("qmnist-test-labels-idx2-int"), &labels(&[7])[..30]);
    assert_eq!(
        message(folder.path(), &ReadOptions::default()),
        "qmnist-test-labels-idx2-int: expected 1 labels, one for each picture, found sizes [1, 8] and 18 bytes; the two \
         files do not belong together, or one is cut off: download them again"
    );
}

#[test]
fn folders_called_images_and_labels_are_no_pair() {
    let folder = tempfile::tempdir().unwrap();
    for file in ["images/train/a.jpg", "images/val/b.jpg", "labels/train/a.txt", "labels/val/b.txt"] {
        put(&folder.path().join(file), b"x");
    }
    let found = table(folder.path());
    assert_eq!(found.schema().names(), ["image", "split"]);
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("images/a.jpg"), b"x");
    put(&folder.path().join("labels.csv"), "file,label\na.jpg,1\n");
    assert_eq!(table(folder.path()).rows(), 1);
}
