//! Where a sentence that is shown stands.

use crate::document::Place;
use ronghe_data::segment::is_han;
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

impl Citation {
    /// What stands there, in one line: blanks and line breaks become one blank, a line break between Chinese characters none.
    pub fn line(&self) -> String {
        let mut line = String::with_capacity(self.quote.len());
        let wide = |c: char| is_han(c) || matches!(u32::from(c), 0x3001..=0x30ff | 0xff01..=0xff60);
        let mut rest = self.quote.trim();
        while let Some(at) = rest.find(char::is_whitespace) {
            let next = rest[at..].trim_start();
            let gap = &rest[at..rest.len() - next.len()];
            line.push_str(&rest[..at]);
            if !(gap.contains('\n') && line.ends_with(wide) && next.starts_with(wide)) {
                line.push(' ');
            }
            rest = next;
        }
        line.push_str(rest);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_in_one_line() {
        let line = |quote: &str| {
            let (path, domain, quote) = (String::new(), String::new(), quote.to_owned());
            let (place, span) = (Place::default(), Span { start: 0, end: quote.len() });
            Citation { path, title: None, domain, place, headings: Vec::new(), span, quote }.line()
        };
        assert_eq!(line("安全\n出口，\n  违反 规定 \n"), "安全出口，违反 规定");
        assert_eq!(line("a line\n  goes on"), "a line goes on");
        assert_eq!(line(""), "");
    }
}
