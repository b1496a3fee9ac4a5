//! Bars: the mean size of what each player added over the rows, or what each added in one row.

use super::axis::{Axis, gutter};
use super::canvas::{Canvas, Drawing, Say, Sheet};
use super::measure;
use super::theme::Ink;
use super::view::{self, LISTED, Local, View, unit};
use crate::report::{Language, number};

const LINE: f64 = 23.0;

/// Over the rows, with the 95 % interval of the mean, `m ± 1.96 s / sqrt(n)`.
pub(in crate::report) fn global(view: &View<'_>, sheet: &Sheet) -> Drawing {
    let k = view.output;
    let sizes = view.sizes(k);
    let (listed, rest) = view::top(&sizes, LISTED);
    let count = view.rows.len();
    let half = |of: &dyn Fn(usize) -> f64, mean: f64| {
        if count < 2 {
            return 0.0;
        }
        let squares: f64 = (0..count).map(|r| (of(r) - mean).powi(2)).sum();
        1.96 * (squares / (count - 1) as f64 / count as f64).sqrt()
    };
    let mut lines: Vec<(String, f64, f64)> = listed
        .iter()
        .map(|&p| (view.names[p].clone(), sizes[p], half(&|r| view.phi(r, p, k).abs(), sizes[p])))
        .collect();
    if !rest.is_empty() {
        let of = |r: usize| rest.iter().map(|&p| view.phi(r, p, k)).sum::<f64>().abs();
        let mean = (0..count).map(of).sum::<f64>() / count.max(1) as f64;
        lines.push((view::others(rest.len(), sheet.language), mean, half(&of, mean)));
    }
    let mut c = Canvas::new(sheet);
    let left = gutter(lines.iter().map(|l| l.0.as_str()), sheet);
    let right = sheet.width - if sheet.narrow() { 56.0 } else { 110.0 };
    let axis = Axis::lengths(lines.iter().map(|l| l.1 + l.2), (left, right));
    let bottom = LINE * lines.len() as f64 + 4.0;
    let words = format!("{}{}", c.pick("mean size of the ", "平均大小："), view.unit());
    axis.draw(&mut c, (0.0, bottom), &words, false);
    let decimals = number::decimals(sizes.iter().copied().fold(0.0, f64::max));
    for (i, (name, mean, half)) in lines.iter().enumerate() {
        let y = 2.0 + LINE * i as f64;
        c.name((left - 10.0, y + 15.5), left - 10.0, name, Say::new(Ink::Strong).end());
        c.bar((axis.at(0.0), axis.at(*mean)), y + 4.0, 15.0, Ink::Accent);
        if *half > 0.0 {
            c.whisker((axis.at((mean - half).max(0.0)), axis.at(mean + half)), y + 11.5);
        }
        let mut shown = number::plain(*mean, decimals);
        if *half > 0.0 && !sheet.narrow() {
            shown += &format!(" ± {}", number::error(*half, decimals));
        }
        c.text((sheet.width, y + 15.5), &shown, Say::new(Ink::Soft).end());
    }
    let title = format!("{}{}", c.pick("What matters on average", "平均而言哪些因素重要"), view.of());
    let note = match sheet.language {
        Language::English => format!("Mean over {}; the whisker is its 95 % interval.", view.counted()),
        Language::Chinese => format!("对 {} 取平均；须线为 95 % 区间。", view.counted()),
    };
    c.finish(bottom + 38.0, title, note)
}

/// In one row.
pub(in crate::report) fn row(local: &Local<'_>, sheet: &Sheet) -> Drawing {
    let mut c = Canvas::new(sheet);
    let left = gutter(local.items.iter().map(|i| i.name.as_str()), sheet);
    let right = sheet.width - if sheet.narrow() { 62.0 } else { 118.0 };
    let ends = local.items.iter().flat_map(|i| {
        let error = 1.96 * i.error.unwrap_or(0.0);
        [i.phi - error, i.phi + error, 0.0]
    });
    let axis = Axis::over(ends, (left, right), 0.03);
    let bottom = LINE * local.items.len() as f64 + 4.0;
    axis.draw(&mut c, (0.0, bottom), &unit(local.e, local.e.explained, sheet.language), true);
    let decimals = number::decimals(local.items.iter().map(|i| i.phi.abs()).fold(0.0, f64::max));
    for (i, item) in local.items.iter().enumerate() {
        let y = 2.0 + LINE * i as f64;
        c.name((left - 10.0, y + 15.5), left - 10.0, &item.name, Say::new(Ink::Strong).end());
        c.bar((axis.at(0.0), axis.at(item.phi)), y + 4.0, 15.0, Ink::of(item.phi));
        let error = item.error.unwrap_or(0.0);
        if error > 0.0 {
            c.whisker((axis.at(item.phi - 1.96 * error), axis.at(item.phi + 1.96 * error)), y + 11.5);
        }
        value(&mut c, y + 15.5, (item.phi, item.error), spread(local), decimals);
    }
    let title = format!("{} · {}", local.output(), local.heading);
    let note = format!(
        "{}{}",
        c.pick("What each part of the row added to the prediction.", "该行各部分对预测的贡献。"),
        errors(local, sheet.language)
    );
    c.finish(bottom + 38.0, title, note)
}

/// A change and its standard error at the right edge; the error is left out where there is no room, and where `spread`
/// says so the changes stand clear of it, one below the other.
pub(super) fn value(c: &mut Canvas, y: f64, (phi, error): (f64, Option<f64>), spread: bool, decimals: usize) {
    let mut x = c.sheet.width;
    if spread && !c.sheet.narrow() {
        if let Some(error) = error.filter(|e| *e > 0.0) {
            let shown = format!("± {}", number::error(error, decimals));
            c.text((x, y), &shown, Say::new(Ink::Soft).size(11.0).end());
        }
        x -= measure::width("± <0.0000", 11.0);
    }
    c.text((x, y), &number::signed(phi, decimals), Say::new(Ink::of(phi)).end());
}

/// Whether there are standard errors.
pub(super) fn spread(local: &Local<'_>) -> bool {
    local.items.iter().any(|i| i.error.unwrap_or(0.0) > 0.0)
}

/// What the whiskers mean, where there are any.
pub(super) fn errors(local: &Local<'_>, language: Language) -> &'static str {
    match spread(local) {
        true => language.pick(" Whiskers: 95 %; ±: one standard error.", "须线：95 %；±：一个标准误。"),
        false => "",
    }
}
