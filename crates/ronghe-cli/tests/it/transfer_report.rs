//! `transfer-report` without any network at hand: plain baselines, and what could be pulled.

use crate::support::{Room, csv};
use ronghe_data::synth::pnm_bytes;
use serde_json::Value;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

#[test]
fn texts_are_reported_on_with_what_is_here() {
    let room = Room::new();
    room.put("t.csv", csv(160));
    let line = "transfer-report t.csv --target label";
    let text = room.good(line);
    // Rows that are kept for testing are not looked at, nor columns of tables.
    assert!(text.starts_with("note (text): 128 of 128 rows, 2 classes; accuracy 0.5"), "{text}");
    assert!(text.lines().any(|l| l.starts_with("TF-IDF")), "{text}");
    assert!(text.contains("minilm is not here: ronghe pull minilm\n"), "{text}");
    assert!(text.contains("e5 is not here: ronghe pull e5-small e5-small-tokenizer\n"), "{text}");
    assert!(text.contains("inputs:\n  - name: note\n    encoder: tfidf\n"), "{text}");
    assert!(!text.contains("shop") && text.lines().all(|l| l.chars().count() <= 100), "{text}");

    let found = json(&room.good(&format!("{line} --input note --rows 60 --json")));
    let input = &found["inputs"][0];
    assert_eq!((&input["rows"], &input["of_rows"], &input["classes"]), (&60.into(), &128.into(), &2.into()));
    assert_eq!(input["advice"]["because"], "no_network");
    let tried = &input["ranked"][0];
    let value = tried["linear"]["value"].as_f64().expect("a number");
    // The words give the label away.
    assert!(value > 0.9 && tried["plain"] == true, "{tried}");
    let interval: Vec<f64> =
        tried["linear"]["interval"].as_array().expect("two").iter().filter_map(Value::as_f64).collect();
    // Of rows that are all right the upper end is 1 but for rounding.
    assert!(interval[0] < value && value < interval[1] + 1e-9);

    room.bad(&format!("{line} --input shop"), &["`shop`", "pictures, text or sound", "note"]);
    room.bad("transfer-report t.csv --target labl", &["`labl`", "label"]);
    room.put("few.csv", csv(12))
        .bad("transfer-report few.csv --target label", &["20 rows", "give more rows"]);
    let said = room.run(&format!("{line} --scratch-seconds -1"));
    assert_eq!(said.code, Some(2));
}

#[test]
fn pictures_and_a_quantity() {
    let room = Room::new();
    let mut table = String::from("图片,brightness\n");
    for i in 0..60usize {
        let shade = (i * 37 % 200) as u8;
        let pixels: Vec<u8> = (0..20 * 20 * 3).map(|p| shade.saturating_add((p % 7) as u8)).collect();
        room.put(&format!("p/{i}.ppm"), pnm_bytes(20, 20, 3, &pixels));
        table.push_str(&format!("p/{i}.ppm,{}.5\n", shade));
    }
    for i in 9..15 {
        room.put(&format!("p/{i}.ppm"), "no picture");
    }
    room.put("t.csv", table);
    let said = room.run("transfer-report t.csv --target brightness --json");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(said.err.contains("cannot be read and are left out; the first: t.csv: row 1"), "{}", said.err);
    let found = json(&said.out);
    assert_eq!(found["metric"], "r2");
    let input = &found["inputs"][0];
    assert_eq!((&input["input"], &input["modality"]), (&"图片".into(), &"image".into()));
    assert!(input["ranked"][0]["linear"]["value"].as_f64().is_some_and(|v| v > 0.95), "{input}");
    assert_eq!(input["yaml"], "inputs:\n  - name: 图片\n    encoder: cnn\n");
    assert_eq!(input["to_pull"][0][0], "efficientnet_lite0");
}
