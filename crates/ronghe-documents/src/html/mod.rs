//! Pages: the part that says something.
//!
//! | file | what |
//! |---|---|
//! | `parse` | from the source to a tree: as XML where it is XHTML, else by the rules of HTML (the `scraper` crate) |
//! | `tree` | the tree, flat |
//! | `hide` | what a reader does not see |
//! | `blocks`, `list`, `table`, `math` | from the tree to blocks, numbers of items, rows of tables, formulas |
//! | `content` | which blocks are text of the page, and which stand around it |
//! | `about` | title and day |

mod about;
mod blocks;
mod content;
mod hide;
mod list;
mod math;
pub(super) mod parse;
mod table;
pub(super) mod tree;
mod words;

#[cfg(test)]
mod tests;

use super::file::File;
use super::{BlockKind, Document, Place};
use crate::Result;
use tree::Tree;

pub(super) use about::day;

/// Characters of text in `noscript` that stand for a page without any.
const FOR_SCRIPT: usize = 140;

/// What a page is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A site: there are menus around its text.
    Site,
    /// A book, a mail or another text: all of it is text.
    Text,
}

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let (text, notes) = file.text_as(parse::declared(file.bytes).as_deref())?;
    let mut document = Document { notes, ..Document::default() };
    if !add(&mut document, &text, Of::Site, Place::default()) {
        return Err(file.wrong(&format!("at most {} elements within each other", parse::DEPTH), "more"));
    }
    Ok(vec![document])
}

/// Adds the blocks of a page; its title and date, if there are none yet.
pub(super) fn body(document: &mut Document, page: &str, of: Of, place: Place) {
    if !add(document, page, of, place) {
        let note = format!("a page of more than {} elements within each other was left out", parse::DEPTH);
        document.notes.push(note);
    }
}

/// The same; false where the page is too deep.
fn add(document: &mut Document, page: &str, of: Of, place: Place) -> bool {
    let Some(tree) = parse::page(page) else { return false };
    about::add(document, &tree);
    let mut found = text(&tree, of, page.len());
    let characters: usize = found.iter().map(|(_, text)| text.len()).sum();
    if of == Of::Site && characters < FOR_SCRIPT && tree.within(0, "noscript").next().is_some() {
        let plain = parse::without_tags(page, "noscript");
        if let Some(tree) = parse::page(&plain) {
            let other = text(&tree, of, plain.len());
            let longer: usize = other.iter().map(|(_, text)| text.len()).sum();
            if longer > characters + FOR_SCRIPT {
                found = other;
            }
        }
    }
    for (kind, text) in &found {
        document.push(*kind, text, place);
    }
    if found.is_empty() {
        document.notes.extend(about::frames(&tree));
    }
    true
}

/// The blocks of a tree that are text.
fn text(tree: &Tree<'_>, of: Of, source_bytes: usize) -> Vec<(BlockKind, String)> {
    let seen = hide::seen(tree);
    let pieces = blocks::pieces(tree, &seen, source_bytes);
    let kept = if of == Of::Site { content::kept(tree, &pieces) } else { vec![true; pieces.len()] };
    let text = pieces.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(p, _)| (p.kind, p.text));
    text.filter(|(_, text)| !text.is_empty()).collect()
}
