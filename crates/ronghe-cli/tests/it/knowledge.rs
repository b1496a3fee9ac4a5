//! Documents: indexed, searched, asked; and killed while they are written.

use crate::support::Room;
use serde_json::Value;
use std::io::Read;
use std::process::Stdio;
use std::time::{Duration, Instant};

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

pub(crate) fn library() -> Room {
    let room = Room::new();
    room.put("docs/law/lease.md", "# Lease\n\n## Notice\n\nThe tenant gives notice of three months, in writing.\n\n## Rent\n\nRent is due on the first day of each month.")
        .put("docs/law/合同.txt", "租客应当提前三个月书面通知房东。\n\n租金在每月的第一天支付。")
        .put("docs/metals/copper.html", "<html><head><title>Copper</title></head><body><nav><a href=x>Home</a></nav><p>Copper melts at 1085 degrees. It was first smelted in 5000 BC.</p></body></html>")
        .put("docs/metals/prices.csv", "metal,price,unit\ncopper,9500,dollars a ton\ntin,33000,dollars a ton\n")
        .put("docs/metals/broken.pdf", "%PDF-1.4 nothing")
        .put("docs/metals/logo.xyz", "?");
    // Enough of something else to tell rare words from usual ones.
    for i in 0..30 {
        room.put(
            &format!("docs/diary/{i}.txt"),
            format!("Entry {i}: we walked to the old harbour and looked at ships for {i} hours."),
        );
    }
    room
}

#[test]
fn a_mixed_folder_is_indexed_searched_and_asked() {
    let room = library();
    let report = json(&room.good("index docs --store s --network none --json"));
    assert_eq!((&report["read"], &report["unchanged"]), (&34.into(), &0.into()), "{report}");
    assert!(report["failed"][0][0].as_str().unwrap_or_default().ends_with("broken.pdf"), "{report}");
    assert_eq!(report["skipped"]["xyz"], 1);
    assert_eq!(json(&room.good("index docs --store s --network none --json"))["unchanged"], 35);

    let found = json(&room.good("search melting_copper --store s --json"));
    let best = &found[0]["citation"];
    assert!(best["path"].as_str().unwrap_or_default().ends_with("copper.html"), "{found}");
    let found = json(&room.good("search 通知房東 --store s --domain law --json"));
    assert!(found[0]["citation"]["quote"].as_str().unwrap_or_default().contains("通知房东"), "{found}");
    room.bad("search copper --store s --domain laws", &["`laws`", "diary, law, metals"]);
    room.bad("search copper --store s --by meaning", &["--network"]);
    room.bad("search copper --store nowhere", &["nowhere", "ronghe index"]);
    room.bad("search copper --store s --since 1999", &["1999", "such as 2026-03-31"]);

    let run = |question: &str| {
        let output = room.command("ask --store s --json --why").arg(question).output().expect("it runs");
        (output.status.code(), json(&String::from_utf8_lossy(&output.stdout)))
    };
    let (code, answer) = run("At how many degrees does copper melt?");
    assert_eq!(code, Some(0), "{answer}");
    assert!(
        answer["sentences"][0]["citation"]["quote"].as_str().unwrap_or_default().contains("1085"),
        "{answer}"
    );
    let (code, answer) = run("租客要提前多久书面通知房东？");
    assert_eq!(code, Some(0), "{answer}");
    assert_eq!(answer["sentences"][0]["citation"]["quote"], "租客应当提前三个月书面通知房东。");
    let (code, answer) = run("Which orchestra premiered the symphony?");
    assert_eq!((code, &answer["answered"]), (Some(4), &false.into()), "{answer}");
    assert!(answer["looked_for"].to_string().contains("orchestra"));

    let summary = json(&room.good("summarise docs/law/lease.md docs/law/合同.txt --sentences 2 --json"));
    assert_eq!(summary["sentences"].as_array().map(Vec::len), Some(2), "{summary}");
    assert!(
        room.good("summarise --store s --domain law --query rent --sentences 1")
            .to_lowercase()
            .contains("rent")
    );

    let stats = json(&room.good("store stats s --json"));
    assert_eq!((&stats["files"], stats["failures"].as_array().map(Vec::len)), (&34.into(), Some(1)));
    assert!(room.good("store check s").contains("looked at"));
    assert!(room.good("store migrate s").contains("34 files"));
    room.bad("store migrate nowhere", &["nowhere", "ronghe index"]);
    let line = room.good("store export s");
    let line = json(line.lines().next().expect("a line"));
    let (text, span) = (line["text"].as_str().expect("text"), &line["chunks"][0]["span"]);
    let at = |name: &str| span[name].as_u64().expect("a place") as usize;
    assert!(text.get(at("start")..at("end")).is_some());
}

#[test]
fn killed_at_any_moment_nothing_that_was_ready_is_lost() {
    kill(50);
}

#[test]
#[ignore = "minutes: cargo test -p ronghe-cli killed_two_hundred_times_nothing_that_was_ready_is_lost -- --ignored"]
fn killed_two_hundred_times_nothing_that_was_ready_is_lost() {
    kill(200);
}

/// Kills the program again and again while it writes: what it said was ready is there, and nothing is half there.
fn kill(kills: u32) {
    let room = Room::new();
    let text = |i: u32, round: u32| {
        format!("Document {i} of round {round}.\n\nIts topic is number{i} and nothing else.")
    };
    (0..600).for_each(|i| {
        room.put(&format!("docs/{i}.txt"), text(i, 0));
    });
    let mut state = 12345_u64;
    for round in 1..=kills {
        let mut running = room
            .command("index docs --store s --network none")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        std::thread::sleep(Duration::from_millis(state >> 33 & 511));
        let _ = running.kill();
        let mut said = String::new();
        running.stderr.take().expect("a pipe").read_to_string(&mut said).expect("what it said");
        running.wait().expect("it ends");
        let mut ready = said
            .lines()
            .filter_map(|l| l.strip_prefix("ready: ")?.split_once(" files")?.0.parse::<u64>().ok());
        let ready = ready.next_back().unwrap_or(0);
        if !room.path("s/store.db").exists() {
            assert_eq!(ready, 0);
            continue;
        }
        let started = Instant::now();
        let stats = room.run("store stats s --json");
        if stats.code != Some(0) {
            // Killed before there were tables.
            assert_eq!((ready, round < 5), (0, true), "{}", stats.err);
            continue;
        }
        assert!(started.elapsed() < Duration::from_secs(2));
        let files = json(&stats.out)["files"].as_u64().expect("files");
        assert!(files >= ready, "round {round}: {ready} were ready, {files} are there");
        // Some files change, so that there is always something to write.
        (0..40).for_each(|k| {
            let i = (round * 40 + k) % 600;
            room.put(&format!("docs/{i}.txt"), text(i, round));
        });
    }
    room.good("index docs --store s --network none --quiet");
    assert_eq!(json(&room.good("store stats s --json"))["files"], 600);
    let problems = room.run("store check s");
    assert_eq!(problems.code, Some(0), "{}{}", problems.out, problems.err);
    let found = json(&room.good("search number77 --store s --json"));
    assert!(found[0]["citation"]["path"].as_str().unwrap_or_default().ends_with("/77.txt"), "{found}");
}

#[test]
fn broken_files_are_named_and_stop_nothing() {
    let room = library();
    // Two cells in a workbook, a page, a picture with words beside it, and one without.
    room.put("docs/metals/deep.html", "<div>".repeat(100_000))
        .put("docs/metals/broken.docx", "PK\u{3}\u{4}")
        .put("docs/metals/ore.jpg", "no picture")
        .put("docs/metals/ore.txt", "A green ore of malachite lies on the table.")
        .put("docs/metals/plain.png", "no picture");
    let said = room.run("index docs --store s --network none --json");
    assert_eq!(said.code, Some(0), "{}", said.err);
    assert!(!said.err.contains("panicked") && !said.err.contains("backtrace"), "{}", said.err);
    let report = json(&said.out);
    let failed = report["failed"].as_array().expect("a list");
    let named = |name: &str| failed.iter().any(|f| f[0].as_str().is_some_and(|path| path.ends_with(name)));
    assert!(named("broken.pdf") && named("broken.docx") && named("deep.html"), "{report}");
    assert_eq!((failed.len(), &report["empty"]), (3, &1.into()), "{report}");
    let found = json(&room.good("search malachite --store s --json"));
    assert!(found[0]["citation"]["path"].as_str().unwrap_or_default().ends_with("ore.jpg"), "{found}");
    assert!(!room.good("--help").contains("read-documents"));
    let out = room.good("index docs --store t --network none");
    assert!(out.contains("without any text in or beside them: 1"), "{out}");
}

#[test]
fn a_second_writer_is_told_to_wait() {
    let room = library();
    room.good("index docs --store s --network none --quiet");
    let lock = std::fs::File::options().write(true).open(room.path("s/lock")).expect("a lock");
    lock.lock().expect("locked");
    room.bad("index docs --store s --network none", &["another that is writing", "wait"]);
    assert!(room.good("search copper --store s").contains("copper"));
}

/// A full disk, as far as the program can tell: no file may grow beyond some size.
#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_and_the_store_opens_after() {
    let room = Room::new();
    for i in 0..300 {
        let text =
            format!("Document {i}.\n\n{}", format!("Its topic is number{i} and nothing else. ").repeat(40));
        room.put(&format!("docs/{i}.txt"), text);
    }
    let mut failed = 0;
    for blocks in [20, 100, 400, 1000] {
        let script = format!(
            "trap '' XFSZ; ulimit -f {blocks}; exec {} index docs --store s --network none --quiet",
            env!("CARGO_BIN_EXE_ronghe")
        );
        let output = std::process::Command::new("sh")
            .args(["-c", &script])
            .current_dir(room.path(""))
            .output()
            .expect("it runs");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!err.contains("panicked"), "{err}");
        if output.status.code() == Some(0) {
            continue;
        }
        failed += 1;
        assert!(err.contains("error: store s") && err.contains("make room"), "{blocks}: {err}");
        if room.path("s/store.db").exists() {
            let stats = room.run("store stats s --json");
            assert!(stats.code == Some(0) || stats.err.contains("no store"), "{}", stats.err);
        }
    }
    assert!(failed > 0);
    room.good("index docs --store s --network none --quiet");
    assert_eq!(json(&room.good("store stats s --json"))["files"], 300);
    room.good("store check s");
}
