//! PDF files as people have them: what is read of each, block by block.

use lopdf::{Dictionary, Object, Stream, dictionary};
use ronghe_documents::{BlockKind, Document, Limits, read};
use std::path::Path;

fn document(name: &str) -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    read(&path, &Limits::default()).unwrap_or_else(|e| panic!("{e}")).remove(0)
}

fn blocks(name: &str) -> Vec<String> {
    let document = document(name);
    document.blocks.iter().map(|b| document.text[b.range.clone()].to_owned()).collect()
}

#[test]
fn predefined_maps_of_chinese_and_japanese_are_read() {
    for name in ["gbk-euc-h", "gbkp-euc-h", "gb-euc-h", "unigb-ucs2-h", "unigb-ucs2-v", "unigb-utf16-h"] {
        assert_eq!(blocks(&format!("pdf-chinese-cmap/{name}.pdf")), ["食堂每天中午十二点开门。"], "{name}");
    }
    assert_eq!(blocks("pdf-chinese-cmap/eten-b5-h.pdf"), ["食堂每天中午十二點開門。"]);
    assert_eq!(blocks("pdf-chinese-cmap/90ms-rksj-h.pdf"), ["食堂は毎日正午に開きます。"]);
}

#[test]
fn columns_are_read_by_place() {
    let left = "The harbour committee met in March and studied the report on the northern pier. It found that the wooden piles had rotted.";
    let right = "The ferry to Gull Island leaves at seven in the morning and at four in the afternoon. Bicycles travel free of charge.";
    for name in ["rows", "columns"] {
        assert_eq!(blocks(&format!("pdf-columns/{name}.pdf")), [left, right], "{name}");
    }
    assert_eq!(blocks("pdf-columns/bottomup.pdf"), [left]);
}

#[test]
fn fields_and_notes_are_read_at_their_place() {
    assert_eq!(
        blocks("pdf-filled-form/lease.pdf"),
        ["Name of the tenant: Gerda Holm", "Paid in cash on the third of May."]
    );
}

#[test]
fn forms_are_read_at_their_place() {
    assert_eq!(
        blocks("pdf-form-xobject/figure.pdf"),
        [
            "The mill stands by the river.",
            "The mill wheel turns eleven times a minute.",
            "It was sold in May."
        ]
    );
}

#[test]
fn fonts_without_a_map_are_no_rubbish() {
    for name in ["none", "range"] {
        assert_eq!(blocks(&format!("pdf-no-map/{name}.pdf")), ["食堂每天中午十二点开门。"], "{name}");
    }
}

#[test]
fn pages_of_pictures_are_named() {
    let document = document("pdf-page-of-picture/two.pdf");
    assert_eq!(document.text, "The orchard has forty apple trees.");
    assert_eq!(document.notes, ["1 of 2 pages has no text: page 2"]);
}

#[test]
fn sentences_go_on_over_pages() {
    let whole = "Visitors who arrive after five in the afternoon pay only half of the normal entrance fee of twelve francs. The cloakroom is free of charge.";
    for name in ["header", "plain"] {
        let document = document(&format!("pdf-pagebreak/{name}.pdf"));
        assert_eq!(document.text, whole, "{name}");
        assert_eq!(document.blocks[0].place.page, Some(1));
    }
    assert_eq!(
        document("pdf-pagebreak/header.pdf").notes,
        ["4 running titles and page numbers are left out"]
    );
}

#[test]
fn what_runs_from_right_to_left_is_in_logical_order() {
    assert_eq!(blocks("pdf-right-to-left/arabic.pdf"), ["المكتبة مغلقة يوم الجمعة"]);
    assert_eq!(blocks("pdf-right-to-left/hebrew.pdf"), ["הספרייה סגורה ביום שישי"]);
}

#[test]
fn blanks_and_lines_are_by_place() {
    assert_eq!(
        blocks("pdf-word-gaps/moves.pdf"),
        ["The granary holds ninety sacks.", "Rye is stored upstairs."]
    );
    assert_eq!(
        blocks("pdf-word-gaps/kerned.pdf"),
        ["The granary holds ninety sacks.", "Rye is stored upstairs."]
    );
    let document = document("pdf-word-gaps/letters.pdf");
    assert_eq!(document.text, "GRANARY\n\nNinety sacks.");
    assert_eq!(document.blocks[1].kind, BlockKind::Paragraph);
}

#[test]
fn hyphens_at_the_end_of_lines_stay_searchable() {
    assert_eq!(
        document("text-softhyphen/hyphen.pdf").text,
        "Every self-employed builder pays a contribution. The insur-ance costs forty crowns a year."
    );
}

/// A file with a page of each content. `change` is given the file, the resources of the pages and the first page; a group
/// `Hidden` of the trailer is switched off.
fn made(
    contents: &[&[u8]],
    change: impl FnOnce(&mut lopdf::Document, &mut Dictionary, &mut Dictionary),
) -> Vec<u8> {
    let mut pdf = lopdf::Document::with_version("1.5");
    let tree = pdf.new_object_id();
    let font = dictionary! {"Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica", "Encoding" => "WinAnsiEncoding"};
    let mut resources = dictionary! {"Font" => dictionary! {"F1" => font}};
    let mut first = dictionary! {};
    change(&mut pdf, &mut resources, &mut first);
    let mut kids: Vec<Object> = Vec::new();
    for content in contents {
        let content = pdf.add_object(Stream::new(Dictionary::new(), content.to_vec()));
        let mut page = std::mem::take(&mut first);
        page.extend(&dictionary! {"Type" => "Page", "Parent" => tree, "Contents" => content});
        kids.push(pdf.add_object(page).into());
    }
    let node = dictionary! {
        "Type" => "Pages", "Count" => kids.len() as i64, "Kids" => kids, "Resources" => resources,
        "MediaBox" => vec![0.into(), 0.into(), 595.into(), 842.into()],
    };
    pdf.objects.insert(tree, Object::Dictionary(node));
    let mut catalog = dictionary! {"Type" => "Catalog", "Pages" => tree};
    if let Some(hidden) = pdf.trailer.remove(b"Hidden") {
        let groups = dictionary! {"OCGs" => vec![hidden.clone()], "D" => dictionary! {"OFF" => vec![hidden]}};
        catalog.set("OCProperties", groups);
    }
    let catalog = pdf.add_object(catalog);
    pdf.trailer.set("Root", catalog);
    let mut bytes = Vec::new();
    pdf.save_to(&mut bytes).unwrap();
    bytes
}

fn of(bytes: &[u8]) -> Result<Document, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.pdf");
    std::fs::write(&path, bytes).unwrap();
    read(&path, &Limits::default()).map(|mut d| d.remove(0)).map_err(|e| e.to_string())
}

/// Texts of the blocks of a page with one font.
fn page(content: &str) -> Vec<String> {
    texts(&of(&made(&[content.as_bytes()], |_, _, _| {})).unwrap())
}

fn texts(document: &Document) -> Vec<String> {
    document.blocks.iter().map(|b| document.text[b.range.clone()].to_owned()).collect()
}

#[test]
fn turned_pages_are_read_by_their_direction() {
    let whole = ["First line of it and its second one."];
    for turn in ["0 1 -1 0 100 60", "-1 0 0 -1 500 700", "0 -1 1 0 100 700", "1 0.02 -0.02 1 60 700"] {
        let content =
            format!("BT /F1 11 Tf {turn} Tm (First line of it) Tj 0 -14 Td (and its second one.) Tj ET");
        assert_eq!(page(&content), whole, "{turn}");
    }
}

#[test]
fn what_is_drawn_for_the_eye_is_text_once() {
    assert_eq!(page("BT /F1 11 Tf 60 700 Td (Twice bold) Tj 0.3 0 Td (Twice bold) Tj ET"), ["Twice bold"]);
    let raised = "BT /F1 11 Tf 60 700 Td (The area is 5 m) Tj /F1 7 Tf 4 Ts (2) Tj 0 Ts /F1 11 Tf ( and no more.) Tj ET";
    assert_eq!(page(raised), ["The area is 5 m2 and no more."]);
    let said =
        "BT /F1 11 Tf 60 700 Td (The o) Tj /Span<</ActualText(ffi)>>BDC (X) Tj EMC (ce is open.) Tj ET";
    assert_eq!(page(said), ["The office is open."]);
    // The words of a scan are there, but are not painted.
    assert_eq!(page("BT /F1 11 Tf 3 Tr 60 700 Td (Words of a scan.) Tj ET"), ["Words of a scan."]);
    // What is outside of the page is not.
    assert_eq!(page("BT /F1 11 Tf 60 700 Td (Here.) Tj 900 0 Td (Not here.) Tj ET"), ["Here."]);
}

#[test]
fn content_that_is_off_is_left_out() {
    let content = b"BT /F1 11 Tf 60 700 Td (Seen.) Tj 0 -14 Td /OC /M BDC (Hidden.) Tj EMC ET";
    let bytes = made(&[content], |pdf, resources, _| {
        let group = pdf.add_object(dictionary! {"Type" => "OCG"});
        resources.set("Properties", dictionary! {"M" => group});
        pdf.trailer.set("Hidden", group);
    });
    assert_eq!(of(&bytes).unwrap().text, "Seen.");
}

#[test]
fn values_of_fields_stand_beside_their_labels() {
    let bounds = |x: i64, y: i64| vec![x.into(), y.into(), (x + 12).into(), (y + 12).into()];
    let bytes = made(&[b"BT /F1 11 Tf 60 700 Td (Town:) Tj 0 -30 Td (Member:) Tj ET"], |pdf, _, page| {
        let all = [
            dictionary! {"Subtype" => "Widget", "FT" => "Tx", "V" => Object::string_literal("Basel"), "Rect" => bounds(120, 698)},
            dictionary! {"Subtype" => "Widget", "FT" => "Btn", "AS" => "Yes", "Rect" => bounds(120, 668)},
            dictionary! {"Subtype" => "Widget", "FT" => "Btn", "AS" => "Off", "Rect" => bounds(160, 668)},
            dictionary! {"Subtype" => "Text", "Contents" => Object::string_literal("Ask again in May."), "Rect" => bounds(10, 10)},
        ];
        let all: Vec<Object> = all.into_iter().map(|a| pdf.add_object(a).into()).collect();
        page.set("Annots", all);
    });
    assert_eq!(texts(&of(&bytes).unwrap()), ["Town: Basel", "Member: ✔", "Ask again in May."]);
}

#[test]
fn tables_are_rows_and_lists_are_items() {
    let mut content = String::from("BT /F1 10 Tf ");
    let rows = [
        ["Fruit", "Weight", "Price"],
        ["Apple", "2 kg", "1.20"],
        ["Pear", "1 kg", "2.10"],
        ["Quince", "3 kg", "0.90"],
    ];
    for (row, cells) in rows.iter().enumerate().rev() {
        for (x, cell) in [60, 200, 320].iter().zip(cells) {
            content += &format!("1 0 0 1 {x} {} Tm ({cell}) Tj ", 700 - 18 * row);
        }
    }
    let document = of(&made(&[(content + "ET").as_bytes()], |_, _, _| {})).unwrap();
    assert_eq!(texts(&document), rows.map(|r| r.join("\t")));
    assert!(document.blocks.iter().all(|b| b.kind == BlockKind::Row));
    let list = "BT /F1 11 Tf 60 700 Td (Bring these:) Tj 0 -14 Td (\\225) Tj 18 0 Td (a hat that is wide enough for the) Tj \
                0 -14 Td (sun of the summer) Tj -18 -14 Td (\\225) Tj 18 0 Td (a coat) Tj ET";
    assert_eq!(
        page(list),
        ["Bring these:", "• a hat that is wide enough for the sun of the summer", "• a coat"]
    );
}

#[test]
fn numbers_of_pages_and_titles_are_left_out() {
    let contents = ["one", "two", "three"].map(|w| {
        let number = w.len();
        let page = ["", "", "", "1", "", "3"][number];
        let page = if w == "two" { "2" } else { page };
        format!(
            "BT /F1 11 Tf 60 800 Td (Handbook 2024) Tj 0 -40 Td (This is the text of sheet {w} and it) Tj 0 -14 Td \
             (goes on to its end here.) Tj 220 -700 Td ({page} / 3) Tj ET"
        )
    });
    let contents: Vec<&[u8]> = contents.iter().map(|c| c.as_bytes()).collect();
    let document = of(&made(&contents, |_, _, _| {})).unwrap();
    let found = ["one", "two", "three"]
        .map(|w| format!("This is the text of sheet {w} and it goes on to its end here."));
    assert_eq!(texts(&document), found);
    assert_eq!(document.notes, ["6 running titles and page numbers are left out"]);
}

#[test]
fn a_font_without_a_map_is_named() {
    let bytes = made(
        &[b"BT /F1 11 Tf 60 700 Td (Plain.) Tj /F2 11 Tf 0 -14 Td <000100020003> Tj ET"],
        |_, resources, _| {
            let below = dictionary! {"Type" => "Font", "Subtype" => "CIDFontType2", "CIDSystemInfo" => dictionary! {"Ordering" => Object::string_literal("GB1")}};
            let font = dictionary! {
                "Type" => "Font", "Subtype" => "Type0", "BaseFont" => "ABCDEF+Odd", "Encoding" => "Identity-H",
                "DescendantFonts" => vec![below.into()],
            };
            let plain = resources.get(b"Font").unwrap().as_dict().unwrap().get(b"F1").unwrap().clone();
            resources.set("Font", dictionary! {"F1" => plain, "F2" => font});
        },
    );
    let document = of(&bytes).unwrap();
    assert_eq!(document.text, "Plain.");
    assert_eq!(document.notes, ["text of the font Odd is left out, it has no map to Unicode: page 1"]);
}

#[test]
fn content_that_loops_or_grows_ends() {
    // A form that paints itself twice.
    let looping = made(&[b"/X Do BT /F1 11 Tf 60 700 Td (Text.) Tj ET"], |pdf, resources, _| {
        let id = pdf.new_object_id();
        let own = dictionary! {"Subtype" => "Form", "Resources" => dictionary! {"XObject" => dictionary! {"X" => id}}};
        pdf.objects.insert(id, Stream::new(own, b"/X Do /X Do /X Do /X Do /X Do /X Do".to_vec()).into());
        resources.set("XObject", dictionary! {"X" => id});
    });
    drop(of(&looping));
    for content in [
        b"q ".repeat(200_000),
        b"/a BMC ".repeat(200_000),
        b"[".repeat(200_000),
        b"<<".repeat(200_000),
        b"BT /F1 1e300 Tf 1e300 0 0 1e300 1e300 1e300 Tm (x) Tj ET ".repeat(1000),
        b"BT /F1 nan Tf 0 0 0 0 0 0 Tm (x) Tj ET BI ID ".to_vec(),
        b"BT /F1 10 Tf (xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx) Tj ET ".repeat(50_000),
        (0..30_000)
            .flat_map(|i| format!("BT /F1 5 Tf {} {} Td (w) Tj ET ", i * 7 % 590, i * 13 % 840).into_bytes())
            .collect(),
    ] {
        let started = std::time::Instant::now();
        drop(of(&made(&[&content], |_, _, _| {})));
        assert!(started.elapsed().as_secs() < 30, "{}", String::from_utf8_lossy(&content[..20]));
    }
}
