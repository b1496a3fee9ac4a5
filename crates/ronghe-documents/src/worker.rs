//! The same in a child process, within limits of memory and time.
//!
//! The child is this program, called so that it runs [`serve_worker`]. Parent and child speak JSON, a line each: a request
//! (path and limits) and its reply (documents, or why there are none). The child bounds its own memory and CPU time; the
//! parent stops one that takes too long. A child that is gone is replaced for the next file. What a child says is checked before it
//! is believed.

use super::{Document, Limits, read};
use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

/// Bytes of the line of a reply for each byte of text that is allowed: escapes and blocks take room.
const REPLY: u64 = 8;
/// Files after which a child is replaced, so that memory it lost comes back.
const FILES: usize = 500;
/// Bytes that are kept of what a child says of its end.
const LAST_WORDS: usize = 4 << 10;
/// For a child that has closed its output to end, and for its last words to arrive.
const GRACE: Duration = Duration::from_millis(200);

#[derive(Serialize, Deserialize)]
struct Request {
    path: PathBuf,
    limits: Limits,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Reply {
    Documents(Vec<Document>),
    /// The document is not what it should be.
    Document {
        expected: String,
        found: String,
        mend: String,
    },
    /// The system does not give it.
    Io(String),
    /// Anything else.
    Failed(String),
}

/// Answers requests, a line each, until there are no more. For the child process.
pub fn serve_worker(input: impl BufRead, mut output: impl Write) -> Result<()> {
    let lost = |source| Error::Io { path: "the reading process".into(), source };
    for line in input.lines() {
        let line = line.map_err(lost)?;
        let reply = match serde_json::from_str::<Request>(&line) {
            Err(error) => Reply::Failed(error.to_string()),
            Ok(request) => {
                bound(&request.limits);
                match read(&request.path, &request.limits) {
                    Ok(documents) => Reply::Documents(documents),
                    Err(Error::Document { expected, found, mend, .. }) => {
                        Reply::Document { expected, found, mend }
                    }
                    Err(Error::Io { source, .. }) => Reply::Io(source.to_string()),
                    Err(error) => Reply::Failed(error.to_string()),
                }
            }
        };
        serde_json::to_writer(&mut output, &reply).map_err(|e| lost(e.into()))?;
        output.write_all(b"\n").and_then(|()| output.flush()).map_err(lost)?;
    }
    Ok(())
}

/// Bounds this process. Where the system knows no such bounds, the parent's clock remains.
#[cfg(unix)]
fn bound(limits: &Limits) {
    use rlimit::Resource;
    let lower = |resource: Resource, value: u64| {
        let hard = resource.get().map_or(value, |(_, hard)| hard);
        drop(resource.set(value.min(hard), hard));
    };
    lower(Resource::CORE, 0);
    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    lower(Resource::AS, limits.memory);
    if let Some(used) = cpu_seconds() {
        lower(Resource::CPU, used + limits.seconds + 1);
    }
}

#[cfg(not(unix))]
fn bound(_: &Limits) {}

/// Seconds of CPU time that this process has used, in Linux: fields 14 and 15 of its `stat`, in hundredths.
#[cfg(unix)]
fn cpu_seconds() -> Option<u64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name of the program, in brackets, may hold blanks.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let (user, system): (u64, u64) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    Some((user + system) / 100)
}

/// A child process that reads files. It is started when there is something to read.
#[derive(Debug)]
pub struct Worker {
    command: Vec<OsString>,
    limits: Limits,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    input: ChildStdin,
    replies: Receiver<std::io::Result<Vec<u8>>>,
    last_words: Receiver<Vec<u8>>,
    files: usize,
}

impl Worker {
    /// Reads by `command`, a program and its arguments, which must run [`serve_worker`] over its input and output.
    pub fn new(command: Vec<OsString>, limits: Limits) -> Worker {
        Worker { command, limits, running: None }
    }

    /// Reads the documents in a file.
    pub fn read(&mut self, path: &Path) -> Result<Vec<Document>> {
        let absolute = std::path::absolute(path).map_err(Error::io(path))?;
        let request = Request { path: absolute, limits: self.limits.clone() };
        let mut line = serde_json::to_vec(&request)
            .map_err(|error| bad(path, "a path in UTF-8", error.to_string(), "rename the file"))?;
        line.push(b'\n');
        let mut running = match self.running.take().filter(|r| r.files < FILES) {
            Some(running) => running,
            None => self.start()?,
        };
        running.files += 1;
        let sent = running.input.write_all(&line).and_then(|()| running.input.flush());
        let reply = match sent {
            Ok(()) => running.replies.recv_timeout(self.patience()),
            Err(_) => Err(RecvTimeoutError::Disconnected),
        };
        match reply {
            Ok(Ok(line)) if line.ends_with(b"\n") => {
                let reply = serde_json::from_slice(&line).map_err(|error| wrong(path, &error.to_string()))?;
                if let Reply::Documents(documents) = &reply {
                    check(documents).map_err(|what| wrong(path, what))?;
                }
                // It can be relied on: it reads the next one too.
                self.running = Some(running);
                match reply {
                    Reply::Documents(documents) => Ok(documents),
                    Reply::Document { expected, found, mend } => {
                        Err(Error::Document { path: path.to_owned(), expected, found, mend })
                    }
                    Reply::Io(what) => Err(Error::io(path)(std::io::Error::other(what))),
                    Reply::Failed(what) => {
                        Err(bad(path, "a file that can be read", what, "repair or leave out the file"))
                    }
                }
            }
            Ok(Ok(line)) if line.len() as u64 >= self.longest() => Err(bad(
                path,
                "a document within the limit of text",
                "a larger one",
                "split it, or leave it out",
            )),
            Err(RecvTimeoutError::Timeout) => Err(self.too_long(path)),
            _ => Err(self.ended(path, running)),
        }
    }

    /// How long a reply may take. The child's own clock, of the time that it works, comes first on a machine that is not busy.
    fn patience(&self) -> Duration {
        Duration::from_secs(self.limits.seconds.saturating_mul(2).saturating_add(2))
    }

    /// Bytes of a reply, at most.
    fn longest(&self) -> u64 {
        (self.limits.text_bytes as u64).saturating_mul(REPLY)
    }

    fn start(&self) -> Result<Running> {
        let program = self.command.first().cloned().unwrap_or_default();
        let mut command = Command::new(&program);
        command.args(self.command.iter().skip(1)).stdin(Stdio::piped()).stdout(Stdio::piped());
        command.stderr(Stdio::piped()).env("RUST_BACKTRACE", "0");
        // Ctrl-C is for the parent, which stops between files.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(Error::io(&program))?;
        let (Some(input), Some(output), Some(errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(Error::io(&program)(std::io::Error::other("no pipes to the child process")));
        };
        let (send, replies) = channel();
        let most = self.longest();
        std::thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = Vec::new();
                let read = output.by_ref().take(most).read_until(b'\n', &mut line);
                let whole = line.ends_with(b"\n");
                if matches!(read, Ok(0)) || send.send(read.map(|_| line)).is_err() || !whole {
                    break;
                }
            }
        });
        let (say, last_words) = channel();
        std::thread::spawn(move || {
            let mut errors = errors;
            let mut kept = Vec::new();
            let mut block = [0; 1024];
            while let Ok(n @ 1..) = errors.read(&mut block) {
                kept.extend_from_slice(&block[..n]);
                let over = kept.len().saturating_sub(LAST_WORDS);
                kept.drain(..over);
            }
            // Nobody listens where the child was replaced.
            drop(say.send(kept));
        });
        Ok(Running { child, input, replies, last_words, files: 0 })
    }

    fn too_long(&self, path: &Path) -> Error {
        let expected = format!("a file that is read within {} seconds", self.limits.seconds);
        bad(path, expected, "one that takes longer", "split it, or leave it out")
    }

    /// Why a child is gone.
    fn ended(&self, path: &Path, mut running: Running) -> Error {
        // Its output is closed: it has ended, or is of no use.
        let status = match running.child.try_wait() {
            Ok(Some(status)) => Ok(status),
            _ => {
                std::thread::sleep(GRACE);
                drop(running.child.kill());
                running.child.wait()
            }
        };
        let status = status.map_or_else(|e| e.to_string(), |s| s.to_string());
        let words = running.last_words.recv_timeout(GRACE).unwrap_or_default();
        let words = String::from_utf8_lossy(&words);
        if words.contains("memory allocation") || words.contains("capacity overflow") {
            let expected = format!("a file that is read within {} MiB of memory", self.limits.memory >> 20);
            return bad(path, expected, "one that takes more", "split it, or leave it out");
        }
        if status.contains("SIGXCPU") {
            return self.too_long(path);
        }
        let found = match reason(&words) {
            Some(reason) => format!("one at which it fails ({reason})"),
            None => format!("one at which it ends ({status})"),
        };
        bad(path, "a file that its reader can deal with", found, "save it anew with the program that made it")
    }
}

/// What a program said last: the message of a panic without its place and notes, or the last line.
fn reason(words: &str) -> Option<&str> {
    let mut lines = words.lines().map(str::trim).filter(|l| !l.is_empty());
    let last = lines.clone().next_back();
    lines.find(|l| l.contains("panicked at")).and(lines.next()).or(last)
}

fn bad(path: &Path, expected: impl Into<String>, found: impl Into<String>, mend: &str) -> Error {
    let (expected, found) = (expected.into(), found.into());
    Error::Document { path: path.to_owned(), expected, found, mend: mend.to_owned() }
}

fn wrong(path: &Path, what: &str) -> Error {
    bad(path, "a sound reply of the reading process", what, "leave out the file")
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Whether documents are what they must be; what is wrong if not.
fn check(documents: &[Document]) -> std::result::Result<(), &'static str> {
    for document in documents {
        let mut end = 0;
        for block in &document.blocks {
            let range = &block.range;
            if range.start < end || range.end <= range.start {
                return Err("blocks out of order");
            }
            if document.text.get(range.clone()).is_none() {
                return Err("a block that is no part of the text");
            }
            if block.place.second.is_some_and(|s| !s.is_finite() || s < 0.0) {
                return Err("a time that is none");
            }
            end = range.end;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Block, BlockKind, Place};

    fn worker(script: &str, limits: Limits) -> Worker {
        Worker::new(vec!["sh".into(), "-c".into(), script.into()], limits)
    }

    #[test]
    fn replies_are_checked() {
        let block = |range| Block { kind: BlockKind::Paragraph, range, place: Place::default() };
        let of = |blocks| [Document { text: "你好".into(), blocks, ..Document::default() }];
        assert_eq!(check(&of(vec![block(0..3), block(3..6)])), Ok(()));
        assert!(check(&of(vec![block(0..2)])).is_err());
        assert!(check(&of(vec![block(0..9)])).is_err());
        assert!(check(&of(vec![block(3..6), block(0..3)])).is_err());
    }

    #[test]
    fn requests_are_answered_line_by_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.txt");
        std::fs::write(&path, "Words.").unwrap();
        // No bounds for the process of the tests.
        let limits = Limits { memory: u64::MAX, seconds: 1 << 30, ..Limits::default() };
        let line = |path: &Path| {
            serde_json::to_string(&Request { path: path.to_owned(), limits: limits.clone() }).unwrap()
        };
        let input = format!("{}\n{}\nno request\n", line(&path), line(Path::new("a.exe")));
        let mut output = Vec::new();
        serve_worker(input.as_bytes(), &mut output).unwrap();
        let output = String::from_utf8(output).unwrap();
        let lines: Vec<&str> = output.lines().collect();
        assert_eq!(lines.len(), 3);
        assert!(
            lines[0].contains("Words.") && lines[1].contains("another end") && lines[2].contains("failed")
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_child_that_dies_hangs_or_lies_is_replaced() {
        let path = Path::new("a.txt");
        let limits = Limits { seconds: 0, ..Limits::default() };
        let said = |script: &str| worker(script, limits.clone()).read(path).unwrap_err().to_string();
        let mut dies = worker("read line; kill -SEGV $$", limits.clone());
        for _ in 0..2 {
            let error = dies.read(path).unwrap_err().to_string();
            assert!(error.starts_with("a.txt: ") && error.contains("SIGSEGV"), "{error}");
        }
        let error = said("read line; echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$");
        assert!(error.contains("2048 MiB of memory"), "{error}");
        let panic = "thread 'main' panicked at a.rs:1:2:\nindex out of bounds\nnote: run with";
        let error = said(&format!("read line; echo \"{panic}\" >&2; exit 101"));
        assert!(error.contains("(index out of bounds)"), "{error}");
        assert!(said("sleep 60").contains("within 0 seconds"));
        assert!(said("read line; echo nonsense").contains("a sound reply"));
        let lie = r#"{"documents":[{"title":null,"date":null,"text":"a","blocks":[{"kind":"row","range":{"start":0,"end":5},"place":{}}],"notes":[]}]}"#;
        let error = said(&format!("read line; echo '{lie}'"));
        assert!(error.contains("no part of the text"), "{error}");
        // What cannot be started is no fault of the file.
        let error = Worker::new(vec!["/nowhere/program".into()], limits.clone()).read(path).unwrap_err();
        assert!(matches!(error, Error::Io { .. }), "{error}");
        let truth = r#"{"documents":[{"title":"t","date":null,"text":"a","blocks":[],"notes":[]}]}"#;
        let mut once = worker(&format!("read line; echo '{truth}'; exit"), limits);
        assert_eq!(once.read(path).unwrap()[0].text, "a");
        assert!(once.read(path).is_err());
        assert_eq!(once.read(path).unwrap()[0].text, "a");
    }
}
