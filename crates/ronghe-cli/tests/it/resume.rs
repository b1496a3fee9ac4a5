//! A training that is killed goes on where it was; what is finished or under way is not destroyed.

use crate::support::{Room, TRAIN, csv};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Epochs that take long enough to be killed among.
const LONG: &str = "train --data t.csv --target label --set data.drop=[id] --set training.epochs=60 \
                    --set training.batch_size=4 --quiet";

#[test]
fn a_killed_training_resumes_to_the_same_bytes() {
    let room = Room::new();
    room.put("t.csv", csv(160));
    room.good(&format!("{LONG} --out whole"));

    let mut running = room
        .command(&format!("{LONG} --out killed"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let started = Instant::now();
    while !room.path("killed/checkpoint").exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    running.kill().expect("it can be killed");
    let status = running.wait().expect("it ends");
    assert_eq!(status.code(), None, "it was done before it was killed");
    assert!(!room.path("killed/model.safetensors").exists());
    room.bad(
        "predict killed --data t.csv",
        &[
            "killed: expected a finished model",
            "not finished; go on with `ronghe train --resume --out killed`",
        ],
    );
    // Nothing goes on by itself, and nothing is thrown away.
    room.bad(
        &format!("{LONG} --out killed"),
        &["a training that was stopped", "`ronghe train --resume --out killed`", "start over with --force"],
    );
    room.put("killed/.checkpoint.4711.part", "half");

    // A checkpoint of other data, or a cut one, is no start.
    let checkpoint = room.read("killed/checkpoint");
    room.put("other.csv", csv(150));
    let other = LONG.replace("t.csv", "other.csv");
    room.bad(&format!("{other} --out killed --resume"), &["checkpoint", "found one of another"]);
    room.put("killed/checkpoint", &checkpoint[..checkpoint.len() / 2]);
    room.bad(&format!("{LONG} --out killed --resume"), &["checkpoint", "does not match its hash"]);
    room.put("killed/checkpoint", &checkpoint);

    // The folder knows what was asked for.
    room.bad(
        "train --resume --out killed --seed 3",
        &["killed: --resume goes on with what was asked for before"],
    );
    room.good("train --resume --out killed --threads 1 --quiet");
    for name in ["model.safetensors", "hashes.json", "metrics.json", "config.json"] {
        assert!(
            room.read(&format!("killed/{name}")) == room.read(&format!("whole/{name}")),
            "{name} differs"
        );
    }
    for gone in ["checkpoint", "training.json", ".lock", ".checkpoint.4711.part"] {
        assert!(!room.path(&format!("killed/{gone}")).exists(), "{gone} is still there");
    }
}

#[test]
fn a_finished_model_is_replaced_only_on_request() {
    let room = Room::new();
    room.put("t.csv", csv(60));
    room.good(&format!("{TRAIN} --out m"));
    let before = room.read("m/hashes.json");
    room.bad(
        &format!("{TRAIN} --seed 5 --out m"),
        &["m: expected a new folder", "a finished model", "--force"],
    );
    for line in [format!("{TRAIN} --out m --resume"), "train --out m --resume".into()] {
        room.bad(&line, &["m: ", "a finished model", "nothing to resume", "--force in place of --resume"]);
    }
    assert!(room.read("m/hashes.json") == before);
    room.good("predict m --data t.csv --quiet");
    room.good(&format!("{TRAIN} --seed 5 --out m --force"));
    assert!(room.read("m/hashes.json") != before);
    assert_eq!(room.run(&format!("{TRAIN} --out m --force --resume")).code, Some(2));
    room.bad("train --resume --out nothing", &["nothing: expected a training that was stopped, found none"]);
    assert!(!room.path("nothing").exists());
    // Nothing is left of a training that could not begin.
    room.bad("train --data t.csv --target nobody --out fresh", &["nobody"]);
    assert!(!room.path("fresh").exists());
    room.put("file", "not a folder");
    room.bad(&format!("{TRAIN} --out file/m"), &["file/m"]);
}

#[test]
fn two_trainings_do_not_share_a_folder() {
    let room = Room::new();
    room.put("t.csv", csv(160));
    let endless = LONG.replace("epochs=60", "epochs=60000");
    let mut running = room
        .command(&format!("{endless} --out shared"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let started = Instant::now();
    while !room.path("shared/training.json").exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "it does not begin");
        std::thread::sleep(Duration::from_millis(1));
    }
    for how in ["", " --force", " --resume"] {
        room.bad(
            &format!("{TRAIN} --out shared{how}"),
            &["shared: expected one training at a time, found another that is running"],
        );
    }
    running.kill().expect("it can be killed");
    running.wait().expect("it ends");
}

#[cfg(unix)]
#[test]
fn a_stopped_training_says_how_to_go_on() {
    let room = Room::new();
    room.put("t.csv", csv(160));
    let running = room
        .command(&LONG.replace("--quiet", "--out 模型"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs");
    let started = Instant::now();
    while !room.path("模型/checkpoint").exists() {
        assert!(started.elapsed() < Duration::from_secs(60), "no checkpoint");
        std::thread::sleep(Duration::from_millis(1));
    }
    let interrupt = std::process::Command::new("kill").args(["-INT", &running.id().to_string()]).status();
    assert!(interrupt.is_ok_and(|status| status.success()));
    let said = running.wait_with_output().expect("it ends");
    let text = String::from_utf8_lossy(&said.stderr);
    assert_eq!(said.status.code(), Some(130), "{text}");
    assert!(text.contains("\ngo on with: ronghe train --resume --out 模型\n"), "{text}");
    assert!(text.contains("error: stopped on request"), "{text}");
    room.good("train --resume --out 模型 --quiet");
    room.good("predict 模型 --data t.csv --quiet");
}
