//! What bad input says: file, row, column, expected, found, and how to mend it.

use crate::support::{file, gz, message, put, tar};
use ronghe_data::Kind;
use ronghe_data::read::{Limits, ReadOptions};

fn plain(path: &std::path::Path) -> String {
    message(path, &ReadOptions::default())
}

#[test]
fn csv_messages() {
    let cases: [(&[u8], &str); 7] = [
        (
            b"",
            "t.csv: expected a header line and rows, found an empty file; give a file that has at least one row",
        ),
        (
            b"a,b\n",
            "t.csv: expected at least one row of data, found none; add rows; a header line alone is no table",
        ),
        (
            b"a,b\n1,2\n3\n",
            "t.csv: row 2: expected 2 cells as in the first line, found 1; quote cells that contain the separator \
             or a quote, or leave such rows out with --skip-bad-rows",
        ),
        (
            b"a,b,a\n1,2,3\n",
            "t.csv: expected distinct column names, found `a` as columns 1 and 3; rename one of them",
        ),
        (
            b"a,b\n1,2\ninf,3\n",
            "t.csv: row 2, column `a`: expected a finite number, found \"inf\"; leave the cell empty if the value \
             is unknown, or skip bad rows",
        ),
        (
            b"a,b\n1,\xb1\xb1\n",
            "t.csv: row 1, column `b`: expected text in UTF-8, found other bytes; give the file's \
             encoding with --encoding (gb18030 for Chinese, windows-1252 for Western European, utf-16le ...)",
        ),
        (
            b"\xb1\xb1,b\n1,2\n",
            "t.csv: expected column names in UTF-8, found other bytes in the header; give the file's \
             encoding with --encoding (gb18030 for Chinese, windows-1252 for Western European, utf-16le ...)",
        ),
    ];
    for (content, expected) in cases {
        let (_folder, path) = file("t.csv", content);
        assert_eq!(plain(&path), expected);
    }
}

#[test]
fn csv_messages_about_options() {
    let (_folder, path) = file("t.csv", "a,b\n1,x\n2,\n");
    let options = ReadOptions::default;
    let cases = [
        (
            ReadOptions { only: Some(vec!["c".into()]), ..options() },
            "t.csv: no column `c`; the columns are a, b",
        ),
        (
            ReadOptions { only: Some(vec!["a".into(), "a".into()]), ..options() },
            "t.csv: expected distinct names in `only`, found `a` twice; name each column once",
        ),
        (
            ReadOptions { kinds: [("c".to_owned(), Kind::Text)].into(), ..options() },
            "t.csv: no column `c`; the columns are a, b",
        ),
        (
            ReadOptions { kinds: [("b".to_owned(), Kind::Number)].into(), ..options() },
            "t.csv: row 1, column `b`: expected a number, found \"x\"; mend the cell, give the column another kind, \
             or skip bad rows",
        ),
        (
            ReadOptions { kinds: [("a".to_owned(), Kind::Date)].into(), ..options() },
            "t.csv: row 1, column `a`: expected a date such as 2024-01-31 or 2024-01-31T08:30:00Z, found \"1\"; mend \
             the cell, give the column another kind, or skip bad rows",
        ),
        (
            ReadOptions { format: Some("excel".into()), ..options() },
            "t.csv: expected a known format, found `excel`; save it in one of the formats that are read: parquet, arrow, \
             numpy, workbook, idx, cifar, webdataset, shards, folder, jsonl, csv",
        ),
        (
            ReadOptions { encoding: Some("klingon".into()), ..options() },
            "t.csv: expected a known character encoding, found `klingon`; give one with --encoding: utf-8, gb18030, big5, \
             utf-16le, utf-16be, windows-1252, shift_jis or euc-kr",
        ),
        (
            ReadOptions { limits: Limits { columns: 1, ..Limits::default() }, ..options() },
            "t.csv: the number of columns is 2, above the limit of 1; leave columns out: a table may not have more",
        ),
    ];
    for (options, expected) in cases {
        assert_eq!(message(&path, &options), expected);
    }
}

#[test]
fn encodings_and_long_rows() {
    let (_folder, path) = file("t.csv", b"a,b\n1,2\n3,\xff\xff\n");
    let options = ReadOptions { encoding: Some("gb18030".into()), ..ReadOptions::default() };
    assert_eq!(
        message(&path, &options),
        "t.csv: expected text in the encoding that was set, found bytes that are no text in gb18030 in the header; \
         give the file's encoding with --encoding (gb18030 for Chinese, windows-1252 for Western European, utf-16le ...)"
    );
    let text = format!("a,b\n1,2\n3,\"{}", "open quote\n".repeat(20_000));
    let (_folder, path) = file("t.csv", text);
    let options =
        ReadOptions { limits: Limits { row_bytes: 1000, ..Limits::default() }, ..ReadOptions::default() };
    assert_eq!(
        message(&path, &options),
        "t.csv: the length of row 2 is more than 1000 bytes, above the limit of 1000; close an open quote (\"): \
         a row may not be longer"
    );
    let mut cut = gz("a,b\n".repeat(1000).as_bytes());
    cut.truncate(cut.len() - 12);
    let (_folder, path) = file("t.csv.gz", cut);
    assert!(plain(&path).starts_with("t.csv.gz: expected a complete packed file, found its end in row"));
}

#[test]
fn json_messages() {
    let cases = [
        (
            "{\"a\": [\"x|y\"]}\n",
            "t.jsonl: row 1, column `a`: expected list elements without `|`, found \"x|y\"; elements are joined with \
             `|`: replace it by another sign",
        ),
        (
            "{\"a\": 1}\nrubbish\n",
            "t.jsonl: row 2: expected one JSON object, found \"rubbish\" (something that is no JSON in line 1, column \
             1); put one object on each line, or leave such rows out with --skip-bad-rows",
        ),
        (
            "[{\"a\": 1}, {\"a\": 2}",
            "t.jsonl: expected a complete file, found its end in row 3; the file is cut off: copy or download it \
             again",
        ),
        (
            "",
            "t.jsonl: expected at least one row of data, found none; add rows; a header line alone is no table",
        ),
    ];
    for (content, expected) in cases {
        let (_folder, path) = file("t.jsonl", content);
        assert_eq!(plain(&path), expected);
    }
}

#[test]
fn parquet_cut_off() {
    let (_folder, path) = file("t.parquet", b"PAR1 and then nothing that ends like one");
    let said = plain(&path);
    assert!(said.starts_with("t.parquet: expected a complete Parquet file, found "), "{said}");
    assert!(said.ends_with("the file is cut off or damaged: copy, download or write it again"), "{said}");
}

#[test]
fn folder_messages() {
    let folder = tempfile::tempdir().unwrap();
    let mend = "arrange the files as CLASS/FILE or train/CLASS/FILE, or add a metadata.csv that names them";
    assert_eq!(
        plain(folder.path()),
        format!("FOLDER: expected pictures or sounds in the folder, found none; {mend}")
    );
    put(&folder.path().join("cat/a.png"), b"x");
    put(&folder.path().join("b.png"), b"x");
    assert_eq!(
        plain(folder.path()),
        format!("FOLDER: expected every file in the folder of its class, found `b.png`; {mend}")
    );
    put(&folder.path().join("b.wav"), b"x");
    assert_eq!(
        plain(folder.path()),
        "FOLDER: expected files of one kind, found `b.png` beside `b.wav`; keep pictures and sounds apart, or add a \
         metadata.csv with a column for each"
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(folder.path(), folder.path().join("cat/loop")).unwrap();
        assert_eq!(
            plain(folder.path()),
            "cat/loop: expected at most 32 folders within each other, found a link to a folder around it, or deeper \
             folders; remove the link"
        );
    }
    assert_eq!(plain(&folder.path().join("no.csv")), "no.csv: No such file or folder");
}

#[test]
fn media_paths_stay_inside() {
    let (folder, path) = file("in/t.csv", "picture,label\n../a.png,1\n../a.png,2\n");
    put(&folder.path().join("a.png"), b"x");
    assert_eq!(
        plain(&path),
        "t.csv: row 1, column `picture`: expected a path inside the table's folder, found \"../a.png\"; move the \
         file next to the table, or name the folder that holds the files"
    );
    let options = ReadOptions { outside_paths: true, ..ReadOptions::default() };
    assert_eq!(ronghe_data::read::read(&path, &options).unwrap().rows(), 2);
}

#[test]
fn idx_messages() {
    let folder = tempfile::tempdir().unwrap();
    let images = folder.path().join("train-images-idx3-ubyte");
    put(&images, b"\x00\x00\x08\x03\x00\x00\x00\x02\x00\x00\x00\x01\x00\x00\x00\x02\x01\x02\x03");
    assert_eq!(
        plain(&images),
        "train-images-idx3-ubyte: expected pictures `NAME-images...` and labels `NAME-labels...` side by side, \
         found no such pair; put both files into one folder under their published names, such as \
         train-images-idx3-ubyte"
    );
    let labels = folder.path().join("train-labels-idx1-ubyte");
    put(&labels, b"\x00\x00\x08\x01\x00\x00\x00\x03\x01\x02\x03");
    assert_eq!(
        plain(folder.path()),
        "train-labels-idx1-ubyte: expected 2 labels, one for each picture, found sizes [3] and 3 bytes; the two \
         files do not belong together, or one is cut off: download them again"
    );
    put(&labels, b"\x00\x00\x08\x01\x00\x00\x00\x02\x01\x02");
    assert_eq!(
        plain(folder.path()),
        "train-images-idx3-ubyte: expected 2 pictures of 2 bytes, found 1 (the file ends too early); the file \
         is cut off: copy or download it again"
    );
    put(&images, b"\x00\x00\x08\x03\x00\x00\x00\x02\x7f\xff\xff\xff\x7f\xff\xff\xff");
    assert_eq!(
        plain(folder.path()),
        "train-images-idx3-ubyte: the size of a picture is 2147483647 x 2147483647 x 1, above the limit of 67108864 \
         bytes; the file is damaged, or its pictures are larger than can be read"
    );
}

#[test]
fn cifar_messages() {
    let folder = tempfile::tempdir().unwrap();
    let batch = folder.path().join("data_batch_1.bin");
    put(&batch, b"short");
    let mend = "the file is cut off, damaged or of another set: download it again";
    assert_eq!(
        plain(folder.path()),
        format!(
            "data_batch_1.bin: expected a CIFAR batch as published, found 5 bytes, no multiple of 3073; {mend}"
        )
    );
    std::fs::remove_file(&batch).unwrap();
    put(&folder.path().join("data_batch_1"), b"\x80\x02cos\nsystem\nU\x04echo\x85R.");
    assert_eq!(
        plain(folder.path()),
        format!(
            "data_batch_1: expected a CIFAR batch as published, found the name `os.system`, which is not plain data \
             and is refused; {mend}"
        )
    );
    let archive = tar(&[("cifar-10-batches-bin/data_batch_1.bin", vec![0; 3073])]);
    let (_folder, path) = file("cifar.tar.gz", gz(&archive[..2000]));
    assert_eq!(
        plain(&path),
        "cifar.tar.gz: expected a complete tar archive, found its end in the middle of a file; the file is cut off \
         or damaged: copy or download it again"
    );
}
