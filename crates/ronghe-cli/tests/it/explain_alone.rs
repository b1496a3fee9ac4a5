//! A row explained by the model alone: the same whatever stands beside it.

use crate::support::{Room, TRAIN, csv};
use serde_json::Value;
use std::fmt::Write;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// Applicants: income counts most, home a little, the day not at all.
fn applicants(rows: usize) -> String {
    let mut text = String::from("income,home,since,risk\n");
    for i in 0..rows {
        let income = 30.0 + (i * 37 % 101) as f64 / 2.0;
        let home = ["own", "rent", "family"][i % 3];
        let risk = if income + if home == "own" { 8.0 } else { 0.0 } > 56.0 { "good" } else { "bad" };
        writeln!(text, "{income:.1},{home},20{:02}-0{}-1{},{risk}", 15 + i % 7, 1 + i % 9, i % 10)
            .expect("a string grows");
    }
    text
}

#[test]
fn one_row_alone_is_explained_as_beside_others() {
    let room = Room::new();
    let one = "78.1,rent,2019-02-12,good\n";
    room.put("train.csv", applicants(120));
    room.put("one.csv", format!("income,home,since,risk\n{one}"));
    room.put("two.csv", format!("income,home,since,risk\n{one}60.0,family,2021-05-20,bad\n"));
    room.put(
        "many.csv",
        format!("income,home,since,risk\n{one}{}", &applicants(60)["income,home,since,risk\n".len()..]),
    );
    let said = room.run("train --data train.csv --target risk --set training.epochs=30 --out m");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("84 of 84 training rows travel with this model ("), "{}", said.err);
    assert!(room.text("m/README.md").contains("84 of 84 training rows travel with this model ("));
    assert!(room.text("m/README.md").contains("`--set artifact.background=0` trains one without"));

    let explained = |data: &str| {
        let mut found = json(&room.good(&format!("explain m --data {data} --rows 1, --json")));
        found[0]["file"] = Value::Null;
        found
    };
    let alone = explained("one.csv");
    for data in ["two.csv", "many.csv"] {
        assert_eq!(alone, explained(data), "{data}");
    }
    let fields = &alone[0]["fields"];
    let k = fields["explained"].as_u64().expect("an output") as usize;
    let income = fields["attributions"][0][k].as_f64().expect("a number");
    assert!(fields["players"][0]["name"] == "income" && income > 0.1, "{fields}");
    assert_eq!((&alone[0]["background"], &alone[0]["fills"]["income"]), (&84.into(), &"background".into()));
    let text = room.good("explain m --data one.csv --rows 1,");
    assert!(text.starts_with("row 1 of one.csv\nMostly income"), "{text}");
    // The same kept rows give other values to choose from.
    let other = json(&room.good("counterfactual m --data one.csv --rows 1, --json"));
    assert!(other[0]["counterfactual"]["changes"].as_array().is_some_and(|c| !c.is_empty()), "{other}");
    let effects = json(&room.good("importance m --data two.csv --repeats 2 --effects 1 --json"));
    assert!(effects["effects"][0]["values"].as_array().is_some_and(|v| v.len() > 2), "{effects}");

    // Given ones still go first, and few are warned about.
    let given = explained("one.csv --background-data train.csv --background 40");
    assert_eq!(given[0]["background"], 40);
    let few = room.run("explain m --data one.csv --background-data two.csv");
    assert!(few.err.contains("two.csv: 2 rows say little of what is usual"), "{}", few.err);
}

#[test]
fn a_model_that_keeps_nothing_wants_rows_that_say_what_is_usual() {
    let room = Room::new();
    room.put("t.csv", csv(80)).put("two.csv", csv(2));
    let said = room.run(&format!("{TRAIN} --set artifact.background=0 --out m"));
    assert!(
        said.err.contains("no training rows travel with this model (`artifact.background` is 0)"),
        "{}",
        said.err
    );
    assert!(!room.path("m/background.parquet").exists());
    assert!(room.text("m/README.md").contains("No training rows travel with this model"));
    room.bad(
        "explain m --data two.csv",
        &[
            "two.csv: 2 rows as background",
            "at least 30",
            "--background-data FILE",
            "artifact.background=100",
        ],
    );
    let said = room.run("explain m --data two.csv --background-data t.csv --background 8 --level columns");
    assert_eq!(said.code, Some(0), "{}", said.err);
    let said = room.run("explain m --data t.csv --rows 1 --background 8 --level columns");
    assert_eq!(said.code, Some(0), "{}", said.err);
    room.bad(&format!("{TRAIN} --set artifact.background=many --out n"), &["artifact.background", "many"]);
}

#[test]
fn the_kept_rows_are_the_same_for_a_seed() {
    let room = Room::new();
    room.put("t.csv", csv(200));
    let rows = |seed: usize, out: &str| {
        room.good(&format!("{TRAIN} --seed {seed} --set artifact.background=20 --out {out}"));
        room.read(&format!("{out}/background.parquet"))
    };
    let first = rows(1, "a");
    assert!(first == rows(1, "b"));
    assert!(first != rows(2, "c"));
    // A changed file is refused as every other of the folder is.
    room.put("a/background.parquet", &first[..first.len() - 1]);
    room.bad("explain a --data t.csv", &["background.parquet", "sha256"]);
}
