//! What a reader of a page does not see: scripts and controls, what is hidden by an attribute, a style or a simple rule of
//! a style sheet in the page.
//!
//! A page that hides nearly all of its text shows it by a script: then styles hide nothing.

use super::tree::{Element, Tree, What};
use std::collections::BTreeSet;

/// Elements whose content is no text of the page.
const NO_TEXT: &[&str] = &[
    "head",
    "script",
    "style",
    "noscript",
    "template",
    "svg",
    "select",
    "datalist",
    "textarea",
    "iframe",
    "title",
    "noframes",
    "noembed",
    "video",
    "audio",
    "canvas",
    "progress",
    "meter",
    "rp",
    "annotation",
    "annotation-xml",
    "input",
];
/// Classes of marks beside headings and lines, and of what only a reading voice says.
const MARKS: &[&str] = &[
    "headerlink",
    "anchorjs-link",
    "permalink",
    "header-anchor",
    "anchor-link",
    "mw-editsection",
    "linenos",
    "lineno",
    "linenodiv",
    "sr-only",
    "visually-hidden",
    "visuallyhidden",
    "screen-reader-text",
    "emoji",
];
/// Characters that such a mark has at most.
const MARK: usize = 60;
/// Of the text, what is visible when styles hide the rest, at least: one part in so many.
const VISIBLE: usize = 10;
/// A button with more characters holds text.
const BUTTON: usize = 60;

/// Characters that are no blanks before each node, and which nodes are left out with all that is in them.
pub(super) struct Seen {
    before: Vec<usize>,
    hidden: Vec<bool>,
}

impl Seen {
    /// Characters in the node at `at`.
    pub(super) fn characters(&self, tree: &Tree<'_>, at: usize) -> usize {
        self.before[tree.nodes[at].end] - self.before[at]
    }

    pub(super) fn is_hidden(&self, at: usize) -> bool {
        self.hidden[at]
    }
}

/// What is seen of a page.
pub(super) fn seen(tree: &Tree<'_>) -> Seen {
    let mut hidden = vec![false; tree.nodes.len()];
    let sheet = Sheet::of(tree);
    let (mut styled, mut silent) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tree.nodes.len() {
        if let Some(e) = tree.element(at) {
            if NO_TEXT.contains(&e.name.as_ref()) || (e.name == "dialog" && e.attribute("open").is_none()) {
                hidden[at] = true;
                at = tree.nodes[at].end;
                continue;
            }
            if e.attribute("hidden").is_some_and(|h| h != "until-found") || sheet.hides(e) {
                styled.push(at);
            } else if e.attribute("aria-hidden") == Some("true") {
                silent.push(at);
            }
        }
        at += 1;
    }
    let before = characters(tree, &hidden);
    let mut seen = Seen { before, hidden };
    let total = seen.characters(tree, 0);
    let (mut sum, mut end) = (0, 0);
    for &at in &styled {
        if at >= end {
            sum += seen.characters(tree, at);
            end = tree.nodes[at].end;
        }
    }
    if (total - sum) * VISIBLE >= total {
        styled.iter().for_each(|&at| seen.hidden[at] = true);
    }
    for at in silent {
        // Icons and what is said twice, not the page behind an open dialog.
        seen.hidden[at] |= seen.characters(tree, at) * 3 <= total && !is_formula(tree, at);
    }
    for at in 0..tree.nodes.len() {
        if !seen.hidden[at] && tree.element(at).is_some_and(|e| is_mark(e, tree, at, &seen)) {
            seen.hidden[at] = true;
        }
    }
    seen.before = characters(tree, &seen.hidden);
    seen
}

/// Characters before each node and before the end, without those in hidden ones.
fn characters(tree: &Tree<'_>, hidden: &[bool]) -> Vec<usize> {
    let mut before = Vec::with_capacity(tree.nodes.len() + 1);
    let (mut sum, mut hidden_to) = (0, 0);
    for (at, node) in tree.nodes.iter().enumerate() {
        before.push(sum);
        if hidden[at] {
            hidden_to = hidden_to.max(node.end);
        }
        if let What::Text(text) = &node.what
            && at >= hidden_to
        {
            sum += text.chars().filter(|c| !c.is_whitespace()).count();
        }
    }
    before.push(sum);
    before
}

/// A picture of a formula, which stands for it where the formula itself is hidden.
fn is_formula(tree: &Tree<'_>, at: usize) -> bool {
    tree.element(at).is_some_and(|e| e.name == "img" && super::blocks::is_math(e))
}

fn is_mark(e: &Element<'_>, tree: &Tree<'_>, at: usize, seen: &Seen) -> bool {
    let characters = seen.characters(tree, at);
    let classes = || e.attribute("class").unwrap_or_default().split_whitespace();
    if characters <= MARK && classes().any(|c| MARKS.contains(&c)) && !super::blocks::is_math(e) {
        return true;
    }
    let few = tree.nodes[at].end - at <= NODES;
    let link = few && e.name == "a" && e.attribute("href").is_some_and(|h| h.starts_with('#'));
    if link && characters <= 2 && matches!(tree.text_of(at).trim(), "¶" | "#" | "§" | "🔗" | "↑") {
        return true;
    }
    few && e.name == "button" && characters <= BUTTON && !holds_text(tree, at)
}

/// Nodes in a mark or a short button, at most: in more there is something else.
const NODES: usize = 200;

/// Whether a short button is a heading or a term that opens its text, or holds a sentence.
fn holds_text(tree: &Tree<'_>, at: usize) -> bool {
    let heads =
        |name: &str| matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "dt" | "summary" | "th" | "p");
    let mut around = at;
    for _ in 0..4 {
        around = tree.nodes[around].parent;
        if heads(tree.name(around)) {
            return true;
        }
    }
    (at..tree.nodes[at].end).any(|i| heads(tree.name(i)))
        || tree.text_of(at).trim_end().ends_with(['.', '?', '!', '。', '？', '！'])
}

/// Selectors of one tag, class or id that hide.
struct Sheet {
    hiding: BTreeSet<(String, String)>,
}

impl Sheet {
    fn of(tree: &Tree<'_>) -> Sheet {
        let mut sheet = Sheet { hiding: BTreeSet::new() };
        let screen = |at: &usize| {
            let media = tree.element(*at).and_then(|e| e.attribute("media"));
            media.is_none_or(|m| m.is_empty() || m.contains("all") || m.contains("screen"))
        };
        tree.within(0, "style").filter(screen).for_each(|at| sheet.add(&tree.text_of(at)));
        sheet
    }

    /// Rules outside of `@media` and the like.
    fn add(&mut self, text: &str) {
        let mut rest = text;
        let mut depth = 0_usize;
        let mut selectors = String::new();
        while let Some(at) = rest.find(['{', '}', '/']) {
            let (before, mark) = (&rest[..at], rest.as_bytes()[at]);
            rest = &rest[at + 1..];
            match mark {
                b'/' if rest.starts_with('*') => {
                    selectors.push_str(before);
                    rest = rest.find("*/").map_or("", |end| &rest[end + 2..]);
                }
                b'/' => selectors.push_str(before),
                b'{' => {
                    selectors.push_str(before);
                    let whole = std::mem::take(&mut selectors);
                    let list = whole.rsplit(';').next().unwrap_or_default().trim();
                    if depth > 0 || list.starts_with('@') {
                        depth += 1;
                        continue;
                    }
                    let end = rest.find('}').unwrap_or(rest.len());
                    let body = &rest[..end];
                    rest = rest.get(end + 1..).unwrap_or_default();
                    self.rule(list, body);
                }
                _ => {
                    selectors.clear();
                    depth = depth.saturating_sub(1);
                }
            }
        }
    }

    fn rule(&mut self, list: &str, body: &str) {
        let Some(hides) = hides(body) else { return };
        for selector in list.split(',').filter_map(simple) {
            if hides {
                self.hiding.insert(selector);
            } else {
                self.hiding.remove(&selector);
            }
        }
    }

    /// Whether an element is hidden by its own style or by the sheet.
    fn hides(&self, e: &Element<'_>) -> bool {
        if let Some(own) = e.attribute("style").and_then(hides) {
            return own;
        }
        if self.hiding.is_empty() {
            return false;
        }
        let has = |mark: String| {
            self.hiding.contains(&(e.name.to_string(), mark.clone()))
                || self.hiding.contains(&(String::new(), mark))
        };
        let classes = e.attribute("class").unwrap_or_default().split_whitespace();
        has(String::new())
            || e.attribute("id").is_some_and(|id| has(format!("#{id}")))
            || classes.into_iter().any(|class| has(format!(".{class}")))
    }
}

/// Whether declarations hide or show; none where they say nothing of it. Of several the last counts.
fn hides(declarations: &str) -> Option<bool> {
    declarations
        .split(';')
        .filter_map(|d| {
            let (name, value) = d.split_once(':')?;
            let value = value.trim().to_ascii_lowercase();
            match name.trim().to_ascii_lowercase().as_str() {
                "display" => Some(value.starts_with("none")),
                "visibility" => Some(value.starts_with("hidden") || value.starts_with("collapse")),
                _ => None,
            }
        })
        .fold(None, |all, this| Some(all == Some(true) || this))
}

/// `tag`, `.class`, `#id` or a tag with one of them; none of anything else.
fn simple(selector: &str) -> Option<(String, String)> {
    let selector = selector.trim();
    let mark = selector.find(['.', '#']).unwrap_or(selector.len());
    let (tag, mark) = selector.split_at(mark);
    let is_name = |text: &str| text.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    let fits = is_name(tag) && is_name(mark.get(1..).unwrap_or_default()) && !selector.is_empty();
    fits.then(|| (tag.to_ascii_lowercase(), mark.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible(page: &str) -> String {
        let tree = super::super::parse::page(page).unwrap();
        let seen = seen(&tree);
        let mut text = String::new();
        let mut at = 0;
        while at < tree.nodes.len() {
            if seen.is_hidden(at) {
                at = tree.nodes[at].end;
                continue;
            }
            if let What::Text(t) = &tree.nodes[at].what {
                text.push(' ');
                text.push_str(t);
            }
            at += 1;
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_styles_hide_is_left_out() {
        let page = "<style>/* .c{} */ .a, p#b { display : none !important } @media print{.d{display:none}} .e{visibility:hidden} .e{visibility:visible}\
            .f .g{display:none}</style><p class='x a'>1</p><p id=b>2</p><div id=b>3</div><p class=d>4</p><p class=e>5</p><p class=g>6</p>\
            <p style='visibility:hidden'>7</p><p hidden>8</p><p class=a style='display:block'>9</p><span aria-hidden=true>*</span>";
        assert_eq!(visible(page), "3 4 5 6 9");
        // Shown by a script.
        assert_eq!(visible("<style>body{visibility:hidden}</style><p>All of it.</p>"), "All of it.");
        assert_eq!(
            visible("<div aria-hidden=true><p>The page behind a dialog.</p></div><p>Hm.</p>"),
            "The page behind a dialog. Hm."
        );
    }

    #[test]
    fn buttons_that_hold_text_are_text() {
        let page = "<button>Copy</button><h3><button>When is it open?</button></h3><button><p>Paper is collected.</p></button>\
            <h2>Title<a class=headerlink href='#t'>¶</a></h2><select><option>no</select>";
        assert_eq!(visible(page), "When is it open? Paper is collected. Title");
    }
}
