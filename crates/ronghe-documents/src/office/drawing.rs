//! Text of shapes, tables and charts (DrawingML, ECMA-376 part 1, 21.1.2).

use super::math;
use super::xml::Element;
use crate::numerals;

/// Fields that are no text of a slide.
fn is_field_of_page(e: Element<'_>) -> bool {
    e.attr("type").is_some_and(|t| t.starts_with("slidenum") || t.starts_with("datetime"))
}

/// The text of a paragraph.
pub(super) fn line(paragraph: Element<'_>) -> String {
    let mut text = String::new();
    add(paragraph, &mut text);
    text
}

fn add(container: Element<'_>, text: &mut String) {
    for child in container.children() {
        match child.name() {
            "" => {}
            "t" => {
                let said = child.text();
                text.extend(said.replace("_x000B_", "\n").chars().map(|c| match c {
                    '\t' => ' ',
                    '\u{b}' => '\n',
                    c => c,
                }));
            }
            "br" => text.push('\n'),
            "tab" => text.push(' '),
            "fld" if is_field_of_page(child) => {}
            "oMath" | "oMathPara" => *text += &math::line(child),
            "AlternateContent" => {
                if let Some(branch) = child.choice() {
                    add(branch, text);
                }
            }
            name if name.ends_with("Pr") => {}
            _ => add(child, text),
        }
    }
}

/// All paragraphs in an element as one line. None if there is no text.
pub(super) fn text(of: Element<'_>) -> Option<String> {
    let lines: Vec<String> = paragraphs(of).into_iter().map(line).collect();
    let words: Vec<&str> = lines.iter().flat_map(|l| l.split_whitespace()).collect();
    Some(words.join(" ")).filter(|t| !t.is_empty())
}

/// Paragraphs in an element, however deep; of alternatives one.
pub(super) fn paragraphs(of: Element<'_>) -> Vec<Element<'_>> {
    fn gather<'t>(of: Element<'t>, into: &mut Vec<Element<'t>>) {
        for child in of.children() {
            match child.name() {
                "p" => into.push(child),
                "AlternateContent" => child.choice().into_iter().for_each(|branch| gather(branch, into)),
                _ => gather(child, into),
            }
        }
    }
    let mut all = Vec::new();
    gather(of, &mut all);
    all
}

/// Numbers of the lists of a text body.
#[derive(Default)]
pub(super) struct Counter {
    counts: [Option<i64>; 9],
}

impl Counter {
    /// Counts a paragraph: its number and a blank, empty for a sign. None if it is in no list.
    pub(super) fn next(&mut self, paragraph: Element<'_>) -> Option<String> {
        let properties = paragraph.child("pPr");
        let level = properties.and_then(|p| p.number_of("lvl")).unwrap_or(0).clamp(0, 8) as usize;
        self.counts.iter_mut().skip(level + 1).for_each(|count| *count = None);
        let Some(list) = properties.and_then(|p| p.child("buAutoNum")) else {
            self.counts[level] = None;
            let is_item =
                properties.is_some_and(|p| p.child("buChar").is_some() || p.child("buBlip").is_some());
            return is_item.then(String::new);
        };
        let first = list.number_of("startAt").unwrap_or(1);
        let n = self.counts[level].map_or(first, |n| n.saturating_add(1));
        self.counts[level] = Some(n);
        let kind = list.attr("type").unwrap_or("arabicPeriod");
        let format = if kind.starts_with("alphaLc") {
            "lowerLetter"
        } else if kind.starts_with("alphaUc") {
            "upperLetter"
        } else if kind.starts_with("romanLc") {
            "lowerRoman"
        } else if kind.starts_with("romanUc") {
            "upperRoman"
        } else if kind.starts_with("circleNum") {
            "decimalEnclosedCircle"
        } else if kind.starts_with("ea1Chs") {
            "chineseCountingThousand"
        } else if kind.starts_with("ea1Cht") {
            "taiwaneseCountingThousand"
        } else if kind.starts_with("ea1Jpn") {
            "japaneseCounting"
        } else if kind.starts_with("arabicDb") {
            "decimalFullWidth"
        } else {
            "decimal"
        };
        let shown = numerals::number(format, n);
        Some(match kind {
            _ if kind.ends_with("ParenBoth") => format!("({shown}) "),
            _ if kind.ends_with("ParenR") => format!("{shown}) "),
            _ if kind.ends_with("Period") => format!("{shown}. "),
            _ if kind.ends_with("Minus") => format!("{shown} - "),
            _ => format!("{shown} "),
        })
    }
}
