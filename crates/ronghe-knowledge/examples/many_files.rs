//! Seconds and memory of indexing many small files of several formats, and of a second time with nothing changed: `cargo run --release
//! -p ronghe-knowledge --example many_files -- FOLDER FILES`
//!
//! The files (txt, md, html, csv, eml) are made in FOLDER/files where they are missing, the store in FOLDER/store. The first call
//! indexes; each call after it finds nothing changed. Memory is said at every tenth of the way: it must not grow with the files.
#![allow(clippy::print_stdout)]

use ronghe_knowledge::document::{self, Limits, format_of};
use ronghe_knowledge::index::{Observer, Options, index};
use ronghe_knowledge::store::FolderWriter;
use std::path::{Path, PathBuf};
use std::time::Instant;

struct Tenths {
    started: Instant,
    next: usize,
}

impl Observer for Tenths {
    fn progress(&mut self, done: usize, total: usize, _: &str) -> ronghe_knowledge::Result<()> {
        if done >= self.next {
            let seconds = self.started.elapsed().as_secs_f64();
            println!("{done} of {total}: {seconds:.1} s, resident {} MB", memory("VmRSS"));
            self.next = done + total.div_ceil(10);
        }
        Ok(())
    }

    fn ready(&mut self, _: usize) {}
}

/// The name and the bytes of a file.
fn file(i: usize) -> (String, String) {
    let words = ["copper", "lease", "harbour", "protein", "violin", "合同", "河流", "天气"];
    let word = |j: usize| words[(i * 7 + j * 3) % words.len()];
    let lines: Vec<String> = (0..12)
        .map(|j| {
            format!("Paragraph {j} of file {i} tells of {} and {} number{}.", word(j), word(j + 1), i * j)
        })
        .collect();
    let (end, text) = match i % 5 {
        0 => ("txt", lines.join("\n\n")),
        1 => ("md", format!("# About {i}\n\n{}", lines.join("\n\n"))),
        2 => {
            ("html", format!("<html><body><h1>About {i}</h1><p>{}</p></body></html>", lines.join("</p><p>")))
        }
        3 => (
            "csv",
            format!("number,text\n{}", lines.iter().map(|l| format!("{i},{l}\n")).collect::<String>()),
        ),
        _ => {
            let head = "From: a@example.org\nTo: b@example.org\nDate: Mon, 3 Mar 2025 10:00:00 +0000\n";
            (
                "eml",
                format!(
                    "{head}Subject: About {i}\nContent-Type: text/plain; charset=utf-8\n\n{}",
                    lines.join("\n\n")
                ),
            )
        }
    };
    (format!("{}/{i}.{end}", i % 50), text)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder, files] = &words[..] else { return Err("expected FOLDER FILES".into()) };
    let (folder, files): (PathBuf, usize) = (folder.into(), files.parse()?);
    let from = folder.join("files");
    for i in 0..files {
        let (name, text) = file(i);
        let path = from.join(name);
        if !path.exists() {
            std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
            std::fs::write(path, text)?;
        }
    }
    let started = Instant::now();
    let (mut writer, _) = FolderWriter::open(&folder.join("store"), None)?;
    let known = |path: &Path| format_of(path).is_some();
    let mut read = |path: &Path| Ok(document::read(path, &Limits::default())?);
    let mut seen = Tenths { started, next: 0 };
    let report = index(&mut writer, &[from], &Options::default(), &known, &mut read, None, &mut seen)?;
    drop(writer);
    println!(
        "{} read, {} as they were, {} failed; {} chunks; {:.1} s, peak {} MB",
        report.read,
        report.unchanged,
        report.failed.len(),
        report.chunks,
        started.elapsed().as_secs_f64(),
        memory("VmHWM")
    );
    Ok(())
}

/// Megabytes of this process, as Linux says.
fn memory(what: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with(what)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|k| k.parse::<u64>().ok()).unwrap_or(0) / 1024
}
