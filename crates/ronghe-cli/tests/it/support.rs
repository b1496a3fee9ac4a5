//! A folder to run the program in, small tables, and what the program said.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A folder of its own for a test, with its own empty cache.
pub(crate) struct Room {
    folder: TempDir,
}

/// What a run of the program left behind.
pub(crate) struct Said {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Room {
    pub(crate) fn new() -> Room {
        Room { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file, and the folders it is in.
    pub(crate) fn put(&self, name: &str, content: impl AsRef<[u8]>) -> &Room {
        let path = self.path(name);
        let place = path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(place).expect("a folder");
        std::fs::write(path, content).expect("a written file");
        self
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// The program with arguments separated by blanks, in this folder.
    pub(crate) fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ronghe"));
        command.args(line.split_whitespace()).current_dir(self.folder.path());
        command.env("RONGHE_CACHE", self.path("cache")).env("NO_COLOR", "1").env("COLUMNS", "100");
        command
    }

    pub(crate) fn run(&self, line: &str) -> Said {
        let Output { status, stdout, stderr } = self.command(line).output().expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        Said { code: status.code(), out: text(stdout), err: text(stderr) }
    }

    /// Runs what has to succeed, and gives its standard output.
    pub(crate) fn good(&self, line: &str) -> String {
        let said = self.run(line);
        assert_eq!(said.code, Some(0), "{line}\n{}{}", said.out, said.err);
        assert!(!said.err.contains("error:"), "{line}\n{}", said.err);
        said.out
    }

    /// Runs what has to fail: exit code 1, nothing on standard output, every one of `parts` in one message.
    pub(crate) fn bad(&self, line: &str, parts: &[&str]) {
        let said = self.run(line);
        assert_eq!(said.code, Some(1), "{line}\n{}{}", said.out, said.err);
        assert_eq!(said.out, "", "{line}\n{}", said.err);
        let message = said.err.lines().find(|l| l.starts_with("error: "));
        let message = message.unwrap_or_else(|| panic!("{line}: no message\n{}", said.err));
        for part in parts {
            assert!(message.contains(part), "{line}\n{message}\nlacks: {part}");
        }
        assert!(!said.err.contains("panicked"), "{}", said.err);
    }
}

/// A CSV of text, a number, a category and a label that follows from them; a few cells missing.
pub(crate) fn csv(rows: usize) -> String {
    let mut text = String::from("id,note,size,shop,label\n");
    for i in 0..rows {
        let warm = i * 7 % 13 < 6;
        let word = if warm { "a warm and sunny morning at" } else { "寒冷 的 夜晚, cold rain at" };
        let place = ["the market", "the harbour", "the old station"][i % 3];
        let size = if i % 11 == 5 { String::new() } else { format!("{:.2}", (i * 37 % 101) as f64 / 10.0) };
        let shop = ["north", "south"][usize::from(warm) ^ usize::from(i % 9 == 0)];
        let label = if warm { "warm" } else { "cold" };
        writeln!(text, "r{i:04},\"{word} {place} {i}\",{size},{shop},{label}").expect("a string grows");
    }
    text
}

/// A short training of every column of `t.csv` but `id`.
pub(crate) const TRAIN: &str =
    "train --data t.csv --target label --set data.drop=[id] --set training.epochs=2";
