//! Pages: the part that says something (the `scraper` crate).
//!
//! Menus, headers, footers, forms and scripts are left out by their tags and roles. Of the rest `<main>` or `<article>` is taken
//! where there is one. A block of little text of which most stands in links is a menu too.

use super::file::File;
use super::{BlockKind, Document, Place, decode};
use crate::Result;
use scraper::node::Element;
use scraper::{Html, Node, Selector};

/// Elements whose content is no text of the page.
const LEFT_OUT: &[&str] = &[
    "script", "style", "noscript", "template", "svg", "nav", "header", "footer", "aside", "form", "button",
    "select", "iframe", "dialog", "menu", "head",
];
/// Roles of such elements.
const ROLES: &[&str] = &["navigation", "banner", "contentinfo", "search", "complementary", "dialog", "menu"];
/// Elements that end a block.
const BLOCKS: &[&str] = &[
    "p",
    "div",
    "section",
    "article",
    "main",
    "body",
    "ul",
    "ol",
    "dl",
    "table",
    "thead",
    "tbody",
    "blockquote",
    "figure",
    "hr",
    "address",
    "details",
];
/// From this share of its characters on, a block in links is a menu.
const LINKED: f64 = 0.6;
/// A block of more characters is none.
const MENU: usize = 200;

/// Elements within each other, at most: the time of the parser grows with the square.
const DEPTH: usize = 5_000;
/// Elements that hold nothing, or end where the next begins.
const NOT_NESTED: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track",
    "wbr", "p", "li", "dt", "dd", "tr", "td", "th", "thead", "tbody", "tfoot", "option", "optgroup",
    "colgroup", "html", "head", "body",
];

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let (text, notes) = file.text()?;
    if is_deep(&text) {
        return Err(file.wrong(&format!("at most {DEPTH} elements within each other"), "more"));
    }
    let mut document = Document { notes, ..Document::default() };
    body(&mut document, &text);
    Ok(vec![document])
}

/// Whether more elements are open at some place than is allowed, by their tags alone.
fn is_deep(page: &str) -> bool {
    let mut depth = 0_usize;
    let mut rest = page;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let ends = rest.starts_with('/');
        let tag = rest.strip_prefix('/').unwrap_or(rest);
        let length = tag.bytes().take_while(u8::is_ascii_alphanumeric).take(16).count();
        let name = tag[..length].to_ascii_lowercase();
        if name.is_empty() || NOT_NESTED.contains(&name.as_str()) {
            continue;
        }
        if ends {
            depth = depth.saturating_sub(1);
            continue;
        }
        depth += 1;
        if depth > DEPTH {
            return true;
        }
        if name == "script" || name == "style" {
            // What looks like tags in there is none.
            let end = format!("</{name}");
            let close = |at: usize| {
                rest.as_bytes()[at..].get(..end.len()).is_some_and(|t| t.eq_ignore_ascii_case(end.as_bytes()))
            };
            match rest.match_indices("</").map(|(at, _)| at).find(|&at| close(at)) {
                Some(at) => rest = &rest[at..],
                None => return false,
            }
        }
    }
    false
}

/// Adds the blocks of a page; its title and date, if there are none yet.
pub(super) fn body(document: &mut Document, page: &str) {
    if is_deep(page) {
        document.notes.push(format!("a page of more than {DEPTH} elements within each other was left out"));
        return;
    }
    let html = Html::parse_document(page);
    let first = |selector: &str| Selector::parse(selector).ok().and_then(|s| html.select(&s).next());
    if document.title.is_none() {
        let title = first("title").map(|t| blanks(&t.text().collect::<String>()));
        document.title = title.filter(|t| !t.is_empty());
    }
    if document.date.is_none() {
        let dates = ["meta[property='article:published_time']", "meta[name='date']", "time[datetime]"];
        let value =
            |s: &&str| first(s).and_then(|e| e.attr("content").or(e.attr("datetime")).map(str::to_owned));
        let day =
            |d: String| d.get(..10).filter(|d| d.len() == 10 && d.as_bytes()[4] == b'-').map(str::to_owned);
        document.date = dates.iter().filter_map(value).find_map(day);
    }
    let root = first("main").or_else(|| first("[role='main']")).or_else(|| {
        // Of several articles the page has the longest for its subject.
        let all = Selector::parse("article").ok()?;
        html.select(&all).max_by_key(|a| a.text().map(str::len).sum::<usize>())
    });
    let root = root.map_or_else(|| html.tree.root(), |e| *e);
    let mut open =
        Open { kind: BlockKind::Paragraph, text: String::new(), linked: 0, links: 0, cells: 0, code: 0 };
    let mut hidden = 0_usize;
    for edge in root.traverse() {
        use ego_tree::iter::Edge;
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Element(e) => {
                    hidden += usize::from(hidden > 0 || is_left_out(e));
                    if hidden == 0 {
                        open.enter(e, document);
                    }
                }
                Node::Text(text) if hidden == 0 => open.add(text),
                _ => {}
            },
            Edge::Close(node) => {
                if let Node::Element(e) = node.value() {
                    if hidden == 0 {
                        open.leave(e, document);
                    }
                    hidden = hidden.saturating_sub(1);
                }
            }
        }
    }
    open.close(document);
}

fn is_left_out(e: &Element) -> bool {
    LEFT_OUT.contains(&e.name())
        || e.attr("role").is_some_and(|r| ROLES.contains(&r))
        || e.attr("hidden").is_some()
        || e.attr("aria-hidden") == Some("true")
}

/// The block that is being gathered.
struct Open {
    kind: BlockKind,
    text: String,
    /// Characters of it in links; links around this place.
    linked: usize,
    links: usize,
    cells: usize,
    /// Elements around this place that keep their lines.
    code: usize,
}

impl Open {
    fn enter(&mut self, e: &Element, document: &mut Document) {
        let kind = match e.name() {
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                Some(BlockKind::Heading(e.name().as_bytes()[1] - b'0'))
            }
            "li" | "dt" | "dd" => Some(BlockKind::Item),
            "tr" => Some(BlockKind::Row),
            "pre" => Some(BlockKind::Code),
            "figcaption" | "caption" => Some(BlockKind::Caption),
            name if BLOCKS.contains(&name) && self.kind != BlockKind::Row => Some(match self.kind {
                BlockKind::Item if self.text.trim().is_empty() => BlockKind::Item,
                _ => BlockKind::Paragraph,
            }),
            _ => None,
        };
        if let Some(kind) = kind {
            self.close(document);
            self.kind = kind;
        }
        match e.name() {
            "a" => self.links += 1,
            "pre" => self.code += 1,
            "br" => self.text.push('\n'),
            "td" | "th" => {
                if self.cells > 0 {
                    self.text.push('\t');
                }
                self.cells += 1;
            }
            "img" => {
                if let Some(alt) = e.attr("alt").filter(|alt| alt.split_whitespace().count() > 2) {
                    self.add(alt);
                }
            }
            _ => {}
        }
    }

    fn leave(&mut self, e: &Element, document: &mut Document) {
        let name = e.name();
        let ends = matches!(name, "li" | "dt" | "dd" | "tr" | "pre" | "figcaption" | "caption")
            || (name.len() == 2 && name.starts_with('h') && name != "hr")
            || (BLOCKS.contains(&name) && self.kind != BlockKind::Row);
        if ends {
            self.close(document);
        }
        match name {
            "a" => self.links = self.links.saturating_sub(1),
            "pre" => self.code = self.code.saturating_sub(1),
            _ => {}
        }
    }

    fn add(&mut self, text: &str) {
        self.linked += if self.links > 0 { text.trim().chars().count() } else { 0 };
        self.text.push_str(text);
    }

    fn close(&mut self, document: &mut Document) {
        let text = match self.kind {
            BlockKind::Code => std::mem::take(&mut self.text),
            BlockKind::Row => self.text.split('\t').map(blanks).collect::<Vec<_>>().join("\t"),
            _ => blanks(&self.text),
        };
        let length = text.chars().count();
        let menu = length < MENU && self.linked as f64 > LINKED * length as f64;
        if !menu || matches!(self.kind, BlockKind::Heading(_)) {
            document.push(self.kind, &text, Place::default());
        }
        (self.linked, self.cells) = (0, 0);
        self.text.clear();
        self.kind = BlockKind::Paragraph;
    }
}

/// Single blanks between words.
fn blanks(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The blocks of a page given as bytes.
pub(super) fn page(document: &mut Document, bytes: &[u8]) {
    body(document, &decode::decode(bytes).0);
}

#[cfg(test)]
mod tests {
    use super::super::read::of;
    use super::*;

    #[test]
    fn menus_go_and_the_rest_stays() {
        let page = "<html><head><title> A  page </title><meta name=date content='2024-05-06T01:02'></head><body>\
            <nav><a href=x>Home</a></nav><div><a href=a>One</a> <a href=b>Two</a></div>\
            <h1>Head</h1><p>Some <b>bold</b>\n text with a <a href=c>link</a> in it.</p><ul><li>first</li><li><p>second</p></li></ul>\
            <table><tr><th>a</th><th>b</th></tr><tr><td>1</td><td>2</td></tr></table><pre>x\n  y</pre>\
            <script>no()</script><footer>no</footer></body></html>";
        let document = of("a.html", page.as_bytes()).unwrap().remove(0);
        let found: Vec<(BlockKind, &str)> =
            document.blocks.iter().map(|b| (b.kind, &document.text[b.range.clone()])).collect();
        let expected = [
            (BlockKind::Heading(1), "Head"),
            (BlockKind::Paragraph, "Some bold text with a link in it."),
            (BlockKind::Item, "first"),
            (BlockKind::Item, "second"),
            (BlockKind::Row, "a\tb"),
            (BlockKind::Row, "1\t2"),
            (BlockKind::Code, "x\n  y"),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            (document.title.as_deref(), document.date.as_deref()),
            (Some("A page"), Some("2024-05-06"))
        );
    }

    #[test]
    fn deep_pages_end() {
        let page = "<div>".repeat(4_000) + "deep" + &"</div>".repeat(4_000);
        assert_eq!(of("a.html", page.as_bytes()).unwrap()[0].text, "deep");
    }
}
