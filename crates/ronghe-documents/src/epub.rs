//! Books: pages of a ZIP file in the order of its spine (EPUB 2 and 3).
//!
//! Names in the package file are relative to it and percent-encoded. A chapter that is not there is said. All of a chapter is
//! text: notes in `aside`, and a table of contents where it is in the spine.

use super::file::File;
use super::html::parse::{declared, xml};
use super::html::tree::{Element, Tree};
use super::packed::{Packed, percent};
use super::{Document, Place, decode, html};
use crate::{Error, Result};
use std::collections::{BTreeMap, BTreeSet};

/// Algorithms that only make fonts unreadable, by what their names hold.
const OF_FONTS: &[&str] = &["idpf.org/2008/embedding", "ns.adobe.com/pdf/enc"];

pub(super) fn read(file: &File<'_>) -> Result<Vec<Document>> {
    let mut packed = Packed::open(file)?;
    let absent = |name: &str| file.wrong("a book", &format!("a ZIP file without {name}"));
    let mut tree = |name: &str| -> Result<Tree<'static>> {
        let bytes = packed.entry(name)?.ok_or_else(|| absent(name))?;
        xml(&text(&bytes)).ok_or_else(|| file.wrong("well-formed XML inside", &format!("{name} is not")))
    };
    let container = tree("META-INF/container.xml")?;
    let files: Vec<_> = container.within(0, "rootfile").filter_map(|at| container.element(at)).collect();
    let package = |e: &&&Element<'_>| e.attribute("media-type").is_some_and(|t| t.contains("oebps-package"));
    let root = files.iter().find(package).or(files.first()).and_then(|e| e.attribute("full-path"));
    let root = root.unwrap_or_default().to_owned();
    let package = tree(&root)?;
    let mut document = about(&package);
    let items: BTreeMap<&str, (&str, &str)> = package
        .within(0, "item")
        .filter_map(|at| package.element(at))
        .filter_map(|e| {
            Some((e.attribute("id")?, (e.attribute("href")?, e.attribute("media-type").unwrap_or_default())))
        })
        .collect();
    let spine = package.within(0, "itemref").filter_map(|at| package.element(at)?.attribute("idref"));
    let locked = locked(&mut packed)?;
    let title = document.title.take();
    let (mut missing, mut read) = (Vec::new(), 0);
    for id in spine.take(file.limits.pages) {
        let Some((href, kind)) = items.get(id) else {
            missing.push(format!("{id} of the spine is missing"));
            continue;
        };
        let (plain, decoded) = (beside(&root, href), beside(&root, &percent(href)));
        if kind.starts_with("image/") && !kind.contains("svg") {
            continue;
        }
        if locked.contains(&plain) || locked.contains(&decoded) {
            return Err(Error::Document {
                path: file.path.to_owned(),
                expected: "a book that can be read".into(),
                found: format!("one whose chapters are encrypted (DRM): {decoded}"),
                mend: "take a copy without protection".into(),
            });
        }
        let page = match packed.entry(&decoded)? {
            None if plain != decoded => packed.entry(&plain)?,
            found => found,
        };
        match page {
            Some(page) => {
                read += 1;
                html::body(&mut document, &text(&page), html::Of::Text, Place::default());
            }
            None => missing.push(format!("{decoded} is missing")),
        }
    }
    if read == 0 && missing.is_empty() {
        missing.push("no chapters in its spine".into());
    }
    document.notes.extend(missing);
    document.title = title.or(document.title);
    Ok(vec![document])
}

fn text(bytes: &[u8]) -> String {
    decode::decode_as(bytes, declared(bytes).as_deref()).0
}

/// Title and day by the package file: of several days the one of publication, else the first.
fn about(package: &Tree<'_>) -> Document {
    let blank = |at: usize| package.text_of(at).split_whitespace().collect::<Vec<_>>().join(" ");
    let days: Vec<(bool, String)> = package
        .within(0, "date")
        .filter_map(|at| {
            let event = package.element(at)?.attributes.iter().find(|(key, _)| key.ends_with("event"));
            Some((event.is_some_and(|(_, value)| value == "publication"), html::day(&blank(at))?))
        })
        .collect();
    let day = days.iter().find(|(published, _)| *published).or(days.first()).map(|(_, day)| day.clone());
    let title = package.within(0, "title").map(blank).find(|t| !t.is_empty());
    Document { title, date: day, ..Document::default() }
}

/// Names of entries that are encrypted by more than a mask over fonts.
fn locked(packed: &mut Packed<'_>) -> Result<BTreeSet<String>> {
    let Some(bytes) = packed.entry("META-INF/encryption.xml")? else { return Ok(BTreeSet::new()) };
    let Some(tree) = xml(&text(&bytes)) else { return Ok(BTreeSet::new()) };
    let mut names = BTreeSet::new();
    for data in tree.within(0, "encrypteddata") {
        let first = |name, key| tree.within(data, name).find_map(|at| tree.element(at)?.attribute(key));
        let algorithm = first("encryptionmethod", "Algorithm").unwrap_or_default();
        if let Some(name) = first("cipherreference", "URI")
            && !OF_FONTS.iter().any(|of| algorithm.contains(of))
        {
            names.insert(beside("", &percent(name)));
        }
    }
    Ok(names)
}

/// The entry that `href` names in the file `root`: `OPS/a.xhtml` for `../OPS/a.xhtml#x` in `OPS/book.opf`. It never leads
/// out of the ZIP file.
fn beside(root: &str, href: &str) -> String {
    let href = href.split('#').next().unwrap_or(href);
    let (folder, href) = match href.strip_prefix('/') {
        Some(whole) => ("", whole),
        None => (root.rsplit_once('/').map_or("", |(folder, _)| folder), href),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(href.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::super::read::of;
    use super::*;
    use std::io::Write;
    use zip::write::{SimpleFileOptions, ZipWriter};

    const CONTAINER: &str = "<c><rootfiles><rootfile full-path='OPS/book.opf'/></rootfiles></c>";

    fn book(items: &str, spine: &str, entries: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = std::io::Cursor::new(Vec::new());
        let mut writer = ZipWriter::new(&mut bytes);
        let package = format!(
            "<?xml version='1.0'?><package xmlns:opf='o'><metadata><dc:title>Book</dc:title><dc:date opf:event='modification'>2020-01-02</dc:date>\
             <dc:date opf:event='publication'>2019-05-06</dc:date></metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
        );
        let own = [("META-INF/container.xml", CONTAINER), ("OPS/book.opf", package.as_str())];
        for (name, text) in own.iter().chain(entries) {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(text.as_bytes()).unwrap();
        }
        writer.finish().unwrap();
        bytes.into_inner()
    }

    #[test]
    fn pages_come_in_the_order_of_the_spine() {
        let items = "<item id='a' href='a.xhtml'/><item id='b' href='../OPS/b.xhtml#x'/><item id='n' href='n.xhtml' properties='nav'/>\
                     <item id='i' href='i.png' media-type='image/png'/>";
        let spine =
            "<itemref idref='b'/><itemref idref='a' linear='no'/><itemref idref='i'/><itemref idref='gone'/>";
        let entries = [
            (
                "OPS/a.xhtml",
                "<html><head><title>x</title></head><body><p>Last.</p><aside epub:type='footnote'>A note.</aside></body></html>",
            ),
            ("OPS/b.xhtml", "<html><body><h1>Start</h1><p>First.</p></body></html>"),
            ("OPS/n.xhtml", "<html><body><nav><ol><li><a href='a.xhtml'>A</a></li></ol></nav></body></html>"),
        ];
        let document = of("a.epub", &book(items, spine, &entries)).unwrap().remove(0);
        assert_eq!(document.text, "Start\n\nFirst.\n\nLast.\n\nA note.");
        assert_eq!((document.title.as_deref(), document.date.as_deref()), (Some("Book"), Some("2019-05-06")));
        assert_eq!(document.notes, ["gone of the spine is missing"]);
        let with = "<itemref idref='n'/><itemref idref='b'/>";
        assert_eq!(of("a.epub", &book(items, with, &entries)).unwrap()[0].text, "A\n\nStart\n\nFirst.");
    }

    #[test]
    fn names_are_percent_encoded() {
        let items = "<item id='a' href='chapter%20one.xhtml'/><item id='b' href='%E7%AC%AC%E4%BA%8C%E7%AB%A0.xhtml'/><item id='c' href='100%.xhtml'/>\
                     <item id='d' href='a&amp;b.xhtml'/><item id='e' href='no.xhtml'/>";
        let spine: String = ["a", "b", "c", "d", "e"].map(|id| format!("<itemref idref='{id}'/>")).concat();
        let page = |text: &str| format!("<html><body><p>{text}</p></body></html>");
        let pages = ["The mill grinds.", "磨坊在河边。", "All.", "Both."].map(page);
        let names = ["OPS/chapter one.xhtml", "OPS/第二章.xhtml", "OPS/100%.xhtml", "OPS/a&b.xhtml"];
        let entries: Vec<(&str, &str)> = names.into_iter().zip(pages.iter().map(String::as_str)).collect();
        let document = of("a.epub", &book(items, &spine, &entries)).unwrap().remove(0);
        assert_eq!(document.text, "The mill grinds.\n\n磨坊在河边。\n\nAll.\n\nBoth.");
        assert_eq!(document.notes, ["OPS/no.xhtml is missing"]);
        assert_eq!([beside("a/b.opf", "../../../c"), beside("b.opf", "/x/./y#z")], ["c", "x/y"]);
    }

    #[test]
    fn chapters_are_xml() {
        let items = "<item id='a' href='a.xhtml'/>";
        for empty in ["<a id='x'/>", "<script src='x.js'/>", "<title/>", "<div/>"] {
            let page = format!(
                "<?xml version='1.0'?><html xmlns='http://www.w3.org/1999/xhtml'><head>{empty}</head><body><h1>{empty}Lamp</h1><p>The lamp has a lens.</p></body></html>"
            );
            let document = of("a.epub", &book(items, "<itemref idref='a'/>", &[("OPS/a.xhtml", &page)]))
                .unwrap()
                .remove(0);
            assert_eq!(document.text, "Lamp\n\nThe lamp has a lens.", "{empty}");
        }
    }

    #[test]
    fn encrypted_chapters_are_named() {
        let page = ("OPS/a.xhtml", "<html><body><p>x.</p></body></html>");
        let with = |algorithm: &str, name: &str| {
            let xml = format!(
                "<encryption xmlns:e='x'><e:EncryptedData><e:EncryptionMethod Algorithm='{algorithm}'/><e:CipherData>\
                 <e:CipherReference URI='{name}'/></e:CipherData></e:EncryptedData></encryption>"
            );
            of(
                "a.epub",
                &book(
                    "<item id='a' href='a.xhtml'/>",
                    "<itemref idref='a'/>",
                    &[page, ("META-INF/encryption.xml", &xml)],
                ),
            )
        };
        let error =
            with("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "OPS/a.xhtml").unwrap_err().to_string();
        assert!(error.contains("encrypted (DRM): OPS/a.xhtml"), "{error}");
        assert!(with("http://www.idpf.org/2008/embedding", "OPS/a.xhtml").is_ok());
        assert!(with("http://www.w3.org/2001/04/xmlenc#aes256-cbc", "OPS/font.otf").is_ok());
    }
}
