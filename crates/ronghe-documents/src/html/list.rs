//! Numbers of the items of lists, as a reader sees them.

use super::tree::{Element, Tree};

/// A list around the place that is read.
pub(super) struct List {
    /// None: its items have no numbers.
    style: Option<Style>,
    next: i64,
    step: i64,
}

#[derive(Clone, Copy)]
enum Style {
    Decimal,
    /// Letters, from this one on.
    Letters(u8),
    Roman(bool),
}

impl List {
    pub(super) fn new(tree: &Tree<'_>, at: usize) -> List {
        let none = List { style: None, next: 1, step: 1 };
        let Some(e) = tree.element(at).filter(|e| e.name == "ol") else { return none };
        let says = |word: &str| {
            let (style, class) =
                (e.attribute("style").unwrap_or_default(), e.attribute("class").unwrap_or_default());
            style.contains(word) || class.contains(word)
        };
        let in_menu = tree.name(tree.nodes[at].parent) == "nav";
        if in_menu || ["none", "unstyled", "nav", "menu", "breadcrumb", "toc"].into_iter().any(says) {
            return none;
        }
        let style = match e.attribute("type") {
            Some("a") => Style::Letters(b'a'),
            Some("A") => Style::Letters(b'A'),
            Some("i") => Style::Roman(false),
            Some("I") => Style::Roman(true),
            _ if says("lower-alpha") || says("lower-latin") || says("loweralpha") => Style::Letters(b'a'),
            _ if says("upper-alpha") || says("upper-latin") || says("upperalpha") => Style::Letters(b'A'),
            _ if says("lower-roman") || says("lowerroman") => Style::Roman(false),
            _ if says("upper-roman") || says("upperroman") => Style::Roman(true),
            _ => Style::Decimal,
        };
        let start = number(e, "start");
        if e.attribute("reversed").is_none() {
            return List { style: Some(style), next: start.unwrap_or(1), step: 1 };
        }
        let items = || tree.children(at).filter(|&i| tree.name(i) == "li").count() as i64;
        List { style: Some(style), next: start.unwrap_or_else(items), step: -1 }
    }

    /// The mark of the next item with a blank after it. Letters have a bracket: a letter and a stop look like an initial.
    pub(super) fn next(&mut self, item: &Element<'_>) -> String {
        let Some(style) = self.style else { return String::new() };
        self.next = number(item, "value").unwrap_or(self.next);
        let n = self.next;
        self.next = n + self.step;
        match style {
            Style::Letters(first) if (1..=26).contains(&n) => {
                format!("{}) ", char::from(first + (n - 1) as u8))
            }
            Style::Roman(upper) if (1..=200).contains(&n) => format!("{}) ", roman(n, upper)),
            _ => format!("{n}. "),
        }
    }
}

fn number(e: &Element<'_>, name: &str) -> Option<i64> {
    e.attribute(name)?.parse().ok().filter(|n| (-1_000_000_000..=1_000_000_000).contains(n))
}

fn roman(mut n: i64, upper: bool) -> String {
    let parts =
        [(100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")];
    let mut text = String::new();
    for (value, letters) in parts {
        while n >= value {
            n -= value;
            text.push_str(letters);
        }
    }
    if upper { text.to_uppercase() } else { text }
}
