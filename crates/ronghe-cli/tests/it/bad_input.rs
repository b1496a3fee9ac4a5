//! What is wrong is said with its place, on standard error, with exit code 1.

use crate::support::{Room, TRAIN, csv};
use ronghe_data::synth::pnm_bytes;
use std::fmt::Write;

/// 北京 in GB18030.
const BEIJING: [u8; 4] = *b"\xb1\xb1\xbe\xa9";

/// A table called `t.csv` of these lines.
fn table(content: impl AsRef<[u8]>) -> Room {
    let room = Room::new();
    room.put("t.csv", content);
    room
}

/// `csv(40)` with one line in place of that of row `row`.
fn with_row(row: usize, line: &str) -> String {
    let text = csv(40);
    let lines: Vec<&str> = text.lines().enumerate().map(|(i, l)| if i == row { line } else { l }).collect();
    lines.join("\n") + "\n"
}

#[test]
fn tables() {
    table(with_row(3, "r,a note,1.5,north")).bad(TRAIN, &["t.csv: row 3", "expected 5 cells", "found 4"]);
    table(csv(40).replace("size", "note")).bad(TRAIN, &["t.csv", "distinct column names", "`note`"]);
    table("id,note,size,shop,label\n").bad(TRAIN, &["t.csv", "at least one row", "found none"]);
    table("").bad(TRAIN, &["t.csv", "an empty file"]);
    table(with_row(7, "r,a note,inf,north,warm")).bad(TRAIN, &["t.csv: row 7, column `size`", "finite"]);
    table(with_row(7, "r,a note,-1e999,north,warm")).bad(TRAIN, &["t.csv: row 7, column `size`", "finite"]);
    let mut bytes = csv(40).replace("old station 8", "old station @").into_bytes();
    let at = bytes.iter().position(|&b| b == b'@').expect("the mark");
    bytes.splice(at..=at, BEIJING);
    table(&bytes).bad(TRAIN, &["t.csv: row 9, column `note`", "UTF-8", "encoding"]);
    Room::new().bad(TRAIN, &["t.csv", "No such file"]);
    table(csv(40)).bad(&TRAIN.replace("label", "lable"), &["`lable`", "note, size, shop, label"]);
}

#[test]
fn bad_rows_can_be_left_out_and_are_counted() {
    let room = table(with_row(3, "r,a note,1.5,north"));
    let said = room.run(&format!("{TRAIN} --skip-bad-rows"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("1 rows could not be read"), "{}", said.err);
    assert!(said.err.contains("row 3"), "{}", said.err);
}

#[test]
fn encoding_that_was_set() {
    let room = table([&b"note,label\n"[..], &BEIJING, b" one,yes\nplain two,no\n"].concat());
    room.bad("inspect t.csv", &["t.csv: row 1, column `note`", "UTF-8"]);
    assert!(room.good("inspect t.csv --encoding gb18030").contains("label"));
}

#[test]
fn nan_is_a_missing_cell() {
    table(with_row(5, "r,a note,NaN,north,warm")).good(&format!("{TRAIN} --kind size=number"));
}

#[test]
fn parquet_cut_off() {
    let room = table(csv(40));
    room.good(&format!("{TRAIN} --out m"));
    room.good("predict m --data t.csv --out p.parquet");
    let whole = room.read("p.parquet");
    for end in [whole.len() - 1, whole.len() / 2, 20] {
        room.put("cut.parquet", &whole[..end]);
        room.bad("inspect cut.parquet", &["cut.parquet", "complete Parquet file", "cut off or damaged"]);
        room.bad("predict m --data cut.parquet", &["cut.parquet", "complete Parquet file"]);
        room.bad("train --data cut.parquet --target prediction", &["cut.parquet", "complete Parquet file"]);
    }
}

#[test]
fn configurations() {
    let room = table(csv(40));
    let with = |text: &str| {
        room.put("c.yaml", format!("data:\n  path: t.csv\ntarget:\n  column: label\n{text}"));
        &room
    };
    let all = "id, note, size, shop, label";
    with("inputs:\n  - name: nose\n").bad("train c.yaml", &["c.yaml:", "`nose`", all]);
    with("inputs:\n  - name: note\n  - name: rest\n    columns: [size, shp]\n")
        .bad("train c.yaml", &["c.yaml:", "`shp`", all]);
    with("data.drop: [ids]\n").bad("train c.yaml", &["c.yaml:5"]);
    with("training:\n  epochs: 2\n  epoks: 3\n").bad("train c.yaml", &["c.yaml:7", "epoks", "epochs"]);
    with("training:\n  epochs: many\n").bad("train c.yaml", &["c.yaml:6", "training.epochs", "many"]);
    with("inputs:\n  - name: note\n    encoder: brt\n").bad("train c.yaml", &["c.yaml:", "`brt`", "tfidf"]);
    with("inputs:\n  - name: note\n    encoder: {type: tfidf, widht: 4}\n")
        .bad("train c.yaml", &["c.yaml:", "`widht`", "width"]);
    with("fusion: glue\n").bad("train c.yaml", &["c.yaml:5", "`glue`", "concat, gated, attention"]);
    with("training: [\n").bad("train c.yaml", &["c.yaml", "YAML"]);
    room.bad("train c.yml", &["c.yml", "No such file"]);
    room.put("d.yaml", "data:\n  path: t.csv\n  drop: [id]\ntarget:\n  column: labl\n");
    room.bad("train d.yaml", &["d.yaml:5", "`labl`", "note, size, shop, label"]);
    room.put("d.yaml", "data:\n  path: t.csv\n  drop: [ids]\ntarget:\n  column: labl\n");
    room.bad("train d.yaml --target label", &["d.yaml:3", "`ids`", all]);
    room.bad("train d.yaml --set training.epochs=x", &["training.epochs", "x"]);
}

#[test]
fn labels_and_columns_at_evaluation() {
    let room = table(csv(40));
    room.good(&format!("{TRAIN} --out m"));
    room.put("new.csv", with_row(4, "r,a note,1.5,north,perhaps"));
    let all = "evaluate m --data new.csv --all-rows";
    room.bad(all, &["new.csv: row 4, column `label`", "cold, warm", "`perhaps`"]);
    room.put("blind.csv", "id,note,size\nr1,cold rain,4\n");
    room.bad("evaluate m --data blind.csv", &["blind.csv", "`label`", "note, size"]);
    let said = room.run("predict m --data blind.csv --quiet");
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 2), "{}", said.err);
    assert!(said.err.contains("warning: the table has no column `shop`"), "{}", said.err);
    room.bad("predict nothing --data t.csv", &["nothing", "a saved model"]);
    room.bad("explain m --data t.csv --rows 3,99", &["40 rows", "99"]);
}

/// Pictures of two colours in a folder, and a table that names them; row 6 is no picture.
fn pictures() -> Room {
    let room = Room::new();
    let mut text = String::from("picture,label\n");
    for i in 0..40usize {
        let level = if i % 2 == 0 { 40 } else { 200 };
        let pixels: Vec<u8> = (0..12 * 12 * 3).map(|p| level + ((p * 7 + i) % 30) as u8).collect();
        let name = format!("pictures/{i:02}.ppm");
        room.put(&name, if i == 5 { b"P6 and nothing more".to_vec() } else { pnm_bytes(12, 12, 3, &pixels) });
        writeln!(text, "{name},{}", ["dark", "light"][i % 2]).expect("a string grows");
    }
    room.put("t.csv", text);
    room
}

#[test]
fn unreadable_pictures() {
    let room = pictures();
    let line = "train --data t.csv --target label --kind picture=image --set training.epochs=1 --out m";
    room.bad(line, &["t.csv: row 6, column `picture`", "1 such rows", "--skip-bad-rows"]);
    let said = room.run(&format!("{line} --skip-bad-rows --json"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("warning: 1 of 40 rows with a cell that cannot be read"), "{}", said.err);
    assert!(said.out.contains("\"skipped_rows\": 1"), "{}", said.out);
    room.bad("predict m --data t.csv --out p.csv", &["t.csv: row 6, column `picture`", "--skip-bad-rows"]);
    let said = room.run("predict m --data t.csv --skip-bad-rows --quiet");
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 41), "{}", said.err);
    assert!(said.err.contains("warning: 1 cells cannot be read"), "{}", said.err);
}

#[cfg(unix)]
#[test]
fn a_folder_that_contains_itself() {
    let room = Room::new();
    room.put("photos/cat/a.ppm", pnm_bytes(2, 2, 3, &[9; 12])).put("photos/dog/b.ppm", "x");
    std::os::unix::fs::symlink(room.path("photos"), room.path("photos/cat/loop")).expect("a link");
    room.bad("train --data photos --target label", &["photos/cat/loop", "link"]);
    room.bad("inspect photos", &["photos/cat/loop", "link"]);
}

#[test]
fn a_column_of_nothing() {
    let text = csv(40);
    let mut lines = text.lines();
    let mut wide = format!("{},nothing\n", lines.next().unwrap_or_default());
    lines.for_each(|line| writeln!(wide, "{line},").expect("a string grows"));
    let room = table(wide);
    room.good(&format!("{TRAIN} --out m"));
    assert_eq!(room.good("predict m --data t.csv --quiet").lines().count(), 41);
    // A text or a target of nothing cannot be learned from: that is said.
    room.bad("train --data t.csv --target nothing", &["t.csv", "`nothing`"]);
    for kind in ["number", "category", "text", "image"] {
        let said = room.run(&format!("{TRAIN} --kind nothing={kind} --out k --force"));
        assert!(matches!(said.code, Some(0 | 1)), "{kind}: {}", said.err);
        assert!(said.code == Some(0) || said.err.contains("nothing"), "{kind}: {}", said.err);
        assert!(!said.err.contains("panicked"), "{kind}: {}", said.err);
    }
}

/// Every source file of the libraries, as its path and text without its tests.
fn sources() -> Vec<(std::path::PathBuf, String)> {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut folders: Vec<_> = ["ronghe-data", "ronghe"].map(|name| root.join(name).join("src")).into();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                let text = std::fs::read_to_string(&path).expect("a source file");
                found.push((path, text.split("#[cfg(test)]").next().unwrap_or_default().to_owned()));
            }
        }
    }
    found
}

#[test]
fn no_message_names_an_option_that_no_command_has() {
    let wrong =
        ["(option `", "set `format`", "`limits.", "raise the limit,", "set `encoding`", "set `header`"];
    let mut seen = 0;
    for (path, text) in sources() {
        for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
            seen += 1;
            for word in wrong {
                assert!(!line.contains(word), "{}: {line}", path.display());
            }
            // The system's own words come with a number.
            let attribute = line.trim_start().starts_with("#[error(");
            assert!(!(attribute && line.contains("{source}")), "{}: {line}", path.display());
        }
    }
    assert!(seen > 10_000, "{seen}");
}

#[test]
fn refusals_of_the_system_are_in_plain_words() {
    let room = table(csv(40));
    room.bad("train c.yml", &["c.yml: No such file or folder"]);
    room.put("c.yaml", "data: {path: t.csv}\ntarget: {column: label}\ntraining: {epochs: yes}\n");
    room.bad("train c.yaml", &["c.yaml:3", "training.epochs", "a whole number from 0", "`yes`"]);
    let messages =
        ["train c.yml", "train .", "inspect none.csv", "predict none --data t.csv", "search x --store t.csv"];
    for line in messages {
        let said = room.run(line);
        assert_eq!(said.code, Some(1), "{line}: {}", said.err);
        for word in ["os error", "line 1 column", "invalid type", "usize", "variant"] {
            assert!(!said.err.contains(word), "{line}: {}", said.err);
        }
    }
}

#[test]
fn a_target_called_y() {
    let room = table(csv(40).replacen("label", "y", 1).replacen("size", "no", 1).replacen("shop", "5", 1));
    room.put(
        "c.yaml",
        "data: {path: t.csv, drop: [id]}\ntarget: {column: y}\ntraining: {epochs: 1}\n\
         inputs:\n  - name: note\n  - name: rest\n    columns: [no, 5]\n",
    );
    room.good("train c.yaml --out m --quiet");
    assert!(room.text("m/config.json").contains("\"no\""));
    room.put(
        "c.yaml",
        "data: {path: t.csv, drop: [id, no, 5]}\ntarget: {column: y}\ntraining: {epochs: 1}\n",
    );
    room.good("train c.yaml --out m --quiet --force");
    assert!(!room.text("m/config.json").contains("shop"));
}
