//! What bad input says: file, row, column, expected, found, and how to mend it.

use crate::support::{file, message};
use ronghe_data::read::ReadOptions;

#[test]
fn csv_messages() {
    let cases: [(&[u8], &str); 8] = [
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
             or a quote, or skip bad rows (option `skip_bad_rows`)",
        ),
        (
            b"a,b,a\n1,2,3\n",
            "t.csv: expected distinct column names, found `a` as columns 1 and 3; rename one of them (for a CSV \
             file without a header line: set `header` to false)",
        ),
        (
            b"a,b\n1,2\ninf,3\n",
            "t.csv: row 2, column `a`: expected a finite number, found \"inf\"; leave the cell empty if the value \
             is unknown, or skip bad rows",
        ),
        (
            b"a,b\n1,\xb1\xb1\n",
            "t.csv: row 1, column `b`: expected text in UTF-8, found other bytes; set `encoding` to the file's \
             encoding (gb18030 for Chinese, windows-1252 for Western European, utf-16le ...)",
        ),
        (
            b"\xb1\xb1,b\n1,2\n",
            "t.csv: expected column names in UTF-8, found other bytes in the header; set `encoding` to the file's \
             encoding (gb18030 for Chinese, windows-1252 for Western European, utf-16le ...)",
        ),
        (b"a,b\n1,\"2\n3,4\n", "t.csv: row 1: expected 2 cells as in the first line, found 1; quote"),
    ];
    for (content, expected) in &cases[..7] {
        let (_folder, path) = file("t.csv", content);
        assert_eq!(message(&path, &ReadOptions::default()), *expected);
    }
}
