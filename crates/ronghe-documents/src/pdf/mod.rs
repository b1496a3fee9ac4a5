//! PDF: the text of each page by where its glyphs stand.
//!
//! | file | what |
//! |---|---|
//! | `lexer`, `object` | tokens of content streams and CMaps; values of dictionaries |
//! | `interpret`, `glyph` | content streams to glyphs at their places |
//! | `form` | fields with their values, notes |
//! | `font` | bytes of a string to text and widths, by `cmap`, `codes` (predefined CMaps), `names` (glyph names, encodings), `program` (font programs) |
//! | `layout/` | glyphs to blocks in the order of reading |
//!
//! Objects of the file are read by the `lopdf` crate.

mod cmap;
mod codes;
mod font;
mod form;
mod glyph;
mod interpret;
mod layout;
mod lexer;
mod names;
mod object;
mod program;

use super::Document;
use super::file::File;
use crate::Result;
use glyph::{Glyph, Page};
use interpret::Interpreter;
use std::collections::BTreeMap;

/// Numbers of pages that a note names.
const NAMED: usize = 20;
/// Lines and areas on a page without text from which on something was drawn there.
const DRAWN: usize = 30;
/// A font is of no use if less than this share of its glyphs has a text.
const USEFUL: f64 = 0.5;

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let pdf = lopdf::Document::load_mem(file.bytes).map_err(|e| file.wrong("a PDF", &e.to_string()))?;
    // An empty password was tried, and where it fits this is gone.
    if pdf.trailer.has(b"Encrypt") {
        return Err(file.wrong("a PDF without a password", "an encrypted one"));
    }
    let pages = pdf.get_pages();
    if pages.len() > file.limits.pages {
        return Err(file.wrong(&format!("at most {} pages", file.limits.pages), &pages.len().to_string()));
    }
    if pages.is_empty() {
        return Err(file.wrong("a PDF with pages", "one without"));
    }
    let mut interpreter = Interpreter::new(&pdf);
    let mut seen = Seen::default();
    let mut placed = Vec::new();
    let mut bytes = 0;
    for (&number, &id) in &pages {
        let mut work = interpreter.page(id);
        form::read(&mut interpreter, &pdf, id, &mut work);
        let mut page = work.page;
        seen.page(number, &mut page);
        bytes += page.glyphs.iter().map(|g| g.text.len()).sum::<usize>();
        if bytes > file.limits.text_bytes {
            return Err(file.wrong("text within the limit", "more"));
        }
        placed.push(layout::place(number, page));
    }
    let mut document = Document { title: title(&pdf), ..Document::default() };
    let repeated = layout::write(placed, &mut document);
    if document.text.len() > file.limits.text_bytes {
        return Err(file.wrong("text within the limit", "more"));
    }
    document.notes = seen.notes(pages.len(), repeated);
    if document.blocks.is_empty() {
        let fonts: Vec<&str> = seen.unread.keys().map(String::as_str).collect();
        let found = match fonts.as_slice() {
            [] => "pages of pictures only".to_owned(),
            fonts => format!("fonts without a map to Unicode ({})", fonts.join(", ")),
        };
        return Err(file.wrong("a PDF with text", &found));
    }
    Ok(vec![document])
}

/// What is said of the pages in the end.
#[derive(Default)]
struct Seen {
    /// Pages without text.
    empty: Vec<u32>,
    /// Pages that a limit ended.
    cut: Vec<u32>,
    /// Fonts of no use, and the pages that they are on.
    unread: BTreeMap<String, Vec<u32>>,
}

impl Seen {
    /// Takes the text of fonts without a usable map away from a page.
    fn page(&mut self, number: u32, page: &mut Page) {
        let mut of: BTreeMap<u32, Vec<&Glyph>> = BTreeMap::new();
        for glyph in &page.glyphs {
            of.entry(glyph.font).or_default().push(glyph);
        }
        let useless = |glyphs: &[&Glyph]| {
            let known = glyphs.iter().filter(|g| !g.text.is_empty()).count();
            (known as f64) < USEFUL * glyphs.len() as f64 || !is_plausible(glyphs)
        };
        let useless: Vec<u32> =
            of.iter().filter(|(_, glyphs)| useless(glyphs)).map(|(font, _)| *font).collect();
        for font in &useless {
            let name = page.fonts.get(*font as usize).map_or("", String::as_str);
            // Fonts of pictures have no text to lose.
            if name.to_lowercase().contains("dings") {
                continue;
            }
            let name = if name.is_empty() { "without a name" } else { name };
            self.unread.entry(name.to_owned()).or_default().push(number);
        }
        for glyph in page.glyphs.iter_mut().filter(|g| useless.contains(&g.font)) {
            glyph.text = "".into();
        }
        let text = page.glyphs.iter().any(|g| !g.text.trim().is_empty());
        let shows = page.pictures > 0 || page.paths >= DRAWN;
        if !text && page.remarks.is_empty() && useless.is_empty() && shows {
            self.empty.push(number);
        }
        if page.cut {
            self.cut.push(number);
        }
    }

    fn notes(&self, pages: usize, repeated: usize) -> Vec<String> {
        let mut notes = Vec::new();
        if !self.empty.is_empty() {
            let verb = if self.empty.len() == 1 { "has" } else { "have" };
            notes.push(format!(
                "{} of {pages} pages {verb} no text: {}",
                self.empty.len(),
                named(&self.empty)
            ));
        }
        for (font, on) in &self.unread {
            notes.push(format!(
                "text of the font {font} is left out, it has no map to Unicode: {}",
                named(on)
            ));
        }
        if !self.cut.is_empty() {
            notes.push(format!("more than can be read is on {}", named(&self.cut)));
        }
        if repeated > 0 {
            let verb = if repeated == 1 { "is" } else { "are" };
            notes.push(format!("{repeated} running titles and page numbers {verb} left out"));
        }
        notes
    }
}

/// Whether codes that were taken for Unicode read as a text: letters of one script, or Latin ones that are mostly small.
fn is_plausible(glyphs: &[&Glyph]) -> bool {
    let guesses = glyphs.iter().filter(|g| g.guess);
    let letters: Vec<char> = guesses.flat_map(|g| g.text.chars()).filter(|c| !c.is_whitespace()).collect();
    if letters.is_empty() {
        return true;
    }
    let share =
        |of: fn(char) -> bool| letters.iter().filter(|c| of(**c)).count() as f64 / letters.len() as f64;
    let other = |c: char| matches!(c as u32, 0x386..=0x3ce | 0x400..=0x45f | 0x5d0..=0x5ea | 0x620..=0x64a);
    share(eastern) > 0.8
        || share(other) > 0.8
        || share(|c| c.is_ascii_lowercase()) > 0.6
        || share(|c| eastern(c) || c.is_ascii_graphic()) > 0.9 && share(eastern) > 0.4
}

fn eastern(c: char) -> bool {
    matches!(c as u32, 0x3000..=0x30ff | 0x4e00..=0x9fa5 | 0xac00..=0xd7a3 | 0xff00..=0xff60)
}

/// `page 2`, `pages 2, 5 to 9`.
fn named(pages: &[u32]) -> String {
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for page in pages {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *page => *last = *page,
            _ => runs.push((*page, *page)),
        }
    }
    let of = |(first, last): &(u32, u32)| match last - first {
        0 => first.to_string(),
        1 => format!("{first}, {last}"),
        _ => format!("{first} to {last}"),
    };
    let mut text = runs.iter().take(NAMED).map(of).collect::<Vec<_>>().join(", ");
    if runs.len() > NAMED {
        text.push_str(" and others");
    }
    format!("page{} {text}", if pages.len() == 1 { "" } else { "s" })
}

fn title(pdf: &lopdf::Document) -> Option<String> {
    let info = pdf.trailer.get(b"Info").ok()?.as_reference().ok()?;
    let title = pdf.get_dictionary(info).ok()?.get(b"Title").ok()?;
    let text = lopdf::decode_text_string(title).ok()?;
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use crate::read::of;
    use lopdf::content::{Content, Operation};
    use lopdf::{Object, Stream, dictionary};

    fn pdf(pages: &[&str]) -> Vec<u8> {
        let mut pdf = lopdf::Document::with_version("1.5");
        let tree = pdf.new_object_id();
        let font =
            pdf.add_object(dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Courier"});
        let resources = pdf.add_object(dictionary! {"Font" => dictionary! {"F1" => font}});
        let kids: Vec<Object> = pages
            .iter()
            .map(|text| {
                let operations = vec![
                    Operation::new("BT", vec![]),
                    Operation::new("Tf", vec!["F1".into(), 12.into()]),
                    Operation::new("Tj", vec![Object::string_literal(*text)]),
                    Operation::new("ET", vec![]),
                ];
                let content = Stream::new(dictionary! {}, Content { operations }.encode().unwrap());
                let content = pdf.add_object(content);
                pdf.add_object(dictionary! {"Type" => "Page", "Parent" => tree, "Contents" => content}).into()
            })
            .collect();
        let count = kids.len() as i64;
        let node = dictionary! {
            "Type" => "Pages", "Kids" => kids, "Count" => count, "Resources" => resources,
            "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
        };
        pdf.objects.insert(tree, Object::Dictionary(node));
        let catalog = pdf.add_object(dictionary! {"Type" => "Catalog", "Pages" => tree});
        pdf.trailer.set("Root", catalog);
        let mut bytes = Vec::new();
        pdf.save_to(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn pages_have_numbers() {
        let document = of("a.pdf", &pdf(&["First page.", "Second page."])).unwrap().remove(0);
        let found: Vec<(&str, Option<u32>)> =
            document.blocks.iter().map(|b| (&document.text[b.range.clone()], b.place.page)).collect();
        assert_eq!(found, [("First page.", Some(1)), ("Second page.", Some(2))]);
        assert!(of("a.pdf", &pdf(&[""])).is_err());
        assert!(of("a.pdf", b"%PDF-1.5 nothing").is_err());
    }
}
