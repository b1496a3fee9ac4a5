//! What explains a model: over many rows, by examples, by changes, and going on from an earlier run.

use crate::support::{Room, TRAIN, csv};
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// A room with a table and a model of it.
fn room() -> Room {
    let room = Room::new();
    room.put("t.csv", csv(160)).put("new.csv", csv(24));
    room.good(&format!("{TRAIN} --set training.epochs=8 --out m"));
    room
}

#[test]
fn importance_counterfactual_and_nearest() {
    let room = room();
    let found = json(&room.good("importance m --data t.csv --repeats 2 --effects 1 --json"));
    let increase = |name: &str| {
        let all = found["importance"].as_array().expect("columns");
        all.iter().find(|i| i["column"] == name).expect(name)["increase"].as_f64().expect("a number")
    };
    assert!(increase("note") > increase("size"), "{found}");
    assert_eq!(found["effects"].as_array().map(Vec::len), Some(1));
    let text = room.good("importance m --data t.csv --repeats 2 --effects 1 --rows 40");
    assert!(text.starts_with("loss increase with the column shuffled (40 rows"), "{text}");
    room.put("blind.csv", "id,note,size\nr1,cold rain,4\n");
    room.bad("importance m --data blind.csv", &["`label`", "note, size"]);

    let found = json(&room.good("counterfactual m --data t.csv --rows 1,2 --keep size --json"));
    assert_eq!((&found[0]["row"], &found[1]["row"]), (&1.into(), &2.into()));
    for one in found.as_array().expect("rows") {
        let changes = one["counterfactual"]["changes"].as_array();
        assert!(changes.is_none_or(|c| c.iter().all(|c| c["column"] != "size")), "{one}");
    }
    let text = room.good("counterfactual m --data t.csv --rows 2");
    assert!(text.contains("row 1: ") && text.contains("row 2: "), "{text}");
    room.bad("counterfactual m --data t.csv --keep sise", &["`sise`", "size"]);

    let line = "nearest m --data new.csv --rows 1,3 --among t.csv --neighbours 4";
    let found = json(&room.good(&format!("{line} --json")));
    assert_eq!((&found[0]["row"], &found[1]["row"]), (&1.into(), &3.into()));
    for one in found.as_array().expect("rows") {
        let near = one["neighbours"].as_array().expect("neighbours");
        let distances: Vec<f64> = near.iter().filter_map(|n| n["distance"].as_f64()).collect();
        // The row itself stands in the other table, and comes first.
        assert_eq!((&near[0]["row"], distances[0], near.len()), (&one["row"], 0.0, 4));
        assert!(distances.windows(2).all(|w| w[0] <= w[1]), "{one}");
        let agree = near.iter().filter(|n| n["target"] == one["prediction"]).count();
        assert_eq!((&one["agree"], &one["known"]), (&agree.into(), &4.into()));
    }
    let text = room.good(line);
    assert!(text.starts_with("row 1: label ") && text.contains(" of 4 are "), "{text}");
    let own = json(&room.good("nearest m --data t.csv --rows 1 --among t.csv --json"));
    assert!(own[0]["neighbours"].as_array().expect("neighbours").iter().all(|n| n["row"] != 1), "{own}");
    let unknown = room.good("nearest m --data t.csv --rows 1 --among blind.csv --quiet");
    assert!(unknown.contains("is not known") && unknown.contains("what they are is not known"), "{unknown}");
}

#[test]
fn a_tighter_tolerance_goes_on_from_what_is_kept() {
    let room = room();
    let line = "explain m --data t.csv --rows 2,5 --background 8 --method kernel --log-odds";
    let evaluations = |folder: &str| -> u64 {
        let found = json(&room.text(&format!("{folder}/explanations.json")));
        let rows = found.as_array().expect("rows").iter();
        rows.map(|r| r["parts"]["evaluations"].as_u64().expect("a count")).sum()
    };
    room.good(&format!("{line} --tolerance 0.5 --out kept"));
    let loose = evaluations("kept");
    let said = room.run(&format!("{line} --tolerance 0.0001 --out kept --resume"));
    assert_eq!(said.code, Some(0), "{}", said.err);
    room.good(&format!("{line} --tolerance 0.0001 --out fresh"));
    let tight = evaluations("fresh");
    assert!(loose < tight, "{loose} {tight}");
    assert!(
        said.err.contains(&format!("evaluations: {loose} taken over, {} new", tight - loose)),
        "{loose} {tight} {}",
        said.err
    );
    for name in ["explanations.json", "explanations.npz", "report.html", "evaluations/2.bin"] {
        assert!(room.read(&format!("kept/{name}")) == room.read(&format!("fresh/{name}")), "{name} differs");
    }
    // A looser run takes over what it needs, and says what it would have said.
    let said = room.run(&format!("{line} --tolerance 0.5 --out kept --resume"));
    assert!(said.err.contains(&format!("evaluations: {loose} taken over, 0 new")), "{}", said.err);
    assert_eq!(evaluations("kept"), loose);
    // A larger budget goes on as well.
    let budget = |budget: usize, rest: &str| {
        let said = room.run(&format!("{line} --tolerance 0.0001 --budget {budget} {rest}"));
        assert!(matches!(said.code, Some(0 | 3)), "{}", said.err);
        said.err
    };
    budget(70, "--out more");
    assert!(budget(400, "--out more --resume").contains(" new"));
    budget(400, "--out whole");
    assert!(room.read("more/explanations.json") == room.read("whole/explanations.json"));

    // What is of something else is refused, with what it is.
    let tight = format!("{line} --out kept --resume");
    room.bad(&tight.replace("--background 8", "--background 9"), &["2.bin", "of background", "--resume"]);
    room.bad(&format!("{tight} --mask note=words:3/mask"), &["2.bin", "of masks", "words:3/mask"]);
    room.bad(&tight.replace("--log-odds", ""), &["2.bin", "of link"]);
    room.bad(&format!("{tight} --background-data t.csv --seed 7"), &["2.bin", "of background"]);
    room.good(&format!("{TRAIN} --set training.epochs=3 --out n"));
    room.bad(&tight.replace("explain m", "explain n"), &["2.bin", "of model"]);
    let whole = room.read("kept/evaluations/5.bin");
    room.put("kept/evaluations/5.bin", &whole[..whole.len() - 5]);
    room.bad(&tight, &["5.bin", "a damaged file"]);
    let alone = room.run("explain m --data t.csv --resume");
    assert!(alone.code == Some(2) && alone.err.contains("--out"), "{}", alone.err);
}

#[test]
fn an_explanation_is_checked() {
    let room = room();
    let said = room.run("explain m --data t.csv --rows 2, --background 6 --check --json");
    assert!(matches!(said.code, Some(0 | 3)), "{}", said.err);
    let check = &json(&said.out)[0]["check"];
    assert!(check["sensitivity"].as_f64().is_some_and(|s| s >= 0.0), "{check}");
    assert!(
        check["faithfulness"].is_object() && check["other_masks"]["note"] != "words:40/delete",
        "{check}"
    );
    let text = room.run("explain m --data t.csv --rows 2, --background 6 --check").out;
    assert!(text.contains("row 2 of t.csv"), "{text}");
}

#[cfg(feature = "png")]
#[test]
fn charts_are_drawn_as_png_files_too() {
    let room = room();
    let said = room.run("explain m --data t.csv --rows 2 --background 4 --out why");
    // A machine without fonts cannot draw words, and says so.
    if said.err.contains("no PNG files: fonts") {
        return;
    }
    let mut names: Vec<String> = std::fs::read_dir(room.path("why/plots"))
        .expect("plots")
        .map(|f| f.expect("a file").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    let stems = |end: &str| -> Vec<String> {
        names.iter().filter_map(|n| n.strip_suffix(end)).map(str::to_owned).collect()
    };
    assert!(!stems(".svg").is_empty(), "{names:?}");
    assert_eq!(stems(".svg"), stems(".png"));
    for stem in stems(".png") {
        assert!(room.read(&format!("why/plots/{stem}.png")).starts_with(b"\x89PNG"), "{stem}");
    }
}
