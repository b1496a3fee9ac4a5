//! A program with a line to and from it, neither of which can block us for ever.

use super::failed;
use crate::Result;
use ronghe_data::plain;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// Longest line that is read, in bytes.
const LONGEST: u64 = 256 << 20;
/// How much of its standard error is kept, in bytes.
const SAID: usize = 4096;
/// How long its last words may take once it is dead.
const LAST_WORDS: Duration = Duration::from_millis(200);

pub(super) struct Process {
    command: String,
    limit: Duration,
    child: Child,
    asked: u64,
    questions: Sender<String>,
    lines: Receiver<std::io::Result<String>>,
    said: Arc<Mutex<Vec<u8>>>,
}

impl Process {
    pub(super) fn start(command: &str, limit: Duration) -> Result<Process> {
        let (shell, flag) = if cfg!(windows) { ("cmd", "/C") } else { ("sh", "-c") };
        let pipes = Command::new(shell)
            .args([flag, command])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = pipes.map_err(|e| failed(command, "a program that starts", plain::io(&e)))?;
        let (Some(mut input), Some(output), Some(mut errors)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(failed(command, "a program with pipes", "none".into()));
        };
        let (questions, to_ask) = channel::<String>();
        // Ends when the questions end or the program no longer reads; that shows in its answers.
        thread::spawn(move || {
            for question in to_ask {
                if input.write_all(question.as_bytes()).and_then(|()| input.flush()).is_err() {
                    return;
                }
            }
        });
        let (answered, lines) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            loop {
                let mut line = String::new();
                let read = output.by_ref().take(LONGEST).read_line(&mut line);
                let ended = !matches!(read, Ok(n) if n > 0);
                if answered.send(read.map(|_| line)).is_err() || ended {
                    return;
                }
            }
        });
        let said = Arc::new(Mutex::new(Vec::new()));
        let kept = said.clone();
        thread::spawn(move || {
            let mut part = [0; 1024];
            while let Ok(n @ 1..) = errors.read(&mut part) {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.extend_from_slice(&part[..n]);
                let over = kept.len().saturating_sub(SAID);
                kept.drain(..over);
            }
        });
        Ok(Process { command: command.to_owned(), limit, child, asked: 0, questions, lines, said })
    }

    /// Number of the next question, from 1.
    pub(super) fn next_id(&mut self) -> u64 {
        self.asked += 1;
        self.asked
    }

    /// Sends a line (with its end) and waits for one.
    pub(super) fn ask(&mut self, question: String) -> Result<String> {
        // A program that is gone shows in the answer.
        let _ = self.questions.send(question);
        self.line()
    }

    /// Waits for a line.
    pub(super) fn line(&mut self) -> Result<String> {
        let found = match self.lines.recv_timeout(self.limit) {
            Ok(Ok(line)) if line.ends_with('\n') => return Ok(line),
            Ok(Ok(line)) if line.is_empty() => "the end of its output".to_owned(),
            Ok(Ok(_)) => "a line without an end, or too long".to_owned(),
            Ok(Err(error)) => plain::io(&error),
            Err(RecvTimeoutError::Timeout) => format!("none within {:.1} s", self.limit.as_secs_f64()),
            Err(RecvTimeoutError::Disconnected) => "the end of its output".to_owned(),
        };
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|e| plain::io(&e), |s| s.to_string());
        thread::sleep(LAST_WORDS);
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said);
        let said = if said.trim().is_empty() { "nothing".to_owned() } else { format!("\n{}", said.trim()) };
        Err(failed(&self.command, "a line of JSON", format!("{found} ({status}); it said: {said}")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
