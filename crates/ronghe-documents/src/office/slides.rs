//! Presentations: slides in their order, each a page with its title as a heading (ECMA-376 part 1, 19).
//!
//! Hidden slides, numbers, dates, footers and comments are left out; speaker notes come after their slide.

use super::package::{self, Relation};
use super::runs::caption;
use super::xml::{Element, Tree};
use super::{charts, drawing};
use crate::file::File;
use crate::packed::Packed;
use crate::{BlockKind, Document, Place, Result};
use std::collections::{BTreeMap, HashSet};

/// Columns that a cell may span.
const SPAN: i64 = 64;
/// Places for what is the same on every slide, or a picture of it.
const FURNITURE: &[&str] = &["sldNum", "dt", "ftr", "hdr", "sldImg"];

/// Reads a presentation.
pub(crate) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let mut packed = Packed::open(file)?;
    let Some(slides) = order(file, &mut packed)? else {
        return Err(file.wrong("a presentation", "a ZIP file without slides"));
    };
    if slides.len() > file.limits.pages {
        let expected = format!("a presentation of at most {} slides", file.limits.pages);
        return Err(file.wrong(&expected, &format!("{} slides", slides.len())));
    }
    let mut document = package::core(file, &mut packed)?;
    if slides.is_empty() {
        document.notes.push("a presentation without slides".into());
    }
    let (mut hidden, mut comments, mut headed) = (Vec::new(), 0, false);
    for (page, name) in slides {
        let Some(tree) = package::part(file, &mut packed, &name)? else {
            document.notes.push(format!("slide {page} is missing"));
            continue;
        };
        let Some(root) = tree.root() else { continue };
        if matches!(root.attr("show"), Some("0" | "false")) {
            hidden.push(page.to_string());
            continue;
        }
        let relations = package::relations(file, &mut packed, &name)?;
        let mut slide = Slide {
            relations: relations.as_deref().unwrap_or_default(),
            file,
            packed: &mut packed,
            said: Vec::new(),
            title: None,
            drawn: HashSet::new(),
            spent: 0,
        };
        slide.shapes(root)?;
        let Slide { said, title, .. } = slide;
        let place = Place { page: Some(page), ..Place::default() };
        match title {
            Some(title) => document.push(BlockKind::Heading(2), &title, place),
            // What stands on a slide without a title is no part of the one before.
            None if headed && !said.is_empty() => {
                document.push(BlockKind::Heading(2), &untitled(page, &said), place);
            }
            None => {}
        }
        headed |= matches!(document.blocks.last().map(|b| b.kind), Some(BlockKind::Heading(_)));
        for (kind, text) in said {
            document.push(kind, &text, place);
        }
        for line in notes(file, &mut packed, &name, relations.as_deref())? {
            document.push(BlockKind::Paragraph, &line, place);
        }
        for relation in relations.iter().flatten().filter(|r| r.kind == "comments") {
            let tree = package::part(file, &mut packed, &relation.target).ok().flatten();
            let root = tree.as_ref().and_then(Tree::root);
            comments += root.map_or(0, |r| r.children().filter(|c| c.name() == "cm").count());
        }
        if document.text.len() > file.limits.text_bytes {
            return Err(file.wrong("a presentation within the limit of text", "a larger one"));
        }
    }
    match hidden.len() {
        0 => {}
        1 => document.notes.push(format!("1 hidden slide was left out: {}", hidden[0])),
        n => document.notes.push(format!("{n} hidden slides were left out: {}", hidden.join(", "))),
    }
    match comments {
        0 => {}
        1 => document.notes.push("1 comment was left out".into()),
        n => document.notes.push(format!("{n} comments were left out")),
    }
    Ok(vec![document])
}

/// A heading for a slide that has none, in the language of what stands there.
fn untitled(page: u32, said: &[(BlockKind, String)]) -> String {
    let han = said.iter().any(|(_, text)| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)));
    if han { format!("第{page}页") } else { format!("Slide {page}") }
}

/// The slides as they are shown: their places, and the names of their parts. None if it is no presentation.
fn order(file: &File<'_>, packed: &mut Packed<'_>) -> Result<Option<Vec<(u32, String)>>> {
    let main = package::main_part(file, packed, "ppt/presentation.xml")?;
    let mut is_empty = false;
    if let Some(tree) = package::part(file, packed, &main)? {
        is_empty = tree.root().is_some_and(|root| root.name() == "presentation");
        let relations = package::relations(file, packed, &main)?.unwrap_or_default();
        let list = tree.root().and_then(|root| root.child("sldIdLst"));
        let slides = list.into_iter().flat_map(Element::children).filter(|e| e.name() == "sldId");
        let target = |e: Element<'_>| {
            let id = e.linked("id")?;
            relations.iter().find(|r| r.id == id).map(|r| r.target.clone())
        };
        let found: Vec<(u32, String)> = (1..).zip(slides.filter_map(target)).collect();
        if !found.is_empty() {
            return Ok(Some(found));
        }
    }
    // Without a list their names say their order.
    let named = |name: String| {
        let number = name.strip_prefix("ppt/slides/slide")?.strip_suffix(".xml")?.parse().ok()?;
        Some((number, name))
    };
    let mut slides: Vec<(u32, String)> = packed.names().into_iter().filter_map(named).collect();
    slides.sort();
    Ok(Some(slides).filter(|s| is_empty || !s.is_empty()))
}

/// Speaker notes of a slide.
fn notes(
    file: &File<'_>,
    packed: &mut Packed<'_>,
    slide: &str,
    relations: Option<&[Relation]>,
) -> Result<Vec<String>> {
    let name = match relations {
        Some(all) => all.iter().find(|r| r.kind == "notesSlide").map(|r| r.target.clone()),
        // A slide without relations: by its name.
        None => Some(slide.replace("ppt/slides/slide", "ppt/notesSlides/notesSlide")).filter(|n| n != slide),
    };
    let Some(name) = name else { return Ok(Vec::new()) };
    let Some(xml) = packed.entry(&name)? else { return Ok(Vec::new()) };
    let Ok(tree) = Tree::read(file, &xml) else { return Ok(Vec::new()) };
    let mut shapes = Vec::new();
    tree.root().into_iter().for_each(|root| gather(root, &mut shapes));
    let spoken = shapes.into_iter().filter(|s| place_of(*s).is_none_or(|p| !FURNITURE.contains(&p)));
    Ok(spoken.flat_map(drawing::paragraphs).map(drawing::line).filter(|l| !l.trim().is_empty()).collect())
}

/// Shapes of text, however deep.
fn gather<'t>(of: Element<'t>, into: &mut Vec<Element<'t>>) {
    for child in of.children() {
        match child.name() {
            "sp" => into.push(child),
            "AlternateContent" => child.choice().into_iter().for_each(|branch| gather(branch, into)),
            _ => gather(child, into),
        }
    }
}

/// The kind of place that a shape fills; `obj` where it is not said.
fn place_of(shape: Element<'_>) -> Option<&str> {
    let about = shape.children().find(|c| c.name().starts_with("nv"))?;
    about.find("ph").map(|ph| ph.attr("type").unwrap_or("obj"))
}

fn is_hidden(shape: Element<'_>) -> bool {
    let about = shape.children().find(|c| c.name().starts_with("nv"));
    let about = about.and_then(|a| a.child("cNvPr"));
    about.is_some_and(|a| matches!(a.attr("hidden"), Some("1" | "true")))
}

/// A slide that is being read.
struct Slide<'s, 'p, 'f> {
    relations: &'s [Relation],
    file: &'s File<'s>,
    packed: &'p mut Packed<'f>,
    said: Vec<(BlockKind, String)>,
    title: Option<String>,
    /// Parts of charts and diagrams that were read.
    drawn: HashSet<&'s str>,
    /// Bytes of rows.
    spent: usize,
}

impl Slide<'_, '_, '_> {
    fn shapes(&mut self, container: Element<'_>) -> Result<()> {
        for child in container.children() {
            match child.name() {
                "sp" | "cxnSp" | "grpSp" | "graphicFrame" | "pic" if is_hidden(child) => {}
                "sp" | "cxnSp" => self.shape(child),
                "tbl" => self.table(child),
                "chart" | "relIds" => {
                    let id = child.linked(if child.name() == "chart" { "id" } else { "dm" });
                    let relation = self.relations.iter().find(|r| Some(r.id.as_str()) == id);
                    if let Some(relation) = relation.filter(|r| self.drawn.insert(&r.target)) {
                        self.said.extend(charts::read(self.file, self.packed, &relation.target)?);
                    }
                }
                "pic" => {
                    let about = child.path(&["nvPicPr", "cNvPr"]).and_then(|a| a.attr("descr"));
                    self.said.extend(about.and_then(caption).map(|text| (BlockKind::Caption, text)));
                }
                "AlternateContent" => {
                    if let Some(branch) = child.choice() {
                        self.shapes(branch)?;
                    }
                }
                "" | "timing" | "transition" | "extLst" => {}
                _ => self.shapes(child)?,
            }
        }
        Ok(())
    }

    fn shape(&mut self, shape: Element<'_>) {
        let place = place_of(shape).unwrap_or_default();
        if FURNITURE.contains(&place) {
            return;
        }
        if matches!(place, "title" | "ctrTitle") && self.title.is_none() {
            self.title = drawing::text(shape);
            return;
        }
        let mut counter = drawing::Counter::default();
        for paragraph in drawing::paragraphs(shape) {
            let text = drawing::line(paragraph);
            if text.trim().is_empty() {
                continue;
            }
            let number = counter.next(paragraph);
            let kind = if number.is_some() { BlockKind::Item } else { BlockKind::Paragraph };
            self.said.push((kind, format!("{}{}", number.unwrap_or_default(), text.trim())));
        }
    }

    /// A row a block; what spans rows stands in each of them.
    fn table(&mut self, table: Element<'_>) {
        let is_on = |e: Element<'_>, name: &str| matches!(e.attr(name), Some("1" | "true"));
        let mut spanning: BTreeMap<usize, String> = BTreeMap::new();
        for row in table.children().filter(|e| e.name() == "tr") {
            let mut texts = Vec::new();
            let mut is_new = false;
            for cell in row.children().filter(|e| e.name() == "tc") {
                let column = texts.len();
                let mut text = drawing::text(cell).unwrap_or_default();
                if is_on(cell, "hMerge") {
                    text.clear();
                } else if is_on(cell, "vMerge") {
                    text = spanning.get(&column).cloned().unwrap_or(text);
                } else {
                    is_new |= !text.is_empty();
                    if cell.number_of("rowSpan").unwrap_or(1).clamp(1, SPAN) > 1 {
                        spanning.insert(column, text.clone());
                    }
                }
                texts.push(text);
            }
            // A long value in many rows is more than the file holds.
            if is_new && self.spent <= self.file.limits.text_bytes {
                let text = texts.join("\t");
                self.spent += text.len();
                self.said.push((BlockKind::Row, text));
            }
        }
    }
}
