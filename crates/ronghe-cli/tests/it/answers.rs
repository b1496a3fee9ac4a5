//! Conversations, answers in a language model's words, and figures.

use crate::knowledge::{json, library};
use crate::support::Room;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;

fn indexed() -> Room {
    let room = library();
    room.good("index docs --store s --network none --quiet");
    room
}

#[test]
fn the_documents_of_the_examples_answer_in_both_languages() {
    let room = Room::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/knowledge/documents");
    let report = json(&room.good(&format!("index {folder} --store s --network none --json")));
    assert_eq!(
        (&report["read"], report["failed"].as_array().map(Vec::len)),
        (&11.into(), Some(0)),
        "{report}"
    );
    let ask = |question: &str| {
        let output = room.command("ask --store s --json").arg(question).output().expect("it runs");
        let answer = json(&String::from_utf8_lossy(&output.stdout));
        (output.status.code(), answer["sentences"][0]["citation"].clone())
    };
    for (question, quote, file) in [
        ("How many days of holiday may be carried over?", "up to five of them", "handbook.docx"),
        ("What does it cost to leave furniture in the yard?", "50 euros", "house-rules.html"),
        ("How much does the Ceres 90 oven cost?", "1190", "ovens.csv"),
        ("How long does opened jam keep?", "three weeks", "preserves.pdf"),
        ("周末加班工资怎么算？", "双倍工资", "员工手册.docx"),
        ("租客提前退租要提前多久通知房东？", "提前三十天", "租赁合同.txt"),
    ] {
        let (code, citation) = ask(question);
        assert_eq!(code, Some(0), "{question}: {citation}");
        assert!(citation["quote"].as_str().is_some_and(|q| q.contains(quote)), "{question}: {citation}");
        assert!(citation["path"].as_str().is_some_and(|p| p.ends_with(file)), "{question}: {citation}");
    }
    for question in ["Who composed the opera about the lighthouse?", "公司的股票代码是什么？"] {
        assert_eq!(ask(question).0, Some(4), "{question}");
    }
}

#[test]
fn a_conversation_takes_over_what_was_talked_about() {
    let room = indexed();
    let mut running = room
        .command("ask --chat --store s --json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let asked = "At how many degrees does copper melt?\n\n？\nAnd when was it first smelted?\nWhich orchestra premiered the symphony?\n";
    running.stdin.take().expect("a pipe").write_all(asked.as_bytes()).expect("it listens");
    let output = running.wait_with_output().expect("it ends");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{err}");
    let answers: Vec<Value> = out.lines().map(json).collect();
    // An empty line asks nothing, and a question without words is a warning.
    assert_eq!(answers.len(), 3, "{out}{err}");
    assert!(err.contains("warning: "), "{err}");
    assert_eq!(answers[0]["taken_over"], Value::Array(Vec::new()));
    assert!(answers[1]["taken_over"].to_string().to_lowercase().contains("copper"), "{}", answers[1]);
    assert!(
        answers[1]["sentences"][0]["citation"]["quote"].to_string().contains("5000 BC"),
        "{}",
        answers[1]
    );
    assert_eq!(answers[2]["answered"], false);
    for wrong in ["ask --store s", "ask --chat question --store s", "ask question --model m --store s"] {
        assert_eq!(room.run(wrong).code, Some(2), "{wrong}");
    }
}

/// A server that answers every request for a chat with the same words, and its address.
fn model(says: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a request");
            let (mut asked, mut part) = (Vec::new(), [0; 4096]);
            // A request for models has no body; one for a chat ends with it.
            while !asked.ends_with(b"\r\n\r\n") && !asked.ends_with(b"}") {
                let read = stream.read(&mut part).expect("a request");
                asked.extend_from_slice(&part[..read]);
            }
            let body = match asked.starts_with(b"GET") {
                true => serde_json::json!({"data": [{"id": "parrot"}]}).to_string(),
                false => {
                    let piece = serde_json::json!({"choices": [{"delta": {"content": says}}]});
                    format!("data: {piece}\n\ndata: [DONE]\n\n")
                }
            };
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
            stream.write_all((head + &body).as_bytes()).expect("it listens");
        }
    });
    address
}

#[test]
fn a_language_model_is_believed_as_far_as_its_sources_bear_it() {
    let room = indexed();
    let question = "租客要提前多久书面通知房东？";
    let ask = |address: &str, more: &str| {
        let line = format!("ask --store s --generate {address} {more}");
        let output = room.command(&line).arg(question).output().expect("it runs");
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let told = json(&ask(&model("租客应当提前三个月书面通知房东。[1]"), "--json"));
    assert_eq!(
        (&told["written"]["model"], &told["written"]["supported"]),
        (&"parrot".into(), &1.into()),
        "{told}"
    );
    // Another number: the sentence of the document stands in its place.
    let told = ask(&model("租客应当提前六个月书面通知房东。[1]"), "");
    assert!(told.starts_with("租客应当提前三个月书面通知房东。 [1]\n"), "{told}");
    assert!(told.contains("quoted: ") && told.contains("0 of its 1 sentences"), "{told}");

    let address = model("Notice is given in writing. [1] The moon is made of cheese. [1]");
    let line = format!("summarise docs/law/lease.md --sentences 1 --generate {address} --json");
    let told = json(&room.good(&line));
    assert_eq!(told["written"]["generated"], 2, "{told}");
    assert!(!told["written"]["sentences"].to_string().contains("\"text\":\"The moon"), "{told}");
    // Nothing found: no model is asked, and none is needed.
    let refused = room
        .command(&format!("ask --store s --generate {address}"))
        .arg("Which orchestra premiered the symphony?")
        .output();
    assert_eq!(refused.expect("it runs").status.code(), Some(4));
    room.bad("ask notice --store s --generate localhost:1", &["http://127.0.0.1:8080"]);
    room.bad("ask notice --store s --generate http://127.0.0.1:1 --key-env NO_SUCH_KEY", &["NO_SUCH_KEY"]);
}

#[test]
fn figures_stand_beside_their_baselines() {
    let room = indexed();
    room.put("qa.jsonl", "{\"question\": \"At how many degrees does copper melt?\", \"answers\": [\"1085\"]}\n{\"question\": \"租客要提前多久书面通知房东？\", \"answers\": [\"三个月\"]}\n{\"question\": \"Which orchestra premiered the symphony?\", \"answers\": []}\n");
    let figures = json(&room.good("evaluate-ask qa.jsonl --store s --json"));
    assert_eq!((&figures["answerable"], &figures["unanswerable"]), (&2.into(), &1.into()), "{figures}");
    assert_eq!(figures["holds_answer"], 1.0, "{figures}");
    assert_eq!(figures["as_calibrated"]["refused"], 1.0, "{figures}");
    assert!(room.good("evaluate-ask qa.jsonl --store s").contains("others refused"));
    room.put("bad.jsonl", "{\"question\": \"x\"}\n");
    room.bad("evaluate-ask bad.jsonl --store s", &["bad.jsonl, line 1", "answers"]);

    room.put("set/corpus.jsonl", "{\"_id\": \"a\", \"title\": \"Copper\", \"text\": \"Copper melts at 1085 degrees.\"}\n{\"_id\": \"b\", \"title\": \"Tin\", \"text\": \"Tin melts at 232 degrees.\"}\n{\"_id\": \"c\", \"title\": \"\", \"text\": \"The harbour is old.\"}\n")
        .put("set/queries.jsonl", "{\"_id\": \"q\", \"text\": \"melting of copper\"}\n{\"_id\": \"r\", \"text\": \"old harbour\"}\n")
        .put("set/qrels/test.tsv", "query-id\tcorpus-id\tscore\nq\ta\t1\nr\tc\t1\n");
    let figures = json(&room.good("evaluate-search set --network none --store kept --json"));
    let words = figures["ways"].as_array().and_then(|m| m.iter().find(|m| m["name"] == "words"));
    assert_eq!(words.map(|w| &w["ndcg10"]["mean"]), Some(&Value::from(1.0)), "{figures}");
    assert!(room.good("evaluate-search set --network none --store kept").contains("words"));
    room.bad("evaluate-search set --split dev --network none", &["no split `dev`", "test"]);

    room.put("pairs.jsonl", "{\"text\": \"今天下雨。公司收入增长三成，利润翻倍。\", \"summaries\": [\"公司收入增长三成\"]}\n{\"text\": \"Copper melts at 1085 degrees. It was first smelted in 5000 BC.\", \"summaries\": [\"The melting point of copper\"]}\n");
    let figures = json(&room.good("evaluate-summary pairs.jsonl --network none --json"));
    let names: Vec<&str> =
        figures["methods"].as_array().expect("a list").iter().filter_map(|m| m["name"].as_str()).collect();
    assert_eq!(names, ["lead", "lexical"], "{figures}");
    assert!(room.good("evaluate-summary pairs.jsonl --network none").contains("lead"));
}
