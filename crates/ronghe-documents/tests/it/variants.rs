//! Variants of Word files, slides and sheets that programs write.

use ronghe_documents::{BlockKind, Document, Limits, read};
use std::io::{Cursor, Write};
use zip::write::{SimpleFileOptions, ZipWriter};

const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";

fn packed(name: &str, entries: &[(&str, &str)]) -> Document {
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
    read(&path, &Limits::default()).unwrap().remove(0)
}

fn texts(document: &Document) -> Vec<&str> {
    document.blocks.iter().map(|b| &document.text[b.range.clone()]).collect()
}

/// Relations to parts: kind and target; the first is `r1`.
fn relations(all: &[(&str, &str)]) -> String {
    let one = |(i, (kind, target)): (usize, &(&str, &str))| {
        format!("<Relationship Id='r{}' Type='{OFFICE}/{kind}' Target='{target}'/>", i + 1)
    };
    format!("<Relationships>{}</Relationships>", all.iter().enumerate().map(one).collect::<String>())
}

/// A Word file with other parts beside its body: kind and content.
fn word(body: &str, parts: &[(&str, &str)]) -> Document {
    let names: Vec<String> = parts.iter().map(|(kind, _)| format!("{kind}.xml")).collect();
    let all: Vec<(&str, &str)> =
        parts.iter().zip(&names).map(|((kind, _), name)| (*kind, name.as_str())).collect();
    let (root, beside) = (relations(&[("officeDocument", "/word/document.xml")]), relations(&all));
    let main = format!("<w:document xmlns:w='w'><w:body>{body}</w:body></w:document>");
    let paths: Vec<String> = names.iter().map(|name| format!("word/{name}")).collect();
    let mut entries = vec![
        ("_rels/.rels", root.as_str()),
        ("word/document.xml", main.as_str()),
        ("word/_rels/document.xml.rels", beside.as_str()),
    ];
    entries.extend(paths.iter().zip(parts).map(|(path, (_, content))| (path.as_str(), *content)));
    packed("a.docx", &entries)
}

fn p(text: &str) -> String {
    format!("<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")
}

#[test]
fn a_word_file_has_headings_lists_tables_and_properties() {
    let body = "<w:p><w:pPr><w:pStyle w:val='Heading2'/></w:pPr><w:r><w:t>Head</w:t></w:r></w:p>\
        <w:p><w:r><w:t>A &amp; b </w:t></w:r><w:r><w:t>c</w:t></w:r></w:p>\
        <w:p><w:pPr><w:pStyle w:val='ListBullet'/></w:pPr><w:r><w:t>item</w:t></w:r></w:p>\
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>1</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>2</w:t></w:r></w:p></w:tc></w:tr></w:tbl>";
    let main = format!("<w:document xmlns:w='w'><w:body>{body}</w:body></w:document>");
    let core = "<c><dc:title>Name &amp; more</dc:title><dcterms:modified>2023-04-05T00:00:00Z</dcterms:modified></c>";
    let document = packed("a.docx", &[("word/document.xml", &main), ("docProps/core.xml", core)]);
    let found: Vec<(BlockKind, &str)> =
        document.blocks.iter().map(|b| b.kind).zip(texts(&document)).collect();
    let expected = [
        (BlockKind::Heading(2), "Head"),
        (BlockKind::Paragraph, "A & b c"),
        (BlockKind::Item, "item"),
        (BlockKind::Row, "1\t2"),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        (document.title.as_deref(), document.date.as_deref()),
        (Some("Name & more"), Some("2023-04-05"))
    );
}

#[test]
fn strict_files_and_other_encodings_are_read() {
    let strict = "<Relationships xmlns='http://schemas.openxmlformats.org/package/2006/relationships'><Relationship Id='a' \
        Type='http://purl.oclc.org/ooxml/officeDocument/relationships/officeDocument' Target='Word\\Main.xml'/></Relationships>";
    let body = "<document xmlns='http://purl.oclc.org/ooxml/wordprocessingml/main'><body><p><r><t>Strict.</t></r></p></body></document>";
    let document = packed("a.docx", &[("_rels/.rels", strict), ("word/main.xml", body)]);
    assert_eq!(texts(&document), ["Strict."]);
}

#[test]
fn styles_give_headings_lists_and_hidden_text() {
    let styles = "<w:styles>\
        <w:style w:type='paragraph' w:default='1' w:styleId='a'><w:name w:val='Normal'/></w:style>\
        <w:style w:type='paragraph' w:styleId='1'><w:name w:val='heading 1'/><w:basedOn w:val='a'/><w:pPr><w:outlineLvl w:val='0'/></w:pPr></w:style>\
        <w:style w:type='paragraph' w:styleId='own'><w:name w:val='My own'/><w:basedOn w:val='1'/></w:style>\
        <w:style w:type='paragraph' w:styleId='toc'><w:name w:val='TOC Heading'/><w:basedOn w:val='1'/><w:pPr><w:outlineLvl w:val='9'/></w:pPr></w:style>\
        <w:style w:type='paragraph' w:styleId='T'><w:name w:val='Title'/></w:style>\
        <w:style w:type='character' w:styleId='h'><w:name w:val='Hidden'/><w:rPr><w:vanish/></w:rPr></w:style>\
        <w:style w:type='paragraph' w:styleId='loop'><w:name w:val='x'/><w:basedOn w:val='loop'/></w:style></w:styles>";
    let of = |style: &str, text: &str| {
        format!("<w:p><w:pPr><w:pStyle w:val='{style}'/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
    };
    let long = "clause ".repeat(60);
    let body = [
        of("T", "Handbook"),
        of("own", "Derived"),
        of("toc", "Contents"),
        of("loop", "Loop"),
        of("1", &long),
        "<w:p><w:pPr><w:outlineLvl w:val='2'/></w:pPr><w:r><w:t>Direct</w:t></w:r></w:p>".into(),
        "<w:p><w:r><w:t>Seen</w:t></w:r><w:r><w:rPr><w:rStyle w:val='h'/></w:rPr><w:t> unseen</w:t></w:r>\
         <w:r><w:rPr><w:rStyle w:val='h'/><w:vanish w:val='0'/></w:rPr><w:t> again</w:t></w:r></w:p>"
            .into(),
        "<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:rPr><w:vanish/></w:rPr><w:t>Gone.</w:t></w:r></w:p>".into(),
        "<w:p><w:pPr><w:rPr><w:vanish/></w:rPr></w:pPr><w:r><w:t>One </w:t></w:r></w:p>".into(),
        p("line."),
    ];
    let document = word(&body.concat(), &[("styles", styles)]);
    let found: Vec<(BlockKind, &str)> =
        document.blocks.iter().map(|b| b.kind).zip(texts(&document)).collect();
    let expected = [
        (BlockKind::Heading(1), "Handbook"),
        (BlockKind::Heading(1), "Derived"),
        (BlockKind::Paragraph, "Contents"),
        (BlockKind::Paragraph, "Loop"),
        (BlockKind::Paragraph, long.trim()),
        (BlockKind::Heading(3), "Direct"),
        (BlockKind::Paragraph, "Seen again"),
        (BlockKind::Paragraph, "One line."),
    ];
    assert_eq!(found, expected);
}

#[test]
fn lists_count_as_word_does() {
    let level = |at: u8, format: &str, text: &str, more: &str| {
        format!(
            "<w:lvl w:ilvl='{at}'><w:start w:val='1'/><w:numFmt w:val='{format}'/>{more}<w:lvlText w:val='{text}'/></w:lvl>"
        )
    };
    let numbering = [
        "<w:numbering><w:abstractNum w:abstractNumId='0'>".to_owned(),
        level(0, "chineseCountingThousand", "第%1章", "<w:pStyle w:val='1'/><w:suff w:val='space'/>"),
        level(1, "decimal", "%1.%2", "<w:isLgl/><w:pStyle w:val='2'/>"),
        level(2, "lowerLetter", "(%3)", ""),
        "</w:abstractNum><w:abstractNum w:abstractNumId='1'>".into(),
        level(0, "decimal", "%1、", "<w:suff w:val='nothing'/>"),
        level(1, "lowerRoman", "%2)", "<w:lvlRestart w:val='0'/>"),
        "</w:abstractNum><w:abstractNum w:abstractNumId='2'>".into(),
        level(0, "bullet", "\u{f0b7}", ""),
        "</w:abstractNum><w:abstractNum w:abstractNumId='3'><w:numStyleLink w:val='L'/></w:abstractNum>\
         <w:num w:numId='1'><w:abstractNumId w:val='0'/></w:num><w:num w:numId='2'><w:abstractNumId w:val='1'/></w:num>\
         <w:num w:numId='3'><w:abstractNumId w:val='2'/></w:num>\
         <w:num w:numId='4'><w:abstractNumId w:val='1'/><w:lvlOverride w:ilvl='0'><w:startOverride w:val='7'/></w:lvlOverride></w:num>\
         <w:num w:numId='5'><w:abstractNumId w:val='3'/></w:num></w:numbering>"
            .into(),
    ];
    let styles = "<w:styles>\
        <w:style w:type='paragraph' w:styleId='1'><w:name w:val='heading 1'/><w:pPr><w:numPr><w:numId w:val='1'/></w:numPr></w:pPr></w:style>\
        <w:style w:type='paragraph' w:styleId='2'><w:name w:val='heading 2'/><w:basedOn w:val='1'/><w:pPr><w:numPr><w:ilvl w:val='1'/><w:numId w:val='1'/></w:numPr></w:pPr></w:style>\
        <w:style w:type='numbering' w:styleId='L'><w:name w:val='L'/><w:pPr><w:numPr><w:numId w:val='2'/></w:numPr></w:pPr></w:style></w:styles>";
    let styled = |style: &str, text: &str| {
        format!("<w:p><w:pPr><w:pStyle w:val='{style}'/></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>")
    };
    let listed = |list: u8, level: u8, text: &str| {
        format!(
            "<w:p><w:pPr><w:numPr><w:ilvl w:val='{level}'/><w:numId w:val='{list}'/></w:numPr></w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"
        )
    };
    let deleted = "<w:p><w:pPr><w:numPr><w:ilvl w:val='0'/><w:numId w:val='2'/></w:numPr><w:rPr><w:del/></w:rPr></w:pPr><w:del><w:r><w:delText>x</w:delText></w:r></w:del></w:p>";
    let body = [
        styled("1", "总则"),
        styled("2", "范围"),
        listed(1, 2, "first"),
        listed(1, 2, "second"),
        styled("2", "目的"),
        listed(1, 2, "anew"),
        styled("1", "附则"),
        styled("2", "其他"),
        listed(2, 0, "one"),
        listed(2, 1, "i"),
        deleted.into(),
        listed(2, 0, "two"),
        listed(2, 1, "goes on"),
        listed(5, 0, "linked"),
        listed(4, 0, "seven"),
        listed(3, 0, "bullet"),
        listed(0, 0, "plain"),
        listed(9, 0, "unknown list"),
    ];
    let document = word(&body.concat(), &[("styles", styles), ("numbering", &numbering.concat())]);
    let expected = [
        "第一章 总则",
        "1.1 范围",
        "(a) first",
        "(b) second",
        "1.2 目的",
        "(a) anew",
        "第二章 附则",
        "2.1 其他",
        "1、one",
        "i) i",
        "2、two",
        "ii) goes on",
        "3、linked",
        "7、seven",
        "bullet",
        "plain",
        "unknown list",
    ];
    assert_eq!(texts(&document), expected);
    assert_eq!(document.blocks[1].kind, BlockKind::Heading(2));
    assert_eq!(document.blocks[14].kind, BlockKind::Item);
    assert_eq!(document.blocks[15].kind, BlockKind::Paragraph);
}

#[test]
fn fields_show_their_results() {
    let mark = |kind: &str| format!("<w:r><w:fldChar w:fldCharType='{kind}'/></w:r>");
    let code = |text: &str| format!("<w:r><w:instrText>{text}</w:instrText></w:r>");
    let run = |text: &str| format!("<w:r><w:t>{text}</w:t></w:r>");
    let (begin, separate, end) = (mark("begin"), mark("separate"), mark("end"));
    let body = [
        format!("<w:p>{}{begin}{}{separate}{}{end}{}</w:p>", run("See "), code(" HYPERLINK \"x\" "), run("here"), run(".")),
        format!("<w:p>{}{begin}{}{separate}{}{end}{}</w:p>", run("Page "), code(" PAGE "), run("3"), run("of it.")),
        // The result of a field within the code of another is no text.
        format!(
            "<w:p>{begin}{}{begin}{}{separate}{}{end}{}{separate}{}{end}</w:p>",
            code("IF "),
            code("MERGEFIELD a"),
            run("inner"),
            code("= 1"),
            run("outer")
        ),
        format!("<w:p>{begin}{}{separate}{}</w:p><w:p>{}{end}</w:p>", code("TOC"), run("Intro 1"), run("End 2")),
        format!("<w:p><w:fldSimple w:instr=' PAGE '>{}</w:fldSimple><w:fldSimple w:instr='AUTHOR'>{}</w:fldSimple></w:p>", run("7"), run("Ann")),
        "<w:p><w:r><w:fldChar w:fldCharType='begin'><w:ffData><w:ddList><w:result w:val='1'/><w:listEntry w:val='red'/>\
         <w:listEntry w:val='blue'/></w:ddList></w:ffData></w:fldChar></w:r><w:r><w:fldChar w:fldCharType='end'/></w:r></w:p>"
            .into(),
        // A field that never ends hides nothing.
        format!("<w:p>{begin}{}{}</w:p>", code("REF"), run("still here")),
    ];
    let document = word(&body.concat(), &[]);
    let expected = ["See here.", "Page of it.", "outer", "Intro 1", "End 2", "Ann", "blue", "still here"];
    assert_eq!(texts(&document), expected);
}

#[test]
fn notes_boxes_and_comments_stand_beside_the_text() {
    let feet = "<w:footnotes><w:footnote w:type='separator' w:id='-1'><w:p><w:r><w:t>line</w:t></w:r></w:p></w:footnote>\
        <w:footnote w:id='3'><w:p><w:r><w:footnoteRef/></w:r><w:r><w:t> Deep.</w:t></w:r></w:p><w:p><w:r><w:t>Deeper.</w:t></w:r></w:p></w:footnote></w:footnotes>";
    let ends =
        "<w:endnotes><w:endnote w:id='3'><w:p><w:r><w:t>Late.</w:t></w:r></w:p></w:endnote></w:endnotes>";
    let comments =
        "<w:comments><w:comment w:id='0'><w:p><w:r><w:t>Really?</w:t></w:r></w:p></w:comment></w:comments>";
    let body = "<w:p><w:r><w:t>A well</w:t></w:r><w:r><w:footnoteReference w:id='3'/></w:r><w:r><w:t> is here.</w:t></w:r><w:r><w:endnoteReference w:id='3'/></w:r></w:p>\
        <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r><w:r><w:footnoteReference w:id='3'/></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>\
        <w:p><w:r><w:drawing><wp:inline><wp:docPr id='1' descr='A map of the old town'/><a:graphic><a:graphicData/></a:graphic></wp:inline></w:drawing></w:r>\
        <w:r><w:t>After the map.</w:t></w:r></w:p><w:altChunk r:id='x'/>\
        <w:p><w:r><w:t>5 </w:t></w:r><w:r><w:sym w:font='Symbol' w:char='F06D'/></w:r><w:r><w:t>m</w:t></w:r></w:p>";
    let document = word(body, &[("footnotes", feet), ("endnotes", ends), ("comments", comments)]);
    let expected = [
        "A well is here.",
        "Deep.",
        "Deeper.",
        "Late.",
        "a\tb",
        "After the map.",
        "A map of the old town",
        "5 μm",
    ];
    assert_eq!(texts(&document), expected);
    assert_eq!(document.notes, ["1 comment was left out", "1 file embedded as text was not read"]);
}

#[test]
fn formulas_are_lines() {
    let r = |text: &str| format!("<m:r><m:t>{text}</m:t></m:r>");
    let of = |name: &str, parts: &[(&str, &str)]| {
        let parts: String = parts
            .iter()
            .map(|(n, t)| format!("<m:{n}>{}</m:{n}>", if t.starts_with('<') { (*t).into() } else { r(t) }))
            .collect();
        format!("<m:{name}>{parts}</m:{name}>")
    };
    let cases = [
        (of("f", &[("num", "a+b"), ("den", "c")]), "(a+b)/c"),
        (of("sSup", &[("e", "x"), ("sup", "2")]), "x^2"),
        (of("sSup", &[("e", "x"), ("sup", "n+1")]), "x^(n+1)"),
        (of("sSubSup", &[("e", "x"), ("sub", "i"), ("sup", "2")]), "x_i^2"),
        (
            format!(
                "<m:rad><m:radPr><m:degHide m:val='1'/></m:radPr><m:deg/><m:e>{}</m:e></m:rad>",
                r("b²−4ac")
            ),
            "√(b²−4ac)",
        ),
        (
            format!(
                "<m:d><m:dPr><m:begChr m:val='['/><m:endChr m:val=']'/></m:dPr><m:e>{}</m:e></m:d>",
                r("x")
            ),
            "[x]",
        ),
        (
            format!(
                "<m:nary><m:naryPr><m:chr m:val='∑'/></m:naryPr><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e>{}</m:e></m:nary>",
                r("i=1"),
                r("n"),
                r("i")
            ),
            "∑_(i=1)^n i",
        ),
        (of("func", &[("fName", "sin"), ("e", "x")]), "sin x"),
        (
            format!(
                "<m:m><m:mr><m:e>{}</m:e><m:e>{}</m:e></m:mr><m:mr><m:e>{}</m:e><m:e>{}</m:e></m:mr></m:m>",
                r("a"),
                r("b"),
                r("c"),
                r("d")
            ),
            "[a, b; c, d]",
        ),
        (format!("{}{}", of("f", &[("num", "1"), ("den", "2")]), r("mv")), "1/2 mv"),
        (of("f", &[("num", &of("f", &[("num", "a"), ("den", "b")])), ("den", "c")]), "(a/b)/c"),
    ];
    for (formula, line) in cases {
        let document =
            word(&format!("<w:p><m:oMathPara><m:oMath>{formula}</m:oMath></m:oMathPara></w:p>"), &[]);
        assert_eq!(texts(&document), [line]);
    }
}

/// A presentation of one slide, with parts that its relations lead to.
fn slide(shapes: &str, parts: &[(&str, &str)]) -> Document {
    let names: Vec<String> = parts.iter().map(|(kind, _)| format!("{kind}.xml")).collect();
    let all: Vec<(&str, &str)> =
        parts.iter().zip(&names).map(|((kind, _), name)| (*kind, name.as_str())).collect();
    let beside = relations(&all);
    let main = format!("<p:sld><p:cSld><p:spTree>{shapes}</p:spTree></p:cSld></p:sld>");
    let paths: Vec<String> = names.iter().map(|name| format!("ppt/slides/{name}")).collect();
    let mut entries =
        vec![("ppt/slides/slide1.xml", main.as_str()), ("ppt/slides/_rels/slide1.xml.rels", beside.as_str())];
    entries.extend(paths.iter().zip(parts).map(|(path, (_, content))| (path.as_str(), *content)));
    packed("a.pptx", &entries)
}

fn shape(place: &str, paragraphs: &str) -> String {
    format!(
        "<p:sp><p:nvSpPr><p:cNvPr id='2'/><p:nvPr>{place}</p:nvPr></p:nvSpPr><p:txBody>{paragraphs}</p:txBody></p:sp>"
    )
}

#[test]
fn slides_have_titles_lists_notes_and_no_furniture() {
    let a = |text: &str| format!("<a:p><a:r><a:t>{text}</a:t></a:r></a:p>");
    let shapes = [
        shape("<p:ph type='sldNum'/>", "<a:p><a:fld type='slidenum'><a:t>7</a:t></a:fld></a:p>"),
        shape("<p:ph type='dt'/>", &a("1 May")),
        shape("<p:ph type='ftr'/>", &a("Confidential")),
        format!("<p:grpSp>{}</p:grpSp>", shape("", &a("In a group."))),
        shape("<p:ph idx='1'/>", "<a:p><a:pPr><a:buAutoNum type='arabicParenR'/></a:pPr><a:r><a:t>one</a:t></a:r></a:p>\
            <a:p><a:pPr><a:buAutoNum type='arabicParenR'/></a:pPr><a:r><a:t>two</a:t></a:r><a:br/><a:r><a:t>lines</a:t></a:r></a:p>\
            <a:p><a:pPr><a:buChar char='•'/></a:pPr><a:r><a:t>dot</a:t></a:r></a:p>"),
        shape("<p:ph type='ctrTitle'/>", &format!("{}{}", a("Gates"), a("and fences"))),
        "<p:sp><p:nvSpPr><p:cNvPr id='9' hidden='1'/></p:nvSpPr><p:txBody><a:p><a:r><a:t>unseen</a:t></a:r></a:p></p:txBody></p:sp>".into(),
        "<p:graphicFrame><a:graphic><a:graphicData><a:tbl><a:tr><a:tc rowSpan='2'><a:txBody><a:p><a:r><a:t>North</a:t></a:r></a:p></a:txBody></a:tc>\
         <a:tc><a:txBody><a:p><a:r><a:t>1</a:t></a:r></a:p></a:txBody></a:tc></a:tr><a:tr><a:tc vMerge='1'><a:txBody><a:p/></a:txBody></a:tc>\
         <a:tc><a:txBody><a:p><a:r><a:t>2</a:t></a:r></a:p></a:txBody></a:tc></a:tr></a:tbl></a:graphicData></a:graphic></p:graphicFrame>".into(),
    ];
    let notes = format!(
        "<p:notes><p:cSld><p:spTree>{}{}{}</p:spTree></p:cSld></p:notes>",
        shape("<p:ph type='sldImg'/>", ""),
        shape("<p:ph type='body' idx='1'/>", &a("Say it slowly.")),
        shape("<p:ph type='sldNum'/>", &a("7"))
    );
    let document = slide(&shapes.concat(), &[("notesSlide", &notes)]);
    let expected = [
        "Gates and fences",
        "In a group.",
        "1) one",
        "2) two\nlines",
        "dot",
        "North\t1",
        "North\t2",
        "Say it slowly.",
    ];
    assert_eq!(texts(&document), expected);
    assert_eq!(document.blocks[0].kind, BlockKind::Heading(2));
    assert_eq!(document.blocks[4].kind, BlockKind::Item);
}

#[test]
fn charts_have_a_row_a_value() {
    let cache = |kind: &str, code: &str, values: &[&str]| {
        let points: String = values
            .iter()
            .enumerate()
            .map(|(i, v)| format!("<c:pt idx='{i}'><c:v>{v}</c:v></c:pt>"))
            .collect();
        format!("<c:{kind}Ref><c:{kind}Cache>{code}{points}</c:{kind}Cache></c:{kind}Ref>")
    };
    let code = |code: &str| format!("<c:formatCode>{code}</c:formatCode>");
    let series = |name: &str, values: &[&str]| {
        format!(
            "<c:ser><c:tx>{}</c:tx><c:cat>{}</c:cat><c:val>{}</c:val></c:ser>",
            cache("str", "", &[name]),
            cache("num", &code("yyyy"), &["45000", "45400"]),
            cache("num", &code("0.0%"), values)
        )
    };
    let chart = format!(
        "<c:chartSpace><c:chart><c:plotArea><c:lineChart>{}{}</c:lineChart></c:plotArea></c:chart></c:chartSpace>",
        series("Owls", &["0.5", "0.25"]),
        series("Bats", &["0.125"])
    );
    let frame = "<p:graphicFrame><a:graphic><a:graphicData><c:chart r:id='r1'/></a:graphicData></a:graphic></p:graphicFrame>";
    let document = slide(frame, &[("chart", &chart)]);
    assert_eq!(texts(&document), ["Owls; 2023: 50 %", "Owls; 2024: 25 %", "Bats; 2023: 12.5 %"]);
    let scatter = "<c:chartSpace><c:chart><c:plotArea><c:scatterChart><c:ser><c:xVal><c:numLit><c:pt idx='0'><c:v>1.5</c:v></c:pt></c:numLit></c:xVal>\
        <c:yVal><c:numLit><c:pt idx='0'><c:v>3</c:v></c:pt></c:numLit></c:yVal></c:ser></c:scatterChart></c:plotArea></c:chart></c:chartSpace>";
    assert_eq!(texts(&slide(frame, &[("chart", scatter)])), ["1.5: 3"]);
    let diagram = "<dgm:dataModel><dgm:ptLst><dgm:pt modelId='d' type='doc'/><dgm:pt modelId='2'><dgm:t><a:p><a:r><a:t>Second</a:t></a:r></a:p></dgm:t></dgm:pt>\
        <dgm:pt modelId='3'><dgm:t><a:p><a:r><a:t>Under first</a:t></a:r></a:p></dgm:t></dgm:pt><dgm:pt modelId='1'><dgm:t><a:p><a:r><a:t>First</a:t></a:r></a:p></dgm:t></dgm:pt>\
        <dgm:pt modelId='p' type='pres'><dgm:t><a:p><a:r><a:t>no</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:ptLst><dgm:cxnLst>\
        <dgm:cxn srcId='d' destId='2' srcOrd='1'/><dgm:cxn srcId='d' destId='1' srcOrd='0'/><dgm:cxn srcId='1' destId='3' srcOrd='0'/><dgm:cxn srcId='3' destId='1' srcOrd='0'/></dgm:cxnLst></dgm:dataModel>";
    let frame = "<p:graphicFrame><a:graphic><a:graphicData><dgm:relIds r:dm='r1'/></a:graphicData></a:graphic></p:graphicFrame>";
    assert_eq!(texts(&slide(frame, &[("diagramData", diagram)])), ["First", "Under first", "Second"]);
}

/// A workbook of one sheet; `more` stands after its rows.
fn sheet(rows: &str, more: &str, styles: &str) -> Document {
    let book = "<workbook><workbookPr date1904='0'/><sheets><sheet name='S' sheetId='1' r:id='r1'/><sheet name='Old' sheetId='2' state='hidden' r:id='r1'/></sheets></workbook>";
    let (root, beside) = (
        relations(&[("officeDocument", "xl/workbook.xml")]),
        relations(&[("worksheet", "worksheets/sheet1.xml"), ("styles", "styles.xml")]),
    );
    let data = format!("<worksheet><sheetData>{rows}</sheetData>{more}</worksheet>");
    let styles = format!("<styleSheet>{styles}</styleSheet>");
    let entries = [
        ("_rels/.rels", root.as_str()),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", beside.as_str()),
        ("xl/worksheets/sheet1.xml", data.as_str()),
        ("xl/styles.xml", styles.as_str()),
    ];
    packed("a.xlsx", &entries)
}

/// Rows of cells: a number, or a text; empty ones are not there.
fn rows(rows: &[&[&str]]) -> String {
    let cell = |r: usize, (c, value): (usize, &&str)| {
        let place = format!("{}{}", char::from(b'A' + c as u8), r + 1);
        match value.parse::<f64>() {
            _ if value.is_empty() => String::new(),
            Ok(n) => format!("<c r='{place}'><v>{n}</v></c>"),
            Err(_) => format!("<c r='{place}' t='inlineStr'><is><t>{value}</t></is></c>"),
        }
    };
    let row = |(r, cells): (usize, &&[&str])| {
        let cells: String = cells.iter().enumerate().map(|c| cell(r, c)).collect();
        format!("<row r='{}'>{cells}</row>", r + 1)
    };
    rows.iter().enumerate().map(row).collect()
}

#[test]
fn tables_on_a_sheet_have_their_own_headers() {
    let cells = rows(&[
        &["Club report"],
        &[],
        &["Date:", "May"],
        &["Place:", "Hall"],
        &[],
        &["Team", "Wins"],
        &["Otters", "17"],
        &[],
        &["Badgers", "9"],
        &["Moles", "4"],
        &[],
        &["Coach", "Age"],
        &["Ann", "40"],
        &[],
        &["All numbers are final."],
    ]);
    let document = sheet(&cells, "", "");
    let expected = [
        "S",
        "Club report",
        "Date: May",
        "Place: Hall",
        "Team: Otters; Wins: 17",
        "Team: Badgers; Wins: 9",
        "Team: Moles; Wins: 4",
        "Coach: Ann; Age: 40",
        "All numbers are final.",
    ];
    assert_eq!(texts(&document), expected);
    assert_eq!(document.blocks[5].place.row, Some(9));
    assert_eq!(document.notes, ["1 hidden sheet was left out: Old"]);
}

#[test]
fn merged_cells_stand_in_each_row_and_name_each_column() {
    let cells = rows(&[
        &["Region", "2023", "", "Sum"],
        &["", "Spring", "Autumn", ""],
        &["North", "1", "2", "3"],
        &["", "4", "5", "9"],
        &["Everything above is provisional"],
    ]);
    let merges = "<mergeCells><mergeCell ref='A1:A2'/><mergeCell ref='B1:C1'/><mergeCell ref='D1:D2'/><mergeCell ref='A3:A4'/><mergeCell ref='A5:D5'/></mergeCells>";
    let document = sheet(&cells, merges, "");
    let expected = [
        "S",
        "Region: North; 2023 Spring: 1; 2023 Autumn: 2; Sum: 3",
        "Region: North; 2023 Spring: 4; 2023 Autumn: 5; Sum: 9",
        "Everything above is provisional",
    ];
    assert_eq!(texts(&document), expected);
}

#[test]
fn cells_of_every_kind_are_shown() {
    let cells = "<row><c t='inlineStr'><is><r><t>Rich </t></r><r><t>text</t></r><rPh><t>no</t></rPh></is></c><c t='b'><v>1</v></c><c t='e'><v>#N/A</v></c>\
        <c t='str'><f>A1</f><v>by_x0020_rule</v></c><c t='d'><v>2024-03-14T18:30:00</v></c><c s='1'><v>45365</v></c><c s='2'><v>1234.5</v></c><c s='3'><v>5</v></c></row>";
    let styles = "<numFmts><numFmt numFmtId='170' formatCode='[$-804]yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;'/><numFmt numFmtId='171' formatCode='&quot;¥&quot;#,##0.00'/>\
        <numFmt numFmtId='172' formatCode=';;;'/></numFmts><cellXfs><xf/><xf numFmtId='170'/><xf numFmtId='171'/><xf numFmtId='172'/></cellXfs>";
    let document = sheet(cells, "", styles);
    assert_eq!(
        texts(&document),
        ["S", "Rich text; TRUE; #N/A; by rule; 2024-03-14 18:30; 2024年3月14日; ¥1,234.50"]
    );
}
