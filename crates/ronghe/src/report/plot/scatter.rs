//! Scatter: the value in a column against what the column added, coloured by the column that it interacts with most.
//!
//! Rule for the colour: rows are sorted by the value of the column and cut into `b = min(8, n / 6)` bins of equal
//! count, at least 3; within a bin the value hardly varies, so that what varies in phi comes from other columns. The column chosen
//! has the largest mean over the bins of `|corr(phi, its value)|` (Pearson), at least 0.25; below, no colour.
//! `O(n m)` for n rows and the m columns of numbers.

use super::axis::Axis;
use super::beeswarm::shares;
use super::canvas::{Canvas, Drawing, Say, Sheet};
use super::measure;
use super::theme::{Ink, VALUES};
use super::view::View;
use crate::report::svg::Scale;
use crate::report::{Language, number};

const HEIGHT: f64 = 220.0;
/// Weakest correlation that is worth a colour.
const WEAKEST: f64 = 0.25;
/// Rows in a bin, at least.
const BIN: usize = 6;

/// Columns worth a chart, largest first: numbers in five rows or more that are not all the same.
pub(in crate::report) fn columns(view: &View<'_>, most: usize) -> Vec<usize> {
    let sizes = view.sizes(view.output);
    let (order, rest) = super::view::top(&sizes, 40);
    let varies = |p: &usize| {
        let numbers: Vec<f64> = view.numbers(*p).into_iter().flatten().collect();
        numbers.len() >= 5 && numbers.iter().any(|v| *v != numbers[0]) && sizes[*p] > 0.0
    };
    drop(rest);
    order.into_iter().filter(varies).take(most).collect()
}

/// The chart of a column.
pub(in crate::report) fn draw(view: &View<'_>, player: usize, sheet: &Sheet) -> Drawing {
    let numbers = view.numbers(player);
    let shown: Vec<(usize, f64)> = numbers.iter().enumerate().filter_map(|(r, v)| Some((r, (*v)?))).collect();
    let phi = |r: usize| view.phi(r, player, view.output);
    let partner = partner(view, player, &shown);
    let shades = partner.map(|(p, _)| shares(&view.numbers(p)));

    let mut c = Canvas::new(sheet);
    let mut top = 10.0;
    if let Some((p, _)) = partner {
        top += key(&mut c, &view.names[p]);
    }
    let up = Scale::over(shown.iter().map(|&(r, _)| phi(r)).chain([0.0]), 0.06);
    let ticks = up.ticks(5);
    let decimals = number::step_decimals(&ticks);
    let signed = |v: f64| if v.abs() < 1e-12 { "0".to_owned() } else { number::signed(v, decimals) };
    let left = ticks.iter().map(|&t| measure::width(&signed(t), 11.0)).fold(20.0, f64::max) + 9.0;
    let axis = Axis::over(shown.iter().map(|s| s.1), (left, sheet.width - 6.0), 0.03);
    let bottom = top + 16.0 + HEIGHT;
    let y = |v: f64| bottom - up.percent(v) / 100.0 * HEIGHT;
    c.name((0.0, top + 2.0), sheet.width, &view.unit(), Say::new(Ink::Soft).size(11.5));
    axis.draw(&mut c, (bottom, bottom + 4.0), &view.names[player], false);
    for &tick in &ticks {
        let zero = tick.abs() < 1e-12;
        c.line((left, y(tick)), (sheet.width, y(tick)), if zero { Ink::Soft } else { Ink::Line }, 1.0);
        c.text((left - 7.0, y(tick) + 4.0), &signed(tick), Say::new(Ink::Soft).size(11.0).end());
    }
    let radius = if shown.len() > 250 { 2.0 } else { 3.25 };
    for &(r, v) in &shown {
        let shade = shades.as_ref().and_then(|s| s[r]);
        let ink = match (&shades, shade) {
            (None, _) => Ink::Accent,
            (_, shade) => shade.map_or(Ink::Soft, Ink::value),
        };
        let words = format!("{}: {v}, {}", view.rows[r].0.heading, number::signed(phi(r), decimals + 2));
        let at = (axis.at(v), y(phi(r)));
        if shown.len() <= 500 { c.tip(&words, |c| c.dot(at, radius, ink)) } else { c.dot(at, radius, ink) }
    }
    let title = format!("{}{}", view.names[player], view.of());
    let note = match (sheet.language, partner) {
        (Language::English, Some((p, strength))) => format!(
            "{}. Colour: {}, the column most correlated with the change at equal {} (mean |r| in bins {strength:.2}).",
            view.counted(),
            view.names[p],
            view.names[player]
        ),
        (Language::Chinese, Some((p, strength))) => format!(
            "{}。颜色：{}，在 {} 相近的各组内与变化最相关的列（组内 |r| 平均 {strength:.2}）。",
            view.counted(),
            view.names[p],
            view.names[player]
        ),
        (Language::English, None) => format!("{}. No other column colours it clearly.", view.counted()),
        (Language::Chinese, None) => format!("{}。没有明显相互作用的列。", view.counted()),
    };
    c.finish(bottom + 40.0, title, note)
}

/// What the colours mean; the height used.
fn key(c: &mut Canvas, name: &str) -> f64 {
    let (low, high) = (c.pick("low", "低").to_owned(), c.pick("high", "高").to_owned());
    let mut x = c.sheet.width - measure::width(&high, 12.0);
    c.text((x, 10.0), &high, Say::new(Ink::Soft));
    x -= VALUES as f64 * 9.0 + 6.0;
    for step in 0..VALUES {
        c.dot((x + 5.0 + step as f64 * 9.0, 6.0), 4.0, Ink::Value(step));
    }
    c.text((x - 6.0, 10.0), &low, Say::new(Ink::Soft).end());
    x -= 14.0 + measure::width(&low, 12.0);
    c.name((x, 10.0), x, name, Say::new(Ink::Strong).end());
    18.0
}

/// The column that colours best, and how well.
fn partner(view: &View<'_>, player: usize, shown: &[(usize, f64)]) -> Option<(usize, f64)> {
    let bins = (shown.len() / BIN).min(8);
    if bins < 3 {
        return None;
    }
    let mut sorted = shown.to_vec();
    sorted.sort_by(|a, b| a.1.total_cmp(&b.1));
    let bins: Vec<&[(usize, f64)]> = sorted.chunks(sorted.len().div_ceil(bins)).collect();
    let strength = |other: usize| {
        let numbers = view.numbers(other);
        let mean = bins
            .iter()
            .map(|bin| {
                let pairs: Vec<(f64, f64)> = bin
                    .iter()
                    .filter_map(|&(r, _)| Some((view.phi(r, player, view.output), numbers[r]?)))
                    .collect();
                correlation(&pairs).abs()
            })
            .sum::<f64>();
        mean / bins.len() as f64
    };
    // Of very many columns the first of those that matter are enough.
    let (candidates, _) = super::view::top(&view.sizes(view.output), 40);
    let scored = candidates.into_iter().filter(|&p| p != player).map(|p| (p, strength(p)));
    scored.filter(|s| s.1 >= WEAKEST).fold(None, |best, s| match best {
        Some((_, most)) if most >= s.1 => best,
        _ => Some(s),
    })
}

/// Pearson's; 0 where one of the two does not vary.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    let n = pairs.len() as f64;
    if pairs.len() < 3 {
        return 0.0;
    }
    let (mx, my) = (pairs.iter().map(|p| p.0).sum::<f64>() / n, pairs.iter().map(|p| p.1).sum::<f64>() / n);
    let sum = |f: fn(f64, f64) -> f64| pairs.iter().map(|p| f(p.0 - mx, p.1 - my)).sum::<f64>();
    let (xy, xx, yy) = (sum(|x, y| x * y), sum(|x, _| x * x), sum(|_, y| y * y));
    let found = xy / (xx * yy).sqrt();
    if found.is_finite() { found } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_of_a_line_is_one_and_of_a_constant_nothing() {
        assert!((correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]) - 1.0).abs() < 1e-12);
        assert_eq!(correlation(&[(1.0, 2.0), (1.0, 4.0), (1.0, 6.0)]), 0.0);
    }
}
