//! Styles and what follows from them: headings, numbers of lists, hidden text.

use super::xml::{Element, Tree};
use std::collections::HashMap;

/// Steps from a style to the one it is based on, at most.
const CHAIN: usize = 32;
/// Names of headings in front of their level: that of Word, and those that other writers put in its place.
const HEADINGS: &[&str] = &[
    "heading",
    "标题",
    "標題",
    "見出し",
    "제목",
    "überschrift",
    "berschrift",
    "titre",
    "título",
    "ttulo",
    "titolo",
    "kop",
    "rubrik",
    "overskrift",
    "otsikko",
    "nagłówek",
    "nadpis",
    "заголовок",
    "başlık",
];

/// A style of paragraphs, characters or lists.
#[derive(Debug, Default)]
struct Style {
    /// In small letters.
    name: String,
    based: Option<String>,
    /// Level of the outline from 0; 9 is the text itself.
    outline: Option<i64>,
    /// List, and level in it.
    list: (Option<String>, Option<i64>),
    hidden: Option<bool>,
}

/// `word/styles.xml`.
#[derive(Debug, Default)]
pub(super) struct Styles {
    all: HashMap<String, Style>,
    /// Style of a paragraph that names none.
    usual: Option<String>,
    hidden: bool,
}

/// A list, and the level in it, from 0.
pub(super) type InList = (Option<String>, Option<i64>);

/// The list that the properties of a paragraph or style name.
pub(super) fn list_of(properties: Element<'_>) -> InList {
    let Some(list) = properties.child("numPr") else { return (None, None) };
    let id = list.child("numId").and_then(|n| n.attr("val")).map(|v| v.trim().to_owned());
    (id, list.child("ilvl").and_then(|l| l.number_of("val")))
}

impl Styles {
    pub(super) fn read(tree: Option<&Tree>) -> Styles {
        let mut styles = Styles::default();
        let Some(root) = tree.and_then(Tree::root) else { return styles };
        let vanish = |e: Element<'_>| e.path(&["rPr", "vanish"]).map(Element::is_on);
        if let Some(defaults) = root.path(&["docDefaults", "rPrDefault"]) {
            styles.hidden = vanish(defaults).unwrap_or(false);
        }
        for e in root.children().filter(|e| e.name() == "style") {
            let Some(id) = e.attr("styleId") else { continue };
            let named = |name: &str| e.child(name).and_then(|c| c.attr("val"));
            let name = named("name").unwrap_or(id).split(',').next().unwrap_or_default();
            let properties = e.child("pPr");
            let style = Style {
                name: name.trim().to_lowercase(),
                based: named("basedOn").map(str::to_owned),
                outline: properties.and_then(|p| p.child("outlineLvl")).and_then(|o| o.number_of("val")),
                list: properties.map(list_of).unwrap_or_default(),
                hidden: vanish(e),
            };
            if e.attr("type") == Some("paragraph") && matches!(e.attr("default"), Some("1" | "true" | "on")) {
                styles.usual = Some(id.to_owned());
            }
            styles.all.insert(id.to_owned(), style);
        }
        styles
    }

    /// The style that a paragraph has.
    pub(super) fn of<'s>(&'s self, named: Option<&'s str>) -> Option<&'s str> {
        named.or(self.usual.as_deref())
    }

    /// A style and those it is based on, itself first.
    fn chain<'s>(&'s self, id: Option<&'s str>) -> impl Iterator<Item = (&'s str, &'s Style)> {
        let of = |id: &'s str| self.all.get_key_value(id).map(|(id, style)| (id.as_str(), style));
        std::iter::successors(id.and_then(of), move |(_, style)| of(style.based.as_deref()?)).take(CHAIN)
    }

    /// The level of a heading, from 1. Without a list of styles their ids are names.
    pub(super) fn heading(&self, id: Option<&str>) -> Option<u8> {
        let id = id?;
        if !self.all.contains_key(id) {
            return level_of(&id.to_lowercase());
        }
        for (_, style) in self.chain(Some(id)) {
            match style.outline {
                Some(level @ 0..=8) => return Some(level as u8 + 1),
                Some(_) => return None,
                None => {}
            }
            if let Some(level) = level_of(&style.name) {
                return Some(level);
            }
        }
        None
    }

    /// Whether paragraphs of this style are items of a list, by its name.
    pub(super) fn is_item(&self, id: Option<&str>) -> bool {
        let Some(id) = id else { return false };
        let name = self.all.get(id).map_or_else(|| id.to_lowercase(), |s| s.name.clone());
        let name = name.replace(' ', "");
        name.starts_with("list") && !name.starts_with("listparagraph") && !name.starts_with("listcontinue")
    }

    /// The list that a style puts its paragraphs in, and the style of the chain that names it.
    pub(super) fn list<'s>(&'s self, id: Option<&'s str>) -> Option<(&'s str, InList)> {
        let (by, list) = self.chain(id).find_map(|(by, s)| Some((by, s.list.0.clone()?)))?;
        let level = self.chain(id).find_map(|(_, s)| s.list.1);
        Some((by, (Some(list), level)))
    }

    /// Whether text is hidden by its styles: each hides what the other shows (17.7.3).
    pub(super) fn hides(&self, paragraph: Option<&str>, characters: Option<&str>) -> bool {
        let of = |id| self.chain(id).find_map(|(_, s)| s.hidden).unwrap_or(false);
        self.hidden ^ of(paragraph) ^ of(characters)
    }
}

/// The level that a name in small letters says.
fn level_of(name: &str) -> Option<u8> {
    if name == "title" {
        return Some(1);
    }
    let rest = HEADINGS.iter().find_map(|word| name.strip_prefix(word))?;
    rest.trim().parse().ok().filter(|level| (1..=9).contains(level))
}
