//! Writing and reading back.

use crate::support::{file, kinds, row, table};
use arrow_array::{ArrayRef, BooleanArray, Float32Array, Int64Array, RecordBatch, StringArray};
use proptest::prelude::*;
use ronghe_data::read::{ReadOptions, read};
use ronghe_data::write::{TextEncoding, create, create_in, stream, write};
use ronghe_data::{Kind, read::open};
use std::sync::{Arc, Mutex};

const TEXT: &str = "name,price,sold,day,review\n北京,1.5,yes,2024-01-31,\"a, \"\"quoted\"\" and\nbroken review\"\n,,,,\n\
                    x,-2,no,2024-02-01T10:00:00Z,one more of these texts\n";

#[test]
fn every_format_gives_the_table_back() {
    let (folder, path) = file("t.csv", TEXT);
    let first = table(&path);
    for name in ["out.csv", "out.tsv", "out.jsonl", "out.parquet"] {
        let path = folder.path().join(name);
        write(&path, &first.to_batch().unwrap()).unwrap();
        let again = table(&path);
        assert_eq!(kinds(&again), kinds(&first), "{name}");
        assert_eq!(again.content_hash(), first.content_hash(), "{name}");
    }
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn an_unfinished_file_leaves_the_old_one() {
    let (folder, path) = file("t.csv", "a\n1\n");
    let batch = table(&path).to_batch().unwrap();
    let mut writer = create(&path, batch.schema_ref()).unwrap();
    writer.write(&batch).unwrap();
    drop(writer);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "a\n1\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let said = create(&folder.path().join("t.xlsx"), batch.schema_ref()).err().unwrap().to_string();
    assert!(said.ends_with("found `t.xlsx`; choose one of csv, tsv, jsonl, parquet"), "{said}");
}

#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn streams_hold_what_was_written() {
    let batch = RecordBatch::try_from_iter([
        ("id", Arc::new(Int64Array::from(vec![Some(1), None])) as ArrayRef),
        ("p", Arc::new(Float32Array::from(vec![0.1, f32::NAN])) as ArrayRef),
        ("yes", Arc::new(BooleanArray::from(vec![true, false])) as ArrayRef),
        ("label", Arc::new(StringArray::from(vec!["a,b", "鸟"])) as ArrayRef),
    ])
    .unwrap();
    for (format, expected) in [
        ("csv", "id,p,yes,label\n1,0.1,true,\"a,b\"\n,,false,鸟\n"),
        (
            "jsonl",
            "{\"id\":1,\"p\":0.1,\"yes\":true,\"label\":\"a,b\"}\n{\"id\":null,\"p\":null,\"yes\":false,\"label\":\"鸟\"}\n",
        ),
    ] {
        let out = Shared::default();
        let mut writer =
            stream(Box::new(out.clone()), format, batch.schema_ref(), TextEncoding::default()).unwrap();
        writer.write(&batch).unwrap();
        writer.finish().unwrap();
        assert_eq!(String::from_utf8(out.0.lock().unwrap().clone()).unwrap(), expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn csv_round_trip(cells in prop::collection::vec(("[a-z,;\"\n|北 ]{0,12}", prop::option::of(-1e6f64..1e6)), 1..20)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let texts: Vec<Option<String>> =
            cells.iter().map(|(t, _)| Some(t.trim().to_owned()).filter(|t| !t.is_empty())).collect();
        let numbers: Vec<Option<f64>> = cells.iter().map(|(_, x)| *x).collect();
        let batch = RecordBatch::try_from_iter_with_nullable([
            ("text", Arc::new(StringArray::from(texts.clone())) as ArrayRef, true),
            ("number", Arc::new(arrow_array::Float64Array::from(numbers.clone())) as ArrayRef, true),
        ]).unwrap();
        write(&path, &batch).unwrap();
        let kinds = [("text".to_owned(), Kind::Text), ("number".to_owned(), Kind::Number)].into();
        let options = ReadOptions { kinds, missing: vec![String::new()], ..ReadOptions::default() };
        let found = read(&path, &options).unwrap();
        prop_assert_eq!(found.rows(), cells.len());
        for (i, (text, number)) in texts.iter().zip(&numbers).enumerate() {
            prop_assert_eq!(found.text(0, i), text.as_deref());
            let expected = number.map_or(String::new(), |x| x.to_string());
            prop_assert_eq!(row(&found, i)[1].clone(), expected);
        }
        prop_assert_eq!(open(&path, &options).unwrap().rows(), Some(cells.len()));
    }
}

#[test]
fn fingerprints_see_every_cell() {
    let base = "a,b\n1.5,x\n2.5,y\n";
    let (_folder, path) = file("elsewhere.csv", base);
    let batched = read(&path, &ReadOptions { batch_rows: 1, ..ReadOptions::default() }).unwrap();
    assert_eq!(batched.content_hash(), table(&path).content_hash());
    for other in ["a,b\n1.5,x\n2.5,z\n", "a,b\n1.5,x\n2.5,\n", "a,c\n1.5,x\n2.5,y\n", "a,b\n2.5,y\n1.5,x\n"] {
        let (_folder, other) = file("t.csv", other);
        assert_ne!(table(&path).content_hash(), table(&other).content_hash());
    }
}

#[test]
fn a_table_in_another_encoding_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let batch = RecordBatch::try_from_iter([
        ("名字", Arc::new(StringArray::from(vec!["张三", "李四"])) as ArrayRef),
        ("size", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef),
    ])
    .unwrap();
    for (name, encoding) in [("gb18030", Some("gb18030")), ("utf-8-bom", None), ("utf-16le", None)] {
        for file in ["t.csv", "t.tsv"] {
            let path = folder.path().join(file);
            let mut writer = create_in(&path, batch.schema_ref(), TextEncoding::find(name).unwrap()).unwrap();
            writer.write(&batch).unwrap();
            writer.finish().unwrap();
            let options = ReadOptions { encoding: encoding.map(str::to_owned), ..ReadOptions::default() };
            let found = read(&path, &options).unwrap();
            assert_eq!(found.schema().names(), ["名字", "size"], "{name}");
            assert_eq!(
                (row(&found, 0), row(&found, 1)),
                (vec!["张三".into(), "1".into()], vec!["李四".into(), "2".into()])
            );
        }
    }
    // Formats that have one encoding keep it.
    let path = folder.path().join("t.jsonl");
    let gb = TextEncoding::find("gb18030").unwrap();
    let mut writer = create_in(&path, batch.schema_ref(), gb).unwrap();
    writer.write(&batch).unwrap();
    writer.finish().unwrap();
    assert!(std::fs::read_to_string(&path).unwrap().contains("张三"));
}
