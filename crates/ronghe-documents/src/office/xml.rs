//! XML: a walk through its events, and a tree of it for parts whose meaning lies in what stands in what.
//!
//! Names are taken without their prefixes, so that files of the strict and of the transitional namespaces (ISO/IEC 29500) read
//! alike.

use crate::file::File;
use crate::{Error, Result};
use encoding_rs::Encoding;
use quick_xml::events::attributes::{Attribute, Attributes};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

/// Deepest element.
const DEPTH: usize = 256;
/// Elements and texts of a tree, at most.
const NODES: usize = 8_000_000;

/// A step through XML.
pub(crate) enum Step<'a> {
    /// An element begins.
    Open,
    /// An element ends.
    Close,
    /// Text in the element of that name.
    Text(&'a str),
}

/// What is called at each step: with the name of the element, and the element where it begins.
type See<'a> = dyn FnMut(Step<'_>, &str, Option<&BytesStart<'_>>) + 'a;

/// Goes through XML: names without their prefixes, entities of XML itself only, and no deeper than a limit.
pub(crate) fn walk(file: &File<'_>, xml: &[u8], see: &mut See<'_>) -> Result<()> {
    match foreign(xml) {
        Some(encoding) => walk_from(file, encoding.decode(xml).0.as_bytes(), see),
        None => walk_from(file, xml, see),
    }
}

/// The encoding of XML that is not in UTF-8, as its first bytes say.
fn foreign(xml: &[u8]) -> Option<&'static Encoding> {
    let named = || {
        let head = xml.strip_prefix(b"<?xml")?;
        let head = std::str::from_utf8(&head[..head.iter().take(120).position(|b| *b == b'>')?]).ok()?;
        let label = head.split_once("encoding=")?.1.get(1..)?.split(['"', '\'']).next()?;
        Encoding::for_label(label.as_bytes())
    };
    let found = Encoding::for_bom(xml).map(|(found, _)| found).or_else(named)?;
    (found != encoding_rs::UTF_8).then_some(found)
}

/// [`walk`] over what is unpacked on the way.
pub(crate) fn walk_from(file: &File<'_>, xml: impl BufRead, see: &mut See<'_>) -> Result<()> {
    let wrong = |found: &str| -> Error { file.wrong("well-formed XML inside", found) };
    let mut reader = Reader::from_reader(xml);
    // Names of the open elements, one after the other, and where each begins.
    let (mut names, mut starts) = (String::new(), Vec::new());
    let local = |whole: &str| whole.rfind(':').map_or(0, |at| at + 1);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match reader.read_event_into(&mut buffer).map_err(|e| wrong(&e.to_string()))? {
            Event::Start(e) => {
                if starts.len() >= DEPTH {
                    return Err(wrong("elements nested too deep"));
                }
                let name = e.name();
                let name = &name.as_ref()[local(name.as_ref())..];
                see(Step::Open, name, Some(&e));
                starts.push(names.len());
                names.push_str(name);
            }
            Event::Empty(e) => {
                let name = e.name();
                let name = &name.as_ref()[local(name.as_ref())..];
                see(Step::Open, name, Some(&e));
                see(Step::Close, name, None);
            }
            Event::End(_) => {
                if let Some(start) = starts.pop() {
                    see(Step::Close, &names[start..], None);
                    names.truncate(start);
                }
            }
            Event::Text(t) => {
                if let Some(&start) = starts.last() {
                    see(Step::Text(&t), &names[start..], None);
                }
            }
            Event::GeneralRef(r) => {
                let known = match r.as_ref() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => r.resolve_char_ref().ok().flatten(),
                };
                if let (Some(&start), Some(c)) = (starts.last(), known) {
                    see(Step::Text(c.encode_utf8(&mut [0; 4])), &names[start..], None);
                }
            }
            Event::CData(t) => {
                if let Some(&start) = starts.last() {
                    see(Step::Text(&t), &names[start..], None);
                }
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// An attribute's value, by its whole name.
pub(crate) fn attribute(e: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = attributes(e).flatten().find(|a| a.key.as_ref() == name)?;
    Some(plain(&found).into_owned())
}

/// The attributes of an element. Checking for twins would take time that grows with the square of their number.
pub(crate) fn attributes<'e>(e: &'e BytesStart<'_>) -> Attributes<'e> {
    let mut all = e.attributes();
    all.with_checks(false);
    all
}

/// A value with its entities as what they stand for.
fn plain<'v>(a: &'v Attribute<'_>) -> Cow<'v, str> {
    a.normalized_value(XmlVersion::Implicit1_0).unwrap_or(Cow::Borrowed(&a.value))
}

/// A part of a package as a tree, in the order of its text.
#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    names: Vec<String>,
    /// Name, and place of the value in `text`; names keep their prefixes.
    attributes: Vec<(u32, u32, u32)>,
    text: String,
}

struct Node {
    /// In `names`; [`TEXT`] of a text.
    name: u32,
    /// Node behind the last one in it.
    end: u32,
    /// First of its attributes; they end where the next node's begin.
    attributes: u32,
    /// Its text, of a text.
    text: (u32, u32),
}

const TEXT: u32 = u32::MAX;

impl Tree {
    /// Reads a part.
    pub(super) fn read(file: &File<'_>, xml: &[u8]) -> Result<Tree> {
        let mut tree = Tree::default();
        let mut known: HashMap<String, u32> = HashMap::new();
        let mut open: Vec<u32> = Vec::new();
        let mut full = false;
        walk(file, xml, &mut |step, name, e| {
            if tree.nodes.len() >= NODES || tree.text.len() >= u32::MAX as usize / 2 {
                full = true;
                return;
            }
            let mut intern = |names: &mut Vec<String>, name: &str| match known.get(name) {
                Some(&at) => at,
                None => {
                    known.insert(name.to_owned(), names.len() as u32);
                    names.push(name.to_owned());
                    names.len() as u32 - 1
                }
            };
            match step {
                Step::Open => {
                    let name = intern(&mut tree.names, name);
                    let first = tree.attributes.len() as u32;
                    open.push(tree.nodes.len() as u32);
                    tree.nodes.push(Node { name, end: 0, attributes: first, text: (0, 0) });
                    for a in e.into_iter().flat_map(attributes).flatten() {
                        let name = intern(&mut tree.names, a.key.as_ref());
                        let start = tree.text.len() as u32;
                        tree.text += &plain(&a);
                        tree.attributes.push((name, start, tree.text.len() as u32));
                    }
                }
                Step::Close => {
                    if let Some(at) = open.pop() {
                        tree.nodes[at as usize].end = tree.nodes.len() as u32;
                    }
                }
                Step::Text(text) => {
                    let (start, at) = (tree.text.len() as u32, tree.nodes.len() as u32);
                    let attributes = tree.attributes.len() as u32;
                    tree.text += text;
                    let text = (start, tree.text.len() as u32);
                    tree.nodes.push(Node { name: TEXT, end: at + 1, attributes, text });
                }
            }
        })?;
        if full {
            return Err(file.wrong(&format!("parts of at most {NODES} elements"), "a larger one"));
        }
        // Elements that a broken end left open.
        let all = tree.nodes.len() as u32;
        open.iter().for_each(|&at| tree.nodes[at as usize].end = all);
        Ok(tree)
    }

    /// The outermost element.
    pub(super) fn root(&self) -> Option<Element<'_>> {
        let at = self.nodes.iter().position(|n| n.name != TEXT)?;
        Some(Element { tree: self, at: at as u32 })
    }
}

/// An element of a tree, or a text in it.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    tree: &'a Tree,
    at: u32,
}

impl<'a> Element<'a> {
    fn node(self) -> &'a Node {
        &self.tree.nodes[self.at as usize]
    }

    /// Its name without a prefix; empty of a text.
    pub(super) fn name(self) -> &'a str {
        self.tree.names.get(self.node().name as usize).map_or("", String::as_str)
    }

    /// What tells it from the others of its tree.
    pub(super) fn number(self) -> u32 {
        self.at
    }

    fn attributes(self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let tree = self.tree;
        let end =
            tree.nodes.get(self.at as usize + 1).map_or(tree.attributes.len(), |n| n.attributes as usize);
        let of = tree.attributes.get(self.node().attributes as usize..end).unwrap_or_default();
        of.iter().map(move |&(name, from, to)| {
            (tree.names[name as usize].as_str(), &tree.text[from as usize..to as usize])
        })
    }

    /// An attribute by its name without a prefix; one that has no prefix comes first.
    pub(super) fn attr(self, name: &str) -> Option<&'a str> {
        let plain = self.attributes().find(|(key, _)| *key == name);
        plain.map(|(_, value)| value).or_else(|| self.linked(name))
    }

    /// An attribute that has a prefix, as `r:id` beside `id`.
    pub(super) fn linked(self, name: &str) -> Option<&'a str> {
        let found =
            self.attributes().find(|(key, _)| key.split_once(':').is_some_and(|(_, key)| key == name));
        found.map(|(_, value)| value)
    }

    /// An attribute that is a whole number.
    pub(super) fn number_of(self, name: &str) -> Option<i64> {
        self.attr(name)?.trim().parse().ok()
    }

    /// Whether a property that is there is on.
    pub(super) fn is_on(self) -> bool {
        !matches!(self.attr("val"), Some("0" | "false" | "off"))
    }

    /// Elements and texts directly in it.
    pub(super) fn children(self) -> impl Iterator<Item = Element<'a>> {
        let (tree, end) = (self.tree, self.node().end);
        let first = (self.at + 1 < end).then_some(Element { tree, at: self.at + 1 });
        std::iter::successors(first, move |before| {
            let at = before.node().end.max(before.at + 1);
            (at < end).then_some(Element { tree, at })
        })
    }

    /// The first element of that name directly in it.
    pub(super) fn child(self, name: &str) -> Option<Element<'a>> {
        self.children().find(|c| c.name() == name)
    }

    /// The element at the end of a path of names.
    pub(super) fn path(self, names: &[&str]) -> Option<Element<'a>> {
        names.iter().try_fold(self, |at, name| at.child(name))
    }

    /// All elements and texts in it, however deep.
    pub(super) fn all(self) -> impl Iterator<Item = Element<'a>> {
        let tree = self.tree;
        (self.at + 1..self.node().end).map(move |at| Element { tree, at })
    }

    /// The first element of that name in it, however deep.
    pub(super) fn find(self, name: &str) -> Option<Element<'a>> {
        self.all().find(|e| e.name() == name)
    }

    /// All text in it.
    pub(super) fn text(self) -> String {
        self.all().filter(|e| e.node().name == TEXT).map(Element::own).collect()
    }

    /// The text that it is; empty of an element.
    fn own(self) -> &'a str {
        let (from, to) = self.node().text;
        &self.tree.text[from as usize..to as usize]
    }

    /// Of `mc:AlternateContent`, the branch to be read: the first that says something, never two of them.
    pub(super) fn choice(self) -> Option<Element<'a>> {
        const SAYS: &[&str] = &["t", "chart", "relIds", "sym", "tbl", "fldChar"];
        let branches = || self.children().filter(|c| matches!(c.name(), "Choice" | "Fallback"));
        branches().find(|b| b.all().any(|e| SAYS.contains(&e.name()))).or_else(|| branches().next())
    }
}
