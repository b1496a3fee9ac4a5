//! Word files, slides and sheets as people have them: what a reader sees, in order, once.

use ronghe_documents::{BlockKind, Document, Limits, read};
use std::path::Path;

/// The document in a file of the tests.
fn of(name: &str) -> Document {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/files").join(name);
    read(&path, &Limits::default()).unwrap().remove(0)
}

fn texts(document: &Document) -> Vec<&str> {
    document.blocks.iter().map(|b| &document.text[b.range.clone()]).collect()
}

fn is(name: &str, expected: &[&str]) {
    assert_eq!(texts(&of(name)), expected, "{name}");
}

#[test]
fn word_files_say_what_a_reader_sees() {
    is(
        "docx-footnote/note.docx",
        &["The tower is sixty metres high.", "It was measured in 1897 by the surveyor with a brass chain."],
    );
    is("docx-hyphen/hyphen.docx", &["Send the e\u{2011}mail and form A\u{2011}38 to the office."]);
    is("docx-inline/ruby.docx", &["请到团山码头上船。", "团山: tuánshān"]);
    is("docx-inline/equation.docx", &["The load is F=3 ab/c newton."]);
    is("docx-inline/mark.docx", &["The barn door is painted red."]);
    is("docx-part-name/renamed.docx", &["The ferry carries nine cars."]);
    is("docx-moved/moved.docx", &["The cellar is dry.", "The garage door is painted green."]);
    is("docx-moved/deleted.docx", &["The fine is thirty crowns."]);
    is("docx-moved/hidden.docx", &["The deposit is two rents."]);
}

#[test]
fn headings_are_known_by_their_style_in_any_language() {
    for name in ["chinese-word", "english-word", "german-word"] {
        let document = of(&format!("docx-heading/{name}.docx"));
        assert_eq!(texts(&document), ["停车管理", "每月三百元。"]);
        assert_eq!(document.blocks[0].kind, BlockKind::Heading(1), "{name}");
    }
}

#[test]
fn lists_have_their_numbers() {
    is(
        "docx-list-numbers/chinese.docx",
        &["第一条 租期为一年。", "第二条 租金每月三千元。", "第三条 押金在退租后七日内退还。"],
    );
    is(
        "docx-list-numbers/english.docx",
        &[
            "1. Rent",
            "1.1 Rent is due on the third day of the month.",
            "1.2 Late rent costs nine crowns.",
            "2. Keys",
            "2.1 Each tenant gets two keys.",
        ],
    );
}

#[test]
fn text_boxes_are_read_once_and_beside_their_paragraph() {
    let (gate, bell) = ("The east gate is locked at nine in the evening.", "Ring the bell twice.");
    let both = "The east gate is locked at nine in the evening. The west gate stays open all night.";
    is("docx-textbox/start.docx", &[gate, bell]);
    is("docx-textbox/end.docx", &[gate, bell]);
    is("docx-textbox/middle.docx", &[both, bell]);
    is("docx-textbox/twice.docx", &[both, bell]);
}

#[test]
fn cells_of_tables_in_tables_are_all_there() {
    is("docx-nested-table/first.docx", &["Sunday\tquiet the whole day", "no drilling\tno piano"]);
    is(
        "docx-nested-table/last.docx",
        &["Sunday\tquiet the whole day", "no drilling\tno piano", "Monday\tbins are emptied\tat six"],
    );
    is(
        "docx-nested-table/layout.docx",
        &["House rules", "no drilling\tno piano", "Bicycles go to the cellar.", "Caretaker: flat nine"],
    );
    is("table-merged-rows/merged.docx", &["Region\tCity\tMembers", "North\tAlder\t12", "North\tBirch\t34"]);
}

#[test]
fn slides_are_read_as_they_are_shown() {
    let boats = of("pptx-table/boats.pptx");
    let expected = [
        "Ferries",
        "The ferry leaves at noon.",
        "Boat\tSeats",
        "Heron\tforty",
        "Gull\ttwelve",
        "Mention that dogs pay one crown.",
        "Slide 2",
        "Bicycles travel free.",
    ];
    assert_eq!(texts(&boats), expected);
    let kinds: Vec<BlockKind> = boats.blocks.iter().map(|b| b.kind).collect();
    assert_eq!(kinds[0], BlockKind::Heading(2));
    assert_eq!(kinds[3], BlockKind::Row);
    assert_eq!(boats.blocks[7].place.page, Some(2));
    assert_eq!(boats.headings_above(7), ["Slide 2"]);
    let order = of("pptx-order/order.pptx");
    assert_eq!(texts(&order), ["First slide: the fence is green.", "Second slide: the gate is blue."]);
    assert_eq!(order.blocks[0].place.page, Some(1));
    let hidden = of("pptx-order/hidden.pptx");
    assert_eq!(texts(&hidden), ["The shop opens at nine."]);
    assert_eq!(hidden.notes, ["1 hidden slide was left out: 2"]);
    is("pptx-chart/chart.pptx", &["Castle report", "Visitors a year", "Castle; 2023: 8841"]);
    is(
        "pptx-chart/diagram.pptx",
        &["How a gate is made", "Order the parts", "Saw the planks", "Oil the hinges"],
    );
}

#[test]
fn sheets_say_what_they_show() {
    is(
        "xlsx-dates/dates.xlsx",
        &[
            "Sheet1",
            "Course: Pottery; Starts: 2024-03-14; Begins at: 18:00; Takes: 36:30; Booked: 45 %",
            "Course: Weaving; Starts: 2024-04-02 18:30; Begins at: 02:15; Takes: 0:45; Booked: 7.5 %",
        ],
    );
    let unsaved = of("xlsx-formula/unsaved.xlsx");
    assert_eq!(unsaved.notes, ["1 formula without a value in Sheet1"]);
    assert_eq!(texts(&unsaved), ["Sheet1", "What: Rent; Amount: 100", "What: Total"]);
    is("xlsx-formula/saved.xlsx", &["Sheet1", "What: Rent; Amount: 100", "What: Total; Amount: 200"]);
    is("xlsx-one-row/notice.xlsx", &["Sheet1", "The office is closed on Fridays."]);
    is("xlsx-one-row/row.xlsx", &["Sheet1", "Meter; Cellar; Number; 88412"]);
    let titled = of("xlsx-title/title.xlsx");
    let expected =
        ["Sheet1", "Sports club, results of 2024", "Team: Otters; Wins: 17", "Team: Badgers; Wins: 9"];
    assert_eq!(texts(&titled), expected);
    assert_eq!(titled.blocks[1].kind, BlockKind::Paragraph);
    assert_eq!(titled.blocks[2].place.row, Some(4));
}
