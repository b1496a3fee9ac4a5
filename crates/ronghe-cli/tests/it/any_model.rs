//! Models that are not ours: in another program, and in ONNX files.

use crate::support::Room;
use serde_json::Value;

/// `y = 2 a - b`, a missing cell being 0, in a shell: blanks around what is between the braces, then numbers by name.
#[cfg(unix)]
const LINEAR: &str = r#"#!/bin/sh
echo '{"task":"regression","target":"y","columns":[{"name":"a","kind":"number"},{"name":"b","kind":"number"}]}'
while read -r line; do
  printf '%s\n' "$line" | awk '
    { match($0, /"id": *[0-9]+/); id = substr($0, RSTART, RLENGTH)
      count = split($0, rows, "{"); values = ""
      for (i = 3; i <= count; i++) {
        a = rows[i]; sub(/.*"a": */, "", a); b = rows[i]; sub(/.*"b": */, "", b)
        values = values (i > 3 ? "," : "") "[" (2 * a - b) "]" }
      print "{" id ",\"values\":[" values "]}" }'
done
"#;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

#[cfg(unix)]
fn script(room: &Room, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    room.put(name, text);
    std::fs::set_permissions(room.path(name), std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[cfg(unix)]
#[test]
fn a_program_is_explained() {
    let room = Room::new();
    room.put("t.csv", "a,b,y\n1.5,2,1\n4,-1,9\n0.5,0.5,0.5\n2,3,1\n");
    script(&room, "linear.sh", LINEAR);
    let line = "--model-command ./linear.sh --data t.csv";
    let found = json(&room.good(&format!("explain {line} --rows 2, --background 4 --out why --json")));
    let fields = &found[0]["fields"];
    let phi = |i: usize| fields["attributions"][i][0].as_f64().expect("a number");
    // Beside means of 2 and 1.125.
    assert!((phi(0) - 4.0).abs() < 1e-9 && (phi(1) - 2.125).abs() < 1e-9, "{fields}");
    assert_eq!(fields["prediction"][0], 9.0);
    let said = room.run(&format!("explain {line} --rows 2, --background 4 --out why --resume"));
    assert!(said.code == Some(0) && said.err.contains("4 taken over, 0 new"), "{}", said.err);
    // A program that answers otherwise is another model.
    script(&room, "linear.sh", &LINEAR.replace("2 * a - b", "2 * a + b"));
    room.bad(&format!("explain {line} --rows 2, --background 4 --out why --resume"), &["2.bin", "of model"]);
    let found = json(&room.good(&format!("importance {line} --repeats 2 --effects 1 --json")));
    assert_eq!(found["importance"][0]["column"], "a");
    room.bad(&format!("counterfactual {line}"), &["a model of classes", "quantity"]);
}

#[cfg(unix)]
#[test]
fn a_program_that_dies_or_hangs_is_told() {
    let room = Room::new();
    room.put("t.csv", "a,b\n1,2\n3,4\n");
    let hello = LINEAR.lines().take(2).collect::<Vec<_>>().join("\n");
    script(&room, "dying.sh", &format!("{hello}\nread -r line\necho out of luck >&2\nexit 3\n"));
    let said = room.run("explain --model-command ./dying.sh --data t.csv");
    assert!(said.code == Some(1) && said.err.contains("error: model `./dying.sh`"), "{}", said.err);
    // What it said stands on lines of its own.
    assert!(said.err.contains("it said: \nout of luck\n"), "{}", said.err);
    script(&room, "hanging.sh", &format!("{hello}\nexec sleep 60\n"));
    let begun = std::time::Instant::now();
    let line = "explain --model-command ./hanging.sh --answer-seconds 1 --data t.csv";
    room.bad(line, &["./hanging.sh", "1.0 s"]);
    assert!(begun.elapsed().as_secs() < 20);
    let said = room.run("explain m --model-command ./dying.sh --data t.csv");
    assert_eq!(said.code, Some(2), "{}", said.err);
}

#[cfg(not(feature = "onnx"))]
#[test]
fn without_onnx_the_option_says_how_to_get_it() {
    let room = Room::new();
    room.put("t.csv", "a,b\n1,2\n");
    room.bad("explain --model-onnx m.onnx --data t.csv", &["m.onnx", "--features onnx"]);
}

#[cfg(feature = "onnx")]
#[test]
fn a_network_in_a_file_is_explained() {
    let room = Room::new();
    room.put("t.csv", "p,q,r,y\n0.5,1,-1,a\n-1,0.25,0.5,b\n0,0.5,1,b\n1,-1,0,a\n");
    room.put("m.onnx", include_bytes!("../../../ronghe/tests/golden/onnx/columns.onnx"));
    let line = "--model-onnx m.onnx --data t.csv";
    room.bad(&format!("explain {line}"), &["m.onnx", "m.onnx.yaml"]);
    room.put("m.onnx.yaml", "task: multi_class\ntarget: y\nlabels: [a, b, c]\ncolumns: [p, q, r]\n");
    let found = json(&room.good(&format!("explain {line} --rows 1 --background 4 --log-odds --json")));
    let e = &found[0]["fields"];
    let logits = [0.5 + 0.5, -0.5 - 2.0 + 0.25, -0.5 + 2.0 - 0.25];
    let odds = |k: usize| {
        let others: f64 = (0..3).filter(|&j| j != k).map(|j| f64::exp(logits[j])).sum();
        logits[k] - others.ln()
    };
    for k in 0..3 {
        assert!((e["prediction"][k].as_f64().expect("a number") - odds(k)).abs() < 1e-4, "{e}");
    }
    assert!(room.good(&format!("importance {line} --repeats 2")).contains("r"));
    assert!(room.good(&format!("counterfactual {line} --rows 1")).starts_with("row 1"));
}
