//! Columns and what they are found to be.

use super::*;
use crate::DateUnit;

fn kind_of<S: AsRef<str>>(name: &str, values: impl IntoIterator<Item = S>) -> Kind {
    let mut guess = Guess::default();
    for text in values {
        guess.observe(text.as_ref(), Source::Bare, Path::new("/nowhere"), 1);
    }
    guess.found(name).kind
}

#[test]
fn kinds_of_columns() {
    let counting = || (0..30).map(|i| i.to_string());
    let cases: [(&str, Kind, Vec<String>); 22] = [
        ("price", Kind::Number, (0..30).map(|i| format!("{}.5", i % 7)).collect()),
        ("rating", Kind::Number, (0..30).map(|i| (i % 5 + 1).to_string()).collect()),
        ("clicked", Kind::Boolean, vec!["0".into(), "1".into(), "1".into()]),
        ("ones", Kind::Number, vec!["1".into(), "1".into()]),
        ("会员", Kind::Boolean, vec!["是".into(), "否".into()]),
        ("mixed", Kind::Category, vec!["yes".into(), "0".into()]),
        ("all_true", Kind::Boolean, vec!["true".into(), "True".into()]),
        ("sex", Kind::Category, vec!["f".into(), "f".into()]),
        ("zip", Kind::Category, vec!["00501".into(), "90210".into()]),
        ("zip", Kind::Category, vec!["10501".into(), "90210".into(), "90210".into()]),
        ("anything", Kind::Identifier, counting().collect()),
        ("year", Kind::Number, (0..30).map(|i| (1990 + i).to_string()).collect()),
        ("userId", Kind::Identifier, vec!["70".into(), "12".into(), "5".into()]),
        ("user_id", Kind::Category, vec!["70".into(), "12".into(), "12".into()]),
        ("订单编号", Kind::Identifier, vec!["A7".into(), "B1".into()]),
        ("width", Kind::Number, vec!["3".into(), "4".into()]),
        ("day", Kind::Date, vec!["2024-01-31".into(), "2024-02-01 10:00".into()]),
        ("day", Kind::Date, vec!["31/01/2024".into(), "01/02/2024".into()]),
        ("review", Kind::Text, vec!["a very nice coat".into(), "it does not fit me".into()]),
        ("评论", Kind::Text, vec!["衣服很好看，质量也不错".into(), "颜色和图片完全不一样".into()]),
        ("city", Kind::Category, vec!["北京".into(), "上海".into()]),
        (
            "schooling",
            Kind::Category,
            (0..100).map(|i| format!("some college but no degree {}", i % 2)).collect(),
        ),
    ];
    for (name, kind, values) in cases {
        assert_eq!(kind_of(name, &values), kind, "{name}: {values:?}");
    }
    assert_eq!(kind_of("empty", Vec::<String>::new()), Kind::Category);
}

#[test]
fn uuids_are_identifiers_and_strings_are_no_numbers() {
    let uuids = (0..5).map(|i| format!("123e4567-e89b-12d3-a456-42661417400{i}"));
    assert_eq!(kind_of("row", uuids), Kind::Identifier);
    let mut guess = Guess::default();
    for text in ["1", "2", "2"] {
        guess.observe(text, Source::String, Path::new("."), 1);
    }
    assert_eq!(guess.found("size").kind, Kind::Category);
}

/// What was found of values, and what was said.
fn look<S: AsRef<str>>(name: &str, values: impl IntoIterator<Item = S>) -> (Found, Vec<Warning>) {
    let mut guess = Guess::default();
    for (i, text) in values.into_iter().enumerate() {
        guess.observe(text.as_ref(), Source::Bare, Path::new("/nowhere"), i + 1);
    }
    let found = guess.found(name);
    let warnings = guess.warnings(name, &found);
    (found, warnings)
}

#[test]
fn day_and_month_are_told_apart_by_all_values() {
    let (found, warnings) = look("d", ["03/04/2024"]);
    assert_eq!(warnings, [Warning::AmbiguousDates { column: "d".into() }]);
    assert_eq!(found.order(), DateOrder::MonthFirst);
    let (found, warnings) = look("d", ["03/04/2024", "13/04/2024"]);
    assert_eq!((found.kind, found.order(), warnings.len()), (Kind::Date, DateOrder::DayFirst, 0));
    assert_eq!(look("d", ["03/04/2024", "13/04/2024", "04/13/2024"]).0.kind, Kind::Category);
}

#[test]
fn numbers_as_people_write_them() {
    let column = |format: &dyn Fn(usize) -> String| (0..40).map(format).collect::<Vec<_>>();
    let comma = look("p", column(&|i| format!("{}.{:03},{}", i % 9 + 1, i * 7, i % 10))).0;
    assert_eq!((comma.kind, comma.notation.decimal), (Kind::Number, Some(DecimalMark::Comma)));
    let money = look("p", column(&|i| format!("$1,{:03}.50", i))).0;
    assert_eq!(
        (money.kind, money.notation.unit.as_deref(), money.notation.decimal),
        (Kind::Number, Some("$"), None)
    );
    let area = look("面积", column(&|i| format!("{}.5平米", i + 30))).0;
    assert_eq!((area.kind, area.notation.unit.as_deref()), (Kind::Number, Some("平米")));
    // One kilogram is no gram.
    assert_eq!(look("w", ["1 kg", "500 g", "2 kg"]).0.kind, Kind::Category);
    assert_eq!(look("w", ["0.5", "50%", "20%"]).0.kind, Kind::Category);
}

#[test]
fn words_among_numbers_are_missing_and_odd_cells_are_named() {
    for word in ["暂无", "-", "无", "—", "#DIV/0!"] {
        let cells: Vec<String> =
            (0..30).map(|i| if i % 5 == 0 { word.into() } else { format!("{i}.5") }).collect();
        assert_eq!(look("p", &cells), (Found::plain(Kind::Number), vec![]), "{word}");
    }
    let cells: Vec<String> =
        (0..60).map(|i| if i == 7 { "twelve".into() } else { format!("{i}.5") }).collect();
    let (found, warnings) = look("p", &cells);
    assert_eq!((found.kind, found.notation.missing), (Kind::Number, vec!["twelve".to_owned()]));
    let first = vec![(8, "twelve".to_owned())];
    let odd =
        Warning::OddCells { column: "p".into(), kind: Kind::Number, taken: true, cells: 1, of: 60, first };
    assert_eq!(warnings, [odd]);
    let cells: Vec<String> =
        (0..60).map(|i| if i % 8 == 7 { format!("about {i}") } else { format!("{i}.5") }).collect();
    let (found, warnings) = look("p", &cells);
    assert_eq!(found.kind, Kind::Category);
    assert!(matches!(warnings[..], [Warning::OddCells { taken: false, cells: 7, .. }]), "{warnings:?}");
}

#[test]
fn numbers_that_name_and_numbers_that_count_time() {
    let column =
        |from: u64, step: u64| (0..40u64).map(|i| (from + i * i * step).to_string()).collect::<Vec<_>>();
    for name in ["手机号", "phone", "联系电话", "学号", "order_number"] {
        assert_eq!(look(name, column(13_761_965_957, 7919)).0.kind, Kind::Identifier, "{name}");
    }
    // Letters before the digits make no difference.
    assert_eq!(look("订单号", (0..40).map(|i| format!("O{}", 1000 + i))).0.kind, Kind::Identifier);
    assert_eq!(look("anything", column(110_101_196_310_049_700, 1_234_567)).0.kind, Kind::Identifier);
    assert_eq!(look("型号", column(100, 3)).0.kind, Kind::Number);
    let time = look("created_at", column(1_700_000_000, 86_400)).0;
    assert_eq!((time.kind, time.notation.date_unit), (Kind::Date, Some(DateUnit::Seconds)));
    let time = look("ts", column(1_700_000_000_000, 86_400_000)).0;
    assert_eq!((time.kind, time.notation.date_unit), (Kind::Date, Some(DateUnit::Milliseconds)));
    let days = look("紧凑", (0..12).map(|i| format!("202302{:02}", i + 10))).0;
    assert_eq!((days.kind, days.notation.date_unit), (Kind::Date, Some(DateUnit::Digits)));
    assert_eq!(look("salary", column(1_700_000_000, 86_400)).0.kind, Kind::Number);
    let (found, warnings) = look("name", (0..40).map(|i| format!("n{i}")));
    assert_eq!(found.kind, Kind::Category);
    assert_eq!(warnings, [Warning::ManyNames { column: "name".into(), names: 40, rows: 40 }]);
}

#[test]
fn file_names_count_only_if_a_file_is_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.PNG"), b"x").unwrap();
    let mut guess = Guess::default();
    guess.observe("a.PNG", Source::String, folder.path(), 1);
    guess.observe("b.jpg", Source::String, folder.path(), 2);
    assert_eq!(guess.found("picture").kind, Kind::Image);
    assert_eq!(kind_of("picture", ["a.png", "b.png"]), Kind::Category);
    let warned = |kind, addresses| [Warning::MediaElsewhere { column: "file".into(), kind, addresses }];
    let (found, warnings) = look("file", (0..40).map(|i| format!("{i}.wav")));
    assert_eq!((found.kind, warnings), (Kind::Category, warned(Kind::Audio, false).to_vec()));
    let (found, warnings) = look("file", (0..40).map(|i| format!("https://example.org/{i}.png?v=1")));
    assert_eq!((found.kind, warnings), (Kind::Category, warned(Kind::Image, true).to_vec()));
    let uri = |i: usize| format!("data:image/png;base64,iVBORw{i}K");
    assert_eq!(kind_of("photo", (0..3).map(uri)), Kind::Image);
    assert!(stays_inside("a/./b.png") && !stays_inside("../a.png") && !stays_inside("/a.png"));
}
