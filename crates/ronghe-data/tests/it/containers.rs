//! Files as other programs write them (`fixtures/containers`), and in the packings people use.

use crate::support::{file, gz, kinds, message, put, row, table, tar};
use ronghe_data::read::{ReadOptions, Warning, open, read};
use ronghe_data::{Cell, Kind, Table};
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/containers").join(name)
}

fn bytes(table: &Table, column: &str, row: usize) -> Vec<u8> {
    let (column, _) = table.find(column).unwrap();
    let Some(Cell::Bytes(bytes)) = table.media(column, row) else { panic!("no bytes") };
    bytes.to_vec()
}

fn column(table: &Table, name: &str) -> Vec<String> {
    let (column, _) = table.find(name).unwrap();
    (0..table.rows()).map(|row| table.display(column, row).into_owned()).collect()
}

fn warnings(path: &Path) -> Vec<String> {
    let reader = open(path, &ReadOptions::default()).unwrap();
    let said = |w: &Warning| if let Warning::PassedOver { what } = w { Some(what.clone()) } else { None };
    reader.warnings().iter().filter_map(said).collect()
}

#[test]
fn the_same_table_from_every_writer() {
    for name in [
        "pandas-lz4.parquet",
        "polars-lz4.parquet",
        "duckdb-lz4.parquet",
        "duckdb-lz4_raw.parquet",
        "pandas-lz4.feather",
        "polars-zstd.arrow",
        "polars.arrows",
        "pandas.ods",
        "pandas.csv.bz2",
        "pandas.csv.xz",
        "pandas.csv.zst",
        "pandas.csv.zip",
    ] {
        let found = table(&fixture(name));
        let expected = [("id", Kind::Identifier), ("price", Kind::Number), ("city", Kind::Category)];
        assert_eq!(kinds(&found), expected.map(|(n, k)| (n.to_owned(), k)), "{name}");
        assert_eq!(row(&found, 0), ["7", "1.5", "北京"], "{name}");
        assert_eq!(row(&found, 1), ["9", "", "上海"], "{name}");
        assert_eq!(row(&found, 2), ["4", "-2000", ""], "{name}");
        assert!(found.is_missing(1, 1) && found.is_missing(2, 2), "{name}");
    }
}

#[test]
fn arrow_files_keep_batches_rows_and_options() {
    let path = fixture("polars-zstd.arrow");
    let options = ReadOptions {
        batch_rows: 2,
        only: Some(vec!["city".into(), "id".into()]),
        kinds: [("id".to_owned(), Kind::Number)].into(),
        ..ReadOptions::default()
    };
    let mut reader = open(&path, &options).unwrap();
    assert_eq!(reader.rows(), Some(3));
    let mut rows = Vec::new();
    while let Some(batch) = reader.next_batch().unwrap() {
        assert!(batch.rows() <= 2);
        rows.extend((0..batch.rows()).map(|i| (batch.row_number(i), row(&batch, i))));
    }
    assert_eq!(rows[2], (3, vec![String::new(), "4".into()]));
    let whole = std::fs::read(&path).unwrap();
    let (_folder, cut) = file("cut.arrow", &whole[..whole.len() - 40]);
    assert_eq!(
        message(&cut, &ReadOptions::default()),
        "cut.arrow: expected a complete Arrow file or stream, found no index at its end; the file is cut off or damaged: \
         copy, download or write it again"
    );
}

#[test]
fn sets_saved_by_datasets() {
    let found = table(&fixture("saved"));
    assert_eq!(found.schema().names(), ["text", "label", "split"]);
    assert_eq!(column(&found, "split"), ["train", "train", "train", "train", "test", "test"]);
    assert_eq!(column(&found, "text")[5], "a fine sentence number 5");
    // The names stand in the metadata of the schema.
    assert_eq!(column(&found, "label"), ["cat", "dog", "cat", "dog", "cat", "dog"]);
    let train = table(&fixture("saved/train"));
    assert_eq!((train.schema().names(), train.rows()), (vec!["text".into(), "label".into()], 4));
}

#[test]
fn numpy_pictures_with_labels() {
    let found = table(&fixture("mnist.npz"));
    let expected = [("image", Kind::Image), ("label", Kind::Category), ("split", Kind::Category)];
    assert_eq!(kinds(&found), expected.map(|(n, k)| (n.to_owned(), k)));
    assert_eq!(column(&found, "label"), ["5", "0", "4", "1", "9"]);
    assert_eq!(column(&found, "split"), ["train", "train", "train", "test", "test"]);
    assert_eq!(bytes(&found, "image", 3), b"P5 3 2 255\n\x12\x13\x14\x15\x16\x17");

    let found = table(&fixture("medmnist.npz"));
    assert_eq!(column(&found, "label"), ["0", "1", "2", "1"]);
    assert_eq!(column(&found, "split"), ["train", "train", "validation", "test"]);
    let first: Vec<u8> = b"P6 2 2 255\n".iter().copied().chain(0..12).collect();
    assert_eq!(bytes(&found, "image", 0), first);
}

#[test]
fn numpy_columns_of_numbers() {
    let found = table(&fixture("plain.npz"));
    let expected = [("X_0", Kind::Number), ("X_1", Kind::Number), ("y", Kind::Category)];
    assert_eq!(kinds(&found), expected.map(|(n, k)| (n.to_owned(), k)));
    // The array is in Fortran's order.
    assert_eq!([row(&found, 0), row(&found, 2)], [["1", "2", "猫"], ["5", "6", "猫"]]);

    let npy = |descr: &str, shape: &str, data: &[u8]| {
        let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        let mut out = b"\x93NUMPY\x01\x00".to_vec();
        out.extend((header.len() as u16).to_le_bytes());
        out.extend(header.as_bytes());
        out.extend(data);
        out
    };
    let (_folder, path) = file("big.npy", npy(">i2", "(3,)", &[0xff, 0xfe, 0, 5, 0, 5]));
    assert_eq!(column(&table(&path), "big"), ["-2", "5", "5"]);
    let day = 19_753i64.to_le_bytes();
    let (_folder, path) = file("day.npy", npy("<M8[D]", "(2,)", &[day, i64::MIN.to_le_bytes()].concat()));
    assert_eq!(column(&table(&path), "day"), ["2024-01-31", ""]);
    let (_folder, path) = file("x.npy", npy("<f8", "(2, 3)", &[0; 40]));
    assert_eq!(
        message(&path, &ReadOptions::default()),
        "x.npy: expected a complete NumPy array, found `x` float64 [2, 3] in 110 bytes; the file is cut off or damaged: \
         copy, download or write it again"
    );
    let (_folder, path) = file("x.npy", npy("<f4", "(1, 2, 2, 2)", &[0; 32]));
    assert_eq!(
        message(&path, &ReadOptions::default()),
        "x.npy: expected arrays [rows], [rows, columns], or uint8 pictures [rows, height, width] with 1 or 3 channels, \
         found `x` float32 [1, 2, 2, 2]; save what belongs together into one file, under names such as x and y"
    );
    let error = read(&fixture("objects.npz"), &ReadOptions::default()).unwrap_err().to_string();
    assert!(
        error.ends_with(
            "objects.npz/y.npy: expected an array of plain numbers or strings, found Python objects (a pickle); save it \
             with a plain dtype, such as `astype(str)` or `astype(float)`: pickles can run programs and are not read"
        ),
        "{error}"
    );
}

#[test]
fn webdataset_samples() {
    let found = table(&fixture("samples.tar.gz"));
    let expected = [
        ("__key__", Kind::Identifier),
        ("cls", Kind::Category),
        ("image", Kind::Image),
        ("w", Kind::Number),
        ("ok", Kind::Boolean),
        ("tags", Kind::Category),
        ("txt", Kind::Category),
    ];
    let mut sorted = kinds(&found);
    sorted.sort_by_key(|(name, _)| expected.iter().position(|(n, _)| n == name));
    assert_eq!(sorted[..6], expected.map(|(n, k)| (n.to_owned(), k))[..6]);
    assert_eq!(found.rows(), 4);
    assert_eq!(column(&found, "__key__")[3], format!("a/{}003", "long".repeat(30)));
    assert_eq!(column(&found, "cls"), ["0", "1", "0", "1"]);
    assert_eq!(column(&found, "txt")[2], "caption 图 2");
    assert_eq!(column(&found, "w"), ["0", "1.5", "3", "4.5"]);
    assert_eq!(column(&found, "tags")[0], "a|b");
    assert!(
        bytes(&found, "image", 0).starts_with(b"\xff\xd8")
            && bytes(&found, "image", 1).starts_with(b"\x89PNG")
    );
    assert_eq!(warnings(&fixture("samples.tar.gz")), ["`box`, nested JSON, in 4 samples"]);
}

#[test]
fn webdataset_archives_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let sample = |i: usize| {
        let json = if i < 2 { format!(r#"{{"n": {i}}}"#) } else { r#"{"n": 0.5, "who": "王"}"#.into() };
        tar(&[
            (&format!("{i}.txt"), format!("text {i}").into_bytes()),
            (&format!("{i}.json"), json.into_bytes()),
        ])
    };
    put(&folder.path().join("train-000.tar"), sample(0));
    put(&folder.path().join("train-001.tar.gz"), gz(&sample(1)));
    put(&folder.path().join("val-000.tar"), sample(2));
    put(&folder.path().join("README.md"), "notes");
    let found = table(folder.path());
    assert_eq!(column(&found, "split"), ["train", "train", "validation"]);
    assert_eq!(column(&found, "n"), ["0", "1", "0.5"]);
    assert_eq!(column(&found, "who"), ["", "", "王"]);
    let (_folder, path) = file("t.tar", tar(&[("a/x.bin", vec![1, 2, 3])]));
    assert_eq!(
        message(&path, &ReadOptions::default()),
        "t.tar: expected samples such as 000.jpg with 000.cls, 000.txt or 000.json in the archive, found none; for a set of \
         another layout, unpack the archive and give the folder"
    );
}

#[test]
fn sheets_of_workbooks() {
    let path = fixture("title.xlsx");
    let found = table(&path);
    let expected = [
        ("Region", Kind::Category),
        ("Date", Kind::Date),
        ("Amount", Kind::Number),
        ("OK", Kind::Boolean),
        ("Time", Kind::Date),
    ];
    assert_eq!(kinds(&found), expected.map(|(n, k)| (n.to_owned(), k)));
    assert_eq!(row(&found, 0)[..4], ["North", "2024-03-14", "3", "true"]);
    // An error in a cell is missing; a cell merged over two rows holds for both.
    assert_eq!(row(&found, 1)[..4], ["South", "2024-03-15T08:30:00Z", "", "false"]);
    assert_eq!(row(&found, 2), ["South", "2024-03-16", "5.25", "true", ""]);
    assert_eq!(
        warnings(&path),
        [
            "in sheet `数据`, above the names of the columns: `Sales of the year`",
            "of the sheets all but `数据`: `Notes`"
        ]
    );
    let sheet = |name: &str| ReadOptions { sheet: Some(name.into()), ..ReadOptions::default() };
    assert_eq!(read(&path, &sheet("数据")).unwrap().rows(), 3);
    let error = read(&path, &sheet("Data")).unwrap_err().to_string();
    assert!(
        error.ends_with("expected a sheet of that name, found no `Data`; the sheets are Notes, 数据"),
        "{error}"
    );
}

#[test]
fn names_in_two_rows_and_dates_since_1904() {
    let found = table(&fixture("groups.xlsx"));
    assert_eq!(found.schema().names(), ["Name", "Sales 2023", "Sales 2024", "Costs 2023", "Costs 2024"]);
    assert_eq!(row(&found, 1), ["b", "5", "6", "7", "8"]);
    let found = table(&fixture("since-1904.xlsx"));
    assert_eq!(column(&found, "day"), ["2024-03-14", "2024-03-15T12:00:00Z"]);
}

#[test]
fn archives_of_tables() {
    use std::io::Write;
    let zip = |files: &[(&str, &str)]| {
        let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in files {
            out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            out.write_all(content.as_bytes()).unwrap();
        }
        out.finish().unwrap().into_inner()
    };
    let (csv, json) = (
        "城市,评分\n北京,1\n上海,2\n",
        "{\"城市\": \"北京\", \"评分\": 1}\n{\"城市\": \"上海\", \"评分\": 2}\n",
    );
    for files in [
        vec![("data/table.csv", csv), ("README.txt", "notes"), ("__MACOSX/data/table.csv", "x")],
        vec![("table.jsonl", json)],
    ] {
        let (_folder, path) = file("any.zip", zip(&files));
        let found = table(&path);
        assert_eq!([row(&found, 0), row(&found, 1)], [["北京", "1"], ["上海", "2"]]);
    }
    let (_folder, path) = file("two.zip", zip(&[("a.csv", csv), ("b.csv", csv)]));
    assert_eq!(
        message(&path, &ReadOptions::default()),
        "two.zip: expected one CSV or JSON Lines file in the archive, found a.csv, b.csv; unpack it, and give the file or \
         the folder"
    );
    let tarred = |files: &[(&str, &str)]| {
        let files: Vec<_> =
            files.iter().map(|(name, content)| (*name, content.as_bytes().to_vec())).collect();
        tar(&files)
    };
    for (name, content) in [
        ("t.tar", tarred(&[("data/table.csv", csv), ("data/README.txt", "notes")])),
        ("t.csv.tar.gz", gz(&tarred(&[("table.csv", csv)]))),
        ("t.tgz", gz(&tarred(&[("table.jsonl", json)]))),
        // As pandas 3.1.1 names it.
        ("p.csv.tar.gz", gz(&tarred(&[("p.csv.tar.gz", csv)]))),
    ] {
        let (_folder, path) = file(name, content);
        let found = table(&path);
        assert_eq!([row(&found, 0), row(&found, 1)], [["北京", "1"], ["上海", "2"]], "{name}");
    }
    let (_folder, path) = file("two.tar", tarred(&[("a.csv", csv), ("b.csv", csv)]));
    assert_eq!(
        message(&path, &ReadOptions::default()),
        "two.tar: expected one CSV or JSON Lines file in the archive, found a.csv, b.csv; unpack it, and give the file or \
         the folder"
    );
    let (_folder, path) = file("cut.tar", &tarred(&[("a.csv", &csv.repeat(40))])[..1000]);
    let error = message(&path, &ReadOptions::default());
    assert!(error.starts_with("cut.tar: expected a complete tar archive"), "{error}");
    let mut damaged = zip(&[("table.csv", csv)]);
    let at = damaged.windows(3).position(|w| w == "北".as_bytes());
    if let Some(at) = at {
        damaged[at + 2] ^= 1;
    }
    let (_folder, path) = file("damaged.zip", damaged);
    let error = message(&path, &ReadOptions::default());
    assert!(error.contains("damaged ZIP content"), "{error}");
}

#[test]
fn damaged_packed_files_say_so() {
    let cut = std::fs::read(fixture("pandas.csv.zst")).unwrap();
    let (_folder, path) = file("t.csv.zst", &cut[..cut.len() - 9]);
    let error = message(&path, &ReadOptions::default());
    assert!(error.starts_with("t.csv.zst: expected a complete packed file, found its end in "), "{error}");
    for (ending, name) in [("bz2", "bzip2"), ("xz", "xz")] {
        let mut whole = std::fs::read(fixture(&format!("pandas.csv.{ending}"))).unwrap();
        let middle = whole.len() / 2;
        whole[middle] ^= 0xff;
        let (_folder, path) = file(&format!("t.csv.{ending}"), whole);
        let error = message(&path, &ReadOptions::default());
        assert!(error.contains(name), "{error}");
    }
}
