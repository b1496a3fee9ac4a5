//! From the source of a page to its tree: as XML where it says that it is XHTML and is well-formed, else by the rules of
//! HTML (the `scraper` crate).
//!
//! A page that is not well-formed, although it says that it is XHTML, means `<a id="x"/>` as XML does; such elements
//! are ended before it is read as HTML. Elsewhere that is done for elements that would swallow the rest of the page.

use super::tree::{Element, Tree};
use quick_xml::Reader;
use quick_xml::escape::{resolve_html5_entity, unescape_with};
use quick_xml::events::{BytesStart, Event};
use scraper::{Html, Node};
use std::borrow::Cow;

/// Elements within each other, at most: the time of the parser of HTML grows with the square.
pub(super) const DEPTH: usize = 5_000;
/// Elements that hold nothing.
const VOID: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "frame",
];
/// Elements that end where the next begins.
const NOT_NESTED: &[&str] = &[
    "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup", "colgroup",
    "html", "head", "body",
];
/// Elements whose content is no markup.
const RAW: &[&str] = &["script", "style", "title", "textarea", "iframe", "noscript", "noframes", "xmp"];

/// The tree of a page; none where more elements than [`DEPTH`] are within each other.
pub(super) fn page(source: &str) -> Option<Tree<'_>> {
    if is_deep(source) {
        return None;
    }
    let xhtml = says_xhtml(source);
    if xhtml && let Some(tree) = xml(source) {
        return Some(tree);
    }
    Some(html(&ended(source, xhtml)))
}

/// Whether the head of a page says that it is XHTML.
fn says_xhtml(source: &str) -> bool {
    let head = beginning(source, 2048);
    if head.trim_start().starts_with("<?xml") {
        return true;
    }
    let head = head.to_ascii_lowercase();
    let of = |open: &str| {
        let rest = &head[head.find(open)?..];
        Some(&rest[..rest.find('>').unwrap_or(rest.len())])
    };
    of("<!doctype").is_some_and(|d| d.contains("xhtml")) || of("<html").is_some_and(|h| h.contains("xmlns"))
}

/// At most so many bytes of a text.
fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// The tree of well-formed XML; none of anything else. Prefixes of names are left out but for foreign ones in pages.
pub(crate) fn xml(source: &str) -> Option<Tree<'static>> {
    let mut reader = Reader::from_str(source);
    let mut tree = Tree::new();
    let mut roots = 0;
    loop {
        match reader.read_event().ok()? {
            Event::Start(e) => {
                roots += usize::from(tree.depth() == 0);
                if tree.depth() >= DEPTH {
                    return None;
                }
                tree.enter(element(&e)?);
            }
            Event::Empty(e) => {
                roots += usize::from(tree.depth() == 0);
                tree.enter(element(&e)?);
                tree.leave();
            }
            Event::End(_) => tree.leave(),
            Event::Text(t) => tree.text(Cow::Owned(t.to_string())),
            Event::CData(t) => tree.text(Cow::Owned(t.to_string())),
            Event::GeneralRef(r) => {
                let known = match r.resolve_char_ref().ok()? {
                    Some(c) => c.to_string(),
                    None => entity(&r).map_or_else(|| format!("&{};", &*r), str::to_owned),
                };
                tree.text(Cow::Owned(known));
            }
            Event::Eof => break,
            _ => {}
        }
    }
    (tree.depth() == 0 && roots == 1).then(|| tree.finish())
}

fn entity(name: &str) -> Option<&'static str> {
    resolve_html5_entity(name)
}

fn element(e: &BytesStart<'_>) -> Option<Element<'static>> {
    let mut attributes = Vec::new();
    for found in e.attributes().with_checks(false) {
        let found = found.ok()?;
        let value =
            unescape_with(&found.value, entity).map_or_else(|_| found.value.to_string(), Cow::into_owned);
        let key: &str = found.key.as_ref();
        attributes.push((Cow::Owned(key.to_owned()), Cow::Owned(value)));
    }
    let name = e.name();
    Some(Element { name: Cow::Owned(local(name.as_ref())), attributes })
}

/// `p` of `html:p`; what drawings and office programs call so (`svg:title`, `o:p`) is none.
fn local(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    match name.split_once(':') {
        Some(("svg" | "o" | "w" | "v" | "st1" | "fb", _)) | None => name,
        Some((_, local)) => local.to_owned(),
    }
}

fn html(source: &str) -> Tree<'static> {
    use ego_tree::iter::Edge;
    let parsed = Html::parse_document(source);
    let mut tree = Tree::new();
    for edge in parsed.tree.root().traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(e) => {
                    let attribute = |(key, value): (&str, &str)| {
                        (Cow::Owned(key.to_owned()), Cow::Owned(value.to_owned()))
                    };
                    tree.enter(Element {
                        name: Cow::Owned(local(e.name())),
                        attributes: e.attrs().map(attribute).collect(),
                    });
                }
                Node::Text(text) => tree.text(Cow::Owned(text.to_string())),
                _ => {}
            },
            Edge::Close(node) if node.value().is_element() => tree.leave(),
            Edge::Close(_) => {}
        }
    }
    tree.finish()
}

/// Tags of a source in order, without those in scripts, styles and comments.
struct Tags<'a> {
    source: &'a str,
    at: usize,
}

/// A tag: its bytes in the source and its name in small letters.
struct Tag {
    from: usize,
    to: usize,
    name: String,
    ends: bool,
    /// It ends with `/>`, and the stroke is no part of a value.
    ends_itself: bool,
}

impl Iterator for Tags<'_> {
    type Item = Tag;

    fn next(&mut self) -> Option<Tag> {
        let bytes = self.source.as_bytes();
        loop {
            let from = self.at + self.source.get(self.at..)?.find('<')?;
            let rest = &self.source[from..];
            if rest.starts_with("<!--") {
                let end = rest.find("-->").map_or(rest.len(), |end| end + 3);
                self.at = from + end;
                continue;
            }
            let ends = rest.as_bytes().get(1) == Some(&b'/');
            let begin = from + 1 + usize::from(ends);
            let length = bytes[begin..].iter().take(16).take_while(|b| b.is_ascii_alphanumeric()).count();
            self.at = begin + length;
            if length == 0 {
                continue;
            }
            let name = self.source[begin..begin + length].to_ascii_lowercase();
            let (to, ends_itself) = end_of_tag(bytes, self.at);
            self.at = to;
            if !ends && !ends_itself && RAW.contains(&name.as_str()) && name != "noscript" {
                self.at = end_of_raw(self.source, to, &name);
            }
            return Some(Tag { from, to, name, ends, ends_itself });
        }
    }
}

/// Where a tag ends, one after its `>`, and whether it ends itself.
fn end_of_tag(bytes: &[u8], from: usize) -> (usize, bool) {
    let (mut quote, mut value, mut stroke, mut last) = (None, false, false, b' ');
    for (i, &b) in bytes.iter().enumerate().skip(from) {
        match (quote, b) {
            (Some(q), _) if b == q => (quote, value) = (None, false),
            (Some(_), _) => {}
            (None, b'"' | b'\'') if value => quote = Some(b),
            (None, b'>') => return (i + 1, stroke),
            (None, b'=') => value = true,
            (None, b'/') => stroke = !value,
            // A value without quotes ends; blanks after `=` do not count.
            (None, _) if b.is_ascii_whitespace() => value = value && last == b'=',
            (None, _) => stroke = false,
        }
        last = if b.is_ascii_whitespace() { last } else { b };
    }
    (bytes.len(), false)
}

/// Where the content of a raw element ends: at its closing tag.
fn end_of_raw(source: &str, from: usize, name: &str) -> usize {
    let end = format!("</{name}");
    let is_end = |at: &usize| {
        source
            .as_bytes()
            .get(from + at..from + at + end.len())
            .is_some_and(|t| t.eq_ignore_ascii_case(end.as_bytes()))
    };
    let found = source[from..].match_indices("</").map(|(at, _)| at).find(is_end);
    found.map_or(source.len(), |at| from + at)
}

/// Whether more elements are open at some place than is allowed, by their tags alone.
fn is_deep(source: &str) -> bool {
    let mut depth = 0_usize;
    for tag in (Tags { source, at: 0 }) {
        if VOID.contains(&tag.name.as_str()) || NOT_NESTED.contains(&tag.name.as_str()) {
            continue;
        }
        depth = if tag.ends { depth.saturating_sub(1) } else { depth + 1 };
        if depth > DEPTH {
            return true;
        }
    }
    false
}

/// The source with elements that end themselves ended as HTML wants it: all, or those that would swallow the rest.
fn ended(source: &str, all: bool) -> Cow<'_, str> {
    let mut mended = String::new();
    let mut done = 0;
    let mut foreign = 0_usize;
    for tag in (Tags { source, at: 0 }) {
        if matches!(tag.name.as_str(), "svg" | "math") && !tag.ends_itself {
            foreign = if tag.ends { foreign.saturating_sub(1) } else { foreign + 1 };
        }
        let swallows = RAW.contains(&tag.name.as_str());
        let meant = tag.ends_itself && !tag.ends && foreign == 0 && (swallows || all);
        if meant && !VOID.contains(&tag.name.as_str()) {
            let cut = source[tag.from..tag.to].trim_end_matches('>').trim_end_matches('/');
            mended.push_str(&source[done..tag.from]);
            mended.push_str(cut);
            mended.push_str("></");
            mended.push_str(&tag.name);
            mended.push('>');
            done = tag.to;
        }
    }
    if done == 0 {
        return Cow::Borrowed(source);
    }
    mended.push_str(&source[done..]);
    Cow::Owned(mended)
}

/// The source without the tags of a name; what is in them stays.
pub(super) fn without_tags(source: &str, name: &str) -> String {
    let mut rest = String::with_capacity(source.len());
    let mut done = 0;
    for tag in (Tags { source, at: 0 }).filter(|tag| tag.name == name) {
        rest.push_str(&source[done..tag.from]);
        done = tag.to;
    }
    rest.push_str(&source[done..]);
    rest
}

/// The name of the encoding that the head of a page or an XML file declares.
pub(crate) fn declared(bytes: &[u8]) -> Option<String> {
    let head: String =
        bytes.iter().take(4096).map(|&b| if b.is_ascii() { char::from(b) } else { ' ' }).collect();
    let low = head.to_ascii_lowercase();
    let after = |text: &str, key: &str| {
        let rest = text[text.find(key)? + key.len()..].trim_start().strip_prefix('=')?.trim_start();
        let rest = rest.trim_start_matches(['"', '\'']);
        let name: String =
            rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_:.".contains(*c)).collect();
        (!name.is_empty()).then_some(name)
    };
    if low.trim_start().starts_with("<?xml") {
        let end = low.find("?>").unwrap_or(low.len());
        if let Some(name) = after(&low[..end], "encoding") {
            return Some(name);
        }
    }
    // Not in what a page only tells about.
    let metas = low.match_indices("<meta").map(|(at, _)| &low[at..]);
    metas.map(|m| &m[..m.find('>').unwrap_or(m.len())]).find_map(|m| after(m, "charset"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_where_the_page_says() {
        let xhtml = "<?xml version='1.0'?><html><body><a id='x'/><script src='y'/><p>One&nbsp;&eacute;&#8212;</p></body></html>";
        let tree = page(xhtml).unwrap();
        let p = tree.within(0, "p").next().unwrap();
        assert_eq!((tree.text_of(p).as_str(), tree.name(tree.nodes[p].parent)), ("One\u{a0}é—", "body"));
        assert!(xml("<a><b></a>").is_none() && xml("<a>").is_none() && xml("<a/><b/>").is_none());
        // Not well-formed, but meant so.
        let loose = "<html xmlns='x'><body><div id=a/b/>in</div><div id='c'/><p>two<br></body></html>";
        let tree = page(loose).unwrap();
        let p = tree.within(0, "p").next().unwrap();
        assert_eq!(tree.name(tree.nodes[p].parent), "body");
        assert_eq!(ended("<script src=a/><p>", false), "<script src=a/><p>");
        assert_eq!(
            ended("<title/><a x='>'/><svg><g/></svg>", true),
            "<title></title><a x='>'></a><svg><g/></svg>"
        );
    }

    #[test]
    fn encodings_are_declared() {
        let of = |text: &str| declared(text.as_bytes());
        assert_eq!(of("<?xml version='1.0' encoding='GBK'?>").as_deref(), Some("gbk"));
        assert_eq!(
            of("<META http-equiv=x content=\"text/html; charset=gb2312\">").as_deref(),
            Some("gb2312")
        );
        assert_eq!(of("<meta charset = big5 />").as_deref(), Some("big5"));
        assert_eq!(of("<p>charset=big5"), None);
    }
}
