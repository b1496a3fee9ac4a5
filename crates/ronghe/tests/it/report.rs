//! A report as users get it. The page is also written to the build folder (`tmp/report-*.html`), for looking at.

use arrow_array::{Array, ArrayRef, Float64Array, LargeBinaryArray, StringArray};
use ronghe::explain::{Link, Options, explain_row};
use ronghe::report::{
    Command, Confusion, Content, Curve, ExplainedRow, Interval, Language, Note, ReportData, Results,
    SchemaRow, Score, Series, Shown, html, text,
};
use ronghe::{InputInfo, Predictions, Predictor, Result, Task, TaskKind};
use ronghe_data::{Cell, ColumnSchema, Kind, Modality, Schema, Table};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const CLASSES: [&str; 4] = ["kitchen", "garden", "玩具", "audio & hi-fi"];
const COLUMNS: [(&str, Kind); 7] = [
    ("photo", Kind::Image),
    ("voice", Kind::Audio),
    ("标题", Kind::Text),
    ("review", Kind::Text),
    ("price", Kind::Number),
    ("weight_kg", Kind::Number),
    ("brand", Kind::Category),
];

/// A shop's classifier: each shown cell speaks for some class, and picture and title agree or not.
struct Shop {
    task: Task,
    inputs: Vec<InputInfo>,
}

impl Shop {
    fn new() -> Shop {
        let input = |name: &str, modality, columns: &[&str]| InputInfo {
            name: name.into(),
            modality,
            columns: columns.iter().map(|c| (*c).to_owned()).collect(),
        };
        Shop {
            task: Task {
                kind: TaskKind::MultiClass,
                columns: vec!["department".into()],
                separator: " ".into(),
                labels: CLASSES.map(str::to_owned).to_vec(),
                mean: 0.0,
                std: 1.0,
            },
            inputs: vec![
                input("photo", Modality::Image, &["photo"]),
                input("voice", Modality::Audio, &["voice"]),
                input("words", Modality::Text, &["标题", "review"]),
                input("facts", Modality::Tabular, &["price", "weight_kg", "brand"]),
            ],
        }
    }
}

impl Predictor for Shop {
    fn task(&self) -> &Task {
        &self.task
    }

    fn inputs(&self) -> &[InputInfo] {
        &self.inputs
    }

    fn predict(&self, table: &Table) -> Result<Predictions> {
        let strength = [1.6, 0.9, 1.3, 0.7, 0.35, 0.2, 0.6];
        let mut values = Vec::new();
        for row in 0..table.rows() {
            let mut score = [0.2, 0.0, 0.1, -0.1];
            let mut spoken = Vec::new();
            for (column, strength) in
                strength.into_iter().enumerate().filter(|(c, _)| !table.is_missing(*c, row))
            {
                let shown = table.display(column, row);
                let content = match table.media(column, row) {
                    Some(Cell::Bytes(bytes)) => bytes,
                    _ => shown.as_bytes(),
                };
                let sum: usize = content.iter().map(|b| usize::from(*b)).sum();
                score[sum % 4] += strength;
                spoken.push(sum % 4);
            }
            if spoken.len() > 2 && spoken[0] == spoken[2] {
                score[spoken[0]] += 0.8;
            }
            let total: f64 = score.iter().map(|s: &f64| s.exp()).sum();
            values.extend(score.map(|s| s.exp() / total));
        }
        Ok(Predictions { kind: TaskKind::MultiClass, values, width: 4 })
    }
}

/// A picture in a format of 54 bytes of header: a disc on a gradient.
fn picture(hue: u8) -> Vec<u8> {
    let side = 144_u32;
    let size = 54 + side * side * 3;
    let mut out = b"BM".to_vec();
    out.extend(
        [size, 0, 54, 40, side, side, 0x0018_0001, 0, 0, 2835, 2835, 0, 0].map(u32::to_le_bytes).concat(),
    );
    for y in 0..side {
        for x in 0..side {
            let (dx, dy) = (f64::from(x) - 72.0, f64::from(y) - 66.0);
            let inside = dx * dx + dy * dy < 46.0 * 46.0;
            let light = (dx + dy) / 2.0;
            let shade = |v: f64| v.clamp(0.0, 255.0) as u8;
            out.extend(match inside {
                true => [shade(60.0 + light), shade(f64::from(hue) + light), shade(200.0 + light)],
                false => [shade(225.0 - f64::from(y) / 6.0); 3],
            });
        }
    }
    out
}

/// A tone that fades, 8 kHz, 16 bit.
fn sound() -> Vec<u8> {
    let samples: Vec<u8> = (0..4000)
        .flat_map(|i| {
            let t = f64::from(i) / 8000.0;
            ((8000.0 * (2.0 * std::f64::consts::PI * 440.0 * t).sin() * (-4.0 * t).exp()) as i16)
                .to_le_bytes()
        })
        .collect();
    let long = |v: u32| v.to_le_bytes();
    let mut out = b"RIFF".to_vec();
    out.extend(long(36 + samples.len() as u32));
    out.extend(b"WAVEfmt ");
    out.extend([long(16), long(0x0001_0001), long(8000), long(16_000), long(0x0010_0002)].concat());
    out.extend(b"data");
    out.extend(long(samples.len() as u32));
    out.extend(samples);
    out
}

/// Picture, sound, title, review, price, weight and brand.
type Row<'a> = (Option<u8>, bool, &'a str, &'a str, f64, Option<f64>, &'a str);

/// Rows of the shop's table.
fn table(rows: &[Row<'_>]) -> Table {
    let schema = Schema { columns: COLUMNS.map(|(name, kind)| ColumnSchema::new(name, kind)).to_vec() };
    let pictures: Vec<Option<Vec<u8>>> = rows.iter().map(|r| r.0.map(picture)).collect();
    let sounds: Vec<Option<Vec<u8>>> = rows.iter().map(|r| r.1.then(sound)).collect();
    let text = |f: fn(&Row<'_>) -> String| -> ArrayRef {
        Arc::new(StringArray::from_iter_values(rows.iter().map(f)))
    };
    let columns: Vec<ArrayRef> = vec![
        Arc::new(pictures.iter().map(|p| p.as_deref()).collect::<LargeBinaryArray>()),
        Arc::new(sounds.iter().map(|s| s.as_deref()).collect::<LargeBinaryArray>()),
        text(|r| r.2.to_owned()),
        text(|r| r.3.to_owned()),
        Arc::new(rows.iter().map(|r| Some(r.4)).collect::<Float64Array>()),
        Arc::new(rows.iter().map(|r| r.5).collect::<Float64Array>()),
        text(|r| r.6.to_owned()),
    ];
    assert!(columns.iter().all(|c| c.len() == rows.len()));
    Table::new(Arc::new(schema), columns, Path::new("test.csv"), Path::new("."), 17).unwrap()
}

fn explained(row: &Table, number: usize, truth: &str, options: &Options) -> ExplainedRow {
    let background = table(&[
        (Some(20), true, "园艺手套", "Fits well, a bit stiff at first.", 12.5, Some(0.2), "Verde"),
        (Some(90), true, "无线音箱", "好听，低音有力。", 89.0, Some(1.4), "Klang"),
        (None, true, "积木套装", "My son plays with it every day", 34.9, None, "Bau"),
        (Some(180), false, "平底锅", "Nothing sticks.", 41.0, Some(1.1), "Pfanne"),
        (Some(120), true, "花盆", "Came broken, refund was quick", 9.9, Some(2.5), "Verde"),
    ]);
    let cells = COLUMNS.iter().enumerate().map(|(i, (name, kind))| Shown {
        column: (*name).to_owned(),
        modality: kind.modality().unwrap(),
        content: match row.media(i, 0) {
            _ if row.is_missing(i, 0) => Content::Missing,
            Some(Cell::Bytes(bytes)) => Content::Media(bytes.to_vec()),
            _ => Content::Text(row.display(i, 0).into_owned()),
        },
        number: row.display(i, 0).parse().ok().filter(|_| *kind == Kind::Number),
    });
    ExplainedRow {
        heading: format!("Row {number} of test.csv"),
        cells: cells.collect(),
        truth: Some(truth.to_owned()),
        explanation: explain_row(&Shop::new(), row, &background, options).unwrap(),
    }
}

fn score(name: &str, detail: &str, value: f64, half: f64, fused: bool) -> Score {
    let interval = Some(Interval { low: value - half, high: value + half });
    Score { name: name.into(), detail: detail.into(), value, interval, fused }
}

fn curve(model: &str, metric: &str, low: f64, speed: f64) -> Curve {
    let line = |name: &str, lag: f64, drift: f64| Series {
        name: name.into(),
        points: (1..=12)
            .map(|e| {
                (f64::from(e), low + lag + 1.2 * (-speed * f64::from(e)).exp() + drift * f64::from(e * e))
            })
            .collect(),
    };
    Curve {
        model: model.into(),
        metric: metric.into(),
        series: vec![line("training", 0.0, 0.0), line("validation", 0.08, 0.0009)],
        best: Some(9.0),
    }
}

fn column(column: &str, kind: Kind, role: &str, missing: usize, example: &str) -> SchemaRow {
    SchemaRow { column: column.into(), kind, role: role.into(), missing, rows: 4120, example: example.into() }
}

fn sample(language: Language) -> ReportData {
    let counted = Options::default();
    let sampled = Options { method: "permutation".into(), budget: 200, ..Options::default() };
    let odds = Options { link: Link::LogOdds, ..Options::default() };
    let first = table(&[(
        Some(40),
        true,
        "手工打制的铜锅，适合燃气灶",
        "Heats evenly and looks lovely on the stove. 把手不烫，很满意！",
        79.0,
        Some(1.8),
        "Pfanne",
    )]);
    let second = table(&[(
        None,
        true,
        "<script>alert('书')</script> & \"引号\"",
        "Bought it for my niece; she has not put it down since. The box was dented but nothing was missing, and the \
         shop answered within an hour.",
        24.5,
        None,
        "Bau",
    )]);
    let truth = CLASSES[explained(&first, 17, "", &counted).explanation.fields.explained];
    ReportData {
        language,
        title: "Shop departments · 商品分类".into(),
        lead: "Department of a product from its photo, the customer's voice note, title, review and facts: 4 classes, \
               4,120 training rows."
            .into(),
        notes: vec![
            Note::Warning("312 rows have no photo; the fused model was trained with photos dropped at random.".into()),
            Note::Remark("The voice model alone saw 38 rows per class; its interval is wide for that reason.".into()),
        ],
        results: Some(Results {
            metric: "accuracy".into(),
            unit: String::new(),
            larger_is_better: true,
            rows: 1030,
            scores: vec![
                score("fused", "photo + voice + text + columns, gated", 0.913, 0.017, true),
                score("photo", "efficientnet_lite0, frozen", 0.874, 0.020, false),
                score("标题 + review", "tfidf", 0.861, 0.021, false),
                score("voice", "mel_cnn", 0.642, 0.029, false),
                score("columns", "price, weight_kg, brand", 0.518, 0.031, false),
                score("most frequent class", "kitchen", 0.301, 0.028, false),
            ],
            gain: Some((0.039, Interval { low: 0.021, high: 0.057 })),
        }),
        curves: vec![
            curve("fused", "log_loss", 0.21, 0.45),
            curve("photo", "log_loss", 0.33, 0.35),
            curve("标题 + review", "log_loss", 0.35, 0.6),
        ],
        confusion: Some(Confusion {
            labels: CLASSES.map(str::to_owned).to_vec(),
            counts: vec![vec![291, 9, 7, 3], vec![12, 224, 6, 0], vec![8, 11, 233, 9], vec![5, 2, 18, 192]],
        }),
        rows: vec![
            explained(&first, 17, truth, &counted),
            explained(&second, 18, "玩具", &sampled),
            explained(&second, 18, "玩具", &odds),
        ],
        schema: vec![
            column("photo", Kind::Image, "photo: efficientnet_lite0", 312, "img/0001.jpg"),
            column("voice", Kind::Audio, "voice: mel_cnn", 40, "wav/0001.wav"),
            column("标题", Kind::Text, "words: tfidf", 0, "手工打制的铜锅，适合燃气灶"),
            column("review", Kind::Text, "words: tfidf", 0, "Heats evenly and looks lovely on the stove."),
            column("price", Kind::Number, "facts: columns", 0, "79"),
            column("department", Kind::Category, "target", 0, "kitchen"),
        ],
        run: [
            ("Ronghe", "0.1.0"),
            ("Seed", "7"),
            ("Rows", "4,120 training, 515 validation, 1,030 test"),
            ("Hardware", "AMD EPYC, 2 threads, AVX-512"),
            ("Time", "184 s, of which 141 s training"),
            ("Artifact", "shop.ronghe (21.3 MB), sha256 9f31c2…"),
        ]
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .to_vec(),
        commands: vec![
            Command { purpose: "Predict new rows".into(), line: "ronghe predict shop.ronghe new.csv --out predictions.csv".into() },
            Command { purpose: "Explain one of them".into(), line: "ronghe explain shop.ronghe new.csv --row 3".into() },
        ],
    }
}

#[test]
fn the_page_stands_alone_and_holds_no_live_markup() {
    for language in [Language::English, Language::Chinese] {
        let page = html(&sample(language));
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("report-{}.html", language.tag()));
        std::fs::write(path, &page).unwrap();
        for forbidden in ["<script", "http://", "https://", "src=\"/", "@import", "url("] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
        assert!(page.contains("&lt;script&gt;alert(&#39;书&#39;)&lt;/script&gt; &amp; &quot;引号&quot;"));
        assert!(
            page.contains("src=\"data:image/bmp;base64,Qk0")
                && page.contains("src=\"data:audio/wav;base64,UklGR")
        );
        assert!(page.contains(&format!("<html lang=\"{}\">", language.tag())));
        for tag in
            ["main", "section", "table", "article", "svg", "details", "figure", "div", "span", "bdi", "p"]
        {
            let opened =
                page.matches(&format!("<{tag} ")).count() + page.matches(&format!("<{tag}>")).count();
            assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "<{tag}>");
        }
    }
}

#[test]
fn every_explanation_states_base_prediction_and_sum() {
    let data = sample(Language::English);
    let page = html(&data);
    assert_eq!(page.matches("class=\"sum\"").count(), 2 * data.rows.len());
    assert!(page.contains("exact over 80 coalitions, standard error 0"));
    assert!(page.contains("± is one standard error"));
    assert!(page.contains("Fusing helps: ahead of photo, the best single model."));
    // Every player is shown, none dropped for being small.
    let players: usize = data
        .rows
        .iter()
        .map(|r| r.explanation.fields.players.len() + r.explanation.modalities.players.len())
        .sum();
    assert_eq!(page.matches("data-place=").count(), players);
}

#[test]
fn the_page_names_the_fill_of_every_column() {
    let options = Options { parts: "auto".into(), budget: 400, tolerance: 1.0, ..Options::default() };
    let row = table(&[(Some(40), false, "铜锅", "Heats evenly, looks lovely.", 79.0, None, "Pfanne")]);
    let page = |language| {
        let rows = vec![explained(&row, 17, "kitchen", &options)];
        html(&ReportData { language, rows, ..ReportData::default() })
    };
    let english = page(Language::English);
    assert!(
        english.contains(
            "Hidden cells are filled: `brand` by background; `photo` by background, its parts (patches:7x7) by blur; `price` by \
             background; `review` by background, its parts (words:40) by delete; `voice` by background; `weight_kg` by background; \
             `标题` by background."
        ),
        "{}",
        english.split("Hidden cells").nth(1).map_or("none", |t| &t[..t.len().min(400)])
    );
    assert!(english.contains("rest (all parts: blur)"));
    let chinese = page(Language::Chinese);
    assert!(chinese.contains("`photo` 用 background，其各部分（patches:7x7）用 blur；"));
    assert!(chinese.contains("其余（各部分：blur）"));
}

#[test]
fn an_empty_report_is_a_page_too() {
    let page = html(&ReportData { title: "空".into(), ..ReportData::default() });
    assert!(page.contains("<h1><bdi>空</bdi></h1>") && !page.contains("<section>"));
}

#[test]
fn a_figure_that_gets_worse_is_called_worse() {
    let mut data = sample(Language::English);
    let results = data.results.as_mut().unwrap();
    results.gain = Some((-0.02, Interval { low: -0.03, high: -0.01 }));
    assert!(text::results(results, text::Style::default()).contains("Fusing hurts here"));
    results.larger_is_better = false;
    assert!(text::results(results, text::Style::default()).contains("most frequent class, the best single"));
    results.gain = Some((-0.02, Interval { low: -0.03, high: 0.01 }));
    assert!(text::results(results, text::Style::default()).contains("No clear difference"));
}
