//! Folders of tables.

use crate::support::{gz, kinds, message, put, row, table};
use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use ronghe_data::read::{ReadOptions, read};
use ronghe_data::{Kind, Table};
use std::path::Path;
use std::sync::Arc;

fn parquet(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mut out = ArrowWriter::try_new(std::fs::File::create(path).unwrap(), batch.schema(), None).unwrap();
    out.write(&batch).unwrap();
    out.close().unwrap();
}

fn whole(values: &[i64]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}

fn column(table: &Table, name: &str) -> Vec<String> {
    let (column, _) = table.find(name).unwrap();
    (0..table.rows()).map(|row| table.display(column, row).into_owned()).collect()
}

#[test]
fn parquet_shards_as_the_hub_has_them() {
    let folder = tempfile::tempdir().unwrap();
    let shard =
        |name: &str, n: &[i64]| parquet(&folder.path().join("data").join(name), vec![("n", whole(n))]);
    shard("train-00000-of-00002.parquet", &[5, 6]);
    shard("train-00001-of-00002.parquet", &[7]);
    shard("test-00000-of-00001.parquet", &[8]);
    put(&folder.path().join("README.md"), "notes");
    put(&folder.path().join("dataset_infos.json"), "{}");
    let found = table(folder.path());
    assert_eq!(kinds(&found), [("n".to_owned(), Kind::Number), ("split".to_owned(), Kind::Category)]);
    let split = column(&found, "split");
    let rows: Vec<(usize, &str, String)> =
        (0..4).map(|i| (found.row_number(i), split[i].as_str(), found.display(0, i).into_owned())).collect();
    assert_eq!(
        rows,
        [
            (1, "test", "8".into()),
            (2, "train", "5".into()),
            (3, "train", "6".into()),
            (4, "train", "7".into())
        ]
    );
}

#[test]
fn folders_of_hive_are_columns() {
    let folder = tempfile::tempdir().unwrap();
    for (key, n) in [("label=cat", 1), ("label=S%C3%A3o%20Paulo", 2), ("label=__HIVE_DEFAULT_PARTITION__", 3)]
    {
        parquet(&folder.path().join("year=2024").join(key).join("data_0.parquet"), vec![("n", whole(&[n]))]);
    }
    put(&folder.path().join("_SUCCESS"), "");
    put(&folder.path().join("year=2024/label=cat/.data_0.parquet.crc"), "x");
    let found = table(folder.path());
    assert_eq!(found.schema().names(), ["n", "year", "label"]);
    assert_eq!(found.find("year").unwrap().1, Kind::Category);
    assert_eq!(column(&found, "label"), ["São Paulo", "", "cat"]);
    let options = ReadOptions { kinds: [("year".to_owned(), Kind::Number)].into(), ..ReadOptions::default() };
    assert_eq!(read(folder.path(), &options).unwrap().find("year").unwrap().1, Kind::Number);

    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("year=2024/a.csv"), "n\n1\n2\n");
    put(&folder.path().join("year=2025/a.csv"), "n\n3\n");
    let found = table(folder.path());
    assert_eq!(column(&found, "year"), ["2024", "2024", "2025"]);
    assert_eq!(found.find("year").unwrap().1, Kind::Category);
}

#[test]
fn columns_are_united_by_name_and_kinds_found_over_all() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("0.csv"), "a,b\n1,x\n2,y\n");
    put(&folder.path().join("1.csv"), "b;a;c\nz;many;3\n");
    put(&folder.path().join("2.csv"), "");
    put(&folder.path().join("3.csv.gz"), gz(b"a,b\n4,w\n"));
    let found = table(folder.path());
    // One word makes a column of names of what is all numbers in the first file.
    assert_eq!(found.find("a").unwrap().1, Kind::Category);
    assert_eq!(found.schema().names(), ["a", "b", "c"]);
    assert_eq!(row(&found, 2), ["many", "z", "3"]);
    assert_eq!(row(&found, 3), ["4", "w", ""]);

    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("0.jsonl"), "{\"a\": 1}\n{\"a\": 2, \"b\": \"x\"}\n");
    put(&folder.path().join("1.jsonl"), "{\"c\": true, \"a\": 3}\n");
    let found = table(folder.path());
    assert_eq!(found.schema().names(), ["a", "b", "c"]);
    assert_eq!([row(&found, 1), row(&found, 2)], [["2", "x", ""], ["3", "", "true"]]);

    let folder = tempfile::tempdir().unwrap();
    let words: ArrayRef = Arc::new(StringArray::from(vec!["x", "y"]));
    let halves: ArrayRef = Arc::new(Float64Array::from(vec![0.5, 1.5]));
    parquet(&folder.path().join("0.parquet"), vec![("a", whole(&[1, 2])), ("b", words.clone())]);
    parquet(&folder.path().join("1.parquet"), vec![("b", words.clone()), ("a", halves)]);
    parquet(&folder.path().join("2.parquet"), vec![("b", whole(&[7, 8]))]);
    let found = table(folder.path());
    assert_eq!(found.find("a").unwrap().1, Kind::Number);
    assert_eq!(column(&found, "a"), ["1", "2", "0.5", "1.5", "", ""]);
    assert_eq!(column(&found, "b"), ["x", "y", "x", "y", "7", "8"]);
}

#[test]
fn errors_name_the_file_and_its_row() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("0.csv"), "a,b\n1,2\n3,4\n");
    put(&folder.path().join("1.csv"), "a,b\n5,6\n7\n8,x\n");
    let error = message(folder.path(), &ReadOptions::default());
    assert!(error.starts_with("1.csv: row 2: expected 2 cells as in the first line, found 1"), "{error}");
    let options = ReadOptions {
        skip_bad_rows: true,
        kinds: [("b".to_owned(), Kind::Number)].into(),
        ..ReadOptions::default()
    };
    let mut reader = ronghe_data::read::open(folder.path(), &options).unwrap();
    let found = ronghe_data::read::collect(reader.as_mut(), folder.path()).unwrap();
    assert_eq!((found.rows(), found.row_number(2)), (3, 3));
    assert_eq!(reader.skipped().rows, 2);
    let second = reader.skipped().first[1].to_string();
    assert!(second.contains("1.csv: row 3, column `b`: expected a number, found \"x\""), "{second}");

    let folder = tempfile::tempdir().unwrap();
    let halves = |x: f64| Arc::new(Float64Array::from(vec![1.0, x])) as ArrayRef;
    parquet(&folder.path().join("0.parquet"), vec![("a", halves(2.0))]);
    parquet(&folder.path().join("1.parquet"), vec![("a", halves(f64::INFINITY))]);
    let error = message(folder.path(), &ReadOptions::default());
    assert!(
        error.starts_with("1.parquet: row 2, column `a`: expected a finite number, found inf"),
        "{error}"
    );
}

#[test]
fn tables_that_are_no_parts_of_one() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("rows.csv"), "a\n1\n");
    put(&folder.path().join("stations.csv"), "b\n2\n");
    assert_eq!(
        message(folder.path(), &ReadOptions::default()),
        "FOLDER: expected the files of a folder to be parts of one table, found no column that `rows.csv` (a) and \
         `stations.csv` (b) both have; give one of the files, or put each table into a folder of its own"
    );
    put(&folder.path().join("stations.csv"), "a\n2\n");
    parquet(&folder.path().join("z.parquet"), vec![("a", whole(&[1]))]);
    assert_eq!(
        message(folder.path(), &ReadOptions::default()),
        "FOLDER: expected tables of one format in the folder, found `rows.csv` beside `z.parquet`; give one of the files, or \
         put each table into a folder of its own"
    );
}
