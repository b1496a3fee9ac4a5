//! Train, predict, evaluate, explain: what each passes to the next.

use crate::support::{Room, TRAIN, csv};
use ronghe_data::read::{ReadOptions, read};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The accuracy among the figures of a part.
fn accuracy(metrics: &Value) -> f64 {
    let figures = metrics["figures"].as_array().expect("figures");
    let found = figures.iter().find(|f| f["name"] == "accuracy").expect("accuracy");
    found["value"].as_f64().expect("a number")
}

#[test]
fn from_table_to_explanation() {
    let room = Room::new();
    room.put("t.csv", csv(160)).put("new.csv", csv(24));
    let trained = json(&room.good(&format!("{TRAIN} --set training.epochs=15 --out m --json")));
    assert!(accuracy(&trained["test"]) > 0.8, "{trained}");
    assert_eq!(trained["skipped_rows"], 0);
    let hashes: Value = json(&room.text("m/hashes.json"));
    assert_eq!(trained["hashes"], hashes);
    assert!(room.text("m/README.md").contains("label"));
    assert!(!room.path("m/checkpoint").exists());

    let printed = room.good("predict m --data new.csv --quiet --digits 17");
    for name in ["p.csv", "p.tsv", "p.jsonl", "p.parquet"] {
        room.good(&format!("predict m --data new.csv --digits 17 --out {name}"));
    }
    assert_eq!(room.text("p.csv"), printed);
    assert_eq!(printed.lines().count(), 25);
    assert_eq!(
        printed.lines().next(),
        Some("row,id,prediction,confidence,probability_cold,probability_warm")
    );
    let lines = room.good("predict m --data new.csv --json --quiet --digits 17");
    assert_eq!(lines, room.text("p.jsonl"));
    let rows: Vec<Value> = lines.lines().map(json).collect();
    assert_eq!(rows.len(), 24);
    for row in &rows {
        let share = |label: &str| row[format!("probability_{label}")].as_f64().expect("a probability");
        assert!((share("cold") + share("warm") - 1.0).abs() < 1e-9, "{row}");
        assert_eq!(row["prediction"], if share("warm") > share("cold") { "warm" } else { "cold" });
    }
    let tables: Vec<_> = ["p.csv", "p.tsv", "p.jsonl", "p.parquet"]
        .map(|name| read(&room.path(name), &ReadOptions::default()).expect(name))
        .into();
    for table in &tables {
        assert_eq!((table.rows(), table.schema().names()), (24, tables[0].schema().names()));
        for (column, name) in table.schema().names().iter().enumerate() {
            for row in 0..24 {
                assert_eq!(table.display(column, row), tables[0].display(column, row), "{name}, row {row}");
            }
        }
    }

    let auto = room.run("predict m --data new.csv --precision auto");
    assert!(
        auto.code == Some(0) && auto.err.contains("precision auto: ") && auto.err.contains("note "),
        "{}",
        auto.err
    );
    let bf16 = room.run("predict m --data new.csv --precision bf16");
    let done = bf16.code == Some(0) && bf16.err.contains("fusion bf16");
    assert!(done || (bf16.code == Some(1) && bf16.err.contains("avx512bf16")), "{}", bf16.err);

    let seen = json(&room.good("evaluate m --data t.csv --all-rows --json"));
    assert_eq!(seen["precision"], serde_json::json!({"columns": "f32", "fusion": "f32", "note": "f32"}));
    assert!(accuracy(&seen["test"]) > 0.8 && seen["test"]["rows"] == 160, "{seen}");
    let inputs: Vec<String> = ["note", "columns"].map(str::to_owned).into();
    for input in &inputs {
        let without =
            json(&room.good(&format!("evaluate m --data t.csv --all-rows --json --without {input}")));
        assert_eq!(without["without"][0], input.as_str());
        assert!(without["test"] != seen["test"], "{input} makes no difference");
    }
    room.bad("evaluate m --data t.csv --without nose", &["`nose`", "note", "columns"]);
    let part = json(&room.good("evaluate m --data t.csv --all-rows --json --where shop=north"));
    assert!(part["test"]["rows"].as_u64().is_some_and(|n| 0 < n && n < 160));

    let said = room.run("explain m --data t.csv --rows 2,5 --background 8 --out why --json");
    assert!(matches!(said.code, Some(0 | 3)), "{}", said.err);
    let found = json(&said.out);
    assert_eq!(found, json(&room.text("why/explanations.json")));
    assert_eq!(found.as_array().map(Vec::len), Some(2));
    assert_eq!((&found[0]["row"], &found[1]["row"]), (&2.into(), &5.into()));
    assert!(room.text("why/report.html").starts_with("<!doctype html>"));
    assert!(found[0]["parts"]["players"].as_array().is_some_and(|p| p.len() > 5), "{found}");
    assert_eq!(found[0]["masks"]["note"], "words:40/delete");
    let plain =
        room.run("explain m --data t.csv --rows 1 --background 4 --background-data new.csv --class cold");
    assert!(plain.out.starts_with("row 1 of t.csv\n") && plain.out.contains(" cold ("), "{}", plain.out);
    assert!(plain.out.contains("\nnote ") && plain.out.contains("\n  market "), "{}", plain.out);
    let flat = json(&room.good("explain m --data t.csv --rows 1 --background 4 --level modalities --json"));
    assert!(flat[0]["parts"].is_null() && flat[0]["fields"] == flat[0]["modalities"], "{flat}");
    let few =
        "explain m --data t.csv --rows 1 --background 4 --mask note=words:2/mask --masker gaussian --json";
    let few = json(&room.run(few).out);
    assert_eq!(
        (&few[0]["masks"]["note"], &few[0]["masks"]["size"]),
        (&"words:2/mask".into(), &"whole/gaussian".into())
    );
    room.bad("explain m --data t.csv --mask nose=words", &["`nose`", "note", "size", "text"]);
    room.bad("explain m --data t.csv --mask note=patches", &["`patches`", "whole, words"]);
    room.bad("explain m --data t.csv --class tepid", &["tepid", "cold, warm"]);
}

#[test]
fn train_says_what_it_chose_and_how_it_ended() {
    let room = Room::new();
    let mut text = String::from("x,level,price\n");
    for i in 0..60 {
        text.push_str(&format!("{},{},{}\n", i % 3, ["low", "middle", "高"][i % 3], i % 3 * 700 + i + 100));
    }
    room.put("t.csv", text);
    let said = room.run("train --data t.csv --target level --out a");
    assert_eq!(said.code, Some(0), "{}", said.err);
    for line in [
        "target level: 3 classes (category column, 3 values)",
        "300 epochs of 1 step, fewer where 60 bring nothing better (training.epochs was not written)",
        "fusion concat, seed 0",
    ] {
        assert!(said.err.lines().any(|l| l == line), "{line}\n{}", said.err);
    }
    // Not a line for each of them.
    let epochs = said.err.lines().filter(|l| l.starts_with("epoch ")).count();
    assert!((2..40).contains(&epochs), "{epochs} lines\n{}", said.err);
    let short = "train --data t.csv --target price --set training.epochs=3 --set training.warmup=0";
    let said = room.run(&format!("{short} --out b"));
    let line = "target price: a quantity (number column, 60 different values; for classes: --set target.task=multi_class)";
    assert!(said.err.lines().any(|l| l == line), "{}", said.err);
    let last = said.err.lines().rfind(|l| l.starts_with("epoch 3/3 ")).unwrap_or_default();
    let improving =
        "still improving when it ended: more epochs may give a better model, such as --set training.epochs=6";
    assert_eq!(last.ends_with("  best so far"), said.err.lines().any(|l| l == improving), "{}", said.err);
    assert!(last.ends_with("  best so far"), "{}", said.err);
}

#[test]
fn threads_do_not_change_what_is_printed() {
    let room = Room::new();
    room.put("t.csv", csv(80));
    room.good(&format!("{TRAIN} --out one --threads 1"));
    room.good(&format!("{TRAIN} --out two --threads 2"));
    assert_eq!(room.text("one/hashes.json"), room.text("two/hashes.json"));
    let predict =
        |threads: usize| room.good(&format!("predict one --data t.csv --quiet --threads {threads}"));
    assert_eq!(predict(1), predict(2));
}

#[test]
fn inspect_prints_one_document() {
    let room = Room::new();
    room.put("t.csv", csv(60));
    let found = json(&room.good("inspect t.csv --target label --json"));
    assert!(found.to_string().contains("note"), "{found}");
    assert!(room.good("inspect t.csv").contains("shop"));
}

#[test]
fn wrong_usage_is_exit_code_2() {
    let room = Room::new();
    for line in
        ["", "dance", "train", "predict m", "train --data t.csv --threads many", "explain m --data t --rows"]
    {
        let said = room.run(line);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{line}: {}", said.err);
        assert!(said.err.contains("Usage") || said.err.contains("--help"), "{line}: {}", said.err);
    }
    assert!(room.good("--help").contains("Exit codes"));
    assert!(room.good("--version").starts_with("ronghe "));
}
