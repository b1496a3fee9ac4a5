//! What stands in a paragraph of a Word file: runs of text, fields, ruby, formulas, boxes.

use super::word::{Extra, Reader};
use super::xml::Element;
use super::{math, symbols};
use std::collections::HashSet;

/// Fields that are no text: numbers of the page that a word happens to stand on.
const PAGE_FIELDS: &[&str] = &["PAGE", "NUMPAGES", "SECTIONPAGES"];
/// Bytes of a field's code that are kept.
const CODE: usize = 256;

/// A paragraph that is being read.
#[derive(Default)]
pub(super) struct Line<'t> {
    pub(super) text: String,
    /// What hangs on it, in order.
    pub(super) extras: Vec<Extra<'t>>,
    /// Words with a reading beside them: the end of the word in the text, the word, its reading.
    ruby: Vec<(usize, String, String)>,
}

impl Line<'_> {
    /// Words and their readings, which stand beside the line and not in it.
    pub(super) fn readings(&self) -> String {
        let pairs: Vec<String> =
            self.ruby.iter().map(|(_, word, reading)| format!("{word}: {reading}")).collect();
        pairs.join("; ")
    }

    fn reading(&mut self, word: &str, reading: &str) {
        let start = self.text.len();
        self.text.push_str(word);
        let (word, reading) = (word.trim(), reading.trim());
        if word.is_empty() || reading.is_empty() {
            return;
        }
        // Signs of one word have a reading each.
        match self.ruby.last_mut() {
            Some((end, words, readings)) if *end == start => {
                words.push_str(word);
                readings.push_str(reading);
                *end = self.text.len();
            }
            _ => self.ruby.push((self.text.len(), word.to_owned(), reading.to_owned())),
        }
    }
}

/// A field around a place.
#[derive(Debug, Default)]
pub(super) struct Field {
    code: String,
    /// Whether its code is past, and its result begins.
    result: bool,
}

impl Field {
    fn is_seen(&self) -> bool {
        self.result && !is_page(&self.code)
    }
}

fn is_page(code: &str) -> bool {
    code.split_whitespace()
        .next()
        .is_some_and(|word| PAGE_FIELDS.iter().any(|f| f.eq_ignore_ascii_case(word)))
}

/// Beginnings of fields in a story that never end.
pub(super) fn without_end(story: Element<'_>) -> HashSet<u32> {
    let mut open = Vec::new();
    for e in story.all().filter(|e| e.name() == "fldChar") {
        match e.attr("fldCharType") {
            Some("begin") => open.push(e.number()),
            Some("end") => drop(open.pop()),
            _ => {}
        }
    }
    open.into_iter().collect()
}

/// The style of the paragraph, and whether the text is hidden.
pub(super) type Within<'s> = (Option<&'s str>, bool);

impl<'t> Reader<'t, '_> {
    /// Reads what is in a paragraph, or in a part of one.
    pub(super) fn inline(&mut self, container: Element<'t>, line: &mut Line<'t>, within: Within<'_>) {
        let mut font = None;
        let mut within = within;
        if container.name() == "r" {
            let properties = container.child("rPr");
            let value = |name: &str| properties.and_then(|p| p.child(name));
            let style = value("rStyle").and_then(|s| s.attr("val"));
            within.1 = match value("vanish") {
                Some(vanish) => vanish.is_on(),
                None if style.is_some() => self.styles.hides(within.0, style),
                None => within.1,
            };
            font = value("rFonts").and_then(|f| f.attr("ascii").or(f.attr("hAnsi")));
        }
        for child in container.children() {
            let seen = !within.1 && self.fields.iter().all(Field::is_seen);
            match child.name() {
                "" | "del" | "moveFrom" | "delText" | "delInstrText" => {}
                "fldChar" => self.field(child, line, within.1),
                "instrText" => {
                    if let Some(field) = self.fields.last_mut().filter(|f| !f.result && f.code.len() < CODE) {
                        field.code += &child.text();
                    }
                }
                "fldSimple" if is_page(child.attr("instr").unwrap_or_default()) => {}
                "t" if seen => line.text += &symbols::shown(font, &child.text()),
                "tab" | "ptab" if seen => line.text.push(' '),
                "br" | "cr" if seen => line.text.push('\n'),
                "noBreakHyphen" if seen => line.text.push('\u{2011}'),
                "softHyphen" if seen => line.text.push('\u{ad}'),
                "sym" if seen => {
                    let code = child.attr("char").and_then(|c| u32::from_str_radix(c.trim(), 16).ok());
                    line.text
                        .extend(code.and_then(|c| symbols::sign(child.attr("font").unwrap_or_default(), c)));
                }
                "ruby" if seen => {
                    let (mut word, mut reading) = (Line::default(), Line::default());
                    child.child("rubyBase").into_iter().for_each(|b| self.inline(b, &mut word, within));
                    child.child("rt").into_iter().for_each(|r| self.inline(r, &mut reading, within));
                    line.reading(&word.text, &reading.text);
                    line.extras.append(&mut word.extras);
                }
                "oMath" | "oMathPara" if seen => line.text += &math::line(child),
                "drawing" | "pict" | "object" if seen => self.figure(child, line),
                "footnoteReference" if seen => self.note("footnote", child, line),
                "endnoteReference" if seen => self.note("endnote", child, line),
                "AlternateContent" => {
                    if let Some(branch) = child.choice() {
                        self.inline(branch, line, within);
                    }
                }
                "t" | "sym" | "ruby" | "oMath" | "oMathPara" | "drawing" | "pict" | "object" => {}
                name if name.ends_with("Pr") => {}
                _ => self.inline(child, line, within),
            }
        }
    }

    fn note(&mut self, kind: &'static str, reference: Element<'t>, line: &mut Line<'t>) {
        // A note that is named twice is read once.
        let note = reference.attr("id").and_then(|id| self.notes.remove(&(kind, id)));
        line.extras.extend(note.map(Extra::Note));
    }

    fn field(&mut self, e: Element<'t>, line: &mut Line<'t>, hidden: bool) {
        match e.attr("fldCharType") {
            Some("begin") if !self.unended.contains(&e.number()) => {
                if !hidden && self.fields.iter().all(Field::is_seen) {
                    line.text += &form(e).unwrap_or_default();
                }
                self.fields.push(Field::default());
            }
            Some("separate") => {
                if let Some(field) = self.fields.last_mut() {
                    field.result = true;
                }
            }
            Some("end") => drop(self.fields.pop()),
            _ => {}
        }
    }

    /// Drawings and old pictures: the text boxes, charts and diagrams in them, and what is said of them.
    fn figure(&mut self, container: Element<'t>, line: &mut Line<'t>) {
        for child in container.children() {
            match child.name() {
                "" => {}
                "txbxContent" => line.extras.push(Extra::Box(child)),
                "chart" => line.extras.extend(child.linked("id").map(Extra::Chart)),
                "relIds" => line.extras.extend(child.linked("dm").map(Extra::Diagram)),
                "docPr" if matches!(child.attr("hidden"), Some("1" | "true")) => return,
                "docPr" => line.extras.extend(child.attr("descr").and_then(caption).map(Extra::Caption)),
                "AlternateContent" => {
                    if let Some(branch) = child.choice() {
                        self.figure(branch, line);
                    }
                }
                _ => self.figure(child, line),
            }
        }
    }
}

/// What a field of a form shows: the chosen line of a list, or a box that is ticked or not.
fn form(begin: Element<'_>) -> Option<String> {
    let data = begin.child("ffData")?;
    if let Some(list) = data.child("ddList") {
        let at = list.child("result").or(list.child("default")).and_then(|r| r.number_of("val")).unwrap_or(0);
        let mut entries = list.children().filter(|e| e.name() == "listEntry");
        return entries.nth(usize::try_from(at).ok()?)?.attr("val").map(str::to_owned);
    }
    let tick = data.child("checkBox")?;
    let is_on = tick.child("checked").or(tick.child("default")).is_some_and(Element::is_on);
    Some(if is_on { "☒" } else { "☐" }.to_owned())
}

/// What is said of a picture, if it says something: more than two words.
pub(super) fn caption(text: &str) -> Option<String> {
    let signs = text.chars().filter(|c| ('\u{3040}'..='\u{9fff}').contains(c)).count();
    (text.split_whitespace().count() > 2 || signs > 5).then(|| text.trim().to_owned())
}
