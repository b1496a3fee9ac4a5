//! No reader panics, whatever the bytes.

use crate::support::{gz, put, tar};
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use proptest::prelude::*;
use ronghe_data::read::{Limits, ReadOptions, read};
use ronghe_data::write::write;
use std::path::Path;
use std::sync::Arc;

/// Reads `content` as a file in every way it might be taken for.
fn survives(name: &str, content: &[u8], format: Option<&str>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    put(&path, content);
    for skip_bad_rows in [false, true] {
        let options = ReadOptions {
            format: format.map(Into::into),
            skip_bad_rows,
            limits: Limits { part_bytes: 1 << 20, row_bytes: 1 << 16, ..Limits::default() },
            ..ReadOptions::default()
        };
        if let Ok(table) = read(&path, &options) {
            assert!(table.rows() > 0);
        }
    }
}

/// `content` with some bytes changed and perhaps cut off.
fn damaged(content: &[u8], changes: &[(usize, u8)], cut: usize) -> Vec<u8> {
    let mut bytes = content.to_vec();
    for &(at, byte) in changes {
        let at = at % bytes.len().max(1);
        if let Some(slot) = bytes.get_mut(at) {
            *slot = byte;
        }
    }
    if cut.is_multiple_of(3) {
        bytes.truncate(cut % (content.len() + 1));
    }
    bytes
}

fn changes() -> impl Strategy<Value = Vec<(usize, u8)>> {
    prop::collection::vec((any::<usize>(), any::<u8>()), 0..6)
}

fn parquet_file() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let batch = RecordBatch::try_from_iter([
        ("x", Arc::new(Float64Array::from(vec![Some(1.5), None, Some(3.0)])) as ArrayRef),
        ("name", Arc::new(StringArray::from(vec!["a", "bb", "a"])) as ArrayRef),
    ])
    .unwrap();
    write(&path, &batch).unwrap();
    std::fs::read(path).unwrap()
}

/// Files as other programs write them; packed archives also without their outer packing.
fn containers() -> &'static [(String, Vec<u8>)] {
    static FILES: std::sync::OnceLock<Vec<(String, Vec<u8>)>> = std::sync::OnceLock::new();
    FILES.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/containers");
        let entries = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).filter(|p| p.is_file());
        let mut files: Vec<(String, Vec<u8>)> = entries
            .map(|p| (p.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read(&p).unwrap()))
            .filter(|(name, _)| !name.ends_with(".md") && !name.ends_with(".py"))
            .collect();
        let samples = files.iter().find(|(name, _)| name == "samples.tar.gz").unwrap().1.clone();
        let mut tar = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&samples[..]), &mut tar).unwrap();
        files.push(("samples.tar".into(), tar));
        files.push((
            "set.arrow".into(),
            std::fs::read(folder.join("saved/test/data-00000-of-00001.arrow")).unwrap(),
        ));
        files.sort();
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn damaged_containers(changes in changes(), cut in any::<usize>(), which in any::<prop::sample::Index>()) {
        let (name, whole) = which.get(containers());
        survives(name, &damaged(whole, &changes, cut), None);
    }


    #[test]
    fn csv_of_any_bytes(content in prop::collection::vec(any::<u8>(), 0..300)) {
        survives("t.csv", &content, None);
    }

    #[test]
    fn csv_of_near_csv(content in "[a-c,;\"\n\t0-9.年/-]{0,120}") {
        survives("t.csv", content.as_bytes(), None);
        survives("t.csv", &gz(content.as_bytes()), None);
    }

    #[test]
    fn json_of_near_json(content in r#"[\[\]{}",:a1.e\\\n -]{0,120}"#) {
        survives("t.jsonl", content.as_bytes(), None);
        survives("t.jsonl", format!("[{content}").as_bytes(), None);
    }

    #[test]
    fn damaged_json(changes in changes(), cut: usize) {
        let rows = b"{\"a\": 1, \"b\": [\"x\", \"y\"]}\n{\"a\": null, \"b\": \"z\"}\n";
        survives("t.jsonl", &damaged(rows, &changes, cut), None);
    }

    #[test]
    fn idx_of_any_bytes(images in prop::collection::vec(any::<u8>(), 0..60), labels in prop::collection::vec(any::<u8>(), 0..20)) {
        let folder = tempfile::tempdir().unwrap();
        put(&folder.path().join("train-labels-idx1-ubyte"), [&[0, 0, 8, 1][..], &labels].concat());
        let path = folder.path().join("train-images-idx3-ubyte");
        put(&path, [&[0, 0, 8, 3, 0, 0][..], &images].concat());
        let _ = read(&path, &ReadOptions::default());
    }

    #[test]
    fn damaged_archives(changes in changes(), cut: usize) {
        let archive = tar(&[
            ("cifar-10-batches-py/batches.meta", b"\x80\x02}U\x0blabel_names](U\x01aes.".to_vec()),
            ("cifar-10-batches-bin/data_batch_1.bin", vec![1; 3073]),
        ]);
        survives("cifar.tar", &damaged(&archive, &changes, cut), Some("cifar"));
    }
}

#[test]
fn damaged_parquet() {
    let whole = parquet_file();
    // A panic inside the Parquet library would be a finding of its own.
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    runner
        .run(&(changes(), any::<usize>()), |(changes, cut)| {
            survives("t.parquet", &damaged(&whole, &changes, cut), Some("parquet"));
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_damaged_path_is_an_error() {
    assert!(read(Path::new("/no/such/file.csv"), &ReadOptions::default()).is_err());
}
