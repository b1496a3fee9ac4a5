//! Heatmap: a column a row of data, a line a player, tinted by what it added; the prediction above.
//!
//! Neighbours are alike: beginning with the highest prediction, each row is followed by the one nearest to it (squared
//! distance over the players shown) among those left. `O(n^2 p)`.

use super::axis::gutter;
use super::canvas::{Canvas, Drawing, Say, Sheet, px};
use super::measure;
use super::theme::Ink;
use super::view::{self, LISTED, View};
use crate::report::svg::Scale;
use crate::report::{Language, number};

const LINE: f64 = 20.0;
const ABOVE: f64 = 64.0;
/// Rows drawn; of more, some evenly spaced.
const MOST_ROWS: usize = 400;
/// Steps of a tint.
const LEVELS: usize = 20;

/// The chart.
pub(in crate::report) fn draw(view: &View<'_>, sheet: &Sheet) -> Drawing {
    let k = view.output;
    let (listed, rest) = view::top(&view.sizes(k), LISTED);
    let step = view.rows.len().div_ceil(MOST_ROWS).max(1);
    let rows: Vec<usize> = (0..view.rows.len()).step_by(step).collect();
    let mut names: Vec<String> = listed.iter().map(|&p| view.names[p].clone()).collect();
    if !rest.is_empty() {
        names.push(view::others(rest.len(), sheet.language));
    }
    let line = |r: usize| -> Vec<f64> {
        let mut line: Vec<f64> = listed.iter().map(|&p| view.phi(r, p, k)).collect();
        if !rest.is_empty() {
            line.push(rest.iter().map(|&p| view.phi(r, p, k)).sum());
        }
        line
    };
    let cells: Vec<Vec<f64>> = rows.iter().map(|&r| line(r)).collect();
    let predicted: Vec<f64> = rows
        .iter()
        .map(|&r| view.rows[r].1.prediction.get(k).copied().filter(|v| v.is_finite()).unwrap_or(0.0))
        .collect();
    let order = alike(&cells, &predicted);
    // The sum of the rest may be far larger than any player; it must not bleach them.
    let limit = limit(cells.iter().map(|line| &line[..listed.len()]));
    let full = number::plain(limit, number::decimals(limit));

    let mut c = Canvas::new(sheet);
    let left = gutter(names.iter().map(String::as_str), sheet);
    let mut top = scale_key(&mut c, limit, 1.0) + 14.0;
    let across = (sheet.width - left) / rows.len().max(1) as f64;
    let up = Scale::over(predicted.iter().copied(), 0.05);
    let foot = top + ABOVE - 10.0;
    let high = |v: f64| foot - up.percent(v) / 100.0 * (ABOVE - 16.0);
    let base = view.rows[0].1.base.get(k).copied().filter(|v| v.is_finite()).unwrap_or(0.0);
    let decimals = number::decimals(predicted.iter().fold(0.0, |m: f64, v| m.max(v.abs())));
    c.name((left - 10.0, top + 12.0), left - 10.0, c.pick("prediction", "预测"), Say::new(Ink::Strong).end());
    let shown = format!("{} {}", c.pick("base", "基准"), number::plain(base, decimals));
    if up.percent(base) > 0.0 && up.percent(base) < 100.0 {
        let path = format!("M{} {}H{}", px(left), px(high(base)), px(sheet.width));
        c.stroke(&path, Ink::Soft, 1.0, " stroke-dasharray=\"3 3\"");
    }
    c.name((left - 10.0, top + 28.0), left - 10.0, &shown, Say::new(Ink::Soft).size(11.0).end());
    let mut path = String::new();
    for (i, &r) in order.iter().enumerate() {
        let (a, b) = (left + across * i as f64, left + across * (i + 1) as f64);
        path += &format!("{}{} {}H{}", if i == 0 { 'M' } else { 'L' }, px(a), px(high(predicted[r])), px(b));
    }
    c.stroke(&path, Ink::Strong, 1.5, " stroke-linejoin=\"round\"");
    top += ABOVE;

    // One path a tint: thousands of cells stay a few dozen elements.
    let mut tints = vec![String::new(); 2 * LEVELS + 1];
    let gap = if across > 6.0 { 0.6 } else { 0.0 };
    for (i, &r) in order.iter().enumerate() {
        for (p, &phi) in cells[r].iter().enumerate() {
            let level = ((phi / limit).clamp(-1.0, 1.0) * LEVELS as f64).round() as i64;
            if level != 0 {
                let (x, y) = (left + across * i as f64, top + LINE * p as f64 + 0.5);
                tints[(level + LEVELS as i64) as usize] +=
                    &format!("M{x:.1} {y:.1}h{:.2}v{}h-{:.2}z", across - gap, LINE - 1.0, across - gap);
            }
        }
    }
    let bottom = top + LINE * names.len() as f64;
    c.rect((left, top), (sheet.width - left, bottom - top), Ink::Faint, 1.0);
    for (at, path) in tints.iter().enumerate().filter(|t| !t.1.is_empty()) {
        let level = at as i64 - LEVELS as i64;
        let ink = Ink::of(level as f64);
        c.fill(path, ink, level.unsigned_abs() as f64 / LEVELS as f64, "");
    }
    for (i, name) in names.iter().enumerate() {
        let y = top + LINE * i as f64;
        c.name((left - 10.0, y + 14.0), left - 10.0, name, Say::new(Ink::Strong).end());
    }
    let mut foot = bottom + 6.0;
    if across >= 18.0 {
        for (i, &r) in order.iter().enumerate() {
            let at = (left + across * (i as f64 + 0.5), bottom + 14.0);
            let words = view.rows[rows[r]].0.explanation.row.to_string();
            c.name(at, across, &words, Say::new(Ink::Soft).size(10.5).middle());
        }
        let words = c.pick("row", "行").to_owned();
        c.text((left - 10.0, bottom + 14.0), &words, Say::new(Ink::Soft).size(10.5).end());
        foot = bottom + 20.0;
    }
    let title = format!("{}{}", c.pick("All rows at a glance", "全部行一览"), view.of());
    let drawn = if step > 1 { rows.len() } else { view.rows.len() };
    let note = match sheet.language {
        Language::English => format!(
            "{}{}, side by side with those like it; {}, full colour {full} and more.",
            view.counted(),
            if step > 1 { format!(", {drawn} of them drawn") } else { String::new() },
            view.unit()
        ),
        Language::Chinese => format!(
            "{}{}，相似者相邻；{}，最深为 {full} 及以上。",
            view.counted(),
            if step > 1 { format!("，画出 {drawn} 行") } else { String::new() },
            view.unit()
        ),
    };
    c.finish(foot, title, note)
}

/// From full orange over nothing to full blue, with the figures at the ends; the height used. `strongest` is the opacity
/// of full colour.
pub(super) fn scale_key(c: &mut Canvas, limit: f64, strongest: f64) -> f64 {
    let decimals = number::decimals(limit);
    let (low, high) = (number::signed(-limit, decimals), number::signed(limit, decimals));
    let steps = 10_i64;
    let mut x = measure::width(&low, 11.5);
    c.text((0.0, 10.0), &low, Say::new(Ink::Soft).size(11.5));
    x += 6.0;
    for step in -steps..=steps {
        let at = x + (step + steps) as f64 * 7.0;
        c.rect((at, 0.0), (7.0, 12.0), Ink::Faint, 1.0);
        let share = step.unsigned_abs() as f64 / steps as f64 * strongest;
        c.fill(&format!("M{at:.1} 0h7v12h-7z"), Ink::of(step as f64), share, "");
    }
    x += (2 * steps + 1) as f64 * 7.0 + 6.0;
    c.text((x, 10.0), &high, Say::new(Ink::Soft).size(11.5));
    12.0
}

/// The size that is full colour: of 100 cells that are not zero, two may lie beyond it.
fn limit<'a>(cells: impl Iterator<Item = &'a [f64]>) -> f64 {
    let mut sizes: Vec<f64> = cells.flatten().map(|v| v.abs()).filter(|v| *v > 0.0).collect();
    sizes.sort_by(f64::total_cmp);
    let at = (sizes.len() as f64 * 0.98).floor() as usize;
    sizes.get(at.min(sizes.len().saturating_sub(1))).copied().unwrap_or(1.0)
}

/// Rows in an order in which neighbours are alike.
fn alike(cells: &[Vec<f64>], predicted: &[f64]) -> Vec<usize> {
    let mut left: Vec<usize> = (0..cells.len()).collect();
    let mut out = Vec::with_capacity(left.len());
    let Some(mut at) = (0..left.len()).max_by(|&a, &b| predicted[a].total_cmp(&predicted[b])) else {
        return out;
    };
    let distance =
        |a: usize, b: usize| -> f64 { cells[a].iter().zip(&cells[b]).map(|(x, y)| (x - y).powi(2)).sum() };
    loop {
        let here = left.remove(at);
        out.push(here);
        let next =
            (0..left.len()).min_by(|&a, &b| distance(here, left[a]).total_cmp(&distance(here, left[b])));
        let Some(next) = next else { return out };
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn like_rows_stand_together() {
        let cells = [vec![0.0], vec![5.0], vec![0.1], vec![5.1]];
        assert_eq!(alike(&cells, &[9.0, 0.0, 0.0, 0.0]), [0, 2, 1, 3]);
        assert!(alike(&[], &[]).is_empty());
        assert_eq!(limit([&[0.0][..]].into_iter()), 1.0);
    }
}
