//! PDF: the text of each page (the `lopdf` crate).
//!
//! Lines are joined to paragraphs: one that ends with a hyphen between letters, or far to the right without a stop, goes on.

use super::file::File;
use super::{BlockKind, Document, Place};
use crate::Result;
use ronghe_data::segment::is_han;

/// A line of fewer characters ends its paragraph.
const SHORT_LINE: usize = 40;

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
    let mut document = Document { title: title(&pdf), ..Document::default() };
    let mut unread = 0;
    for &number in pages.keys() {
        let place = Place { page: Some(number), ..Place::default() };
        match pdf.extract_text(&[number]) {
            Ok(text) => paragraphs(&text).iter().for_each(|p| document.push(BlockKind::Paragraph, p, place)),
            Err(_) => unread += 1,
        }
        if document.text.len() > file.limits.text_bytes {
            return Err(file.wrong("text within the limit", "more"));
        }
    }
    if unread > 0 {
        document.notes.push(format!("{unread} of {} pages could not be read", pages.len()));
    }
    if document.blocks.is_empty() {
        return Err(file.wrong("a PDF with text", "pages of pictures only"));
    }
    Ok(vec![document])
}

fn title(pdf: &lopdf::Document) -> Option<String> {
    let info = pdf.trailer.get(b"Info").ok()?.as_reference().ok()?;
    let title = pdf.get_dictionary(info).ok()?.get(b"Title").ok()?;
    let text = lopdf::decode_text_string(title).ok()?;
    (!text.trim().is_empty()).then(|| text.trim().to_owned())
}

/// Lines joined to paragraphs.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = String::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            found.push(std::mem::take(&mut open));
            continue;
        }
        let last = open.chars().next_back();
        let first = line.chars().next();
        if open.ends_with('-') && first.is_some_and(char::is_lowercase) {
            open.pop();
        } else if !(open.is_empty() || last.is_some_and(is_han) && first.is_some_and(is_han)) {
            open.push(' ');
        }
        open.push_str(line);
        let stops = line.ends_with(['.', '!', '?', ':', '。', '！', '？', '：']);
        if stops && line.chars().count() < SHORT_LINE {
            found.push(std::mem::take(&mut open));
        }
    }
    found.push(open);
    found.retain(|p| !p.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::super::read::of;
    use super::*;
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

    #[test]
    fn lines_are_joined() {
        let text = "A long line that was broken by the edge of the pa-\nper goes on here.\n\n知识库回答\n问题。\nShort.\nNext";
        assert_eq!(
            paragraphs(text),
            [
                "A long line that was broken by the edge of the paper goes on here.",
                "知识库回答问题。",
                "Short.",
                "Next"
            ]
        );
    }
}
