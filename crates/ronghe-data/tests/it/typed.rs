//! Columns of Parquet as data libraries write them.

use crate::support::{file, kinds, message};
use arrow_array::types::{Float32Type, Int32Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, Decimal128Array, DictionaryArray, FixedSizeBinaryArray, Float64Array,
    Int64Array, LargeStringArray, ListArray, NullArray, RecordBatch, StringArray, StructArray,
    Time32SecondArray,
};
use arrow_schema::{Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use ronghe_data::read::{ReadOptions, Warning, open, read};
use ronghe_data::{ColumnSchema, Kind, Table};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

/// A file of these columns, with metadata of the schema.
fn parquet(columns: Vec<(&str, ArrayRef)>, metadata: &[(&str, &str)]) -> (TempDir, PathBuf) {
    let fields: Vec<Field> =
        columns.iter().map(|(name, cells)| Field::new(*name, cells.data_type().clone(), true)).collect();
    let metadata: HashMap<String, String> =
        metadata.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    let batch = RecordBatch::try_new(schema.clone(), columns.into_iter().map(|(_, c)| c).collect()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let mut writer = ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    (folder, path)
}

fn whole(path: &Path) -> Table {
    read(path, &ReadOptions::default()).unwrap()
}

fn column(table: &Table, at: usize) -> Vec<String> {
    (0..table.rows()).map(|row| table.display(at, row).into_owned()).collect()
}

#[test]
fn classes_have_the_names_that_datasets_writes() {
    let features = r#"{"info": {"features": {
        "label": {"names": ["airplane", "bird"], "_type": "ClassLabel"},
        "tags": {"feature": {"names": ["red", "blue"], "_type": "ClassLabel"}, "_type": "List"}}}}"#;
    let tags = ListArray::from_iter_primitive::<arrow_array::types::Int64Type, _, _>([
        Some(vec![Some(0), Some(1)]),
        Some(vec![]),
        None,
    ]);
    let (_folder, path) = parquet(
        vec![("label", Arc::new(Int64Array::from(vec![1, 0, -1]))), ("tags", Arc::new(tags))],
        &[("huggingface", features)],
    );
    let found = whole(&path);
    assert_eq!(kinds(&found), [("label".into(), Kind::Category), ("tags".into(), Kind::Category)]);
    assert_eq!(
        (column(&found, 0), column(&found, 1)),
        (
            vec!["bird".into(), "airplane".into(), String::new()],
            vec!["red|blue".into(), String::new(), String::new()]
        )
    );
    // -1 and null are not known, an empty list is none of them.
    assert!(found.is_missing(0, 2) && !found.is_missing(1, 1) && found.is_missing(1, 2));
}

#[test]
fn columns_of_other_types_are_left_out_by_name() {
    let nested =
        StructArray::try_from(vec![("x", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef)]).unwrap();
    let ragged = ListArray::from_iter_primitive::<Float32Type, _, _>([
        Some(vec![Some(1.0)]),
        Some(vec![Some(1.0), Some(2.0)]),
    ]);
    let key = FixedSizeBinaryArray::try_from_iter([[1u8; 16], [2u8; 16]].iter()).unwrap();
    let (_folder, path) = parquet(
        vec![
            ("price", Arc::new(Int64Array::from(vec![3, 5]))),
            ("meta", Arc::new(nested)),
            ("box", Arc::new(ragged)),
            ("at", Arc::new(Time32SecondArray::from(vec![60, 120]))),
            ("key", Arc::new(key)),
            ("none", Arc::new(NullArray::new(2))),
        ],
        &[],
    );
    let reader = open(&path, &ReadOptions::default()).unwrap();
    let mut left: Vec<(String, String)> = Vec::new();
    for warning in reader.warnings() {
        let Warning::LeftOut { column, holds } = warning else { panic!("{warning:?}") };
        left.push((column.clone(), holds.clone()));
    }
    left.sort();
    let expected = [
        ("at", "times of day"),
        ("box", "lists of different lengths"),
        ("key", "keys of 16 bytes (UUID)"),
        ("meta", "nested objects"),
    ];
    assert_eq!(left, expected.map(|(column, holds)| (column.to_owned(), holds.to_owned())));
    assert_eq!(kinds(&whole(&path)), [("price".into(), Kind::Number), ("none".into(), Kind::Category)]);
    // One that is dropped is not looked at.
    let drop = ["meta", "box", "at", "key", "none"].map(str::to_owned).into();
    let reader = open(&path, &ReadOptions { drop, ..ReadOptions::default() }).unwrap();
    assert_eq!((reader.warnings(), reader.schema().names()), (&[][..], vec!["price".to_owned()]));
}

#[test]
fn a_known_column_without_a_value_is_missing() {
    let (_folder, path) =
        parquet(vec![("city", Arc::new(NullArray::new(2))), ("price", Arc::new(NullArray::new(2)))], &[]);
    let like = [("city", Kind::Category), ("price", Kind::Number)]
        .map(|(name, kind)| (name.to_owned(), ColumnSchema::new(name, kind)))
        .into();
    let found = read(&path, &ReadOptions { like, ..ReadOptions::default() }).unwrap();
    assert_eq!(kinds(&found), [("city".into(), Kind::Category), ("price".into(), Kind::Number)]);
    assert!((0..2).all(|row| found.is_missing(0, row) && found.is_missing(1, row)));
}

#[test]
fn numbers_that_name_keep_their_digits() {
    let ids: Vec<i64> = (0..30).map(|i| 202_611_300_000_000_001 + i).collect();
    let wide: Vec<i128> = (0..30).map(|i| 1_800_000_273_850_017_015 + i).collect();
    let money: Vec<i128> = (0..30).map(|i| 57 + 58 * i).collect();
    let keys = DictionaryArray::<Int32Type>::try_new(
        (0..30).map(|i| i % 2).collect::<Vec<i32>>().into(),
        Arc::new(Int64Array::from(vec![7, 9])),
    )
    .unwrap();
    let texts: Vec<&[u8]> =
        (0..30).map(|i| if i % 2 == 0 { "红".as_bytes() } else { "blue".as_bytes() }).collect();
    let (_folder, path) = parquet(
        vec![
            ("order_id", Arc::new(Int64Array::from(ids))),
            ("wide", Arc::new(Decimal128Array::from(wide).with_precision_and_scale(38, 0).unwrap())),
            ("money", Arc::new(Decimal128Array::from(money).with_precision_and_scale(9, 2).unwrap())),
            ("size", Arc::new(keys)),
            ("colour", Arc::new(BinaryArray::from(texts))),
            ("words", Arc::new(StringArray::from(vec!["12"; 30]))),
        ],
        &[],
    );
    let found = whole(&path);
    let expected =
        [Kind::Identifier, Kind::Identifier, Kind::Number, Kind::Number, Kind::Category, Kind::Category];
    assert_eq!(kinds(&found).into_iter().map(|(_, kind)| kind).collect::<Vec<_>>(), expected);
    assert_eq!(found.display(0, 1), "202611300000000002");
    assert_eq!(found.display(1, 1), "1800000273850017016");
    assert_eq!([found.display(2, 0), found.display(2, 1)], ["0.57", "1.15"]);
    assert_eq!([found.display(3, 1), found.display(4, 0)], ["9", "红"]);
}

#[test]
fn embeddings_are_vectors() {
    let vectors = ListArray::from_iter_primitive::<Float32Type, _, _>([
        Some(vec![Some(0.5), Some(-1.0), Some(2.0)]),
        None,
        Some(vec![Some(1.5), Some(0.0), Some(4.0)]),
    ]);
    let (_folder, path) = parquet(vec![("embedding", Arc::new(vectors))], &[]);
    let found = whole(&path);
    assert_eq!(found.schema().columns[0].kind, Kind::Vector);
    assert_eq!(found.schema().columns[0].notation.width, Some(3));
    assert_eq!((found.vector(0, 0), found.vector(0, 1)), (Some(vec![0.5, -1.0, 2.0]), None));
    assert_eq!(found.display(0, 2), "[1.5, 0, 4] (3 numbers)");
}

/// A file of these columns in row groups of 300 rows.
fn in_groups(columns: Vec<(String, ArrayRef)>) -> (TempDir, PathBuf) {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let groups = WriterProperties::builder().set_max_row_group_row_count(Some(300)).build();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(groups)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    (folder, path)
}

#[test]
fn many_columns_keep_their_rows_and_order() {
    let columns = (0..60).map(|c| {
        let name = format!("c{c}");
        let cells: ArrayRef = match c % 3 {
            0 => Arc::new(Int64Array::from_iter((0..1000).map(|i| (i % 7 != 3).then_some(i * 60 + c)))),
            1 => Arc::new(Float64Array::from_iter_values((0..1000).map(|i| f64::from(i) + 0.5))),
            _ => Arc::new(LargeStringArray::from_iter_values((0..1000).map(|i| format!("name {}", i % 9)))),
        };
        (name, cells)
    });
    let (_folder, path) = in_groups(columns.collect());
    let only: Vec<String> = (0..60).rev().map(|c| format!("c{c}")).collect();
    for batch_rows in [128, 8192] {
        let options = ReadOptions { batch_rows, only: Some(only.clone()), ..ReadOptions::default() };
        let found = read(&path, &options).unwrap();
        assert_eq!((found.rows(), found.schema().names()), (1000, only.clone()));
        for row in [0, 299, 300, 511, 999] {
            assert_eq!(found.row_number(row), row + 1);
            for (at, c) in (0..60).rev().enumerate() {
                let expected = match c % 3 {
                    0 if row % 7 == 3 => String::new(),
                    0 => (row * 60 + c).to_string(),
                    1 => (row as f64 + 0.5).to_string(),
                    _ => format!("name {}", row % 9),
                };
                assert_eq!(found.display(at, row), expected, "{row} c{c}");
            }
        }
    }
}

#[test]
fn the_first_bad_batch_is_told_by_its_first_column() {
    let bad = |rows: &'static [i32]| {
        let number = |i| if rows.contains(&i) { f64::INFINITY } else { f64::from(i) + 0.5 };
        Arc::new(Float64Array::from_iter_values((0..1000).map(number))) as ArrayRef
    };
    let mut columns: Vec<(String, ArrayRef)> = (0..20).map(|c| (format!("c{c}"), bad(&[]))).collect();
    columns[2].1 = bad(&[950]);
    columns[7].1 = bad(&[420, 430]);
    columns[11].1 = bad(&[410]);
    let (_folder, path) = in_groups(columns);
    let options = ReadOptions { batch_rows: 100, ..ReadOptions::default() };
    assert_eq!(
        message(&path, &options),
        "t.parquet: row 421, column `c7`: expected a finite number, found inf; leave the cell empty if the value is unknown, or skip bad rows"
    );
    let found = read(&path, &ReadOptions { skip_bad_rows: true, ..options }).unwrap();
    assert_eq!((found.rows(), found.row_number(410), found.row_number(995)), (996, 412, 1000));
}

#[test]
fn words_that_are_missing_are_so_in_strings_of_typed_files() {
    let options = ReadOptions { also_missing: vec!["nix".into()], ..ReadOptions::default() };
    let cells = ["5 kg", "7 kg", "nix", " nix "];
    let (_folder, path) = parquet(vec![("weight", Arc::new(StringArray::from(cells.to_vec())))], &[]);
    let (_folder, text) = file("t.csv", "weight\n5 kg\n7 kg\nnix\nnix\n");
    for path in [path, text] {
        let found = read(&path, &options).unwrap();
        assert_eq!(kinds(&found), [("weight".into(), Kind::Number)]);
        assert_eq!(found.schema().columns[0].notation.missing, [""; 0]);
        assert_eq!(column(&found, 0), ["5", "7", "", ""]);
    }
    // Digits that a file calls strings are names; the words are missing there too, in text and in bytes.
    let texts: Vec<&[u8]> = vec![b"5", b"7", b"nix"];
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("text", Arc::new(StringArray::from(vec!["5", "7", "nix"]))),
        ("bytes", Arc::new(BinaryArray::from(texts))),
    ];
    let (_folder, path) = parquet(columns, &[]);
    let found = read(&path, &options).unwrap();
    assert_eq!(kinds(&found), [("text".into(), Kind::Category), ("bytes".into(), Kind::Category)]);
    assert_eq!([column(&found, 0), column(&found, 1)], [["5", "7", ""], ["5", "7", ""]]);
}

#[test]
fn lists_are_what_was_asked_for() {
    let lists = |odd: Option<f32>| -> ArrayRef {
        let row = |i: usize| Some(vec![Some(i as f32), if i == 2 { odd } else { Some(0.5) }]);
        Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>((0..4).map(row)))
    };
    let columns =
        vec![("id", lists(Some(1.0))), ("ragged", lists(None)), ("far", lists(Some(f32::INFINITY)))];
    let (_folder, path) = parquet(columns, &[]);
    let options = ReadOptions::default();
    let reader = open(&path, &options).unwrap();
    let left = Warning::LeftOut { column: "ragged".into(), holds: "lists of different lengths".into() };
    assert_eq!((reader.warnings(), reader.schema().names()), (&[left][..], vec!["id".into(), "far".into()]));
    // The row is that of the list.
    assert_eq!(
        message(&path, &options),
        "t.parquet: row 3, column `far`: expected a finite number, found inf; leave the cell empty if the value is unknown, or skip bad rows"
    );
    let found = read(&path, &ReadOptions { skip_bad_rows: true, ..options }).unwrap();
    assert_eq!((found.rows(), found.row_number(2)), (3, 4));
    // A list that is only copied stays one, whatever its name says.
    let among = Some(["far".to_owned()].into());
    let options = ReadOptions { among, row_names: true, skip_bad_rows: true, ..ReadOptions::default() };
    assert_eq!(
        kinds(&read(&path, &options).unwrap()),
        [("id".into(), Kind::Vector), ("far".into(), Kind::Vector)]
    );
}
