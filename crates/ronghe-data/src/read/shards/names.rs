//! What the names of files and folders say of the rows in them.

use crate::read::packed::unpacked_name;
use crate::read::part;
use crate::{Error, Result};
use std::collections::BTreeSet;
use std::path::Path;

/// The column that names the part of a split.
const SPLIT: &str = "split";
/// How Hive writes a missing value.
const MISSING: &str = "__HIVE_DEFAULT_PARTITION__";

/// Columns that hold one value, or none, in all rows of a file.
type Given = Vec<(String, Option<String>)>;

/// For each file (a relative path with `/`) the columns that hold one value in all its rows: those of folders
/// `key=value`, and `split` where the names of all files say one and they differ.
pub(in crate::read) fn given(root: &Path, files: &[String]) -> Result<Vec<Given>> {
    let mut given: Vec<Given> = files.iter().map(|f| partitions(f)).collect();
    for (file, columns) in files.iter().zip(&given) {
        let mut seen = BTreeSet::new();
        if let Some((twice, _)) = columns.iter().find(|(name, _)| !seen.insert(name.as_str())) {
            return Err(Error::file(
                root,
                "each column once in the folders of a file",
                format!("`{twice}=` twice in `{file}`"),
                "rename one of the folders",
            ));
        }
    }
    let parts: Vec<Option<&'static str>> = files.iter().map(|f| part_of(f)).collect();
    let named: BTreeSet<_> = parts.iter().collect();
    if named.len() > 1 && !named.contains(&None) {
        for (columns, part) in given.iter_mut().zip(&parts) {
            if columns.iter().all(|(name, _)| name != SPLIT) {
                columns.push((SPLIT.to_owned(), part.map(str::to_owned)));
            }
        }
    }
    Ok(given)
}

/// The columns of the folders `key=value` around a file.
fn partitions(file: &str) -> Given {
    let folders = file.rsplit_once('/').map_or("", |(folders, _)| folders);
    let named = folders.split('/').filter_map(|f| f.split_once('=')).filter(|(key, _)| !key.is_empty());
    named
        .map(|(key, value)| (decoded(key), (value != MISSING && !value.is_empty()).then(|| decoded(value))))
        .collect()
}

/// Undoes `%41`. What is no such code stays as it is.
fn decoded(text: &str) -> String {
    let (mut out, bytes) = (Vec::with_capacity(text.len()), text.as_bytes());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let digits =
            text.get(at + 1..at + 3).filter(|d| byte == b'%' && d.bytes().all(|b| b.is_ascii_hexdigit()));
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(code) => {
                out.push(code);
                at += 3;
            }
            None => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}

/// The part of a split that the name of a file, or of a folder around it, says; inner names go before outer ones.
fn part_of(file: &str) -> Option<&'static str> {
    let file = unpacked_name(file);
    let file = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let names = file.rsplit('/').filter(|name| !name.contains('='));
    names.into_iter().find_map(|name| name.split(|c: char| !c.is_alphanumeric()).find_map(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_found_in_names() {
        for (file, found) in [
            ("data/train-00000-of-00002.parquet", Some("train")),
            ("validation-00000-of-00001-a1b2.parquet", Some("validation")),
            ("test.csv.gz", Some("test")),
            ("my_data_test.jsonl", Some("test")),
            ("default/train/0000.parquet", Some("train")),
            ("测试/0.csv", Some("test")),
            ("split=train/0.parquet", None),
            ("data_0.parquet", None),
            ("latest.csv", None),
        ] {
            assert_eq!(part_of(file), found, "{file}");
        }
    }

    #[test]
    fn split_is_a_column_only_where_all_files_say_one_and_they_differ() {
        let has = |files: &[&str]| {
            let files: Vec<String> = files.iter().map(|f| (*f).to_owned()).collect();
            given(Path::new("f"), &files)
                .unwrap()
                .iter()
                .all(|columns| columns.iter().any(|(n, _)| n == SPLIT))
        };
        assert!(has(&["train.csv", "test.csv"]));
        assert!(!has(&["train-0.csv", "train-1.csv"]));
        assert!(!has(&["train.csv", "test.csv", "more.csv"]));
    }

    #[test]
    fn folders_give_columns() {
        let found = partitions("year=2024/city=S%C3%A3o%20Paulo/k=__HIVE_DEFAULT_PARTITION__/part-0.csv");
        let expected = [("year", Some("2024")), ("city", Some("São Paulo")), ("k", None)];
        assert_eq!(found, expected.map(|(n, v)| (n.to_owned(), v.map(str::to_owned))));
        assert_eq!(decoded("100%"), "100%");
        assert_eq!(decoded("%e5%8c%97京%2"), "北京%2");
        let e = given(Path::new("f"), &["a=1/a=2/0.csv".to_owned()]).unwrap_err().to_string();
        assert_eq!(
            e,
            "f: expected each column once in the folders of a file, found `a=` twice in `a=1/a=2/0.csv`; rename one of \
             the folders"
        );
    }
}
