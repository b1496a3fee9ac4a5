//! Formats that are known and not read: the message names them and says what to do.

use crate::support::{file, message};
use ronghe_data::read::ReadOptions;

#[test]
fn formats_are_named_by_their_content_or_ending() {
    let record: Vec<u8> =
        [20u64.to_le_bytes().as_slice(), b"abcd", &[0x0a, 0x0f, 0x0a, 0x0d, 0x0a, 0x05], b"label........"]
            .concat();
    for (name, content, found) in [
        ("t.dat", &b"SQLite format 3\0rest"[..], "a SQLite database"),
        ("t.bin", b"ORC\x01\x02", "ORC"),
        ("t", b"Obj\x01\x04", "Avro"),
        ("t.x", b"\x89HDF\r\n\x1a\n", "HDF5"),
        ("t.m", b"MATLAB 5.0 MAT-file, Platform: GLNXA64", "MATLAB"),
        ("t.pk", b"\x80\x05\x95\x10\0\0\0\0\0\0\0", "a Python pickle"),
        ("t.sas7bdat", b"\0\0\0\0\0\0\0\0\0\0\0\0\xc2\xea\x81\x60", "SAS"),
        ("t.txt", b"% about\n@RELATION iris\n@ATTRIBUTE a NUMERIC\n@DATA\n1\n", "ARFF"),
        ("t.data", b"1 1:0.5 3:2\n-1 2:1\n", "libsvm (LABEL INDEX:VALUE ...)"),
        ("t.rec", &record, "TFRecord"),
    ] {
        let (_folder, path) = file(name, content);
        let error = message(&path, &ReadOptions::default());
        let expected = format!("{name}: expected a table of a format that is read here, found {found}; ");
        assert!(error.starts_with(&expected), "{error}");
        assert!(!error.contains("damaged"), "{error}");
    }
}

#[test]
fn a_name_that_says_nothing_gets_the_endings() {
    let (_folder, path) = file("t.xyz", "a,b\n1,2\n");
    let error = message(&path, &ReadOptions::default());
    let expected = "t.xyz: expected a file of a known format, found the name `t.xyz`; give the file the ending of what it \
                    is: .parquet, .pq, .arrow";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn an_unknown_codec_is_no_damage() {
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    let cells: ArrayRef = std::sync::Arc::new(Int64Array::from(vec![1, 2]));
    let batch = RecordBatch::try_from_iter([("a", cells)]).unwrap();
    let mut whole = Vec::new();
    let mut out = parquet::arrow::ArrowWriter::try_new(&mut whole, batch.schema(), None).unwrap();
    out.write(&batch).unwrap();
    out.close().unwrap();
    // In the footer: the list of the one name `a`, then the codec, a number in zigzag.
    let at = whole.windows(5).position(|w| w == b"\x19\x18\x01a\x15").unwrap() + 5;
    for (code, named) in [(3u8, "LZO"), (20, "20")] {
        whole[at] = 2 * code;
        let (_folder, path) = file("t.parquet", &whole);
        let error = message(&path, &ReadOptions::default());
        assert!(error.contains("a Parquet file of codecs and types that are known here, found "), "{error}");
        assert!(error.contains(named) && !error.contains("damaged"), "{error}");
    }
}
