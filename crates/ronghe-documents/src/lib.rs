//! Files to documents: a text, and what each part of it is.
//!
//! The text of a document is what was extracted, as UTF-8; blocks are ranges of its bytes, in order, apart from each
//! other. Citations are ranges of the same bytes, so the text is kept in the store.
//!
//! | file | what |
//! |---|---|
//! | `read` | [`read`]: from a path to documents, by the table [`FORMATS`], within [`Limits`] |
//! | `decode` | from bytes of unknown encoding to text |
//! | `packed` | files inside ZIP files |
//! | `office`, `sheets` | Word files and slides; workbooks |
//! | `formats`, `numerals` | numbers as sheets, charts and lists show them |
//! | `sidecar` | what stands beside pictures and recordings |
//! | `worker` | [`Worker`]: the same in a child process, within limits of memory and time |
//! | the others | a family of formats each |

mod decode;
mod epub;
mod error;
mod file;
mod formats;
mod html;
mod mail;
mod markdown;
mod numerals;
mod office;
mod packed;
mod pdf;
mod plain;
mod read;
mod sheets;
mod sidecar;
mod tables;
mod worker;

pub use error::{Error, Result};
pub use file::Limits;
pub use read::{FORMATS, Format, format_of, read, sidecar_of};
pub use worker::{Worker, serve_worker};

use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Raised when the same file gives another text than before, so that whoever keeps texts reads their files again.
pub const READING: u32 = 2;

/// A document: a file, or one of the documents in it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// Its title, where it has one.
    pub title: Option<String>,
    /// Day that it says it is from, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Everything that was extracted.
    pub text: String,
    /// Parts of the text, in order, apart from each other.
    pub blocks: Vec<Block>,
    /// What could not be read, for people.
    pub notes: Vec<String>,
}

/// A part of a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// What it is.
    pub kind: BlockKind,
    /// Its bytes in the text.
    pub range: Range<usize>,
    /// Where it is in the file.
    pub place: Place,
}

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// A heading; 1 is the outermost level.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// An item of a list.
    Item,
    /// A row of a table: cells with a tab or the names of their columns between them.
    Row,
    /// Lines that keep their breaks.
    Code,
    /// What is said of a picture.
    Caption,
    /// What is said in a recording.
    Speech,
}

/// Where a block is in its file, as a reader finds it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Page or slide, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<u32>,
    /// Row of a table or line of a file, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<u64>,
    /// Second of a recording.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<f64>,
}

impl Document {
    /// Adds a block of `text` on a paragraph of its own. Nothing is added for blanks.
    pub fn push(&mut self, kind: BlockKind, text: &str, place: Place) {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push_str("\n\n");
        }
        let start = self.text.len();
        self.text.push_str(text);
        self.blocks.push(Block { kind, range: start..self.text.len(), place });
    }

    /// The block that byte `at` of the text is in; between two, the one before.
    pub fn block_at(&self, at: usize) -> Option<usize> {
        self.blocks.partition_point(|b| b.range.start <= at).checked_sub(1)
    }

    /// Where byte `at` of the text is in the file; in a paragraph that keeps its breaks, on which line.
    pub fn place_at(&self, at: usize) -> Place {
        let Some(block) = self.block_at(at).map(|b| &self.blocks[b]) else { return Place::default() };
        let before = self.text.get(block.range.start..at.min(block.range.end)).unwrap_or_default();
        let lines = if block.kind == BlockKind::Paragraph { before.matches('\n').count() as u64 } else { 0 };
        Place { row: block.place.row.map(|row| row + lines), ..block.place }
    }

    /// Headings above a block, outermost first: from the block upwards, each of a lower level than the last.
    pub fn headings_above(&self, block: usize) -> Vec<String> {
        let mut above = Vec::new();
        let mut level = match self.blocks.get(block).map(|b| b.kind) {
            Some(BlockKind::Heading(own)) => own,
            _ => u8::MAX,
        };
        for block in self.blocks.get(..block).unwrap_or_default().iter().rev() {
            if let BlockKind::Heading(this) = block.kind
                && this < level
            {
                level = this;
                let words = self.text[block.range.clone()].split_whitespace();
                above.push(words.collect::<Vec<_>>().join(" "));
            }
        }
        above.reverse();
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_above_are_those_of_lower_levels() {
        let mut of = Document::default();
        for (kind, text) in [
            (BlockKind::Heading(1), "One"),
            (BlockKind::Heading(2), "Left"),
            (BlockKind::Heading(2), "Right"),
            (BlockKind::Paragraph, "x"),
        ] {
            of.push(kind, text, Place::default());
        }
        assert_eq!(of.headings_above(3), ["One", "Right"]);
        assert_eq!(of.headings_above(2), ["One"]);
        assert!(of.headings_above(9).is_empty());
        assert_eq!((of.block_at(0), of.block_at(5), of.block_at(100)), (Some(0), Some(1), Some(3)));
        assert_eq!(Document::default().block_at(0), None);
        assert_eq!(Document::default().place_at(0), Place::default());
    }

    #[test]
    fn sentences_know_their_lines() {
        let mut of = Document::default();
        of.push(BlockKind::Row, "a\nb", Place { row: Some(3), ..Place::default() });
        of.push(BlockKind::Paragraph, "one\ntwo", Place { row: Some(7), ..Place::default() });
        assert_eq!([2, 5, 10, 99].map(|at| of.place_at(at).row), [Some(3), Some(7), Some(8), Some(8)]);
    }
}
