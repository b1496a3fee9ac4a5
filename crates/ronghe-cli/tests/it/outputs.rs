//! What is written: never over what is read, in the form asked for, and an error where it does not arrive.

use crate::support::{Room, TRAIN, csv};
use ronghe_data::read::{ReadOptions, read};
use serde_json::Value;
use std::process::Stdio;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// A room with a table, new rows, and a model.
fn room() -> Room {
    let room = Room::new();
    room.put("t.csv", csv(160)).put("new.csv", csv(24));
    room.good(&format!("{TRAIN} --out m --quiet"));
    room
}

#[test]
fn an_output_that_is_an_input_is_refused() {
    let room = room();
    let before = (room.text("new.csv"), room.text("t.csv"), room.text("m/hashes.json"));
    room.bad("predict m --data new.csv --out new.csv", &["--out new.csv", "that is the input"]);
    room.bad("predict m --data new.csv --out ./m/../new.csv", &["that is the input"]);
    room.bad("predict m --data new.csv --out m/p.csv", &["folder of the model"]);
    room.bad("predict m --data new.csv --out m", &["m"]);
    room.bad("predict m --data new.csv --out t.csv", &["t.csv", "holds no predictions"]);
    room.bad("train --data t.csv --target label --out t.csv", &["--out t.csv", "that is the input"]);
    room.put("why/report.html", csv(24));
    room.bad("explain m --data why/report.html --out why", &["why", "that is the input"]);
    room.bad("explain m --data t.csv --class Warm", &["--class Warm", "cold, warm", "did you mean `warm`?"]);
    #[cfg(unix)]
    {
        std::fs::hard_link(room.path("new.csv"), room.path("hard.csv")).expect("a link");
        std::os::unix::fs::symlink(room.path("new.csv"), room.path("soft.csv")).expect("a link");
        for link in ["hard.csv", "soft.csv"] {
            room.bad(&format!("predict m --data new.csv --out {link}"), &[link, "that is the input"]);
            room.bad(&format!("predict m --data {link} --out new.csv"), &["that is the input"]);
        }
    }
    assert_eq!((room.text("new.csv"), room.text("t.csv"), room.text("m/hashes.json")), before);
    // Predictions are replaced by predictions.
    room.good("predict m --data new.csv --out p.csv");
    room.good("predict m --data t.csv --out p.csv");
    assert_eq!(room.text("p.csv").lines().count(), 161);
}

#[test]
fn predictions_as_they_are_wanted() {
    let room = room();
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let plain = lines(&room.good("predict m --data new.csv --quiet"));
    assert_eq!(plain[0], "row,id,prediction,confidence,probability_cold,probability_warm");
    for line in &plain[1..] {
        let cells: Vec<&str> = line.split(',').collect();
        // Six significant digits at most, and the confidence is the larger probability.
        assert!(
            cells[3..].iter().all(|c| c.trim_start_matches("0.").trim_start_matches('0').len() <= 6),
            "{line}"
        );
        let number = |i: usize| cells[i].parse::<f64>().expect("a number");
        assert_eq!(number(3), number(4).max(number(5)), "{line}");
    }
    let long = lines(&room.good("predict m --data new.csv --quiet --digits 17"));
    assert!(long.iter().skip(1).any(|l| l.len() > plain[1].len() + 10), "{long:?}");
    let top = lines(&room.good("predict m --data new.csv --quiet --top 1"));
    assert_eq!(top[0], "row,id,prediction,confidence,class_1,probability_1");
    let both = lines(&room.good("predict m --data new.csv --quiet --top 9"));
    assert!(both[0].ends_with("class_1,probability_1,class_2,probability_2"), "{}", both[0]);

    // The table before the predictions, a name that both have with an ending.
    let text = csv(24).replacen("shop", "prediction", 1);
    room.put("named.csv", text);
    let whole = lines(&room.run("predict m --data named.csv --quiet --with-input").out);
    assert_eq!(
        whole[0],
        "row,id,note,size,prediction_input,label,prediction,confidence,probability_cold,probability_warm"
    );
    assert!(
        whole[1].contains("r0000,") && whole[1].contains("the market 0") && whole[1].contains("north"),
        "{}",
        whole[1]
    );
    room.good("predict m --data new.csv --out p.parquet --with-input");
    let table = read(&room.path("p.parquet"), &ReadOptions::default()).expect("Parquet");
    assert_eq!(table.schema().names()[..6], ["row", "id", "note", "size", "shop", "label"]);

    // A quantity has no classes.
    room.good(
        "train --data t.csv --target size --set data.drop=[id] --set training.epochs=1 --out q --quiet",
    );
    let quantity = lines(&room.good("predict q --data new.csv --quiet"));
    assert_eq!(quantity[0], "row,id,prediction");
    room.bad("predict q --data new.csv --top 2", &["--top", "quantity"]);
}

#[test]
fn predictions_for_spreadsheets() {
    let room = room();
    let mark = b"\xef\xbb\xbf";
    room.good("predict m --data new.csv --out plain.csv");
    assert!(!room.read("plain.csv").starts_with(mark));
    room.put("marked.csv", [&mark[..], csv(24).as_bytes()].concat());
    room.good("predict m --data marked.csv --out p.csv");
    assert!(room.read("p.csv").starts_with(mark));
    room.good("predict m --data marked.csv --out p.jsonl");
    assert!(!room.read("p.jsonl").starts_with(mark));
    room.put("ascii.csv", csv(24).replace("寒冷 的 夜晚", "night"));
    room.good("predict m --data ascii.csv --encoding gb18030 --out p.csv");
    assert!(room.read("p.csv").starts_with(mark));
    room.good("predict m --data new.csv --with-input --out-encoding gb18030 --out p.csv");
    let bytes = room.read("p.csv");
    // 寒冷 in GB18030.
    assert!(bytes.windows(4).any(|w| w == b"\xba\xae\xc0\xe4"), "{}", String::from_utf8_lossy(&bytes));
    room.bad("predict m --data new.csv --out-encoding klingon", &["`klingon`", "gb18030"]);
    room.bad(
        "predict m --data new.csv --out-encoding gb18030 --out p.parquet",
        &["parquet has one encoding"],
    );
}

#[test]
fn columns_are_known_by_other_spellings_and_missed_by_name() {
    let room = room();
    let expected = room.good("predict m --data new.csv --quiet");
    room.put("upper.csv", csv(24).replacen("id,note,size,shop,label", "id,NOTE, Size,SHOP,Label", 1));
    let said = room.run("predict m --data upper.csv --quiet");
    assert_eq!((said.code, said.out), (Some(0), expected), "{}", said.err);
    assert!(said.err.contains("`NOTE` for `note`") && said.err.contains("`SHOP` for `shop`"), "{}", said.err);
    assert!(!said.err.contains("warning"), "{}", said.err);
    // The target too: the figures are there.
    assert_eq!(json(&room.good("evaluate m --data upper.csv --json --all-rows"))["test"]["rows"], 24);

    room.put("renamed.csv", csv(24).replacen("note", "sentence", 1).replacen("shop", "shops", 1));
    let said = room.run("predict m --data renamed.csv --quiet");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("did you mean `sentence` for `note`?"), "{}", said.err);
    assert!(said.err.contains("did you mean `shops` for `shop`?"), "{}", said.err);

    room.put("none.csv", "id,colour\nr1,red\nr2,blue\n");
    room.bad(
        "predict m --data none.csv",
        &["none.csv", "note", "size", "none of them", "id, colour", "--allow-missing"],
    );
    let said = room.run("predict m --data none.csv --allow-missing --quiet");
    assert_eq!((said.code, said.out.lines().count()), (Some(0), 3), "{}", said.err);
    room.bad("train --data t.csv --target Label", &["`Label`", "did you mean `label`?"]);
    room.bad("evaluate m --data t.csv --where shop=nort", &["no row", "did you mean `north`?"]);
    room.bad("evaluate m --data t.csv --without notes", &["`notes`", "did you mean `note`?"]);
    room.bad(
        "train --data t.csv --target label --set fusion=concatt",
        &["`concatt`", "did you mean `concat`?"],
    );
    room.bad("pull e5-smal", &["`e5-smal`", "did you mean `e5-small`?"]);
}

#[test]
fn names_that_training_did_not_have_are_counted() {
    let room = room();
    room.put("new.csv", csv(24).replace(",north,", ",city,"));
    for line in ["predict m --data new.csv --quiet", "evaluate m --data new.csv --all-rows --quiet"] {
        let said = room.run(line);
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(said.err.contains("`shop`: ") && said.err.contains("(city)"), "{line}: {}", said.err);
    }
}

#[test]
fn evaluation_knows_the_rows_of_training() {
    let room = room();
    let rows = |found: &Value| found["test"]["rows"].as_u64().expect("rows");
    // On its own table: the rows kept for the test, whatever the format.
    let said = room.run("evaluate m --data t.csv --json");
    let found = json(&said.out);
    assert_eq!((rows(&found), &found["rows"]), (32, &"test".into()), "{found}");
    assert!(
        said.err.contains("112 of 160 rows were trained on; figures are of the 32 test rows"),
        "{}",
        said.err
    );
    assert_eq!(json(&room.text("m/metrics.json"))["test"]["figures"], found["test"]["figures"]);
    assert_eq!(rows(&json(&room.good("evaluate m --data t.csv --all-rows --json"))), 160);
    let mut lines = String::new();
    for line in csv(160).lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let (note, size) = (cells[1..cells.len() - 3].join(","), cells[cells.len() - 3]);
        let object = serde_json::json!({
            "label": cells[cells.len() - 1], "shop": cells[cells.len() - 2], "note": note.trim_matches('"'),
            "size": size.parse::<f64>().ok(),
        });
        lines += &format!("{object}\n");
    }
    room.put("t.jsonl", lines);
    assert_eq!(json(&room.good("evaluate m --data t.jsonl --json"))["test"], found["test"]);
    // Some of its rows in another table.
    let said = room.run("evaluate m --data new.csv --json");
    assert!(said.err.contains(" of 24 rows were trained on"), "{}", said.err);
    let other: String = csv(400)
        .lines()
        .enumerate()
        .filter(|(i, _)| *i == 0 || *i > 200)
        .map(|(_, l)| format!("{l}\n"))
        .collect();
    room.put("other.csv", other);
    let said = room.run("evaluate m --data other.csv --json");
    assert_eq!((said.code, rows(&json(&said.out))), (Some(0), 200));
    assert!(!said.err.contains("trained on"), "{}", said.err);
}

#[test]
fn an_input_is_missed_by_a_difference() {
    let room = room();
    let found = json(&room.good("evaluate m --data t.csv --all-rows --without note --json"));
    let accuracy = |part: &str| {
        let figures = found[part]["figures"].as_array().expect("figures");
        figures.iter().find(|f| f["name"] == "accuracy").and_then(|f| f["value"].as_f64()).expect("accuracy")
    };
    let difference = &found["difference"]["without_less_with"];
    let value = difference[0].as_f64().expect("a number");
    assert!((value - (accuracy("test") - accuracy("with"))).abs() < 1e-12, "{found}");
    assert!(difference[1][0].as_f64().is_some_and(|low| low <= value), "{found}");
    let text = room.good("evaluate m --data t.csv --without note --quiet");
    for part in
        ["with every input (32 rows)", "without note (32 rows)", "accuracy without less with, row by row: "]
    {
        assert!(text.contains(part), "{text}");
    }
}

/// A line of every command that prints a result.
#[cfg(target_os = "linux")]
fn commands(room: &Room) -> Vec<String> {
    room.put(
        "docs/a.md",
        "# Lease\n\nThe tenant gives notice of three months. Rent is due on the first day.\n",
    )
    .put("docs/b.txt", "Copper melts at 1085 degrees. It was first smelted in 5000 BC.\n")
    .put("qa.jsonl", "{\"question\": \"At how many degrees does copper melt?\", \"answers\": [\"1085\"]}\n")
    .put(
        "set/corpus.jsonl",
        "{\"_id\": \"a\", \"title\": \"Copper\", \"text\": \"Copper melts at 1085 degrees.\"}\n",
    )
    .put("set/queries.jsonl", "{\"_id\": \"1\", \"text\": \"melting point of copper\"}\n")
    .put("set/qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\ta\t1\n")
    .put(
        "pairs.jsonl",
        "{\"text\": \"It rains. Profit grew by a third.\", \"summaries\": [\"Profit grew\"]}\n",
    );
    room.good("index docs --store s --network none --quiet");
    [
        "--help",
        "--version",
        "train --help",
        "inspect t.csv",
        "pull --list",
        "train --data t.csv --target label --set data.drop=[id] --set training.epochs=1 --out again",
        "transfer-report t.csv --target label --rows 40 --scratch-seconds 0",
        "evaluate m --data t.csv",
        "predict m --data new.csv",
        "predict m --data new.csv --json",
        "explain m --data new.csv --rows 1 --background 4 --background-data t.csv --level columns",
        "importance m --data new.csv --repeats 2",
        "counterfactual m --data new.csv --rows 1",
        "nearest m --data new.csv --among t.csv --rows 1",
        "index docs --store s --network none",
        "search copper --store s",
        "ask copper --store s",
        "summarise docs/a.md",
        "store stats s",
        "store check s",
        "store export s",
        "store migrate s --network none",
        "evaluate-search set --network none",
        "evaluate-ask qa.jsonl --store s",
        "evaluate-summary pairs.jsonl --network none",
    ]
    .map(str::to_owned)
    .into()
}

#[cfg(target_os = "linux")]
#[test]
fn a_standard_output_that_is_full_is_an_error_in_every_command() {
    let room = room();
    for line in commands(&room) {
        let full = std::fs::File::options().write(true).open("/dev/full").expect("/dev/full");
        let output = room.command(&line).stdout(Stdio::from(full)).output().expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {err}");
        assert!(err.contains("error: standard output: the disk is full"), "{line}: {err}");
        assert!(!err.contains("panicked") && !err.contains("os error"), "{line}: {err}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_closed_pipe_is_an_error_in_every_command() {
    let room = room();
    for line in commands(&room) {
        let (reader, writer) = std::io::pipe().expect("a pipe");
        drop(reader);
        let output = room.command(&line).stdout(writer).output().expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{line}: {err}");
        assert!(err.contains("error: standard output: the program that reads it has ended"), "{line}: {err}");
    }
}

#[test]
fn the_same_model_whatever_lies_in_the_cache() {
    let room = Room::new();
    let mut table = String::from("picture,label\n");
    for i in 0..24usize {
        let level = if i % 2 == 0 { 40 } else { 200 };
        let pixels = vec![level + (i % 7) as u8; 80 * 80 * 3];
        room.put(&format!("p/{i}.ppm"), ronghe_data::synth::pnm_bytes(80, 80, 3, &pixels));
        table += &format!("p/{i}.ppm,{}\n", ["dark", "light"][i % 2]);
    }
    room.put("t.csv", table);
    let line = "train --data t.csv --target label --set training.epochs=1 --out";
    let said = room.run(&format!("{line} one"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("input picture: image, encoder cnn"), "{}", said.err);
    assert!(
        said.err.contains("ronghe pull efficientnet-lite0, then --set encoders.image=efficientnet_lite0"),
        "{}",
        said.err
    );
    // With something of that name in the cache the same command does the same.
    let cached = room.run("pull --list --json");
    assert_eq!(cached.code, Some(0));
    room.put("cache/efficientnet-lite0/weights", "x");
    room.good(&format!("{line} two"));
    assert_eq!(room.text("one/hashes.json"), room.text("two/hashes.json"));
}
