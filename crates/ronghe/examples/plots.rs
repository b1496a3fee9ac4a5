//! The gallery of charts: three made-up reports, each as a page and as files, in a folder.
//!
//! ```text
//! cargo run -p ronghe --example plots -- OUT_FOLDER
//! ```
//!
//! Houses (numbers, 160 rows), digits (784 pixels, 10 classes) and a shop (picture, sound, text and columns in parts).

use ronghe::explain::{Explanation, FORMAT, Link, Pair, Part, Player, RowExplanation};
use ronghe::report::{Content, ExplainedRow, Ground, Language, ReportData, Shown, html, plots, plots_on};
use ronghe_data::Modality;
use std::f64::consts::TAU;
use std::path::Path;

fn main() -> std::io::Result<()> {
    let Some(folder) = std::env::args().nth(1) else {
        return Err(std::io::Error::other("usage: plots OUT_FOLDER"));
    };
    let folder = Path::new(&folder);
    for (name, data) in [
        ("houses", houses(Language::English)),
        ("digits", digits()),
        ("shop", shop(Language::English)),
        ("shop-zh", shop(Language::Chinese)),
    ] {
        std::fs::create_dir_all(folder.join(name))?;
        std::fs::write(folder.join(format!("{name}.html")), html(&data))?;
        for (file, svg) in plots(&data) {
            std::fs::write(folder.join(name).join(file), svg)?;
        }
    }
    std::fs::create_dir_all(folder.join("houses-dark"))?;
    for (file, svg) in plots_on(&houses(Language::English), Ground::Dark).into_iter().take(6) {
        std::fs::write(folder.join("houses-dark").join(file), svg)?;
    }
    Ok(())
}

/// A share from 0 to 1 that looks random and is always the same.
fn noise(seed: usize) -> f64 {
    let mut x = (seed as u64).wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

fn player(name: &str, modality: Modality, part: Option<(&str, Part)>) -> Player {
    match part {
        None => Player { name: name.into(), modality, columns: vec![name.into()], part: None },
        Some((column, part)) => {
            Player { name: name.into(), modality, columns: vec![column.into()], part: Some(part) }
        }
    }
}

/// An explanation whose attributions add up; `error` is each standard error as a share of the attribution.
fn explanation(
    outputs: &[&str],
    base: &[f64],
    players: Vec<Player>,
    phi: Vec<Vec<f64>>,
    error: f64,
) -> Explanation {
    let prediction: Vec<f64> =
        (0..base.len()).map(|k| base[k] + phi.iter().map(|p| p[k]).sum::<f64>()).collect();
    let explained = (0..base.len()).fold(0, |b, k| if prediction[k] > prediction[b] { k } else { b });
    let standard_error: Vec<Vec<f64>> =
        phi.iter().map(|p| p.iter().map(|v| (v.abs() * error).max(error * 0.002)).collect()).collect();
    Explanation {
        method: if error > 0.0 { "permutation" } else { "exact" }.into(),
        target: if outputs.len() > 1 { "class".into() } else { outputs[0].into() },
        link: Link::Identity,
        unit: if outputs.len() > 1 { "probability".into() } else { format!("unit of {}", outputs[0]) },
        outputs: outputs.iter().map(|o| (*o).to_owned()).collect(),
        explained,
        base: base.to_vec(),
        prediction,
        players,
        attributions: phi,
        standard_error,
        evaluations: 2048,
        converged: true,
        ratio: error / 20.0,
        unresolved: 0,
        residual: 0.0,
    }
}

/// Sums of the rows of `phi` whose players `same` puts together.
fn grouped(phi: &[Vec<f64>], members: &[usize]) -> Vec<f64> {
    (0..phi[0].len()).map(|k| members.iter().map(|&m| phi[m][k]).sum()).collect()
}

fn modalities(fields: &Explanation, error: f64) -> Explanation {
    let (players, groups) = Player::modalities(&fields.players);
    let phi = groups.iter().map(|g| grouped(&fields.attributions, g)).collect();
    let outputs: Vec<&str> = fields.outputs.iter().map(String::as_str).collect();
    explanation(&outputs, &fields.base, players, phi, error)
}

fn row(number: usize, fields: Explanation, parts: Option<Explanation>, synergy: Vec<Pair>) -> RowExplanation {
    RowExplanation {
        format: FORMAT.into(),
        file: "test.csv".into(),
        row: number,
        masker: "background".into(),
        masks: std::collections::BTreeMap::new(),
        fills: std::collections::BTreeMap::new(),
        background: 100,
        background_id: "0123456789ab".into(),
        seed: 7,
        rows_predicted: 204_800,
        modalities: modalities(&fields, 0.0),
        fields,
        parts,
        synergy,
        check: None,
        notes: Vec::new(),
    }
}

fn number(column: &str, value: f64) -> Shown {
    Shown {
        column: column.into(),
        modality: Modality::Tabular,
        content: Content::Text(format!("{value}")),
        number: Some(value),
    }
}

fn houses(language: Language) -> ReportData {
    const NAMES: [&str; 9] = [
        "median income",
        "latitude",
        "longitude",
        "rooms a household",
        "house age",
        "people a household",
        "population",
        "bedrooms a room",
        "distance to the coast in kilometres",
    ];
    let rows = (0..160).map(|r| {
        let v: Vec<f64> = (0..9).map(|c| noise(r * 31 + c * 7919)).collect();
        let wave = |x: f64| (x * TAU).sin();
        let phi = [
            1.4 * (v[0] - 0.45) + 0.25 * (v[0] - 0.5) * wave(v[1]),
            0.7 * wave(v[1]) * (v[2] - 0.5),
            0.6 * (0.5 - v[2]).powi(3) * 4.0,
            0.2 * (v[3] - 0.5),
            0.25 * (v[4] - 0.5) * v[0],
            -0.3 * (v[5] - 0.4).max(0.0),
            0.02 * (v[6] - 0.5),
            0.05 * (v[7] - 0.5) * wave(v[0]),
            -0.5 * (v[8] - 0.3),
        ];
        let round = |x: f64| (x * 100.0).round() / 100.0;
        let values = [
            round(v[0] * 12.0),
            round(32.5 + v[1] * 9.5),
            round(-124.3 + v[2] * 10.0),
            round(2.0 + v[3] * 6.0),
            (v[4] * 52.0).round(),
            round(1.5 + v[5] * 3.0),
            (v[6] * 4000.0).round(),
            round(v[7]),
            (v[8] * 120.0).round(),
        ];
        let players = NAMES.iter().map(|n| player(n, Modality::Tabular, None)).collect();
        let fields = explanation(&["price"], &[2.07], players, phi.iter().map(|p| vec![*p]).collect(), 0.04);
        let mut cells: Vec<Shown> = NAMES.iter().zip(values).map(|(n, v)| number(n, v)).collect();
        if r % 11 == 0 {
            cells[4] = Shown { content: Content::Missing, number: None, ..cells[4].clone() };
        }
        ExplainedRow {
            heading: format!("row {}", r + 1),
            cells,
            truth: Some(format!("{:.2}", fields.prediction[0] + 0.3 * (noise(r) - 0.5))),
            explanation: row(r + 1, fields, None, Vec::new()),
        }
    });
    ReportData {
        language,
        title: "House prices".into(),
        lead: "Price of a house from nine numbers about its block.".into(),
        rows: rows.collect(),
        ..ReportData::default()
    }
}

/// Whether a stroke of the digit lies over a pixel, 0 to 1: a ring, a bar, or both.
fn drawn(digit: usize, x: f64, y: f64) -> f64 {
    let ring = |cx: f64, cy: f64, r: f64| 1.0 - ((x - cx).hypot(y - cy) - r).abs() / 1.6;
    let bar = |cx: f64, from: f64, to: f64| if y > from && y < to { 1.0 - (x - cx).abs() / 1.6 } else { 0.0 };
    let found = match digit {
        0 => ring(14.0, 14.0, 7.0),
        1 => bar(14.0, 5.0, 23.0),
        6 => ring(13.0, 17.5, 4.5).max(bar(8.8, 5.0, 17.0)),
        8 => ring(14.0, 9.5, 4.0).max(ring(14.0, 18.0, 4.6)),
        9 => ring(14.0, 9.5, 4.2).max(bar(18.0, 9.0, 23.0)),
        _ => bar(18.0, 5.0, 23.0).max(if (y - 5.5).abs() < 1.4 && x > 7.0 && x < 19.0 { 0.9 } else { 0.0 }),
    };
    found.clamp(0.0, 1.0)
}

fn digits() -> ReportData {
    let classes = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let rows = [0, 1, 6, 7, 8, 9, 0, 8].iter().enumerate().map(|(r, &digit)| {
        let at = |i: usize| ((i % 28) as f64 + 0.5, (i / 28) as f64 + 0.5);
        let values: Vec<f64> = (0..784).map(|i| (drawn(digit, at(i).0, at(i).1) * 255.0).round()).collect();
        let phi: Vec<Vec<f64>> = (0..784)
            .map(|i| {
                let mut phi: Vec<f64> = (0..10)
                    .map(|k| {
                        let (x, y) = at(i);
                        let (own, other) = (values[i] / 255.0, drawn(k, x, y));
                        (own * other - 0.7 * (own - other).abs() * (own + other)) * 0.004
                            + 0.0004 * (noise(i * 10 + k + r) - 0.5) * own
                    })
                    .collect();
                phi[digit] *= 2.2;
                phi
            })
            .collect();
        let players = (0..784).map(|i| player(&format!("pixel{i}"), Modality::Tabular, None)).collect();
        let fields = explanation(&classes, &[0.1; 10], players, phi, 0.05);
        ExplainedRow {
            heading: format!("row {}", r + 1),
            cells: values.iter().enumerate().map(|(i, v)| number(&format!("pixel{i}"), *v)).collect(),
            truth: Some(classes[digit].into()),
            explanation: row(r + 1, fields, None, Vec::new()),
        }
    });
    ReportData {
        title: "Handwritten digits".into(),
        lead: "Ten classes from 784 pixels.".into(),
        rows: rows.collect(),
        ..ReportData::default()
    }
}

/// A picture in a format of 54 bytes of header: a disc before a graded wall.
fn picture(hue: u8) -> Vec<u8> {
    let side = 96_u32;
    let size = 54 + side * side * 3;
    let mut out = b"BM".to_vec();
    out.extend(
        [size, 0, 54, 40, side, side, 0x0018_0001, 0, 0, 2835, 2835, 0, 0].map(u32::to_le_bytes).concat(),
    );
    for y in 0..side {
        for x in 0..side {
            let (dx, dy) = (f64::from(x) - 50.0, f64::from(y) - 46.0);
            let shade = |v: f64| v.clamp(0.0, 255.0) as u8;
            out.extend(match dx.hypot(dy) < 30.0 {
                true => [shade(60.0 + dx), shade(f64::from(hue) + dy), shade(200.0 + dx)],
                false => [shade(225.0 - f64::from(y) - 0.4 * f64::from(x)); 3],
            });
        }
    }
    out
}

/// A rising tone with overtones, 8 kHz, 16 bit.
fn sound(seed: usize) -> Vec<u8> {
    let samples: Vec<u8> = (0..12_000)
        .flat_map(|i| {
            let t = f64::from(i) / 8000.0;
            let tone = |n: f64| (TAU * n * (220.0 * t + 120.0 * t * t)).sin() / n;
            let beat = (-((t * 4.0) % 1.0) * 3.0).exp();
            let hiss = 0.06 * (noise(i as usize + seed) - 0.5);
            ((5000.0 * (beat * (tone(1.0) + tone(2.0) + tone(5.0)) + hiss)) as i16).to_le_bytes()
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

/// Stretches of a text: words with the space after them apart, or so many Chinese characters.
fn words(text: &str) -> Vec<(usize, usize)> {
    let mut out = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let letter = c.is_alphanumeric();
        let wide = letter && c.len_utf8() == 3;
        let full = start.is_some_and(|s| wide && at - s >= 6);
        if let Some(s) = start.filter(|_| !letter || full) {
            out.push((s, at));
            start = None;
        }
        if letter && start.is_none() {
            start = Some(at);
        }
    }
    out
}

fn shop(language: Language) -> ReportData {
    let classes = ["kitchen", "garden", "玩具", "audio & hi-fi"];
    let reviews = [
        "Heats evenly and looks lovely on the stove. 把手不烫，很满意！",
        "The handle broke on the first day in the garden, refund was quick though.",
        "我儿子每天都在玩，质量不错，包装也很精美，送货比预期快两天。",
        "Warm bass, clear voices; the remote feels cheap & <b>light</b>.",
    ];
    let rows = (0..12).map(|r| {
        let (text, truth) = (reviews[r % 4], r % 4);
        let photo = (r % 5 != 4).then(|| picture((40 * r) as u8));
        let leaning = |seed: usize, strength: f64| -> Vec<f64> {
            let own = strength * (noise(seed + 1000 * r) - 0.3);
            (0..4)
                .map(|k| if k == truth { own } else { -own / 3.0 * (0.6 + 0.8 * noise(seed + k)) })
                .collect()
        };
        let mut players = Vec::new();
        let mut phi = Vec::new();
        for i in 0..if photo.is_some() { 36 } else { 0 } {
            let (x, y) = (i % 6 * 16, i / 6 * 16);
            let part = Part::Patch { x, y, width: 16, height: 16 };
            players.push(player(
                &format!("{},{}", i / 6 + 1, i % 6 + 1),
                Modality::Image,
                Some(("photo", part)),
            ));
            let near = (-((x as f64 - 42.0).hypot(y as f64 - 42.0) / 26.0).powi(2)).exp();
            phi.push(leaning(i, 0.06 * near + 0.004));
        }
        if photo.is_none() {
            players.push(player("photo", Modality::Image, None));
            phi.push(vec![0.0; 4]);
        }
        for i in 0..10 {
            let (from, band) = ((i / 2) as f64 * 0.3, i % 2);
            let part =
                Part::Span { from, to: from + 0.3, low: [0.0, 1000.0][band], high: [1000.0, 4000.0][band] };
            let name = format!("{from:.1}-{:.1} s {}", from + 0.3, ["low", "high"][band]);
            players.push(player(&name, Modality::Audio, Some(("voice", part))));
            phi.push(leaning(500 + i, 0.03));
        }
        for (i, (from, to)) in words(text).into_iter().enumerate() {
            players.push(player(&text[from..to], Modality::Text, Some(("review", Part::Words { from, to }))));
            phi.push(leaning(700 + i, 0.05 * noise(i * 77 + r)));
        }
        for (i, name) in ["price", "weight_kg", "brand"].into_iter().enumerate() {
            players.push(player(name, Modality::Tabular, None));
            phi.push(leaning(900 + i, 0.08));
        }
        let base = [0.28, 0.24, 0.25, 0.23];
        let columns = ["photo", "voice", "review", "price", "weight_kg", "brand"];
        let kinds = [
            Modality::Image,
            Modality::Audio,
            Modality::Text,
            Modality::Tabular,
            Modality::Tabular,
            Modality::Tabular,
        ];
        let sums = columns.iter().map(|c| {
            let members: Vec<usize> = (0..players.len()).filter(|&p| players[p].columns[0] == *c).collect();
            grouped(&phi, &members)
        });
        let sums: Vec<Vec<f64>> = sums.collect();
        let fields: Vec<Player> = columns.iter().zip(kinds).map(|(c, m)| player(c, m, None)).collect();
        let fields = explanation(&classes, &base, fields, sums, 0.0);
        let parts = explanation(&classes, &base, players, phi, 0.12);
        let pair = |a, b, v: f64| Pair { players: (a, b), values: vec![v; 4], standard_error: vec![0.0; 4] };
        let cell = |column: &str, modality, content| Shown {
            column: column.into(),
            modality,
            content,
            number: None,
        };
        let cells = vec![
            cell("photo", Modality::Image, photo.map_or(Content::Missing, Content::Media)),
            cell("voice", Modality::Audio, Content::Media(sound(r))),
            cell("review", Modality::Text, Content::Text(text.into())),
            number("price", (900.0 * noise(r + 5)).round() / 10.0),
            number("weight_kg", (30.0 * noise(r + 9)).round() / 10.0),
            cell(
                "brand",
                Modality::Tabular,
                Content::Text(["Pfanne", "Verde", "Bau", "Klang"][r % 4].into()),
            ),
        ];
        let synergy = vec![pair(1, 2, 0.021), pair(0, 1, -0.008), pair(2, 3, 0.003)];
        ExplainedRow {
            heading: match language {
                Language::English => format!("row {}", r + 17),
                Language::Chinese => format!("第 {} 行", r + 17),
            },
            cells,
            truth: Some(classes[if r == 7 { 0 } else { truth }].into()),
            explanation: row(r + 17, fields, Some(parts), synergy),
        }
    });
    let (title, lead) = match language {
        Language::English => {
            ("Shop departments", "Department of a product from its photo, a voice note, a review and facts.")
        }
        Language::Chinese => ("商品分类", "由照片、语音、评论和属性判断商品类别。"),
    };
    ReportData {
        language,
        title: title.into(),
        lead: lead.into(),
        rows: rows.collect(),
        ..ReportData::default()
    }
}
