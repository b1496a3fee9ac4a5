//! Markdown (the `pulldown-cmark` crate).

use super::file::File;
use super::{BlockKind, Document, Place};
use crate::Result;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let (text, notes) = file.text()?;
    let mut document = Document { notes, ..Document::default() };
    let (mut kind, mut open, mut cells, mut began) = (BlockKind::Paragraph, String::new(), 0, 0);
    let options = Options::ENABLE_TABLES | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS;
    let mut metadata = false;
    let mut lines = Lines { text: &text, at: 0, line: 1 };
    let mut close = |document: &mut Document, kind: BlockKind, open: &mut String, began: usize| {
        let row = Some(lines.of(began));
        if kind == BlockKind::Heading(1) && document.title.is_none() && !open.trim().is_empty() {
            document.title = Some(open.trim().to_owned());
        }
        document.push(kind, open, Place { row, ..Place::default() });
        open.clear();
    };
    for (event, range) in Parser::new_ext(&text, options).into_offset_iter() {
        if open.is_empty() {
            began = range.start;
        }
        match event {
            Event::Start(Tag::MetadataBlock(_)) => metadata = true,
            Event::End(TagEnd::MetadataBlock(_)) => metadata = false,
            Event::Start(tag) => {
                let new = match tag {
                    Tag::Heading { level, .. } => Some(BlockKind::Heading(depth(level))),
                    Tag::Item => Some(BlockKind::Item),
                    Tag::CodeBlock(_) => Some(BlockKind::Code),
                    Tag::TableHead | Tag::TableRow => Some(BlockKind::Row),
                    Tag::Paragraph if kind != BlockKind::Item || open.is_empty() => {
                        Some(kind_of_paragraph(kind))
                    }
                    Tag::TableCell => {
                        if cells > 0 {
                            open.push('\t');
                        }
                        cells += 1;
                        None
                    }
                    _ => None,
                };
                if let Some(new) = new {
                    close(&mut document, kind, &mut open, began);
                    (kind, cells, began) = (new, 0, range.start);
                }
            }
            Event::End(
                TagEnd::Heading(_)
                | TagEnd::Paragraph
                | TagEnd::Item
                | TagEnd::CodeBlock
                | TagEnd::TableHead
                | TagEnd::TableRow,
            ) => {
                close(&mut document, kind, &mut open, began);
                kind = BlockKind::Paragraph;
            }
            Event::Text(t) | Event::Code(t) if !metadata => open.push_str(&t),
            Event::SoftBreak => open.push(' '),
            Event::HardBreak => open.push('\n'),
            _ => {}
        }
    }
    close(&mut document, kind, &mut open, began);
    Ok(vec![document])
}

/// A paragraph within an item belongs to the item.
fn kind_of_paragraph(around: BlockKind) -> BlockKind {
    if around == BlockKind::Item { BlockKind::Item } else { BlockKind::Paragraph }
}

fn depth(level: HeadingLevel) -> u8 {
    match level {
        HeadingLevel::H1 => 1,
        HeadingLevel::H2 => 2,
        HeadingLevel::H3 => 3,
        HeadingLevel::H4 => 4,
        HeadingLevel::H5 => 5,
        HeadingLevel::H6 => 6,
    }
}

/// Numbers of lines of ascending places.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl Lines<'_> {
    fn of(&mut self, place: usize) -> u64 {
        if place > self.at {
            self.line += self.text.as_bytes()[self.at..place].iter().filter(|b| **b == b'\n').count() as u64;
            self.at = place;
        }
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::of;
    use super::*;

    #[test]
    fn parts_are_told_apart() {
        let text = "---\nx: y\n---\n# Title\n\nSome *text*\nhere.\n\n## Part\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```\ncode\n```\n";
        let document = of("a.md", text.as_bytes()).unwrap().remove(0);
        let found: Vec<(BlockKind, &str)> =
            document.blocks.iter().map(|b| (b.kind, &document.text[b.range.clone()])).collect();
        let expected = [
            (BlockKind::Heading(1), "Title"),
            (BlockKind::Paragraph, "Some text here."),
            (BlockKind::Heading(2), "Part"),
            (BlockKind::Item, "one"),
            (BlockKind::Item, "two"),
            (BlockKind::Row, "a\tb"),
            (BlockKind::Row, "1\t2"),
            (BlockKind::Code, "code"),
        ];
        assert_eq!(found, expected);
        assert_eq!(document.title.as_deref(), Some("Title"));
        assert_eq!(document.blocks[0].place.row, Some(4));
    }
}
