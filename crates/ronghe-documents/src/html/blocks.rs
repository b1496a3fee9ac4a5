//! From the tree of a page to its blocks, in order.
//!
//! Items of numbered lists keep their numbers. A cell that spans rows is in each of them. What stands in a table that only
//! places things is read as if there were no table. Readings beside characters (`ruby`) and what is said of pictures
//! follow the block they stand in.

use super::hide::Seen;
use super::list::List;
use super::table::{self, Table};
use super::tree::{Element, Tree, What};
use super::{math, words};
use crate::BlockKind;

/// Elements that are blocks of their own.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "body",
    "html",
    "ul",
    "ol",
    "dl",
    "table",
    "thead",
    "tbody",
    "tfoot",
    "tr",
    "td",
    "th",
    "blockquote",
    "figure",
    "hr",
    "address",
    "details",
    "summary",
    "header",
    "footer",
    "nav",
    "aside",
    "form",
    "fieldset",
    "legend",
    "center",
    "dir",
    "menu",
    "hgroup",
    "search",
    "dialog",
    "noscript",
    "object",
    "li",
    "dt",
    "dd",
    "pre",
    "listing",
    "xmp",
    "caption",
    "figcaption",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "button",
];
/// A line break, until blanks are made single.
const BREAK: char = '\u{2028}';

/// A block before it is known whether it is text of the page.
#[derive(Debug)]
pub(super) struct Piece {
    pub(super) kind: BlockKind,
    pub(super) text: String,
    /// Characters of it in links, and how many links.
    pub(super) linked: usize,
    pub(super) links: usize,
    /// The node it begins at.
    pub(super) at: usize,
}

/// The blocks of a page, in order.
pub(super) fn pieces(tree: &Tree<'_>, seen: &Seen, source_bytes: usize) -> Vec<Piece> {
    let mut open = Open {
        tree,
        of_cells: table::of_cells(tree, seen),
        budget: (1 << 20) + 2 * source_bytes,
        pieces: Vec::new(),
        kinds: vec![BlockKind::Paragraph],
        text: String::new(),
        linked: 0,
        links: 0,
        at: None,
        around: 0,
        lists: Vec::new(),
        marker: String::new(),
        tables: Vec::new(),
        captions: Vec::new(),
        readings: Vec::new(),
        reading: None,
        ruby: 0,
        raised: Vec::new(),
        last_link: 0,
    };
    let mut stack: Vec<usize> = Vec::new();
    let mut at = 0;
    loop {
        while let Some(&top) = stack.last()
            && tree.nodes[top].end <= at
        {
            open.leave(top);
            stack.pop();
        }
        let Some(node) = tree.nodes.get(at) else { break };
        if seen.is_hidden(at) {
            at = node.end;
            continue;
        }
        match &node.what {
            What::Text(text) => open.add(text, at),
            What::Element(e) if e.name == "math" => {
                open.add(&math::line(tree, at), at);
                at = node.end;
                continue;
            }
            What::Element(e) => {
                open.enter(e, at);
                stack.push(at);
            }
        }
        at += 1;
    }
    open.close();
    open.pieces
}

/// What is being gathered.
struct Open<'t> {
    tree: &'t Tree<'t>,
    of_cells: Vec<bool>,
    /// Bytes that cells may still repeat.
    budget: usize,
    pieces: Vec<Piece>,
    /// Kinds of the blocks around this place.
    kinds: Vec<BlockKind>,
    text: String,
    linked: usize,
    links: usize,
    at: Option<usize>,
    /// Links around this place.
    around: usize,
    lists: Vec<List>,
    /// Number of the item that has no text yet.
    marker: String,
    tables: Vec<Table>,
    /// What is said of pictures in this block, and where.
    captions: Vec<(String, usize)>,
    readings: Vec<String>,
    reading: Option<String>,
    /// Where in the text the characters begin that a reading belongs to.
    ruby: usize,
    /// Where raised text begins, and the links before it.
    raised: Vec<(usize, usize)>,
    /// Where the last link ended.
    last_link: usize,
}

impl Open<'_> {
    fn enter(&mut self, e: &Element<'_>, at: usize) {
        let name = e.name.as_ref();
        if BLOCKS.contains(&name) || e.attribute("role") == Some("navigation") {
            self.end_of_block();
            self.kinds.push(self.kind_of(name));
        }
        match name {
            "a" if is_link(e) => {
                if self.last_link == at && self.text.ends_with(|c: char| !c.is_whitespace()) {
                    self.text.push(' ');
                }
                self.around += 1;
                self.links += 1;
            }
            "br" => self.line_break(),
            "q" => self.add("“", at),
            "img" => self.picture(e, at),
            "ol" | "ul" | "menu" | "dir" => self.lists.push(List::new(self.tree, at)),
            "li" => self.marker = self.lists.last_mut().map(|list| list.next(e)).unwrap_or_default(),
            "table" => {
                let before = if self.in_cell() { std::mem::take(&mut self.text) } else { String::new() };
                let outer = self.cell();
                self.tables.push(Table::new(self.of_cells[at], outer, before));
            }
            "tr" => self.with_cells(|table, _| table.enter_row()),
            "td" | "th" => {
                let (rows, columns) = (e.attribute("rowspan"), e.attribute("colspan"));
                self.with_cells(|table, budget| table.enter_cell(rows, columns, budget));
            }
            "ruby" => self.ruby = self.text.len(),
            "rt" => self.reading = Some(String::new()),
            "sup" => self.raised.push((self.text.len(), self.links)),
            _ => {}
        }
    }

    fn leave(&mut self, at: usize) {
        let Some(e) = self.tree.element(at) else { return };
        let name = e.name.as_ref();
        match name {
            "a" if is_link(e) => {
                self.around = self.around.saturating_sub(1);
                self.last_link = self.tree.nodes[at].end;
            }
            "q" => self.add("”", at),
            "sup" => self.lower(),
            "rt" => {
                let base = self.text.get(self.ruby..).unwrap_or_default().trim();
                if let Some(reading) =
                    self.reading.take().filter(|r| !r.trim().is_empty() && !base.is_empty())
                {
                    self.readings.push(format!("{base} {}", reading.trim()));
                }
                self.ruby = self.text.len();
            }
            "td" | "th" if self.in_cell() => {
                let text = words::tidy(&std::mem::take(&mut self.text), BREAK).replace('\n', " ");
                self.with_cells(|table, _| table.leave_cell(text));
            }
            "tr" => self.leave_row(at),
            "thead" | "tbody" | "tfoot" => self.with_cells(|table, _| table.leave_part()),
            _ => {}
        }
        if BLOCKS.contains(&name) || e.attribute("role") == Some("navigation") {
            self.end_of_block();
            if self.kinds.len() > 1 {
                self.kinds.pop();
            }
        }
        match name {
            "ol" | "ul" | "menu" | "dir" => drop(self.lists.pop()),
            "li" => self.marker.clear(),
            "table" => {
                let Some(table) = self.tables.pop() else { return };
                let outer = table.outer;
                let (within, before) = table.leave();
                self.text.insert_str(0, &before);
                match outer.and_then(|t| self.tables.get_mut(t)) {
                    Some(outer) => outer.within.extend(within),
                    None => self.pieces.extend(within),
                }
            }
            _ => {}
        }
    }

    fn kind_of(&self, name: &str) -> BlockKind {
        let around = self.kinds.last().copied().unwrap_or(BlockKind::Paragraph);
        match name {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => BlockKind::Heading(name.as_bytes()[1] - b'0'),
            "li" | "dt" | "dd" => BlockKind::Item,
            "pre" | "listing" | "xmp" => BlockKind::Code,
            "figcaption" | "caption" => BlockKind::Caption,
            "td" | "th" | "table" | "article" | "section" => BlockKind::Paragraph,
            _ => around,
        }
    }

    /// Within a cell blocks are only words apart.
    fn end_of_block(&mut self) {
        if self.in_cell() {
            self.text.push(' ');
        } else {
            self.close();
        }
    }

    fn in_cell(&self) -> bool {
        self.cell()
            .is_some_and(|t| self.tables.last().is_some_and(|last| !last.cells || t + 1 == self.tables.len()))
    }

    /// The innermost table with an open cell. A table that only places things is part of the cell around it.
    fn cell(&self) -> Option<usize> {
        let last = self.tables.last()?;
        if last.open { Some(self.tables.len() - 1) } else { last.outer }
    }

    /// For rows and cells of the innermost table, if it is one of cells.
    fn with_cells(&mut self, act: impl FnOnce(&mut Table, &mut usize)) {
        if let Some(table) = self.tables.last_mut().filter(|t| t.cells) {
            act(table, &mut self.budget);
        }
    }

    fn leave_row(&mut self, at: usize) {
        let Some(table) = self.tables.last_mut().filter(|t| t.cells) else { return };
        let text = table.leave_row(&mut self.budget);
        let (linked, links) = (std::mem::take(&mut self.linked), std::mem::take(&mut self.links));
        let mut rows = vec![Piece { kind: BlockKind::Row, text, linked, links, at }];
        rows.append(&mut table.within);
        let captions = self.captions.drain(..).map(|(text, at)| Piece {
            kind: BlockKind::Caption,
            text,
            linked: 0,
            links: 0,
            at,
        });
        rows.extend(captions);
        let outer = self.tables.last().and_then(|t| t.outer);
        match outer.and_then(|t| self.tables.get_mut(t)) {
            Some(outer) => outer.within.append(&mut rows),
            None => self.pieces.append(&mut rows),
        }
    }

    fn line_break(&mut self) {
        match self.kinds.last() {
            Some(BlockKind::Code) => self.text.push('\n'),
            _ if self.in_cell() => self.text.push(' '),
            Some(BlockKind::Heading(_)) => self.text.push(' '),
            // Two of them part paragraphs.
            _ if self.text.trim_end_matches([' ', '\n', '\t', '\r']).ends_with(BREAK) => self.close(),
            _ => self.text.push(BREAK),
        }
    }

    fn add(&mut self, text: &str, at: usize) {
        if let Some(reading) = &mut self.reading {
            reading.push_str(text);
            return;
        }
        if self.at.is_none() && !text.trim().is_empty() {
            self.at = Some(at);
            if self.kinds.last() == Some(&BlockKind::Item) && !self.in_cell() {
                self.text.push_str(&std::mem::take(&mut self.marker));
            }
        }
        if self.around > 0 {
            self.linked += text.chars().filter(|c| !c.is_whitespace()).count();
        }
        self.text.push_str(text);
    }

    /// What is said of a picture: in a heading, a cell or a formula it is text, elsewhere a block after this one.
    fn picture(&mut self, e: &Element<'_>, at: usize) {
        let Some(alt) = e.attribute("alt").filter(|alt| !alt.is_empty()) else { return };
        let heading = matches!(self.kinds.last(), Some(BlockKind::Heading(_)));
        if heading && self.text.trim().is_empty() || is_math(e) {
            self.add(alt, at);
        } else if words::says_something(alt) {
            self.captions.push((words::tidy(alt, BREAK), at));
        }
    }

    /// Raised digits after a digit are an exponent, linked ones are the mark of a note.
    fn lower(&mut self) {
        let Some((from, links)) = self.raised.pop() else { return };
        let Some(raised) = self.text.get(from..).map(|t| t.trim().to_owned()) else { return };
        let after_digit = self.text[..from].ends_with(|c: char| c.is_ascii_digit());
        if self.links > links && !raised.is_empty() && raised.bytes().all(|b| b.is_ascii_digit()) {
            self.text.truncate(from);
            self.text.push_str(&format!("[{raised}]"));
        } else if after_digit && let Some(power) = math::raised(&raised) {
            self.text.truncate(from);
            self.text.push_str(&power);
        }
    }

    fn close(&mut self) {
        let kind = self.kinds.last().copied().unwrap_or(BlockKind::Paragraph);
        let text = std::mem::take(&mut self.text);
        let text = if kind == BlockKind::Code {
            text.trim_start_matches('\n').trim_end().to_owned()
        } else {
            words::tidy(&text, BREAK)
        };
        let at = self.at.take().unwrap_or_default();
        let (linked, links) = (std::mem::take(&mut self.linked), std::mem::take(&mut self.links));
        let captions = std::mem::take(&mut self.captions);
        let readings = std::mem::take(&mut self.readings).join("; ");
        (self.ruby, self.last_link) = (0, 0);
        self.raised.clear();
        let caption = |(text, at)| Piece { kind: BlockKind::Caption, text, linked: 0, links: 0, at };
        let before = captions.into_iter().filter(|(alt, _)| *alt != text).map(caption).collect::<Vec<_>>();
        if !text.is_empty() {
            self.pieces.push(Piece { kind, text, linked, links, at });
        }
        if !readings.is_empty() {
            self.pieces.push(caption((readings, at)));
        }
        self.pieces.extend(before);
    }
}

/// An anchor that leads somewhere; a number or address to call is text.
fn is_link(e: &Element<'_>) -> bool {
    let text = |href: &str| ["tel:", "mailto:", "sms:"].iter().any(|p| href.starts_with(p));
    e.attribute("href").is_some_and(|href| !text(href))
}

/// Whether a picture is of a formula.
pub(super) fn is_math(e: &Element<'_>) -> bool {
    let class = e.attribute("class").unwrap_or_default();
    e.name == "img" && ["math", "tex", "formula"].iter().any(|word| class.contains(word))
}
