//! Where a sentence that is shown stands.

use crate::document::Place;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Some bytes of a document's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
}

impl From<Range<usize>> for Span {
    fn from(range: Range<usize>) -> Span {
        Span { start: range.start, end: range.end }
    }
}

impl From<&Span> for Range<usize> {
    fn from(span: &Span) -> Range<usize> {
        span.start..span.end
    }
}

/// A quoted span of a document. `quote` equals the document's text there, byte for byte.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Citation {
    /// File.
    pub path: String,
    /// Title of the document, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Domain of the document.
    pub domain: String,
    /// Page, row, time or sheet.
    #[serde(flatten)]
    pub place: Place,
    /// Headings above it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
    /// The bytes in the document's text.
    pub span: Span,
    /// What stands there.
    pub quote: String,
}
