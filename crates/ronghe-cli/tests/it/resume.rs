//! A training that is killed goes on where it was.

use crate::support::{Room, csv};
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
    room.bad("predict killed --data t.csv", &["hashes.json", "expected a file of a saved model"]);

    // A checkpoint of other data, or a cut one, is no start.
    let checkpoint = room.read("killed/checkpoint");
    room.put("other.csv", csv(150));
    let other = LONG.replace("t.csv", "other.csv");
    room.bad(&format!("{other} --out killed --resume"), &["checkpoint", "found one of another"]);
    room.put("killed/checkpoint", &checkpoint[..checkpoint.len() / 2]);
    room.bad(&format!("{LONG} --out killed --resume"), &["checkpoint", "does not match its hash"]);
    room.put("killed/checkpoint", &checkpoint);

    room.good(&format!("{LONG} --out killed --resume --threads 1"));
    for name in ["model.safetensors", "hashes.json", "metrics.json", "config.json"] {
        assert!(
            room.read(&format!("killed/{name}")) == room.read(&format!("whole/{name}")),
            "{name} differs"
        );
    }
    assert!(!room.path("killed/checkpoint").exists());
}
