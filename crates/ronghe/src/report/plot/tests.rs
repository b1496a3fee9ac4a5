use super::*;
use crate::explain::{Explanation, FORMAT, Link, Pair, Part, Player, RowExplanation};
use crate::report::{Content, Shown};
use std::time::Instant;

const HOSTILE: &str = "a<b>&\"'\u{0}\u{fffe}]]>";

fn player(name: &str, modality: Modality, part: Option<Part>) -> Player {
    let column = if part.is_some() { "text" } else { name };
    Player { name: name.into(), modality, columns: vec![column.into()], part }
}

fn explanation(outputs: usize, players: Vec<Player>, phi: impl Fn(usize, usize) -> f64) -> Explanation {
    let attributions: Vec<Vec<f64>> =
        (0..players.len()).map(|p| (0..outputs).map(|k| phi(p, k)).collect()).collect();
    let base = vec![0.2; outputs];
    let prediction: Vec<f64> =
        (0..outputs).map(|k| base[k] + attributions.iter().map(|a| a[k]).sum::<f64>()).collect();
    let explained = (0..outputs).fold(0, |b, k| if prediction[k] > prediction[b] { k } else { b });
    Explanation {
        method: "exact".into(),
        target: "goal".into(),
        link: Link::Identity,
        unit: "probability".into(),
        outputs: (0..outputs).map(|k| format!("类{k}")).collect(),
        explained,
        base,
        prediction,
        standard_error: attributions.iter().map(|a| a.iter().map(|v| v.abs() / 9.0).collect()).collect(),
        players,
        attributions,
        evaluations: 8,
        converged: true,
        ratio: 0.0,
        unresolved: 0,
        residual: 0.0,
    }
}

fn explained(
    number: usize,
    fields: Explanation,
    parts: Option<Explanation>,
    cells: Vec<Shown>,
) -> ExplainedRow {
    let (players, groups) = Player::modalities(&fields.players);
    let sum = |m: usize, k: usize| groups[m].iter().map(|&p| fields.attributions[p][k]).sum();
    let modalities = explanation(fields.outputs.len(), players, sum);
    let synergy = vec![Pair { players: (0, 1), values: vec![0.01; 9], standard_error: vec![0.0; 9] }];
    ExplainedRow {
        heading: format!("row {number} {HOSTILE}"),
        cells,
        truth: Some(format!("类{}", number % 3)),
        explanation: RowExplanation {
            format: FORMAT.into(),
            file: "x.csv".into(),
            row: number,
            masker: "background".into(),
            masks: BTreeMap::new(),
            fills: BTreeMap::new(),
            background: 9,
            background_id: "0123456789ab".into(),
            seed: 1,
            rows_predicted: 1,
            modalities,
            fields,
            parts,
            synergy,
            check: None,
            notes: Vec::new(),
        },
    }
}

fn shown(column: &str, modality: Modality, text: &str, number: Option<f64>) -> Shown {
    Shown { column: column.into(), modality, content: Content::Text(text.into()), number }
}

/// Rows of a number, a text of three words and a hostile column.
fn mixed(rows: usize, outputs: usize) -> ReportData {
    let text = "好 word 坏";
    let row = |r: usize| {
        let phi = move |p: usize, k: usize| ((r * 7 + p * 3 + k * 5) % 11) as f64 / 50.0 - 0.09;
        let fields = vec![
            player("age", Modality::Tabular, None),
            player("text", Modality::Text, None),
            player(HOSTILE, Modality::Tabular, None),
        ];
        let words =
            |from: usize, to: usize| player(&text[from..to], Modality::Text, Some(Part::Words { from, to }));
        let parts = vec![words(0, 3), words(4, 8), words(9, 12), player("age", Modality::Tabular, None)];
        let cells = vec![
            shown("age", Modality::Tabular, "3", Some((r * 13 % 7) as f64)),
            shown("text", Modality::Text, text, None),
            shown(HOSTILE, Modality::Tabular, HOSTILE, None),
        ];
        explained(r + 1, explanation(outputs, fields, phi), Some(explanation(outputs, parts, phi)), cells)
    };
    ReportData { rows: (0..rows).map(row).collect(), ..ReportData::default() }
}

/// Rows of 784 columns that are pixels.
fn pixels(rows: usize) -> ReportData {
    let row = |r: usize| {
        let name = |i: usize| format!("pixel{i}");
        let players = (0..784).map(|i| player(&name(i), Modality::Tabular, None)).collect();
        let phi = move |p: usize, k: usize| ((p * 31 + k * 17 + r) % 23) as f64 / 2000.0 - 0.005;
        let cells = (0..784).map(|i| shown(&name(i), Modality::Tabular, "1", Some((i % 9) as f64))).collect();
        explained(r + 1, explanation(10, players, phi), None, cells)
    };
    ReportData { rows: (0..rows).map(row).collect(), ..ReportData::default() }
}

/// Every tag is closed in order, quotes and entities are whole, and no number is lost.
fn assert_well_formed(name: &str, svg: &str) {
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{name}");
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(at) = rest.find('<') {
        let text = &rest[..at];
        assert!(!text.contains('>') || text.trim().is_empty(), "{name}: bare > in {text:?}");
        for entity in text.split('&').skip(1) {
            assert!(entity.split(';').next().is_some_and(|e| e.len() < 6), "{name}: {entity:?}");
        }
        let end = rest[at..].find('>').map(|e| at + e).unwrap_or_else(|| panic!("{name}: open tag"));
        let tag = &rest[at + 1..end];
        assert!(tag.matches('"').count().is_multiple_of(2), "{name}: {tag}");
        if let Some(closed) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(closed), "{name}");
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default());
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty(), "{name}: {open:?}");
    assert!(svg.chars().all(|c| !c.is_control() || c == '\n') && !svg.contains('\u{fffe}'), "{name}");
}

#[test]
fn every_chart_is_whole_and_names_what_it_shows() {
    for outputs in [1, 2, 3, 14] {
        for language in [Language::English, Language::Chinese] {
            let data = ReportData { language, ..mixed(24, outputs) };
            let files = plots(&data);
            files.iter().for_each(|(name, svg)| assert_well_formed(name, svg));
            let of = |stem: &str| files.iter().find(|f| f.0.starts_with(stem)).map(|f| f.1.as_str());
            for stem in
                ["summary-beeswarm", "summary-bars", "decision", "heatmap", "row-1-waterfall", "row-1-tree"]
            {
                assert!(of(stem).is_some_and(|svg| svg.contains("age")), "{stem}");
            }
            assert_eq!(of("summary-classes").is_some(), outputs >= 3);
            assert!(of("row-1-words-text").is_some_and(|svg| svg.contains("好") && svg.contains("word")));
            assert!(of("row-1-force").is_some_and(|svg| svg.contains("a&lt;b&gt;&amp;&quot;&#39;\u{fffd}")));
            let names: BTreeSet<&String> = files.iter().map(|f| &f.0).collect();
            assert_eq!(names.len(), files.len());
        }
    }
}

#[test]
fn a_waterfall_ends_at_the_prediction() {
    let data = mixed(1, 1);
    let e = &data.rows[0].explanation.fields;
    let files = plots(&data);
    let waterfall = &files.iter().find(|f| f.0 == "row-1-waterfall.svg").unwrap().1;
    for value in [e.base[0], e.prediction[0]] {
        let shown = crate::report::number::plain(value, crate::report::number::decimals(0.2));
        assert!(waterfall.contains(&shown), "{shown}");
    }
    let sum: f64 = Local::new(&data.rows[0], e, 1, Language::English).items.iter().map(|i| i.phi).sum();
    assert!((sum - (e.prediction[0] - e.base[0])).abs() < 1e-12);
}

#[test]
fn nothing_is_drawn_of_nothing_and_one_row_has_no_summary() {
    assert!(plots(&ReportData::default()).is_empty() && over_rows(&ReportData::default()).is_empty());
    let one = mixed(1, 3);
    assert!(plots(&one).iter().all(|f| f.0.starts_with("row-1-")));
    let mut broken = mixed(3, 3);
    broken.rows[1].explanation.fields.attributions[0][0] = f64::NAN;
    broken.rows[1].explanation.fields.attributions.truncate(1);
    plots(&broken).iter().for_each(|(name, svg)| assert_well_formed(name, svg));
}

#[test]
fn pixels_in_columns_are_a_picture_and_the_rest_is_summed() {
    let data = pixels(6);
    let begun = Instant::now();
    let files = plots(&data);
    let each = begun.elapsed().as_secs_f64() / files.len() as f64;
    assert!(each < 0.05, "{each} s a chart");
    files.iter().for_each(|(name, svg)| assert_well_formed(name, svg));
    let of = |stem: &str| &files.iter().find(|f| f.0.starts_with(stem)).unwrap().1;
    assert!(of("summary-beeswarm").contains("sum of 764 others"));
    assert!(of("row-1-waterfall").contains("sum of 764 others"));
    let picture = of("row-1-picture-all");
    assert_eq!(picture.matches("<image").count(), 11);
    assert!(picture.contains("data:image/png;base64,"));
}

#[test]
fn sounds_and_pictures_that_cannot_be_read_are_drawn_from_their_parts() {
    let span = |i: usize| Part::Span { from: i as f64, to: i as f64 + 1.0, low: 0.0, high: 4000.0 };
    let patch = |i: usize| Part::Patch { x: 8 * i, y: 0, width: 8, height: 8 };
    for (modality, stem, part) in [
        (Modality::Audio, "row-1-sound-text", &span as &dyn Fn(usize) -> Part),
        (Modality::Image, "row-1-picture-text", &patch),
    ] {
        let parts = (0..4).map(|i| player(&i.to_string(), modality, Some(part(i)))).collect();
        let fields = explanation(3, vec![player("text", modality, None)], |_, k| k as f64 / 10.0);
        let parts = explanation(3, parts, |p, k| (p * k) as f64 / 60.0);
        let cell = Shown { content: Content::Media(vec![1, 2, 3]), ..shown("text", modality, "", None) };
        let data =
            ReportData { rows: vec![explained(1, fields, Some(parts), vec![cell])], ..ReportData::default() };
        let files = plots(&data);
        assert!(files.iter().any(|f| f.0.starts_with(stem)), "{stem}");
        files.iter().for_each(|(name, svg)| assert_well_formed(name, svg));
    }
}

#[test]
fn names_of_files_are_plain() {
    assert_eq!(slug("../价格 (€)"), "价格");
    assert_eq!(slug("//"), "all");
    assert_eq!(slug(&"x".repeat(90)).len(), 40);
}
