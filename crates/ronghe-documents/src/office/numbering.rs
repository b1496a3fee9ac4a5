//! Numbers of lists and headings as Word shows them: `word/numbering.xml` (ECMA-376 part 1, 17.9).
//!
//! A list (`num`) is drawn from a pattern (`abstractNum`) of nine levels; lists of one pattern count on together unless one starts
//! anew. A paragraph of level l adds 1 to it and makes the deeper levels start again.

use super::styles::{InList, Styles};
use super::xml::{Element, Tree};
use crate::numerals;
use std::collections::{HashMap, HashSet};

/// Levels of a list.
const LEVELS: usize = 9;
/// Steps from a pattern to the one it stands for, at most.
const LINKS: usize = 8;

#[derive(Debug, Clone)]
struct Level {
    start: i64,
    format: String,
    /// `%2` stands for the number of the second level.
    text: String,
    /// Whether all numbers in it are decimal.
    legal: bool,
    /// Level, from 1, from which on this one starts again; 0: never.
    restart: Option<i64>,
    /// What stands between number and text.
    suffix: &'static str,
    style: Option<String>,
}

#[derive(Debug, Default)]
struct Pattern {
    levels: HashMap<usize, Level>,
    /// Style of a list that it stands for.
    link: Option<String>,
}

#[derive(Debug, Default)]
struct List {
    pattern: String,
    levels: HashMap<usize, Level>,
    starts: HashMap<usize, i64>,
}

/// The lists of a document, and how far each has counted.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    patterns: HashMap<String, Pattern>,
    lists: HashMap<String, List>,
    counts: HashMap<String, [Option<i64>; LEVELS]>,
    begun: HashSet<String>,
}

impl Numbering {
    pub(super) fn read(tree: Option<&Tree>, styles: &Styles) -> Numbering {
        let mut numbering = Numbering::default();
        let Some(root) = tree.and_then(Tree::root) else { return numbering };
        for e in root.children() {
            match (e.name(), e.attr("abstractNumId"), e.attr("numId")) {
                ("abstractNum", Some(id), _) => {
                    let link = e.child("numStyleLink").and_then(|l| l.attr("val")).map(str::to_owned);
                    let levels = e.children().filter_map(level).collect();
                    numbering.patterns.insert(id.trim().to_owned(), Pattern { levels, link });
                }
                ("num", _, Some(id)) => {
                    let pattern = e.child("abstractNumId").and_then(|a| a.attr("val")).unwrap_or_default();
                    let mut list = List { pattern: pattern.trim().to_owned(), ..List::default() };
                    for change in e.children().filter(|c| c.name() == "lvlOverride") {
                        let at = change.attr("ilvl").and_then(|l| l.trim().parse().ok());
                        let Some(at) = at.filter(|at| *at < LEVELS) else { continue };
                        if let Some(start) = change.child("startOverride").and_then(|s| s.number_of("val")) {
                            list.starts.insert(at, start);
                        }
                        list.levels.extend(change.children().filter_map(level).map(|(_, level)| (at, level)));
                    }
                    numbering.lists.insert(id.trim().to_owned(), list);
                }
                _ => {}
            }
        }
        // A pattern that stands for a style of lists is that style's.
        let ids: Vec<String> = numbering.lists.keys().cloned().collect();
        for id in ids {
            for _ in 0..LINKS {
                let Some(list) = numbering.lists.get(&id) else { break };
                let link = numbering.patterns.get(&list.pattern).and_then(|p| p.link.as_deref());
                let Some((_, (Some(other), _))) = link.and_then(|l| styles.list(Some(l))) else { break };
                let Some(pattern) = numbering.lists.get(&other).map(|l| l.pattern.clone()) else { break };
                if let Some(list) = numbering.lists.get_mut(&id) {
                    list.pattern = pattern;
                }
            }
        }
        numbering
    }

    /// The level that a style of paragraphs has in a list, where the list names it.
    fn level_of_style(&self, list: &str, style: &str) -> Option<i64> {
        let list = self.lists.get(list)?;
        let levels = self.patterns.get(&list.pattern).map(|p| &p.levels);
        let all = list.levels.iter().chain(levels.into_iter().flatten());
        all.filter(|(_, l)| l.style.as_deref() == Some(style)).map(|(at, _)| *at as i64).min()
    }

    /// Counts a paragraph: its number with what stands behind it. None if it is in no list; empty for a bullet.
    pub(super) fn next(&mut self, own: &InList, style: Option<&str>, styles: &Styles) -> Option<String> {
        let of_style = styles.list(style);
        let id = own.0.clone().or_else(|| of_style.as_ref()?.1.0.clone()).filter(|id| id != "0")?;
        let by_style = || {
            let (by, (_, level)) = of_style.as_ref()?;
            self.level_of_style(&id, by).or(*level)
        };
        let at = own.1.or_else(by_style).unwrap_or(0).clamp(0, LEVELS as i64 - 1) as usize;
        let list = self.lists.get(&id)?;
        let pattern = self.patterns.get(&list.pattern);
        let of = |at: usize| list.levels.get(&at).or_else(|| pattern?.levels.get(&at));
        let start = |at: usize| list.starts.get(&at).copied().or(of(at).map(|l| l.start)).unwrap_or(1);
        let counts = self.counts.entry(list.pattern.clone()).or_default();
        if self.begun.insert(id.clone()) {
            for &at in list.starts.keys() {
                if let Some(count) = counts.get_mut(at) {
                    *count = None;
                }
            }
        }
        counts[at] = Some(counts[at].map_or_else(|| start(at), |n| n.saturating_add(1)));
        for (deeper, count) in counts.iter_mut().enumerate().skip(at + 1) {
            let restarts = of(deeper).and_then(|l| l.restart).is_none_or(|from| (at as i64) < from);
            if restarts {
                *count = None;
            }
        }
        let level = of(at)?;
        if level.format == "bullet" {
            return Some(String::new());
        }
        let mut shown = String::new();
        let mut rest = level.text.chars().peekable();
        while let Some(c) = rest.next() {
            match rest.peek().and_then(|d| d.to_digit(10)) {
                Some(d @ 1..=9) if c == '%' => {
                    rest.next();
                    let other = d as usize - 1;
                    let n = counts[other].unwrap_or_else(|| start(other));
                    let format = of(other).map_or("decimal", |l| &l.format);
                    let format = if level.legal && format != "none" { "decimal" } else { format };
                    shown += &padded(format, n);
                }
                _ => shown.push(c),
            }
        }
        let shown = shown.trim();
        Some(if shown.is_empty() { String::new() } else { format!("{shown}{}", level.suffix) })
    }
}

/// A number in a format; one of our own making is an example, `001, 002, ...`.
fn padded(format: &str, n: i64) -> String {
    let zeros = format.chars().take_while(|c| *c == '0').count();
    if zeros > 0 { format!("{n:0width$}", width = zeros.min(9) + 1) } else { numerals::number(format, n) }
}

fn level(e: Element<'_>) -> Option<(usize, Level)> {
    if e.name() != "lvl" {
        return None;
    }
    let at: usize = e.attr("ilvl")?.trim().parse().ok()?;
    let value = |name: &str| e.child(name).and_then(|c| c.attr("val"));
    let branch = || e.child("AlternateContent")?.children().find_map(|c| c.child("numFmt"));
    let format = e.child("numFmt").or_else(branch);
    let format = format.and_then(|f| f.attr("format").or(f.attr("val"))).unwrap_or("decimal");
    let empty = e.child("lvlText").is_some_and(|t| matches!(t.attr("null"), Some("1" | "true" | "on")));
    let suffix = match value("suff") {
        Some("nothing") => "",
        _ => " ",
    };
    let level = Level {
        start: e.child("start").and_then(|s| s.number_of("val")).unwrap_or(0),
        format: format.to_owned(),
        text: if empty { String::new() } else { value("lvlText").unwrap_or_default().to_owned() },
        legal: e.child("isLgl").is_some_and(Element::is_on),
        restart: e.child("lvlRestart").and_then(|r| r.number_of("val")),
        suffix,
        style: value("pStyle").map(str::to_owned),
    };
    (at < LEVELS).then_some((at, level))
}
