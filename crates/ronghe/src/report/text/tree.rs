//! A row's explanation as an indented tree: modality, column, the parts of its cell that added most.

use super::super::escape::terminal;
use super::super::number;
use super::{BLUE, BOLD, Bars, DIM, LEAST_BARS, MOST_NAME, ORANGE, Style, heading, left, paint, right};
use crate::explain::{Check, Curve, Explanation, Part, RowExplanation};
use unicode_width::UnicodeWidthStr;

/// Parts shown of a column.
const MOST_PARTS: usize = 8;

/// A line of the tree.
struct Line {
    depth: usize,
    name: String,
    value: f64,
    error: f64,
}

/// What each modality, column and part added, largest first within what it belongs to. Base and prediction stand above and below
/// the tree, how the figures were come by and what to know of them after it.
pub fn row(e: &RowExplanation, style: Style) -> String {
    let lines = lines(e, style);
    let top = &e.modalities;
    let k = top.explained;
    let ends = top.base[k].abs().max(top.prediction[k].abs());
    let decimals = number::decimals(lines.iter().map(|l| l.value.abs()).fold(ends, f64::max));
    let names: Vec<String> = lines.iter().map(|l| "  ".repeat(l.depth) + &terminal(&l.name)).collect();
    let figures: Vec<String> = lines.iter().map(|l| number::signed(l.value, decimals)).collect();
    let errors: Vec<String> =
        lines
            .iter()
            .map(|l| {
                if l.error > 0.0 {
                    format!(" ± {}", number::error(l.error, decimals))
                } else {
                    String::new()
                }
            })
            .collect();
    let ends = [
        (style.language.pick("base", "基准"), number::plain(top.base[k], decimals)),
        (style.language.pick("prediction", "预测"), number::plain(top.prediction[k], decimals)),
    ];
    let widest = |all: &mut dyn Iterator<Item = &str>| all.map(UnicodeWidthStr::width).max().unwrap_or(0);
    let name_width =
        widest(&mut names.iter().map(String::as_str).chain(ends.iter().map(|e| e.0))).min(MOST_NAME + 4);
    let figure_width = widest(&mut figures.iter().chain(ends.iter().map(|e| &e.1)).map(String::as_str));
    let error_width = widest(&mut errors.iter().map(String::as_str));
    let room = style.width.saturating_sub(name_width + figure_width + error_width + 4).max(LEAST_BARS);
    let bars = Bars::over(lines.iter().map(|l| l.value), room);
    let end = |(name, figure): &(&str, String)| {
        format!("{}  {}\n", left(name, name_width), paint(&right(figure, figure_width), BOLD, style))
    };
    let mut out = heading(top, style) + &end(&ends[0]);
    for (i, line) in lines.iter().enumerate() {
        let colour = if line.value < 0.0 { ORANGE } else { BLUE };
        out += &format!(
            "{}  {}{}  {}\n",
            left(&names[i], name_width),
            paint(&right(&figures[i], figure_width), colour, style),
            paint(&left(&errors[i], error_width), DIM, style),
            bars.draw(line.value, colour, style),
        );
    }
    out + &end(&ends[1]) + &footing(e, style)
}

fn line(e: &Explanation, player: usize, depth: usize, name: &str) -> Line {
    let k = e.explained;
    let (value, error) = (e.attributions[player][k], e.standard_error[player][k]);
    Line { depth, name: name.to_owned(), value, error }
}

fn lines(e: &RowExplanation, style: Style) -> Vec<Line> {
    let (modalities, fields) = (&e.modalities, &e.fields);
    let mut lines = Vec::new();
    for m in modalities.ranking(modalities.explained) {
        let modality = &modalities.players[m];
        let columns: Vec<usize> = fields
            .ranking(fields.explained)
            .into_iter()
            .filter(|&f| fields.players[f].modality == modality.modality)
            .collect();
        // A modality of one column is that column; one without a finer level is itself.
        let depth = match columns[..] {
            [only] if fields.players[only].columns.len() > 1 => {
                lines.push(line(modalities, m, 0, &modality.name));
                continue;
            }
            [_] => 0,
            _ if modalities.players.len() == 1 => 0,
            _ => {
                lines.push(line(modalities, m, 0, &modality.name));
                1
            }
        };
        for f in columns {
            lines.push(line(fields, f, depth, &fields.players[f].name));
            if let Some(parts) = &e.parts {
                lines.extend(of_column(parts, &fields.players[f].name, depth + 1, style));
            }
        }
    }
    lines
}

/// The parts of a column that added most, the others in one line, and what stays of the cell when each is filled.
fn of_column(parts: &Explanation, column: &str, depth: usize, style: Style) -> Vec<Line> {
    let k = parts.explained;
    let own = |&i: &usize| parts.players[i].part.is_some() && parts.players[i].columns == [column];
    let is_rest = |&i: &usize| matches!(parts.players[i].part, Some(Part::Rest { .. }));
    let (left, order): (Vec<usize>, Vec<usize>) = parts.ranking(k).into_iter().filter(own).partition(is_rest);
    let shown = if order.len() > MOST_PARTS + 1 { MOST_PARTS } else { order.len() };
    let mut lines: Vec<Line> =
        order[..shown].iter().map(|&i| line(parts, i, depth, &parts.players[i].name)).collect();
    let rest = &order[shown..];
    if !rest.is_empty() {
        let value = rest.iter().map(|&i| parts.attributions[i][k]).sum();
        let count = rest.len();
        let name = style.language.pick("and {} more", "其余 {} 个").replace("{}", &count.to_string());
        lines.push(Line { depth, name, value, error: 0.0 });
    }
    for i in left {
        if let Some(Part::Rest { fill }) = &parts.players[i].part {
            lines.push(line(parts, i, depth, &style.language.rest(fill)));
        }
    }
    lines
}

/// How faithful and robust the finest level is.
fn checks(check: &Check, style: Style) -> Vec<String> {
    let faith = &check.faithfulness;
    let curve = |english: &str, chinese: &str, curve: &Curve, better: (&str, &str)| {
        let oracle = |word: &str| curve.oracle.map_or(String::new(), |o| format!("{word} {o:.3}"));
        let (area, random, spread) = (curve.area, curve.random, curve.random_spread);
        style
            .language
            .pick(
                &format!(
                    "{english}: area {area:.3}, {} is better; random orders {random:.3} ± {spread:.3}{}",
                    better.0,
                    oracle(", greedy oracle")
                ),
                &format!(
                    "{chinese}：面积 {area:.3}，越{}越好；随机次序 {random:.3} ± {spread:.3}{}",
                    better.1,
                    oracle("，贪心参照")
                ),
            )
            .to_owned()
    };
    let share = |value: Option<f64>| value.map_or("-".to_owned(), |v| format!("{v:.3}"));
    let (rank, sensitivity) = (share(check.rank_correlation), share(check.sensitivity));
    vec![
        curve("check, hiding players", "检验，逐个隐藏", &faith.deletion, ("lower", "低")),
        curve("check, showing players", "检验，逐个显示", &faith.insertion, ("higher", "高")),
        style
            .language
            .pick(
                &format!(
                    "check: unexplained variance of coalitions {:.3}; rank correlation with other fills {rank}; change between halves of the background {sensitivity}",
                    faith.infidelity
                ),
                &format!(
                    "检验：联盟取值中未说明的方差 {:.3}；与另一种填充的秩相关 {rank}；背景两半之间的变化 {sensitivity}",
                    faith.infidelity
                ),
            )
            .to_owned(),
    ]
}

/// How the figures were come by, and what to know of them.
fn footing(e: &RowExplanation, style: Style) -> String {
    let finest = e.finest();
    let count = number::count(finest.evaluations);
    let say = |english: String, chinese: String| style.language.pick(&english, &chinese).to_owned();
    let how = match (finest.method == "exact", finest.converged) {
        (true, _) => say(format!("exact over {count} coalitions"), format!("精确：{count} 个联盟")),
        (false, converged) => {
            let ratio = 100.0 * finest.ratio;
            let open = if converged { ("", "") } else { (", NOT converged", "，未收敛") };
            say(
                format!(
                    "sampled over {count} coalitions{}; ± one standard error, at most {ratio:.2} % of the span; {} signs open",
                    open.0, finest.unresolved
                ),
                format!(
                    "抽样 {count} 个联盟{}；± 为一个标准误，最大为跨度的 {ratio:.2} %；{} 个符号未定",
                    open.1, finest.unresolved
                ),
            )
        }
    };
    let from = say(
        format!(
            "residual {:.0e}; background {} rows ({}), seed {}",
            finest.residual, e.background, e.background_id, e.seed
        ),
        format!(
            "残差 {:.0e}；背景 {} 行（{}），种子 {}",
            finest.residual, e.background, e.background_id, e.seed
        ),
    );
    let notes = e.notes.iter().map(|n| say(format!("note: {n}"), format!("注意：{n}")));
    let together = e.synergy.iter().filter_map(|pair| {
        let k = e.modalities.explained;
        let name = |i: usize| e.modalities.players[i].name.as_str();
        let decimals = number::decimals(pair.values[k]);
        (pair.values[k].abs() > 1e-9).then(|| {
            let shown = number::signed(pair.values[k], decimals);
            let (a, b) = (name(pair.players.0), name(pair.players.1));
            say(
                format!("together, beyond each alone: {a} and {b} {shown}"),
                format!("{a} 与 {b} 的协同：{shown}"),
            )
        })
    });
    let divided = finest.players.iter().any(|p| matches!(p.part, Some(Part::Rest { .. })));
    let rest = divided.then(|| {
        say(
            "rest: what a cell adds beside usual cells when each of its parts is filled; with the parts it sums to the column".into(),
            "其余：单元格的各部分都被填充后，相对于常见单元格仍带来的变化；与各部分相加即为该列".into(),
        )
    });
    let all = [how, from]
        .into_iter()
        .chain(rest)
        .chain(e.check.iter().flat_map(|c| checks(c, style)))
        .chain(together)
        .chain(notes);
    all.map(|l| paint(&terminal(&l), DIM, style) + "\n").collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::explain::{FORMAT, Link, Pair, Player};
    use crate::report::Language;
    use ronghe_data::Modality;

    fn level(players: &[(&str, Modality, &str, bool)], values: &[f64], errors: f64) -> Explanation {
        let players: Vec<Player> = players
            .iter()
            .map(|&(name, modality, column, part)| Player {
                name: name.into(),
                modality,
                columns: column.split('|').map(str::to_owned).collect(),
                part: part.then_some(Part::Words { from: 0, to: 1 }),
            })
            .collect();
        Explanation {
            method: if errors > 0.0 { "permutation" } else { "exact" }.into(),
            target: "y".into(),
            link: Link::Identity,
            unit: "unit of y".into(),
            outputs: vec!["y".into()],
            explained: 0,
            base: vec![1.0],
            prediction: vec![1.0 + values.iter().sum::<f64>()],
            attributions: values.iter().map(|&v| vec![v]).collect(),
            standard_error: vec![vec![errors]; players.len()],
            players,
            evaluations: 1234,
            converged: true,
            ratio: 0.004,
            unresolved: 2,
            residual: 0.0,
        }
    }

    pub(in crate::report::text) fn sample() -> RowExplanation {
        use Modality::{Tabular, Text};
        let words: Vec<(String, f64)> =
            (0..12).map(|i| (format!("词{i}"), 0.5 - f64::from(i) * 0.05)).collect();
        let total: f64 = words.iter().map(|w| w.1).sum();
        let mut parts: Vec<(&str, Modality, &str, bool)> =
            words.iter().map(|(w, _)| (w.as_str(), Text, "标题", true)).collect();
        parts.extend([("age", Tabular, "age", false), ("size", Tabular, "size", false)]);
        let values: Vec<f64> = words.iter().map(|w| w.1).chain([-1.0, 0.25]).collect();
        RowExplanation {
            format: FORMAT.into(),
            file: "t.csv".into(),
            row: 1,
            masker: "background".into(),
            masks: [("标题".to_owned(), "words:40/delete".to_owned())].into(),
            fills: [("标题".to_owned(), "background".to_owned())].into(),
            background: 100,
            background_id: "0123456789ab".into(),
            seed: 7,
            rows_predicted: 9,
            modalities: level(
                &[("tabular", Tabular, "age|size", false), ("text", Text, "标题", false)],
                &[-0.75, total],
                0.0,
            ),
            fields: level(
                &[
                    ("标题", Text, "标题", false),
                    ("age", Tabular, "age", false),
                    ("size", Tabular, "size", false),
                ],
                &[total, -1.0, 0.25],
                0.0,
            ),
            parts: Some(level(&parts, &values, 0.01)),
            synergy: vec![Pair { players: (0, 1), values: vec![0.125], standard_error: vec![0.0] }],
            check: None,
            notes: vec!["text carries 95 % of all attributions here".into()],
        }
    }

    #[test]
    fn the_tree_is_indented_and_says_what_it_leaves_out() {
        let shown = row(&sample(), Style { width: 70, ..Style::default() });
        let lines: Vec<&str> = shown.lines().collect();
        let starts: Vec<&str> =
            lines.iter().filter_map(|l| l.split("  ").find(|w| !w.trim().is_empty())).collect();
        assert_eq!(&starts[1..5], ["base", "标题", "词0", "词1"], "{shown}");
        assert!(shown.contains("  and 4 more"), "{shown}");
        assert!(
            shown.contains("\ntabular") && shown.contains("\n  age") && shown.contains("\n  size"),
            "{shown}"
        );
        assert!(
            shown
                .contains("1,234 coalitions; ± one standard error, at most 0.40 % of the span; 2 signs open")
        );
        assert!(shown.contains("background 100 rows (0123456789ab), seed 7"), "{shown}");
        assert!(
            shown.contains("tabular and text +0.125") && shown.contains("note: text carries 95 %"),
            "{shown}"
        );
        // Figures stand under each other whatever the width of a name.
        let places: Vec<usize> = lines.iter().filter_map(|l| l.find('│').map(|at| l[..at].width())).collect();
        assert!(places.len() == 13 && places.iter().all(|&p| p == places[0]), "{shown}");
        let chinese = row(&sample(), Style { language: Language::Chinese, ..Style::default() });
        assert!(chinese.contains("其余 4 个") && chinese.contains("协同"), "{chinese}");
    }

    #[test]
    fn the_rest_of_a_cell_is_shown_beside_its_parts() {
        let mut found = sample();
        if let Some(parts) = &mut found.parts {
            parts.players[11].part = Some(Part::Rest { fill: "delete".into() });
        }
        let shown = row(&found, Style { width: 70, ..Style::default() });
        // Eleven words are eight and a sum; the rest stands by itself whatever its size.
        assert!(shown.contains("  and 3 more") && shown.contains("\n  rest (all parts: delete)"), "{shown}");
        assert!(shown.contains("with the parts it sums to the column"), "{shown}");
        let chinese = row(&found, Style { language: Language::Chinese, ..Style::default() });
        assert!(chinese.contains("其余（各部分：delete）"), "{chinese}");
    }

    #[test]
    fn modalities_alone_are_a_list() {
        let mut alone = sample();
        alone.fields = alone.modalities.clone();
        alone.parts = None;
        let shown = row(&alone, Style::default());
        assert_eq!(shown.matches('│').count(), 2, "{shown}");
        alone.notes = vec!["\u{1b}[2J".into()];
        assert!(!row(&alone, Style::default()).contains('\u{1b}'));
    }
}
