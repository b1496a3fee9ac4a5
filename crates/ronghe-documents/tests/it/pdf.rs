//! PDF files as people have them: what is read of each, block by block.

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
