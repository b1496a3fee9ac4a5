//! Word files, slides and sheets that are made to grow or to loop.

use ronghe_documents::{Document, Limits, Result, read};
use std::io::{Cursor, Write};
use std::time::{Duration, Instant};
use zip::write::{SimpleFileOptions, ZipWriter};

fn of(name: &str, entries: &[(&str, &str)]) -> Result<Vec<Document>> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = ZipWriter::new(&mut bytes);
    for (name, content) in entries {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, bytes.into_inner()).unwrap();
    let started = Instant::now();
    let documents = read(&path, &Limits::default());
    let took = started.elapsed();
    assert!(took < Duration::from_secs(60), "{name} took {took:?}");
    documents
}

fn word(body: &str) -> Result<Vec<Document>> {
    of("a.docx", &[("word/document.xml", &format!("<w:document><w:body>{body}</w:body></w:document>"))])
}

#[test]
fn a_value_in_each_row_stays_within_the_limit_of_text() {
    let cell = |merge: &str, text: &str| {
        format!(
            "<w:tc><w:tcPr><w:vMerge w:val='{merge}'/></w:tcPr><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>"
        )
    };
    let other = "<w:tc><w:p><w:r><w:t>x</w:t></w:r></w:p></w:tc>";
    let long = "y".repeat(1 << 20);
    let rows = format!("<w:tr>{}{other}</w:tr>", cell("continue", "")).repeat(1000);
    let error =
        word(&format!("<w:tbl><w:tr>{}{other}</w:tr>{rows}</w:tbl>", cell("restart", &long))).unwrap_err();
    assert!(error.to_string().contains("within the limit of text"), "{error}");
}

#[test]
fn what_is_open_for_ever_ends() {
    let begin = "<w:p><w:r><w:fldChar w:fldCharType='begin'/><w:t>x</w:t></w:r></w:p>".repeat(50_000);
    assert_eq!(word(&begin).unwrap()[0].blocks.len(), 50_000);
    let deleted = "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr><w:r><w:t>x</w:t></w:r></w:p>".repeat(50_000);
    assert_eq!(word(&deleted).unwrap()[0].text.len(), 50_000);
    for open in [
        "<w:tbl><w:tr><w:tc>",
        "<mc:AlternateContent><mc:Choice>",
        "<w:sdt><w:sdtContent>",
        "<m:oMath><m:f><m:num>",
    ] {
        assert!(word(&open.repeat(10_000)).is_err());
        drop(word(&open.repeat(60)));
    }
    // A note that names itself is read once.
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes";
    let relations =
        format!("<Relationships><Relationship Id='a' Type='{kind}' Target='notes.xml'/></Relationships>");
    let reference = "<w:p><w:r><w:t>n</w:t><w:footnoteReference w:id='1'/></w:r></w:p>";
    let main = format!("<w:document>{reference}</w:document>");
    let notes = format!("<w:footnotes><w:footnote w:id='1'>{reference}</w:footnote></w:footnotes>");
    let entries = [
        ("word/document.xml", main.as_str()),
        ("word/_rels/document.xml.rels", &relations),
        ("word/notes.xml", &notes),
    ];
    assert_eq!(of("a.docx", &entries).unwrap()[0].text, "n\n\nn");
}

#[test]
fn merged_cells_and_formats_without_number_end() {
    let merges: String = (1..20_000).map(|_| "<mergeCell ref='A1:B1048576'/>").collect();
    let rows: String = (1..20_000)
        .map(|r| format!("<row r='{r}'><c r='A{r}' s='{r}'><v>0.3</v></c><c r='B{r}'><v>{r}</v></c></row>"))
        .collect();
    let sheet =
        format!("<worksheet><sheetData>{rows}</sheetData><mergeCells>{merges}</mergeCells></worksheet>");
    let code = "# ????/????".to_owned() + &"0".repeat(900);
    let formats: String =
        (200..8000).map(|i| format!("<numFmt numFmtId='{i}' formatCode='{code}'/>")).collect();
    let styles: String = (0..20_000).map(|i| format!("<xf numFmtId='{}'/>", 200 + i % 7800)).collect();
    let styles = format!("<styleSheet><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>");
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relations = format!(
        "<Relationships><Relationship Id='r1' Type='{kind}/worksheet' Target='s.xml'/><Relationship Id='r2' Type='{kind}/styles' Target='t.xml'/></Relationships>"
    );
    let sheets = "<sheet name='S' r:id='r1'/>".repeat(5000);
    let book = format!("<workbook><sheets>{sheets}</sheets></workbook>");
    let entries = [
        ("xl/workbook.xml", book.as_str()),
        ("xl/_rels/workbook.xml.rels", &relations),
        ("xl/s.xml", &sheet),
        ("xl/t.xml", &styles),
    ];
    assert!(of("a.xlsx", &entries).unwrap()[0].blocks.len() > 10_000);
}
