//! Books: pages of a ZIP file in the order of its spine (EPUB 2 and 3).

use super::file::File;
use super::office::{Step, attribute, walk};
use super::packed::Packed;
use super::{Document, html};
use crate::Result;
use std::collections::BTreeMap;

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let mut packed = Packed::open(file)?;
    let absent = |name: &str| file.wrong("a book", &format!("a ZIP file without {name}"));
    let container =
        packed.entry("META-INF/container.xml")?.ok_or_else(|| absent("META-INF/container.xml"))?;
    let mut root = String::new();
    walk(file, &container, &mut |step, name, e| {
        if let (Step::Open, "rootfile", Some(e)) = (step, name, e) {
            root = attribute(e, "full-path").unwrap_or_default();
        }
    })?;
    let package = packed.entry(&root)?.ok_or_else(|| absent(&root))?;
    let (mut items, mut spine) = (BTreeMap::new(), Vec::new());
    let mut document = Document::default();
    walk(file, &package, &mut |step, name, e| match (step, name, e) {
        (Step::Open, "item", Some(e)) => {
            if let (Some(id), Some(href)) = (attribute(e, "id"), attribute(e, "href")) {
                items.insert(id, href);
            }
        }
        (Step::Open, "itemref", Some(e)) => spine.extend(attribute(e, "idref")),
        (Step::Text(text), "title", _) if document.title.is_none() => {
            document.title = Some(text.trim().to_owned());
        }
        (Step::Text(text), "date", _) if document.date.is_none() => {
            document.date = text.trim().get(..10).map(str::to_owned);
        }
        _ => {}
    })?;
    let folder = root.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let title = document.title.take();
    for id in spine.iter().take(file.limits.pages) {
        let Some(href) = items.get(id) else { continue };
        let name = format!("{folder}{}", href.split('#').next().unwrap_or(href));
        match packed.entry(&name)? {
            Some(page) => html::page(&mut document, &page),
            None => document.notes.push(format!("{name} is missing")),
        }
    }
    document.title = title.or(document.title);
    Ok(vec![document])
}

#[cfg(test)]
mod tests {
    use super::super::read::of;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    #[test]
    fn pages_come_in_the_order_of_the_spine() {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = ZipWriter::new(&mut bytes);
        let entries = [
            ("META-INF/container.xml", "<c><rootfiles><rootfile full-path='OPS/book.opf'/></rootfiles></c>"),
            (
                "OPS/book.opf",
                "<package><metadata><dc:title>Book</dc:title></metadata><manifest><item id='a' href='a.xhtml'/>\
                 <item id='b' href='b.xhtml'/></manifest><spine><itemref idref='b'/><itemref idref='a'/></spine></package>",
            ),
            ("OPS/a.xhtml", "<html><head><title>x</title></head><body><p>Last.</p></body></html>"),
            ("OPS/b.xhtml", "<html><body><h1>Start</h1><p>First.</p></body></html>"),
        ];
        for (name, text) in entries {
            writer.start_file(name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        let document = of("a.epub", &bytes.into_inner()).unwrap().remove(0);
        assert_eq!(document.text, "Start\n\nFirst.\n\nLast.");
        assert_eq!(document.title.as_deref(), Some("Book"));
    }
}
