//! Word files: stories of paragraphs and tables, each element read in what it stands in (ECMA-376 part 1, 17).
//!
//! A story (the body, a cell, a text box, a note) is a list of [`Piece`]s. What hangs on a paragraph (text boxes, notes, charts)
//! comes after it. Tracked changes are read as accepted; hidden text, comments, headers and footers are left out.

use super::numbering::Numbering;
use super::package::{self, Relation};
use super::runs::{Field, Line, without_end};
use super::styles::{Styles, list_of};
use super::xml::{Element, Tree};
use super::{charts, tables};
use crate::file::File;
use crate::packed::Packed;
use crate::{BlockKind, Document, Place, Result};
use std::collections::{HashMap, HashSet};

/// Characters of a heading, at most: clauses of contracts have styles of headings too.
const HEADING: usize = 200;

/// A part of a story.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: BlockKind,
    pub(super) text: String,
    pub(super) from: From,
}

/// Where a piece comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum From {
    /// A paragraph of the story itself.
    Own,
    /// A table in it.
    Table,
    /// What hangs on a paragraph.
    Aside,
}

/// What hangs on a paragraph.
pub(super) enum Extra<'t> {
    /// A text box.
    Box(Element<'t>),
    /// A foot- or endnote.
    Note(Element<'t>),
    /// A relation to a chart.
    Chart(&'t str),
    /// A relation to the words of a diagram.
    Diagram(&'t str),
    /// What is said of a picture.
    Caption(String),
}

/// Reads a Word file.
pub(crate) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let mut packed = Packed::open(file)?;
    let main = package::main_part(file, &mut packed, "word/document.xml")?;
    let Some(tree) = package::part(file, &mut packed, &main)? else {
        return Err(file.wrong("a Word document", &format!("a ZIP file without {main}")));
    };
    let Some(root) = tree.root().filter(|r| r.name() == "document") else {
        return Err(file.wrong("a Word document", &format!("something else in {main}")));
    };
    let relations = package::relations(file, &mut packed, &main)?.unwrap_or_default();
    let mut beside = |kind: &str| package::beside(file, &mut packed, &relations, kind);
    let (styles, numbering) = (beside("styles")?, beside("numbering")?);
    let (feet, ends, comments) = (beside("footnotes")?, beside("endnotes")?, beside("comments")?);
    let styles = Styles::read(styles.as_ref());
    let mut reader = Reader {
        numbering: Numbering::read(numbering.as_ref(), &styles),
        styles,
        notes: HashMap::new(),
        unended: without_end(root),
        fields: Vec::new(),
        carried: None,
        drawn: HashSet::new(),
        unread: 0,
        spent: 0,
        relations: &relations,
        file,
        packed,
    };
    for (kind, tree) in [("footnote", &feet), ("endnote", &ends)] {
        for note in tree.as_ref().and_then(Tree::root).into_iter().flat_map(Element::children) {
            let is_line = note.attr("type").is_some_and(|t| t != "normal");
            if let (Some(id), false) = (note.attr("id"), is_line || note.name() != kind) {
                reader.notes.insert((kind, id), note);
            }
        }
    }
    let mut pieces = Vec::new();
    reader.story(root, &mut pieces)?;
    let mut document = package::core(file, &mut reader.packed)?;
    for piece in pieces {
        document.push(piece.kind, &piece.text, Place::default());
    }
    let comments = comments.as_ref().and_then(Tree::root);
    let comments = comments.map_or(0, |c| c.children().filter(|c| c.name() == "comment").count());
    for (count, one, more) in
        [(comments, "comment was left out", "comments were left out"), (reader.unread, ALIEN[0], ALIEN[1])]
    {
        if count > 0 {
            document.notes.push(format!("{count} {}", if count == 1 { one } else { more }));
        }
    }
    Ok(vec![document])
}

/// Notes on files within the file.
const ALIEN: [&str; 2] = ["file embedded as text was not read", "files embedded as text were not read"];

pub(super) struct Reader<'t, 'f> {
    pub(super) styles: Styles,
    numbering: Numbering,
    /// Notes that were not read yet, by kind and number.
    pub(super) notes: HashMap<(&'static str, &'t str), Element<'t>>,
    /// Beginnings of fields that never end: they hide nothing.
    pub(super) unended: HashSet<u32>,
    /// Fields around this place.
    pub(super) fields: Vec<Field>,
    /// A paragraph whose mark was deleted, which the next one continues.
    carried: Option<Line<'t>>,
    /// Parts of charts and diagrams that were read.
    drawn: HashSet<&'t str>,
    /// Files embedded as text.
    unread: usize,
    /// Bytes of all pieces: a value may stand in many rows.
    spent: usize,
    relations: &'t [Relation],
    file: &'f File<'f>,
    packed: Packed<'f>,
}

impl<'t> Reader<'t, '_> {
    /// Reads a story into pieces.
    pub(super) fn story(&mut self, container: Element<'t>, into: &mut Vec<Piece>) -> Result<()> {
        let outer = (std::mem::take(&mut self.fields), self.carried.take());
        self.blocks(container, into)?;
        if let Some(line) = self.carried.take() {
            self.finish(line, None, None, into)?;
        }
        (self.fields, self.carried) = outer;
        Ok(())
    }

    fn blocks(&mut self, container: Element<'t>, into: &mut Vec<Piece>) -> Result<()> {
        for child in container.children() {
            match child.name() {
                "p" => self.paragraph(child, into)?,
                "tbl" => {
                    if let Some(line) = self.carried.take() {
                        self.finish(line, None, None, into)?;
                    }
                    self.table(child, into)?;
                }
                "altChunk" | "subDoc" => self.unread += 1,
                "AlternateContent" => {
                    if let Some(branch) = child.choice() {
                        self.blocks(branch, into)?;
                    }
                }
                "" | "del" | "moveFrom" => {}
                name if name.ends_with("Pr") => {}
                _ => self.blocks(child, into)?,
            }
        }
        Ok(())
    }

    fn paragraph(&mut self, p: Element<'t>, into: &mut Vec<Piece>) -> Result<()> {
        let properties = p.child("pPr");
        let named = properties.and_then(|p| p.child("pStyle")).and_then(|s| s.attr("val"));
        let style = self.styles.of(named).map(str::to_owned);
        let mut line = self.carried.take().unwrap_or_default();
        let hidden = self.styles.hides(style.as_deref(), None);
        self.inline(p, &mut line, (style.as_deref(), hidden));
        let mark = properties.and_then(|p| p.child("rPr"));
        let has = |name: &str| mark.and_then(|m| m.child(name)).is_some_and(Element::is_on);
        let gone = has("del") || has("moveFrom");
        let unseen = (has("vanish") || hidden) && !has("specVanish");
        if gone || unseen {
            self.carried = Some(line);
            return Ok(());
        }
        self.finish(line, properties, style.as_deref(), into)
    }

    /// A paragraph whose text is there: its kind, its number, and what hangs on it.
    fn finish(
        &mut self,
        line: Line<'t>,
        properties: Option<Element<'t>>,
        style: Option<&str>,
        into: &mut Vec<Piece>,
    ) -> Result<()> {
        let own = properties.map(list_of).unwrap_or_default();
        let number = self.numbering.next(&own, style, &self.styles);
        let text = line.text.trim();
        if !text.is_empty() {
            let direct = properties.and_then(|p| p.child("outlineLvl")).and_then(|o| o.number_of("val"));
            let level = match direct {
                Some(level @ 0..=8) => Some(level as u8 + 1),
                Some(_) => None,
                None => self.styles.heading(style),
            };
            let kind = match level.filter(|_| text.chars().count() <= HEADING) {
                Some(level) => BlockKind::Heading(level),
                None if number.is_some() || self.styles.is_item(style) => BlockKind::Item,
                None => BlockKind::Paragraph,
            };
            let text = format!("{}{text}", number.unwrap_or_default());
            self.add(kind, text, From::Own, into)?;
        }
        let readings = line.readings();
        if !readings.is_empty() {
            self.add(BlockKind::Caption, readings, From::Aside, into)?;
        }
        for extra in line.extras {
            let start = into.len();
            match extra {
                Extra::Box(story) | Extra::Note(story) => {
                    let fields = without_end(story);
                    self.unended.extend(fields);
                    self.story(story, into)?;
                }
                Extra::Caption(text) => self.add(BlockKind::Caption, text, From::Aside, into)?,
                Extra::Chart(id) | Extra::Diagram(id) => {
                    let Some(relation) = self.relations.iter().find(|r| r.id == id) else { continue };
                    if !self.drawn.insert(&relation.target) {
                        continue;
                    }
                    let parts = charts::read(self.file, &mut self.packed, &relation.target)?;
                    for (kind, text) in parts {
                        self.add(kind, text, From::Aside, into)?;
                    }
                }
            }
            into.iter_mut().skip(start).for_each(|piece| piece.from = From::Aside);
        }
        Ok(())
    }

    /// Adds a piece, within the limit of text.
    pub(super) fn add(
        &mut self,
        kind: BlockKind,
        text: String,
        from: From,
        into: &mut Vec<Piece>,
    ) -> Result<()> {
        self.spent += text.len();
        // Text of nested tables is counted in each of them.
        if self.spent > self.file.limits.text_bytes.saturating_mul(2) {
            return Err(self.file.wrong("a document within the limit of text", "a larger one"));
        }
        into.push(Piece { kind, text, from });
        Ok(())
    }

    fn table(&mut self, table: Element<'t>, into: &mut Vec<Piece>) -> Result<()> {
        let start = into.len();
        tables::read(self, table, into)?;
        into.iter_mut().skip(start).filter(|p| p.from == From::Own).for_each(|p| p.from = From::Table);
        Ok(())
    }
}
