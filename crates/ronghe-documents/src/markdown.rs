//! Markdown (the `pulldown-cmark` crate), with pages' source in it read as a page.
//!
//! Numbered items keep their numbers and tasks their boxes; what is said of pictures that stand alone is a caption.

use super::file::File;
use super::{BlockKind, Document, Place, html};
use crate::Result;
use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let (text, notes) = file.text()?;
    let mut document = Document { notes, ..Document::default() };
    add(&mut document, &text);
    Ok(vec![document])
}

/// Adds the blocks of a text; its title and day, if there are none yet.
pub(super) fn add(document: &mut Document, text: &str) {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_DEFINITION_LIST
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_PLUSES_DELIMITED_METADATA_BLOCKS;
    let mut open = Open {
        document,
        lines: Lines { text, at: 0, line: 1 },
        kind: BlockKind::Paragraph,
        text: String::new(),
        began: 0,
        cells: 0,
        lists: Vec::new(),
        items: 0,
        pictures: 0,
        pictured: 0,
        metadata: false,
        page: None,
    };
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        if open.text.is_empty() {
            open.began = range.start;
        }
        match event {
            Event::Start(tag) => open.enter(&tag, range.start),
            Event::End(tag) => open.leave(tag),
            Event::Text(t) | Event::Code(t) => open.add(&t),
            Event::Html(t) => {
                if let Some((page, _)) = &mut open.page {
                    page.push_str(&t);
                }
            }
            Event::InlineHtml(t) if t.starts_with("<br") => open.text.push('\n'),
            Event::SoftBreak => open.text.push(' '),
            Event::HardBreak => open.text.push('\n'),
            Event::FootnoteReference(name) => open.text.push_str(&format!("[{name}]")),
            Event::TaskListMarker(done) => open.text.push_str(if done { "[x] " } else { "[ ] " }),
            _ => {}
        }
    }
    open.close();
}

/// The block that is being gathered.
struct Open<'a> {
    document: &'a mut Document,
    lines: Lines<'a>,
    kind: BlockKind,
    text: String,
    began: usize,
    cells: usize,
    /// Numbers of the next items of the lists around this place, where they have numbers.
    lists: Vec<Option<u64>>,
    /// Items around this place.
    items: usize,
    /// Pictures around this place; characters of what is said of those in this block.
    pictures: usize,
    pictured: usize,
    metadata: bool,
    /// A part that is written as a page, and where it begins.
    page: Option<(String, usize)>,
}

impl Open<'_> {
    fn enter(&mut self, tag: &Tag<'_>, at: usize) {
        let new = match tag {
            Tag::MetadataBlock(_) => {
                self.metadata = true;
                None
            }
            Tag::HtmlBlock => {
                self.close();
                self.page = Some((String::new(), at));
                None
            }
            Tag::Image { .. } => {
                self.pictures += 1;
                None
            }
            Tag::List(first) => {
                self.lists.push(*first);
                None
            }
            Tag::Heading { level, .. } => Some(BlockKind::Heading(depth(*level))),
            Tag::Item | Tag::DefinitionListTitle | Tag::DefinitionListDefinition => Some(BlockKind::Item),
            Tag::FootnoteDefinition(_) => Some(BlockKind::Paragraph),
            Tag::CodeBlock(_) => Some(BlockKind::Code),
            Tag::TableHead | Tag::TableRow => Some(BlockKind::Row),
            // A paragraph within an item belongs to the item.
            Tag::Paragraph if self.items > 0 => None,
            Tag::Paragraph => Some(BlockKind::Paragraph),
            Tag::TableCell => {
                if self.cells > 0 {
                    self.text.push('\t');
                }
                self.cells += 1;
                None
            }
            _ => None,
        };
        let Some(new) = new else { return };
        // What a footnote is called stands before its text.
        if !(new == BlockKind::Paragraph && self.text.starts_with('[') && self.text.ends_with("] ")) {
            self.close();
            self.began = at;
        }
        (self.kind, self.cells) = (new, 0);
        match tag {
            Tag::Item => {
                self.items += 1;
                if let Some(Some(number)) = self.lists.last_mut() {
                    self.text.push_str(&format!("{number}. "));
                    *number = number.saturating_add(1);
                }
            }
            Tag::FootnoteDefinition(name) => self.text.push_str(&format!("[{name}] ")),
            _ => {}
        }
    }

    fn leave(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::MetadataBlock(_) => self.metadata = false,
            TagEnd::HtmlBlock => self.close_page(),
            TagEnd::Image => self.pictures = self.pictures.saturating_sub(1),
            TagEnd::List(_) => {
                self.close();
                self.lists.pop();
            }
            TagEnd::Heading(_)
            | TagEnd::Paragraph
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::TableHead
            | TagEnd::TableRow
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition => {
                self.close();
                self.items -= usize::from(tag == TagEnd::Item && self.items > 0);
                self.kind = if self.items > 0 { BlockKind::Item } else { BlockKind::Paragraph };
            }
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        if self.metadata {
            self.about(text);
            return;
        }
        if self.pictures > 0 {
            self.pictured += text.chars().filter(|c| !c.is_whitespace()).count();
        }
        self.text.push_str(text);
    }

    /// Title and day of the lines before the text (`title: ...` or `title = "..."`).
    fn about(&mut self, text: &str) {
        for line in text.lines() {
            let Some((name, value)) = line.split_once([':', '=']) else { continue };
            let value = value.trim().trim_matches(['"', '\'']).trim();
            match name.trim() {
                "title" if self.document.title.is_none() && !value.is_empty() => {
                    self.document.title = Some(value.to_owned());
                }
                "date" | "published" if self.document.date.is_none() => self.document.date = html::day(value),
                _ => {}
            }
        }
    }

    fn close(&mut self) {
        let text = std::mem::take(&mut self.text);
        let characters = text.chars().filter(|c| !c.is_whitespace()).count();
        let pictures = std::mem::take(&mut self.pictured);
        let kind = match self.kind {
            BlockKind::Paragraph if pictures > 0 && pictures == characters => BlockKind::Caption,
            kind => kind,
        };
        if kind == BlockKind::Heading(1) && self.document.title.is_none() && !text.trim().is_empty() {
            self.document.title = Some(text.trim().to_owned());
        }
        let place = Place { row: Some(self.lines.of(self.began)), ..Place::default() };
        self.document.push(kind, &text, place);
    }

    fn close_page(&mut self) {
        let Some((page, at)) = self.page.take() else { return };
        let place = Place { row: Some(self.lines.of(at)), ..Place::default() };
        let mut part =
            Document { title: Some(String::new()), date: Some(String::new()), ..Document::default() };
        html::body(&mut part, &page, html::Of::Text, place);
        for block in part.blocks {
            let text = &part.text[block.range];
            if block.kind == BlockKind::Heading(1) && self.document.title.is_none() {
                self.document.title = Some(text.to_owned());
            }
            self.document.push(block.kind, text, place);
        }
        self.document.notes.extend(part.notes);
    }
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

    #[test]
    fn lists_notes_and_pages_in_it() {
        let text = "---\ntitle: \"Rules\"\ndate: 2024-05-06\n---\n\n3. three\n4. four\n\n   more\n\n- [x] done\n- [ ] open\n\nA word[^n].\n\n[^n]: The note.\n\n\
                    Term\n: What it is.\n\n![A boat on the lake](x.png)\n\n<details><summary>More</summary>\n<p>Inside &amp; out.</p>\n</details>\n\n\
                    <table><tr><td>a</td><td>b</td></tr></table>\n\nOne<br>two <kbd>x</kbd>.\n<!-- no -->\n";
        let document = of("a.md", text.as_bytes()).unwrap().remove(0);
        let found: Vec<(BlockKind, &str)> =
            document.blocks.iter().map(|b| (b.kind, &document.text[b.range.clone()])).collect();
        use BlockKind::{Caption, Item, Paragraph, Row};
        let expected = [
            (Item, "3. three"),
            (Item, "4. four"),
            (Item, "more"),
            (Item, "[x] done"),
            (Item, "[ ] open"),
            (Paragraph, "A word[n]."),
            (Paragraph, "[n] The note."),
            (Item, "Term"),
            (Item, "What it is."),
            (Caption, "A boat on the lake"),
            (Paragraph, "More"),
            (Paragraph, "Inside & out."),
            (Row, "a\tb"),
            (Paragraph, "One\ntwo x."),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            (document.title.as_deref(), document.date.as_deref()),
            (Some("Rules"), Some("2024-05-06"))
        );
        let row = |i: usize| document.blocks[i].place.row;
        assert_eq!((row(0), row(10), row(13)), (Some(6), Some(23), Some(29)));
    }
}
