//! What columns do over many rows, as tables.

use super::super::escape::terminal;
use super::super::number;
use super::{BLUE, BOLD, Bars, DIM, LEAST_BARS, MOST_NAME, ORANGE, Style, left, paint, right};
use crate::explain::global::{Effect, Importance};
use unicode_width::UnicodeWidthStr;

/// Outputs shown of an effect: those that move most.
const MOST_OUTPUTS: usize = 3;

/// The importance of columns, with bars; `loss` is that of the rows as they are.
pub fn importance(rows: usize, loss: f64, found: &[Importance], style: Style) -> String {
    let title = style.language.pick("loss increase with the column shuffled", "打乱该列后损失的增加");
    let mut out = format!(
        "{}\n",
        paint(&format!("{title} ({} rows, loss {loss:.4})", number::count(rows)), BOLD, style)
    );
    let names: Vec<String> = found.iter().map(|i| terminal(&i.column)).collect();
    let width = names.iter().map(|n| n.width()).max().unwrap_or(0).min(MOST_NAME);
    let decimals = number::decimals(found.iter().map(|i| i.increase.abs()).fold(0.0, f64::max));
    let figures: Vec<String> = found.iter().map(|i| number::signed(i.increase, decimals)).collect();
    let errors: Vec<String> =
        found.iter().map(|i| format!(" ± {}", number::error(i.standard_error, decimals))).collect();
    let widest = |all: &[String]| all.iter().map(|s| s.width()).max().unwrap_or(0);
    let room = style.width.saturating_sub(width + widest(&figures) + widest(&errors) + 4).max(LEAST_BARS);
    let bars = Bars::over(found.iter().map(|i| i.increase), room);
    for (i, one) in found.iter().enumerate() {
        let colour = if one.increase < 0.0 { ORANGE } else { BLUE };
        out += &format!(
            "{}  {}{}  {}\n",
            left(&names[i], width),
            paint(&right(&figures[i], widest(&figures)), colour, style),
            paint(&left(&errors[i], widest(&errors)), DIM, style),
            bars.draw(one.increase, colour, style),
        );
    }
    out
}

/// The effect of a column on the outputs that it moves most: partial dependence and, for numbers, accumulated local effects.
pub fn effect(found: &Effect, outputs: &[String], style: Style) -> String {
    let span = |k: usize| {
        let values = || found.partial_dependence.iter().map(|v| v[k]);
        values().fold(f64::MIN, f64::max) - values().fold(f64::MAX, f64::min)
    };
    let mut order: Vec<usize> = (0..found.partial_dependence.first().map_or(0, Vec::len)).collect();
    order.sort_by(|&a, &b| span(b).total_cmp(&span(a)));
    order.truncate(MOST_OUTPUTS);
    let mean = style.language.pick("mean prediction", "平均预测");
    let local = style.language.pick("accumulated", "累积局部效应");
    let mut heads = vec![terminal(&found.column)];
    for &k in &order {
        heads.push(format!("{mean}: {}", terminal(&outputs[k])));
        if found.accumulated.is_some() {
            heads.push(local.to_owned());
        }
    }
    let mut table = vec![heads];
    for (row, value) in found.values.iter().enumerate() {
        let mut cells = vec![terminal(&value.to_string())];
        for &k in &order {
            let at = found.partial_dependence[row][k];
            cells.push(number::plain(at, number::decimals(span(k)).max(3)));
            if let Some(accumulated) = &found.accumulated {
                cells.push(number::signed(accumulated[row][k], number::decimals(span(k)).max(3)));
            }
        }
        table.push(cells);
    }
    let width = |column: usize| table.iter().map(|row| row[column].width()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..table[0].len()).map(|c| width(c).min(MOST_NAME + 12)).collect();
    let lines = table.iter().enumerate().map(|(r, row)| {
        let cells: Vec<String> = row
            .iter()
            .enumerate()
            .map(|(c, cell)| if c == 0 { left(cell, widths[0]) } else { right(cell, widths[c]) })
            .collect();
        let line = cells.join("  ");
        if r == 0 { paint(&line, BOLD, style) + "\n" } else { line + "\n" }
    });
    format!("\n{}", lines.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::global::Value;

    #[test]
    fn columns_stand_under_each_other() {
        let found = [("面积", 1.25, 0.1), ("age", 0.5, 0.02)]
            .map(|(c, increase, standard_error)| Importance { column: c.into(), increase, standard_error });
        let text = importance(100, 0.3, &found, Style::default());
        assert!(text.contains("100 rows") && text.contains("面积") && text.contains("+1.2"), "{text}");
        let effect = effect(
            &Effect {
                column: "面积".into(),
                values: vec![Value::Number(1.0), Value::Number(2.5)],
                partial_dependence: vec![vec![0.25, 0.75], vec![0.5, 0.5]],
                accumulated: Some(vec![vec![-0.1, 0.1], vec![0.1, -0.1]]),
            },
            &["no".into(), "是".into()],
            Style::default(),
        );
        let widths: Vec<usize> = effect.lines().filter(|l| !l.is_empty()).map(|l| l.width()).collect();
        assert!(widths.len() == 3 && widths.iter().all(|w| *w == widths[0]), "{effect}");
    }
}
