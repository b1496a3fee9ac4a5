//! Plain text: paragraphs apart by empty lines.

use super::file::File;
use super::{BlockKind, Document, Place};
use crate::Result;

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let (text, notes) = file.text()?;
    let mut document = Document { notes, ..Document::default() };
    paragraphs(&mut document, &text, 1);
    Ok(vec![document])
}

/// Adds the paragraphs of a text, whose first line is line `line` of the file.
pub(super) fn paragraphs(document: &mut Document, text: &str, line: u64) {
    let mut from = 0;
    let mut first = line;
    let mut at = 0;
    for (number, whole) in (line..).zip(text.split_inclusive('\n')) {
        if whole.trim().is_empty() {
            document.push(
                BlockKind::Paragraph,
                &text[from..at],
                Place { row: Some(first), ..Place::default() },
            );
            from = at + whole.len();
            first = number + 1;
        }
        at += whole.len();
    }
    document.push(BlockKind::Paragraph, &text[from..], Place { row: Some(first), ..Place::default() });
}

#[cfg(test)]
mod tests {
    use super::super::read::of;

    #[test]
    fn paragraphs_know_their_lines() {
        let document = of("a.txt", b"one\ntwo\n\n\n  three  \n").unwrap().remove(0);
        let found: Vec<(&str, Option<u64>)> =
            document.blocks.iter().map(|b| (&document.text[b.range.clone()], b.place.row)).collect();
        assert_eq!(found, [("one\ntwo", Some(1)), ("three", Some(5))]);
        assert!(of("a.txt", b"a\0b").is_err());
        assert!(of("a.txt", b"").unwrap()[0].blocks.is_empty());
    }
}
