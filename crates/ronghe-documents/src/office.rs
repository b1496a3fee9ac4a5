//! Word and PowerPoint files: XML inside a ZIP file (ECMA-376).

use super::file::File;
use super::packed::Packed;
use super::{BlockKind, Document, Place};
use crate::{Error, Result};
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

/// Deepest element.
const DEPTH: usize = 256;

/// `word/document.xml`: paragraphs `w:p` of texts `w:t`; headings by their style; tables `w:tbl`, rows `w:tr`, cells `w:tc`.
pub(super) fn read_docx(file: &File<'_>) -> Result<Vec<Document>> {
    let mut packed = Packed::open(file)?;
    let Some(xml) = packed.entry("word/document.xml")? else {
        return Err(file.wrong("a Word document", "a ZIP file without word/document.xml"));
    };
    let mut document = core(&mut packed)?;
    let mut open = Paragraph::default();
    let mut cells: Vec<String> = Vec::new();
    let mut rows = 0;
    walk(file, &xml, &mut |event, name, element| match (event, name) {
        (Step::Open, "p") => open = Paragraph::default(),
        (Step::Open, "pStyle") => open.style = element.and_then(value).unwrap_or_default(),
        (Step::Open, "numPr") => open.item = true,
        (Step::Open, "tab") => open.text.push(' '),
        (Step::Open, "br" | "cr") => open.text.push('\n'),
        (Step::Open, "tr") => {
            rows += 1;
            cells.clear();
        }
        (Step::Open, "tc") => cells.push(String::new()),
        (Step::Text(text), "t") => open.text.push_str(text),
        (Step::Close, "p") => match cells.last_mut() {
            Some(cell) if rows > 0 => {
                let blank = if cell.is_empty() { "" } else { " " };
                *cell += &format!("{blank}{}", open.text.trim());
            }
            _ => document.push(open.kind(), &open.text, Place::default()),
        },
        (Step::Close, "tr") => {
            rows -= 1;
            document.push(BlockKind::Row, &cells.join("\t"), Place::default());
            cells.clear();
        }
        _ => {}
    })?;
    Ok(vec![document])
}

#[derive(Default)]
struct Paragraph {
    text: String,
    style: String,
    item: bool,
}

impl Paragraph {
    fn kind(&self) -> BlockKind {
        let style = self.style.to_lowercase();
        let level = style.strip_prefix("heading").or(style.strip_prefix("标题")).map(str::trim);
        match level.and_then(|l| l.parse().ok()) {
            Some(level @ 1..=9) => BlockKind::Heading(level),
            _ if style == "title" => BlockKind::Heading(1),
            _ if self.item || style.starts_with("list") => BlockKind::Item,
            _ => BlockKind::Paragraph,
        }
    }
}

/// `ppt/slides/slideN.xml`: a slide a page; its title is a heading, the paragraphs `a:p` of texts `a:t` are blocks.
pub(super) fn read_pptx(file: &File<'_>) -> Result<Vec<Document>> {
    let mut packed = Packed::open(file)?;
    let mut slides: Vec<(u32, String)> = packed
        .names()
        .into_iter()
        .filter_map(|name| {
            let number = name.strip_prefix("ppt/slides/slide")?.strip_suffix(".xml")?.parse().ok()?;
            Some((number, name))
        })
        .collect();
    slides.sort();
    if slides.is_empty() || slides.len() > file.limits.pages {
        return Err(file.wrong("a presentation with slides", &format!("{} slides", slides.len())));
    }
    let mut document = core(&mut packed)?;
    for (page, name) in slides {
        let Some(xml) = packed.entry(&name)? else { continue };
        let place = Place { page: Some(page), ..Place::default() };
        let (mut text, mut title) = (String::new(), false);
        walk(file, &xml, &mut |event, name, element| match (event, name) {
            (Step::Open, "sp") => title = false,
            (Step::Open, "ph") => {
                title = element.is_some_and(|e| {
                    attribute(e, "type").is_some_and(|t| t.to_lowercase().contains("title"))
                });
            }
            (Step::Open, "br") => text.push('\n'),
            (Step::Text(t), "t") => text.push_str(t),
            (Step::Close, "p") => {
                let kind = if title { BlockKind::Heading(2) } else { BlockKind::Paragraph };
                document.push(kind, &text, place);
                text.clear();
            }
            _ => {}
        })?;
    }
    Ok(vec![document])
}

/// Title and day from `docProps/core.xml`.
fn core(packed: &mut Packed<'_>) -> Result<Document> {
    let mut document = Document::default();
    if let Some(xml) = packed.entry("docProps/core.xml")? {
        let text = String::from_utf8_lossy(&xml);
        let between = |name: &str| {
            let from = text.find(&format!("<{name}"))?;
            let from = from + text[from..].find('>')? + 1;
            let value = text[from..].split('<').next()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        document.title = between("dc:title");
        document.date = between("dcterms:modified").and_then(|d| d.get(..10).map(str::to_owned));
    }
    Ok(document)
}

/// A step through XML.
pub(super) enum Step<'a> {
    /// An element begins.
    Open,
    /// An element ends.
    Close,
    /// Text in the element of that name.
    Text(&'a str),
}

/// Goes through XML: names without their prefixes, entities of XML itself only, and no deeper than a limit.
pub(super) fn walk(
    file: &File<'_>,
    xml: &[u8],
    see: &mut dyn FnMut(Step<'_>, &str, Option<&BytesStart<'_>>),
) -> Result<()> {
    let wrong = |found: &str| -> Error { file.wrong("well-formed XML inside", found) };
    let mut reader = Reader::from_reader(xml);
    let mut open: Vec<String> = Vec::new();
    let name = |whole: &str| whole.rsplit(':').next().unwrap_or(whole).to_owned();
    loop {
        match reader.read_event().map_err(|e| wrong(&e.to_string()))? {
            Event::Start(e) => {
                if open.len() >= DEPTH {
                    return Err(wrong("elements nested too deep"));
                }
                let name = name(e.name().as_ref());
                see(Step::Open, &name, Some(&e));
                open.push(name);
            }
            Event::Empty(e) => {
                let name = name(e.name().as_ref());
                see(Step::Open, &name, Some(&e));
                see(Step::Close, &name, None);
            }
            Event::End(_) => {
                if let Some(name) = open.pop() {
                    see(Step::Close, &name, None);
                }
            }
            Event::Text(t) => {
                if let Some(name) = open.last() {
                    see(Step::Text(&t), name, None);
                }
            }
            Event::GeneralRef(r) => {
                let known = match r.as_ref() {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => r.resolve_char_ref().ok().flatten(),
                };
                if let (Some(name), Some(c)) = (open.last(), known) {
                    see(Step::Text(c.encode_utf8(&mut [0; 4])), name, None);
                }
            }
            Event::CData(t) => {
                if let Some(name) = open.last() {
                    see(Step::Text(&t), name, None);
                }
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

fn value(e: &BytesStart<'_>) -> Option<String> {
    attribute(e, "w:val")
}

/// An attribute's value.
pub(super) fn attribute(e: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = e.attributes().flatten().find(|a| a.key.as_ref() == name)?;
    Some(found.value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::read::of;
    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    fn zip(entries: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = ZipWriter::new(&mut bytes);
        for (name, text) in entries {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn a_word_file_has_headings_lists_and_tables() {
        let xml = "<w:document xmlns:w='w'><w:body><w:p><w:pPr><w:pStyle w:val='Heading2'/></w:pPr><w:r><w:t>Head</w:t></w:r></w:p>\
            <w:p><w:r><w:t>A &amp; b </w:t></w:r><w:r><w:t>c</w:t></w:r></w:p><w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>item</w:t></w:r></w:p>\
            <w:tbl><w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>2</w:t></w:r></w:p></w:tc></w:tr></w:tbl>\
            </w:body></w:document>";
        let core =
            "<c><dc:title>Name</dc:title><dcterms:modified>2023-04-05T00:00:00Z</dcterms:modified></c>";
        let bytes = zip(&[("word/document.xml", xml), ("docProps/core.xml", core)]);
        let document = of("a.docx", &bytes).unwrap().remove(0);
        let found: Vec<(BlockKind, &str)> =
            document.blocks.iter().map(|b| (b.kind, &document.text[b.range.clone()])).collect();
        let expected = [
            (BlockKind::Heading(2), "Head"),
            (BlockKind::Paragraph, "A & b c"),
            (BlockKind::Item, "item"),
            (BlockKind::Row, "1\t2"),
        ];
        assert_eq!(found, expected);
        assert_eq!((document.title.as_deref(), document.date.as_deref()), (Some("Name"), Some("2023-04-05")));
        assert!(of("a.docx", &bytes[..bytes.len() / 2]).is_err());
        assert!(of("a.docx", &zip(&[("x", "y")])).is_err());
        let deep = "<a>".repeat(1000);
        assert!(of("a.docx", &zip(&[("word/document.xml", &deep)])).is_err());
    }

    #[test]
    fn slides_are_pages() {
        let slide = |title: &str, text: &str| {
            format!(
                "<p:sld><p:sp><p:nvPr><p:ph type='title'/></p:nvPr><a:p><a:r><a:t>{title}</a:t></a:r></a:p></p:sp>\
                 <p:sp><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sp></p:sld>"
            )
        };
        let (first, second) = (slide("One", "first"), slide("二", "第二"));
        let bytes = zip(&[("ppt/slides/slide10.xml", &second), ("ppt/slides/slide2.xml", &first)]);
        let document = of("a.pptx", &bytes).unwrap().remove(0);
        assert_eq!(document.text, "One\n\nfirst\n\n二\n\n第二");
        let pages: Vec<Option<u32>> = document.blocks.iter().map(|b| b.place.page).collect();
        assert_eq!(pages, [Some(2), Some(2), Some(10), Some(10)]);
        assert_eq!(document.blocks[0].kind, BlockKind::Heading(2));
    }
}
