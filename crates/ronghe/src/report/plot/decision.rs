//! Decision: a line a row, from the base at the foot to its prediction at the head, turning where a player moved it.

use super::axis::{Axis, gutter};
use super::canvas::{Canvas, Drawing, Say, Sheet, px};
use super::measure;
use super::theme::Ink;
use super::view::{self, LISTED, View};
use crate::report::{ExplainedRow, Language, number};

const LINE: f64 = 23.0;
/// Lines drawn; of more rows, some evenly spaced.
const MOST_ROWS: usize = 300;

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
    // From the foot up: the rest, then the listed, the largest last.
    let paths: Vec<Vec<f64>> = rows
        .iter()
        .map(|&r| {
            let mut level = view.rows[r].1.base.get(k).copied().filter(|v| v.is_finite()).unwrap_or(0.0);
            let mut path = vec![level];
            if !rest.is_empty() {
                level += rest.iter().map(|&p| view.phi(r, p, k)).sum::<f64>();
                path.push(level);
            }
            for &p in listed.iter().rev() {
                level += view.phi(r, p, k);
                path.push(level);
            }
            path
        })
        .collect();
    let mut c = Canvas::new(sheet);
    let known = rows.iter().filter_map(|&r| right(view.rows[r].0)).count();
    let mut top = 20.0;
    if known > 0 {
        let words = [c.pick("right", "正确"), c.pick("wrong", "错误")].map(str::to_owned);
        let [yes, no] = words;
        top += c.legend((0.0, 0.0), &[(Ink::Accent, yes), (Ink::Down, no)]);
    }
    let left = gutter(names.iter().map(String::as_str), sheet);
    let axis = Axis::over(paths.iter().flatten().copied(), (left, sheet.width - 8.0), 0.03);
    let bottom = top + LINE * names.len() as f64;
    let unit = view.unit();
    let unit = unit.trim_start_matches("change in ").trim_end_matches("的变化").trim_end();
    axis.draw(&mut c, (top, bottom), unit, false);
    for (i, name) in names.iter().enumerate() {
        let y = top + LINE * i as f64;
        c.line((left, y), (sheet.width, y), Ink::Line, 0.5);
        c.name((left - 10.0, y + 15.5), left - 10.0, name, Say::new(Ink::Strong).end());
    }
    if let Some(base) = paths.first().map(|p| axis.at(p[0])) {
        let path = format!("M{} {}V{}", px(base), px(top), px(bottom));
        c.stroke(&path, Ink::Soft, 1.0, " stroke-dasharray=\"3 3\"");
    }
    let faint = if rows.len() > 60 { 0.35 } else { 0.75 };
    let decimals = number::decimals(paths.iter().flatten().map(|v| v.abs()).fold(0.0, f64::max));
    // Wrong rows lie on top.
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&i| right(view.rows[rows[i]].0) == Some(false));
    for i in order {
        let row = view.rows[rows[i]].0;
        let wrong = right(row) == Some(false);
        let points = paths[i].iter().enumerate();
        let path: String = points
            .map(|(n, &v)| {
                format!(
                    "{}{} {}",
                    if n == 0 { 'M' } else { 'L' },
                    px(axis.at(v)),
                    px(bottom - LINE * n as f64)
                )
            })
            .collect();
        let last = paths[i].last().copied().unwrap_or(0.0);
        let more = format!(
            " stroke-opacity=\"{faint}\" stroke-linejoin=\"round\"{}",
            if wrong { " stroke-dasharray=\"6 2\"" } else { "" }
        );
        let ink = if wrong { Ink::Down } else { Ink::Accent };
        c.tip(&format!("{}: {}", row.heading, number::plain(last, decimals)), |c| {
            c.stroke(&path, ink, if wrong { 1.75 } else { 1.4 }, &more);
        });
    }
    heads(&mut c, &axis, view, &rows, &paths, top);
    let title =
        format!("{}{}", c.pick("How each row came to its prediction", "每一行如何得出预测"), view.of());
    let note = match sheet.language {
        Language::English => format!(
            "{}. Read from the base at the foot to the prediction at the head.{}",
            view.counted(),
            if step > 1 { format!(" {} of them drawn.", rows.len()) } else { String::new() }
        ),
        Language::Chinese => format!(
            "{}。自下而上：从基准到预测。{}",
            view.counted(),
            if step > 1 { format!("画出其中 {} 行。", rows.len()) } else { String::new() }
        ),
    };
    c.finish(bottom + 38.0, title, note)
}

/// Row numbers at the heads of their lines, as far as there is room.
fn heads(c: &mut Canvas, axis: &Axis, view: &View<'_>, rows: &[usize], paths: &[Vec<f64>], top: f64) {
    let mut taken: Vec<(f64, f64)> = Vec::new();
    for (&r, path) in rows.iter().zip(paths) {
        let words = view.rows[r].0.explanation.row.to_string();
        let half = measure::width(&words, 10.5) / 2.0 + 2.0;
        let x = axis.at(path.last().copied().unwrap_or(0.0));
        let place = x.min(c.sheet.width - half);
        if taken.iter().all(|t| place + half <= t.0 || place - half >= t.1) {
            taken.push((place - half, place + half));
            c.text((place, top - 5.0), &words, Say::new(Ink::Soft).size(10.5).middle());
        }
    }
}

/// Whether the prediction of a class was right; none for quantities and unknown truth.
pub(super) fn right(row: &ExplainedRow) -> Option<bool> {
    let e = &row.explanation.fields;
    let truth = row.truth.as_deref().filter(|_| e.outputs.len() > 1)?;
    Some(e.outputs.get(e.explained).is_some_and(|o| o == truth))
}
