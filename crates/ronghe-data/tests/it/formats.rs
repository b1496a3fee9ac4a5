//! What each format gives.

use crate::support::{file, gz, kinds, put, row, table, tar};
use arrow_array::{ArrayRef, BinaryArray, Int64Array, RecordBatch, StringArray, StructArray};
use parquet::arrow::ArrowWriter;
use ronghe_data::read::{ReadOptions, Warning, open, read};
use ronghe_data::{Cell, ColumnSchema, Kind};
use std::sync::Arc;

#[test]
fn csv_kinds_and_missing_cells() {
    let text = "id;price;sold;day;review;city\n\
                7;1.5;yes;2024-01-31;a very nice warm coat;北京\n\
                9;NA;no;2024-02-01;it does not fit me;?\n\
                4;-2e3;;;;上海\n";
    let (_folder, path) = file("t.csv", text);
    let found = table(&path);
    let expected = [
        ("id", Kind::Identifier),
        ("price", Kind::Number),
        ("sold", Kind::Boolean),
        ("day", Kind::Date),
        ("review", Kind::Text),
        ("city", Kind::Category),
    ];
    assert_eq!(kinds(&found), expected.map(|(n, k)| (n.to_owned(), k)));
    assert_eq!(row(&found, 0), ["7", "1.5", "true", "2024-01-31", "a very nice warm coat", "北京"]);
    assert_eq!(row(&found, 1)[1..2], [""]);
    assert!(found.is_missing(1, 1) && found.is_missing(5, 1) && found.is_missing(2, 2));
    assert_eq!(row(&found, 2)[1], "-2000");
}

#[test]
fn labels_stay_as_they_are_written() {
    for [one, other] in [["yes", "no"], ["0", "1"], ["true", "False"], ["是", "否"]] {
        let (_folder, path) = file("t.csv", format!("answer,also\n{one},{one}\n{other},{other}\n"));
        let options = ReadOptions { labels: ["answer".to_owned()].into(), ..ReadOptions::default() };
        let found = read(&path, &options).unwrap();
        assert_eq!([&row(&found, 0)[0], &row(&found, 1)[0]], [one, other]);
        assert_eq!(found.schema().names(), ["answer", "also"]);
    }
}

#[test]
fn csv_in_other_encodings_and_compressed() {
    let text = "城市,评分\n北京,1\n上海,2\n";
    let expected = [["北京", "1"], ["上海", "2"]];
    let (gb, _, _) = encoding_rs::GB18030.encode(text);
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let marked = format!("\u{feff}{text}");
    for (content, encoding) in [
        (gb.to_vec(), Some("gb18030")),
        (utf16, None),
        (marked.into_bytes(), None),
        (gz(text.as_bytes()), None),
        (gz(&gb), Some("gbk")),
    ] {
        let (_folder, path) = file("t.csv.gz", content);
        let options = ReadOptions { encoding: encoding.map(Into::into), ..ReadOptions::default() };
        let found = read(&path, &options).unwrap();
        assert_eq!(found.schema().names(), ["城市", "评分"]);
        assert_eq!([row(&found, 0), row(&found, 1)], expected);
    }
}

#[test]
fn csv_streams_in_batches_and_keeps_row_numbers() {
    let text =
        (0..25).fold("a,b\n".to_owned(), |t, i| if i == 3 { t + "bad\n" } else { t + &format!("{i},x\n") });
    let (_folder, path) = file("t.csv", text);
    let options = ReadOptions {
        batch_rows: 10,
        skip_bad_rows: true,
        only: Some(vec!["b".into(), "a".into()]),
        ..ReadOptions::default()
    };
    let mut reader = open(&path, &options).unwrap();
    assert_eq!(reader.rows(), Some(25));
    let mut sizes = Vec::new();
    let mut last = 0;
    while let Some(batch) = reader.next_batch().unwrap() {
        sizes.push(batch.rows());
        last = batch.row_number(batch.rows() - 1);
        let a = batch.display(1, 0).parse::<usize>().unwrap();
        assert_eq!(batch.row_number(0), a + 1);
    }
    assert_eq!((sizes, last, reader.skipped().rows), (vec![10, 10, 4], 25, 1));
    let whole = read(&path, &options).unwrap();
    assert_eq!((whole.rows(), whole.row_number(3), whole.row_number(2)), (24, 5, 3));
}

#[test]
fn csv_without_header_and_with_given_kinds() {
    let (_folder, path) = file("t.tsv", "1\tx\n1\ty\n");
    let mut options = ReadOptions { header: false, ..ReadOptions::default() };
    options.kinds.insert("column_1".into(), Kind::Category);
    let found = read(&path, &options).unwrap();
    assert_eq!(kinds(&found), [("column_1".into(), Kind::Category), ("column_2".into(), Kind::Category)]);
    assert_eq!(row(&found, 0), ["1", "x"]);
    let like = [("column_2", Kind::Text), ("not_there", Kind::Date)]
        .map(|(name, kind)| (name.to_owned(), ColumnSchema::new(name, kind)))
        .into();
    assert_eq!(kinds(&read(&path, &ReadOptions { like, ..options }).unwrap())[1].1, Kind::Text);
}

#[test]
fn json_lines_and_json_arrays() {
    let lines = "{\"name\": \"a\", \"x\": 1, \"tags\": [\"p\", \"q\"]}\n\n{\"x\": 2.5, \"name\": \"b\", \"late\": true}\n{\"name\": \"\"}\n";
    let array = "[\n {\"name\": \"a\", \"x\": 1, \"tags\": [\"p\", \"q\"]},\n {\"x\": 2.5, \"name\": \"b\", \"late\": true}, {\"name\": null}]";
    for (name, content) in [("t.jsonl", lines), ("t.json", array)] {
        let (_folder, path) = file(name, content);
        let found = table(&path);
        let expected = [
            ("name", Kind::Category),
            ("x", Kind::Number),
            ("tags", Kind::Category),
            ("late", Kind::Boolean),
        ];
        assert_eq!(kinds(&found), expected.map(|(n, k)| (n.to_owned(), k)));
        assert_eq!(row(&found, 0), ["a", "1", "p|q", ""]);
        assert_eq!(row(&found, 1), ["b", "2.5", "", "true"]);
        assert_eq!(row(&found, 2), ["", "", "", ""]);
    }
}

#[test]
fn parquet_with_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let picture: &[u8] = b"P5 1 1 255\n\x07";
    let bytes = Arc::new(BinaryArray::from_opt_vec(vec![Some(picture), None])) as ArrayRef;
    let names = Arc::new(StringArray::from(vec![Some("a.pgm"), None])) as ArrayRef;
    let image = StructArray::try_from(vec![("bytes", bytes), ("path", names)]).unwrap();
    let batch = RecordBatch::try_from_iter([
        ("stars", Arc::new(Int64Array::from(vec![5, 3])) as ArrayRef),
        ("image", Arc::new(image) as ArrayRef),
        ("label", Arc::new(StringArray::from(vec!["1", "2"])) as ArrayRef),
    ])
    .unwrap();
    let mut writer =
        ArrowWriter::try_new(std::fs::File::create(&path).unwrap(), batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let options = ReadOptions {
        only: Some(vec!["label".into(), "image".into(), "stars".into()]),
        ..ReadOptions::default()
    };
    let found = read(&path, &options).unwrap();
    let expected = [("label", Kind::Category), ("image", Kind::Image), ("stars", Kind::Number)];
    assert_eq!(kinds(&found), expected.map(|(n, k)| (n.to_owned(), k)));
    assert_eq!(found.media(1, 0), Some(Cell::Bytes(picture)));
    assert!(found.is_missing(1, 1));
    assert_eq!(found.display(2, 1), "3");
}

#[test]
fn folders_of_classes() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["cat/b.png", "cat/a.jpg", "dog/deep/c.PNG", "dog/notes.txt", ".hidden/x.png"] {
        put(&folder.path().join(name), b"x");
    }
    let found = table(folder.path());
    assert_eq!(kinds(&found), [("image".into(), Kind::Image), ("label".into(), Kind::Category)]);
    let rows: Vec<_> = (0..3).map(|i| row(&found, i)).collect();
    assert_eq!(rows, [["cat/a.jpg", "cat"], ["cat/b.png", "cat"], ["dog/deep/c.PNG", "dog"]]);
    assert_eq!(found.media(0, 0), Some(Cell::Path(folder.path().join("cat/a.jpg"))));

    let folder = tempfile::tempdir().unwrap();
    for name in ["train/yes/1.wav", "train/no/4.wav", "val/no/2.wav", "test/no/3.wav"] {
        put(&folder.path().join(name), b"x");
    }
    let found = table(folder.path());
    assert_eq!(found.schema().names(), ["audio", "label", "split"]);
    assert_eq!(row(&found, 0), ["test/no/3.wav", "no", "test"]);
    assert_eq!(row(&found, 3), ["val/no/2.wav", "no", "validation"]);

    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("pictures/a.png"), b"x");
    put(&folder.path().join("metadata.csv"), "file_name,price\npictures/a.png,3\n");
    let found = table(folder.path());
    assert_eq!(kinds(&found), [("file_name".into(), Kind::Image), ("price".into(), Kind::Number)]);
    assert_eq!(found.media(0, 0), Some(Cell::Path(folder.path().join("pictures/a.png"))));
}

/// An IDX file of bytes.
fn idx(sizes: &[u32], content: &[u8]) -> Vec<u8> {
    let mut out = vec![0, 0, 8, sizes.len() as u8];
    sizes.iter().for_each(|s| out.extend(s.to_be_bytes()));
    out.extend(content);
    out
}

#[test]
fn idx_folders_and_files() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    put(&at("train-images-idx3-ubyte"), idx(&[3, 1, 2], &[1, 2, 3, 4, 5, 6]));
    put(&at("train-labels-idx1-ubyte"), idx(&[3], &[9, 0, 9]));
    put(&at("t10k-images-idx3-ubyte.gz"), gz(&idx(&[1, 1, 2], &[7, 8])));
    put(&at("t10k-labels-idx1-ubyte.gz"), gz(&idx(&[1], &[4])));
    let options = ReadOptions { batch_rows: 2, ..ReadOptions::default() };
    let found = read(folder.path(), &options).unwrap();
    assert_eq!(found.schema().names(), ["image", "label", "split"]);
    assert_eq!(found.rows(), 4);
    assert_eq!(found.media(0, 1), Some(Cell::Bytes(b"P5 2 1 255\n\x03\x04")));
    assert_eq!(row(&found, 0)[1..], ["9", "train"]);
    assert_eq!(row(&found, 3)[1..], ["4", "test"]);
    for name in ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"] {
        assert_eq!(table(&at(name)).rows(), 1);
    }
    put(&at("classes.txt"), "shirt\ntrousers\n");
    assert_eq!(row(&table(folder.path()), 1)[1..], ["shirt", "train"]);
}

/// A record of CIFAR: labels, then planes of red 1, green 2, blue 3.
fn cifar(labels: &[u8]) -> Vec<u8> {
    labels.iter().copied().chain([1, 2, 3].into_iter().flat_map(|c| [c; 1024])).collect()
}

/// A Python batch as CIFAR-10's authors wrote it: protocol 2 of Python 2, a numpy array inside.
fn cifar_pickle(labels: &[u8]) -> Vec<u8> {
    let mut out = b"\x80\x02}q\x01(U\x06labelsq\x02]q\x03(".to_vec();
    labels.iter().for_each(|&l| out.extend([b'K', l]));
    out.extend(b"eU\x04dataq\x04cnumpy.core.multiarray\n_reconstruct\nq\x05cnumpy\nndarray\nq\x06K\x00\x85U\x01b\x87Rq\x07(K\x01");
    out.push(b'K');
    out.push(labels.len() as u8);
    out.extend(b"M\x00\x0c\x86cnumpy\ndtype\nq\x08U\x02u1K\x00K\x01\x87Rq\x09(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T");
    out.extend((labels.len() as u32 * 3072).to_le_bytes());
    labels.iter().for_each(|_| out.extend(&cifar(&[])));
    out.extend(b"tbu.");
    out
}

#[test]
fn cifar_binary_python_and_archive() {
    let pixels: Vec<u8> = [1, 2, 3].repeat(1024);
    let picture = [b"P6 32 32 255\n", &pixels[..]].concat();
    let names = b"airplane\nautomobile\n".to_vec();
    let meta = b"\x80\x02}q\x01U\x0blabel_namesq\x02]q\x03(U\x08airplaneU\nautomobilees.".to_vec();
    let binary = [
        ("cifar-10-batches-bin/batches.meta.txt", names),
        ("cifar-10-batches-bin/data_batch_1.bin", [cifar(&[1]), cifar(&[0])].concat()),
        ("cifar-10-batches-bin/test_batch.bin", cifar(&[1])),
    ];
    let python = [
        ("cifar-10-batches-py/data_batch_1", cifar_pickle(&[1, 0])),
        ("cifar-10-batches-py/test_batch", cifar_pickle(&[1])),
        ("cifar-10-batches-py/batches.meta", meta),
    ];
    for files in [&binary, &python] {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, content)| put(&folder.path().join(name), content));
        let (_archive, archive) = file("set.tar.gz", gz(&tar(files)));
        for path in [folder.path().join(files[0].0).parent().unwrap(), &archive] {
            let found = table(path);
            assert_eq!(found.schema().names(), ["image", "label", "split"]);
            let rows: Vec<_> = (0..found.rows()).map(|i| row(&found, i)[1..].join(" ")).collect();
            assert_eq!(rows, ["automobile train", "airplane train", "automobile test"], "{}", path.display());
            assert_eq!(found.media(0, 1), Some(Cell::Bytes(&picture)));
        }
    }
}

#[test]
fn cifar_100_has_two_labels() {
    let folder = tempfile::tempdir().unwrap();
    put(&folder.path().join("train.bin"), cifar(&[1, 0]));
    put(&folder.path().join("test.bin"), cifar(&[0, 1]));
    put(&folder.path().join("fine_label_names.txt"), "apple\nbear\n");
    put(&folder.path().join("coarse_label_names.txt"), "fruit\nmammal\n");
    let found = table(folder.path());
    assert_eq!(found.schema().names(), ["image", "label", "coarse_label", "split"]);
    assert_eq!(row(&found, 0)[1..], ["apple", "mammal", "train"]);
    assert_eq!(row(&found, 1)[1..], ["bear", "fruit", "test"]);
}

#[test]
fn lines_that_a_quote_swallows_and_a_header_of_numbers_are_named() {
    let (_folder, path) =
        file("t.tsv", "id\ttitle\tyear\nt1\t\"Unclosed\t1998\nt2\tB\"\t1999\nt3\tC\t2001\n");
    let reader = open(&path, &ReadOptions::default()).unwrap();
    assert_eq!(reader.warnings(), [Warning::SwallowedLines { row: 1, lines: 2 }]);
    let (_folder, path) = file("u.data", "196\t242\t3\n186\t302\t3\n");
    let reader = open(&path, &ReadOptions::default()).unwrap();
    let names = ["196", "242", "3"].map(str::to_owned).to_vec();
    assert_eq!(reader.warnings(), [Warning::HeaderOfNumbers { names }]);
    let columns = Some(["user", "item", "rating"].map(str::to_owned).to_vec());
    let found = read(&path, &ReadOptions { columns, ..ReadOptions::default() }).unwrap();
    assert_eq!(
        (found.rows(), found.schema().names()),
        (2, vec!["user".into(), "item".into(), "rating".into()])
    );
}

#[test]
fn vectors_made_elsewhere() {
    let lines = "{\"e\": [1, 2.5], \"n\": [1, 2]}\n{\"e\": [0, -1], \"n\": [3]}\n{\"e\": null, \"n\": []}\n";
    let (_folder, path) = file("t.jsonl", lines);
    let found = table(&path);
    assert_eq!(kinds(&found), [("e".into(), Kind::Vector), ("n".into(), Kind::Category)]);
    assert_eq!(found.vector(0, 1), Some(vec![0.0, -1.0]));
    assert!(found.is_missing(0, 2) && !found.is_missing(1, 2));
    assert_eq!([found.display(1, 0), found.display(1, 2)], ["1|2", ""]);
    let like = found.schema().columns.iter().map(|c| (c.name.clone(), c.clone())).collect();
    let (_folder, path) = file("u.jsonl", "{\"e\": [1, 2, 3]}\n");
    let error = read(&path, &ReadOptions { like, ..ReadOptions::default() }).unwrap_err().to_string();
    assert!(
        error.contains("row 1, column `e`: expected a list of 2 numbers, as in the other rows"),
        "{error}"
    );
}

#[test]
fn csv_cells_as_people_write_them() {
    let text =
        "preis;datum;anteil;menge;notiz\n1.234,50 €;03/07/2023;12 %;3 kg;-\n—;25/07/2023;8,5 %;12 kg;ja\n";
    let (_folder, path) = file("t.csv", text);
    let found = table(&path);
    let expected = [Kind::Number, Kind::Date, Kind::Number, Kind::Number, Kind::Category];
    assert_eq!(kinds(&found).into_iter().map(|(_, kind)| kind).collect::<Vec<_>>(), expected);
    assert_eq!(row(&found, 0), ["1234.5", "2023-07-03", "0.12", "3", "-"]);
    assert_eq!(row(&found, 1), ["", "2023-07-25", "0.085", "12", "ja"]);
    // The same row alone, as the table says that it is written.
    let like = found.schema().columns.iter().map(|c| (c.name.clone(), c.clone())).collect();
    let (_folder, path) = file("u.csv", "preis;datum\n1.234;03/07/2023\n");
    let found = read(&path, &ReadOptions { like, ..ReadOptions::default() }).unwrap();
    assert_eq!(row(&found, 0), ["1234", "2023-07-03"]);
}
