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
//! | `sidecar` | what stands beside pictures and recordings |
//! | `worker` | [`Worker`]: the same in a child process, within limits of memory and time |
//! | the others | a family of formats each |

mod decode;
mod epub;
mod html;
mod mail;
mod markdown;
mod office;
mod packed;
mod pdf;
mod plain;
mod read;
mod sheets;
mod sidecar;
mod tables;
mod worker;

pub use read::{FORMATS, Format, Limits, format_of, read, sidecar_of};
pub use worker::{Worker, serve_worker};

use serde::{Deserialize, Serialize};
use std::ops::Range;

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
}
