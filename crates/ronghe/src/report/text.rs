//! Explanations and results as tables for a terminal: bars of block characters, aligned by the width that characters
//! really take (a Chinese one takes two columns). Pure functions; colours only where asked for.

mod columns;
mod sentence;
mod tree;

pub use columns::{effect, importance};
pub use sentence::sentence;
pub use tree::row;

use super::escape::terminal;
use super::{Language, Results, number, results};
use crate::explain::Explanation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// How to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
    /// Whether to colour by ANSI sequences.
    pub colour: bool,
    /// Language of the table's own words.
    pub language: Language,
}

impl Default for Style {
    fn default() -> Style {
        Style { width: 80, colour: false, language: Language::English }
    }
}

const BLUE: &str = "34";
const ORANGE: &str = "33";
const BOLD: &str = "1";
const DIM: &str = "2";

/// Widest name column.
const MOST_NAME: usize = 28;
/// Narrowest room for bars.
const LEAST_BARS: usize = 10;

/// What each player added, largest first: name, signed figure with its standard error, signed bar. Base and
/// prediction stand above and below, so that the column of figures adds up.
pub fn explanation(e: &Explanation, style: Style) -> String {
    let k = e.explained;
    let order = e.ranking(k);
    let ends = e.base[k].abs().max(e.prediction[k].abs());
    let decimals = number::decimals(order.first().map_or(ends, |&i| e.attributions[i][k].abs().max(ends)));
    let names: Vec<String> = order.iter().map(|&i| terminal(&e.players[i].name)).collect();
    let figures: Vec<String> =
        order.iter().map(|&i| number::signed(e.attributions[i][k], decimals)).collect();
    let errors: Vec<String> = order
        .iter()
        .map(|&i| e.standard_error[i][k])
        .map(|s| if s > 0.0 { format!(" ± {}", number::error(s, decimals)) } else { String::new() })
        .collect();
    let base = (style.language.pick("base", "基准"), number::plain(e.base[k], decimals));
    let prediction = (style.language.pick("prediction", "预测"), number::plain(e.prediction[k], decimals));
    let widest = |all: &mut dyn Iterator<Item = &str>| all.map(UnicodeWidthStr::width).max().unwrap_or(0);
    let name_width =
        widest(&mut names.iter().map(String::as_str).chain([base.0, prediction.0])).min(MOST_NAME);
    let figure_width = widest(&mut figures.iter().map(String::as_str).chain([&*base.1, &*prediction.1]));
    let error_width = widest(&mut errors.iter().map(String::as_str));
    let room = style.width.saturating_sub(name_width + figure_width + error_width + 4).max(LEAST_BARS);
    let bars = Bars::over(order.iter().map(|&i| e.attributions[i][k]), room);

    let end = |(name, figure): &(&str, String)| {
        format!("{}  {}\n", left(name, name_width), paint(&right(figure, figure_width), BOLD, style))
    };
    let mut out = heading(e, style);
    out += &end(&base);
    for (row, &i) in order.iter().enumerate() {
        let phi = e.attributions[i][k];
        let colour = if phi < 0.0 { ORANGE } else { BLUE };
        out += &format!(
            "{}  {}{}  {}\n",
            left(&names[row], name_width),
            paint(&right(&figures[row], figure_width), colour, style),
            paint(&left(&errors[row], error_width), DIM, style),
            bars.draw(phi, colour, style),
        );
    }
    out += &end(&prediction);
    out + &footing(e, style)
}

/// The prediction in a line.
fn heading(e: &Explanation, style: Style) -> String {
    let k = e.explained;
    let value = e.link.invert(e.prediction[k]);
    let shown = number::plain(value, number::decimals(value));
    let name = terminal(&e.outputs[k]);
    let said = match e.outputs.len() {
        1 => format!("{name} {shown}"),
        _ => format!("{name} ({shown})"),
    };
    let said = paint(&said, BOLD, style);
    let likeliest = e.prediction.iter().all(|&p| p <= e.prediction[k]);
    let verb = match (likeliest, style.language) {
        (true, Language::English) => "predicted",
        (true, Language::Chinese) => "预测",
        // Another class than the predicted one was asked for.
        (false, Language::English) => "for",
        (false, Language::Chinese) => "对于",
    };
    match style.language {
        Language::English => format!("{verb} {said}, taken apart in {}\n", terminal(&e.unit)),
        Language::Chinese => format!("{verb} {said}，按 {} 分解\n", terminal(&e.unit)),
    }
}

/// How the figures were come by.
fn footing(e: &Explanation, style: Style) -> String {
    let count = number::count(e.evaluations);
    let line = match (style.language, e.method == "exact", e.converged) {
        (Language::English, true, _) => format!("exact over {count} coalitions"),
        (Language::English, false, true) => format!("sampled over {count} coalitions; ± one standard error"),
        (Language::English, false, false) => {
            format!("sampled over {count} coalitions, NOT converged; ± one standard error")
        }
        (Language::Chinese, true, _) => format!("精确：{count} 个联盟"),
        (Language::Chinese, false, true) => format!("抽样 {count} 个联盟；± 为一个标准误"),
        (Language::Chinese, false, false) => format!("抽样 {count} 个联盟，未收敛；± 为一个标准误"),
    };
    paint(&line, DIM, style) + "\n"
}

/// Figures of the models with their intervals drawn.
pub fn results(found: &Results, style: Style) -> String {
    let decimals = found.decimals();
    let scale = found.scale();
    let names: Vec<String> = found.scores.iter().map(|s| terminal(&s.name)).collect();
    let metric = terminal(&found.metric);
    let values: Vec<String> = found.scores.iter().map(|s| number::plain(s.value, decimals)).collect();
    let ranges: Vec<String> = found
        .scores
        .iter()
        .map(|s| s.interval.map(|i| results::interval(i, decimals)).unwrap_or_default())
        .collect();
    let heads = [
        style.language.pick("model", "模型"),
        metric.as_str(),
        style.language.pick("95 % interval", "95 % 区间"),
    ];
    let width = |head: &str, cells: &[String]| cells.iter().map(|c| c.width()).chain([head.width()]).max();
    let widths = [
        width(heads[0], &names).unwrap_or(0).min(MOST_NAME),
        width(heads[1], &values).unwrap_or(0),
        width(heads[2], &ranges).unwrap_or(0),
    ];
    let room = style.width.saturating_sub(widths.iter().sum::<usize>() + 6).max(LEAST_BARS);
    let head = format!(
        "{}  {}  {}",
        left(heads[0], widths[0]),
        right(heads[1], widths[1]),
        right(heads[2], widths[2])
    );
    let mut out = paint(&head, DIM, style) + "\n";
    for (i, score) in found.scores.iter().enumerate() {
        let cell = |v: f64| ((scale.percent(v) / 100.0 * (room - 1) as f64).round() as usize).min(room - 1);
        let mut drawn = vec![' '; room];
        if let Some(range) = score.interval {
            let (low, high) = (cell(range.low), cell(range.high));
            drawn[low..=high].fill('─');
            drawn[low] = '├';
            drawn[high] = '┤';
        }
        drawn[cell(score.value)] = '●';
        let drawn: String = drawn.into_iter().collect();
        let line = format!(
            "{}  {}  {}  {}",
            left(&names[i], widths[0]),
            right(&values[i], widths[1]),
            right(&ranges[i], widths[2]),
            drawn.trim_end(),
        );
        out += &paint(&line, if score.fused { BOLD } else { "" }, style);
        out.push('\n');
    }
    if let Some(verdict) = found.verdict(style.language) {
        out += &terminal(&verdict);
        out.push('\n');
    }
    out
}

/// Room for bars on both sides of zero, in eighths of a column.
struct Bars {
    before: usize,
    after: usize,
    unit: f64,
}

impl Bars {
    fn over(values: impl Iterator<Item = f64>, room: usize) -> Bars {
        let (low, high) = values.fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v), h.max(v)));
        let unit = if high > low { (room - 1) as f64 / (high - low) } else { 0.0 };
        let before = (-low * unit).ceil() as usize;
        Bars { before, after: room - 1 - before.min(room - 1), unit }
    }

    /// A bar to the left or right of the axis. There are no left-facing eighths, so those bars go by halves.
    fn draw(&self, value: f64, colour: &str, style: Style) -> String {
        let columns = value.abs() * self.unit;
        if value < 0.0 {
            let halves = (columns * 2.0).round() as usize;
            let bar = if halves % 2 == 1 { "▐" } else { "" }.to_owned() + &"█".repeat(halves / 2);
            return format!(
                "{}{}│",
                " ".repeat(self.before.saturating_sub(bar.width())),
                paint(&bar, colour, style)
            );
        }
        let eighths = ((columns * 8.0).round() as usize).min(self.after * 8);
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
        let bar = "█".repeat(eighths / 8) + part;
        format!("{}│{}", " ".repeat(self.before), paint(&bar, colour, style))
    }
}

fn paint(text: &str, code: &str, style: Style) -> String {
    match style.colour && !code.is_empty() && !text.trim().is_empty() {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

fn left(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let gap = width - text.width().min(width);
    text + &" ".repeat(gap)
}

fn right(text: &str, width: usize) -> String {
    " ".repeat(width.saturating_sub(text.width())) + text
}

/// The text, or as much of it as fits before an ellipsis.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let fits = text.chars().take_while(|c| {
        used += c.width().unwrap_or(0);
        used <= width
    });
    fits.collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::super::{Interval, Score};
    use super::*;
    use crate::explain::{Link, Player};
    use ronghe_data::Modality;

    fn sample(errors: f64) -> Explanation {
        let player = |name: &str| Player {
            name: name.into(),
            modality: Modality::Tabular,
            columns: vec![name.into()],
            part: None,
        };
        Explanation {
            method: if errors > 0.0 { "permutation" } else { "exact" }.into(),
            target: "价格".into(),
            link: Link::Identity,
            unit: "unit of 价格".into(),
            outputs: vec!["价格".into()],
            explained: 0,
            base: vec![10.0],
            prediction: vec![14.0],
            players: vec![player("面积"), player("age"), player("a very long column name, longer than room")],
            attributions: vec![vec![6.0], vec![-3.0], vec![1.0]],
            standard_error: vec![vec![errors]; 3],
            evaluations: 8,
            converged: true,
            ratio: 0.0,
            unresolved: 0,
            residual: 0.0,
        }
    }

    #[test]
    fn columns_stand_under_each_other_in_chinese_too() {
        let shown = explanation(&sample(0.0), Style { width: 60, ..Style::default() });
        let expected = "\
predicted 价格 14.00, taken apart in unit of 价格
base                          10.00
面积                          +6.00          │██████████████
age                           −3.00  ▐███████│
a very long column name, lo…  +1.00          │██▌
prediction                    14.00
exact over 8 coalitions
";
        assert_eq!(shown, expected, "\n{shown}");
    }

    #[test]
    fn errors_and_colours_are_there_when_asked_for() {
        let style = Style { colour: true, language: Language::Chinese, ..Style::default() };
        let shown = explanation(&sample(0.25), style);
        assert!(shown.contains("± 0.25") && shown.contains("\u{1b}[34m+6.00\u{1b}[0m"));
        assert!(shown.contains("标准误"));
        let hostile = Explanation { outputs: vec!["\u{1b}[2J".into()], ..sample(0.0) };
        assert!(!explanation(&hostile, Style::default()).contains('\u{1b}'));
    }

    #[test]
    fn nothing_to_draw_draws_nothing() {
        let flat = Explanation { attributions: vec![vec![0.0]; 3], ..sample(0.0) };
        assert!(!explanation(&flat, Style { width: 0, ..Style::default() }).contains('█'));
    }

    #[test]
    fn intervals_lie_on_one_scale() {
        let score = |name: &str, value: f64, fused| Score {
            name: name.into(),
            detail: String::new(),
            value,
            interval: Some(Interval { low: value - 0.02, high: value + 0.02 }),
            fused,
        };
        let found = Results {
            metric: "accuracy".into(),
            unit: String::new(),
            larger_is_better: true,
            rows: 500,
            scores: vec![score("fused", 0.9, true), score("图像", 0.8, false), score("text", 0.7, false)],
            gain: Some((0.1, Interval { low: 0.06, high: 0.14 })),
        };
        let shown = results(&found, Style { width: 60, ..Style::default() });
        let dots: Vec<usize> = shown.lines().filter_map(|l| l.find('●').map(|at| l[..at].width())).collect();
        assert!(dots.len() == 3 && dots[0] > dots[1] && dots[1] > dots[2], "{shown}");
        assert!(shown.ends_with("Fusing helps: ahead of 图像, the best single model.\n"), "{shown}");
        assert!(shown.lines().all(|l| l.width() <= 60), "{shown}");
    }
}
