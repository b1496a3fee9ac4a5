//! Rows of text cells that were read together.

use super::ReadOptions;
use super::rows::{Row, Rows};
use crate::Error;
use std::path::{Path, PathBuf};

/// Rows of a block: few enough for the cache of a core, enough to spread over threads.
const ROWS: usize = 1024;

/// Bytes of text after which a block ends early.
const BYTES: usize = 64 << 20;

/// Rows that were read together. What could not be read is kept until the rows before it were looked at.
#[derive(Debug)]
pub(super) struct Block {
    /// Room for rows, which is used again; the first `numbers.len()` were read.
    room: Vec<Row>,
    /// Number of each row in the whole.
    pub(super) numbers: Vec<usize>,
    /// Bytes of text in all of them.
    pub(super) bytes: usize,
    /// Where rows come from more than one file: from which position on, the file, and the row there.
    files: Vec<(usize, PathBuf, usize)>,
    /// Rows that could not be read and may be left out, by their numbers.
    pub(super) bad: Vec<(usize, Error)>,
    /// Why reading ended after these rows.
    pub(super) failed: Option<Error>,
    /// Whether there may be rows after these.
    pub(super) more: bool,
    /// Number of the last row, good or bad.
    pub(super) last_row: usize,
}

impl Default for Block {
    fn default() -> Block {
        Block {
            room: Vec::new(),
            numbers: Vec::new(),
            bytes: 0,
            files: Vec::new(),
            bad: Vec::new(),
            failed: None,
            more: true,
            last_row: 0,
        }
    }
}

impl Block {
    /// Makes it the empty block at the end, after row `last_row`.
    pub(super) fn clear(&mut self, last_row: usize) {
        self.numbers.clear();
        self.files.clear();
        self.bad.clear();
        (self.bytes, self.failed, self.more, self.last_row) = (0, None, false, last_row);
    }

    /// Reads the rows after row `before`, at most `most`.
    pub(super) fn fill<R: Rows>(
        &mut self,
        source: &mut R,
        before: usize,
        options: &ReadOptions,
        most: usize,
    ) {
        self.clear(before);
        while self.numbers.len() < most.clamp(1, ROWS) && self.bytes < BYTES {
            let i = self.numbers.len();
            if self.room.len() == i {
                self.room.push(Row::default());
            }
            let read = source.next_row(&mut self.room[i]);
            if let Ok(false) = read {
                return;
            }
            self.last_row += 1;
            match read {
                Ok(_) => {
                    self.numbers.push(self.last_row);
                    self.bytes += self.room[i].bytes();
                    if let Some((path, row)) = source.place()
                        && self.files.last().is_none_or(|(_, last, _)| last.as_os_str() != path.as_os_str())
                    {
                        self.files.push((i, path.to_owned(), row));
                    }
                }
                Err(e) if options.skip_bad_rows && e.is_row() => self.bad.push((self.last_row, e)),
                Err(e) => {
                    self.failed = Some(e);
                    return;
                }
            }
        }
        self.more = true;
    }

    /// The rows that were read, with their numbers.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&Row, usize)> {
        self.room.iter().zip(self.numbers.iter().copied())
    }

    /// The file of the row at position `i` and its row there, in a table at `path`.
    pub(super) fn place<'a>(&'a self, i: usize, path: &'a Path) -> (&'a Path, usize) {
        match self.files.iter().rev().find(|(first, ..)| *first <= i) {
            Some((first, file, row)) => (file, row + self.numbers[i] - self.numbers[*first]),
            None => (path, self.numbers[i]),
        }
    }
}
