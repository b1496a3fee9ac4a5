//! Waterfall: from the base to the prediction, one player after the other, largest first.

use super::axis::{Axis, gutter};
use super::bars::{errors, spread, value};
use super::canvas::{Canvas, Drawing, Say, Sheet};
use super::theme::Ink;
use super::view::{Local, unit};
use crate::report::number;

const LINE: f64 = 25.0;

/// The chart.
pub(in crate::report) fn draw(local: &Local<'_>, sheet: &Sheet) -> Drawing {
    let (base, prediction) = (local.base(), local.prediction());
    let mut level = base;
    let mut reached = vec![base, prediction];
    for item in &local.items {
        level += item.phi;
        let error = 1.96 * item.error.unwrap_or(0.0);
        reached.extend([level - error, level + error]);
    }
    let mut c = Canvas::new(sheet);
    let (first, last) = (c.pick("base", "基准").to_owned(), c.pick("prediction", "预测").to_owned());
    let names = local.items.iter().map(|i| i.name.as_str()).chain([first.as_str(), last.as_str()]);
    let left = gutter(names, sheet);
    let right = sheet.width - if sheet.narrow() { 62.0 } else { 118.0 };
    let axis = Axis::over(reached, (left, right), 0.03);
    let bottom = LINE * (local.items.len() + 2) as f64;
    let measured = unit(local.e, local.e.explained, sheet.language);
    let measured = measured.trim_start_matches("change in ").trim_end_matches("的变化").trim_end();
    axis.draw(&mut c, (0.0, bottom), measured, false);
    let largest = local.items.iter().map(|i| i.phi.abs()).fold(base.abs().max(prediction.abs()), f64::max);
    let decimals = number::decimals(largest);
    end(&mut c, &axis, 0.0, left, &first, base, decimals);
    let mut y = LINE;
    let mut level = base;
    for item in &local.items {
        let (from, to) = (axis.at(level), axis.at(level + item.phi));
        c.stroke(
            &format!("M{from:.1} {:.1}V{:.1}", y - 5.0, y + 5.0),
            Ink::Soft,
            1.0,
            " stroke-dasharray=\"2 2\"",
        );
        c.name((left - 10.0, y + 16.5), left - 10.0, &item.name, Say::new(Ink::Strong).end());
        c.tip(&format!("{}: {}", item.name, number::signed(item.phi, decimals + 1)), |c| {
            c.bar((from, to), y + 5.0, 15.0, Ink::of(item.phi));
        });
        let error = item.error.unwrap_or(0.0);
        if error > 0.0 {
            let near = level + item.phi;
            c.whisker((axis.at(near - 1.96 * error), axis.at(near + 1.96 * error)), y + 12.5);
        }
        value(&mut c, y + 16.5, (item.phi, item.error), spread(local), decimals);
        level += item.phi;
        y += LINE;
    }
    end(&mut c, &axis, y, left, &last, prediction, decimals);
    let title = format!("{} · {}", local.output(), local.heading);
    let note = format!(
        "{}{}",
        c.pick("From the base to the prediction.", "从基准到预测。"),
        errors(local, sheet.language)
    );
    c.finish(bottom + 38.0, title, note)
}

/// Base or prediction: a mark, and the figure.
fn end(c: &mut Canvas, axis: &Axis, y: f64, left: f64, name: &str, value: f64, decimals: usize) {
    let x = axis.at(value);
    c.line((x, y + 4.0), (x, y + 21.0), Ink::Strong, 2.5);
    c.name((left - 10.0, y + 16.5), left - 10.0, name, Say::new(Ink::Soft).end());
    c.text((c.sheet.width, y + 16.5), &number::plain(value, decimals), Say::new(Ink::Strong).bold().end());
}
