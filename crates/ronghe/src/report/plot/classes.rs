//! Multi-class summary: the mean size of what each player added, stacked by class.

use super::axis::{Axis, gutter};
use super::canvas::{Canvas, Drawing, Say, Sheet};
use super::theme::{CLASSES, Ink};
use super::view::{self, LISTED, View};
use crate::report::{Language, number};

/// The chart.
pub(in crate::report) fn draw(view: &View<'_>, sheet: &Sheet) -> Drawing {
    let sizes: Vec<Vec<f64>> = (0..view.outputs.len()).map(|k| view.sizes(k)).collect();
    let total = |p: usize| sizes.iter().map(|s| s[p]).sum::<f64>();
    let totals: Vec<f64> = (0..view.players()).map(total).collect();
    let (listed, rest) = view::top(&totals, LISTED);

    // The largest classes have colours of their own, the rest share the last.
    let weights: Vec<f64> = sizes.iter().map(|s| s.iter().sum()).collect();
    let (mut named, mut shared) = (Vec::new(), Vec::new());
    if view.outputs.len() <= CLASSES {
        named.extend(0..view.outputs.len());
    } else {
        let (most, fewer) = view::top(&weights, CLASSES - 1);
        (named, shared) = (most, fewer);
        named.sort_unstable();
    }
    let parts = |players: &[usize]| -> Vec<(Ink, f64)> {
        let of = |k: usize| players.iter().map(|&p| sizes[k][p]).sum::<f64>();
        let own = named.iter().enumerate().map(|(i, &k)| (Ink::Class(i), of(k)));
        own.chain([(Ink::Class(CLASSES - 1), shared.iter().map(|&k| of(k)).sum::<f64>())]).collect()
    };
    let mut legend: Vec<(Ink, String)> =
        named.iter().enumerate().map(|(i, &k)| (Ink::Class(i), view.outputs[k].clone())).collect();
    if !shared.is_empty() {
        let words = match sheet.language {
            Language::English => format!("{} other classes", shared.len()),
            Language::Chinese => format!("其余 {} 类", shared.len()),
        };
        legend.push((Ink::Class(CLASSES - 1), words));
    }
    let mut lines: Vec<(String, Vec<(Ink, f64)>)> =
        listed.iter().map(|&p| (view.names[p].clone(), parts(&[p]))).collect();
    let largest = lines.iter().map(|l| l.1.iter().map(|s| s.1).sum::<f64>()).fold(0.0, f64::max);
    // Means of sizes do not add up to the mean size of a sum: the rest is a mean of means, one player's worth.
    if !rest.is_empty() {
        let share = 1.0 / rest.len() as f64;
        let each = parts(&rest).into_iter().map(|(ink, v)| (ink, v * share)).collect();
        let name = match sheet.language {
            Language::English => format!("each of {} others", rest.len()),
            Language::Chinese => format!("其余 {} 项平均", rest.len()),
        };
        lines.push((name, each));
    }

    let mut c = Canvas::new(sheet);
    let top = c.legend((0.0, 0.0), &legend) + 8.0;
    let left = gutter(lines.iter().map(|l| l.0.as_str()), sheet);
    let axis = Axis::lengths([largest], (left, sheet.width - 62.0));
    let line = 23.0;
    let bottom = top + line * lines.len() as f64;
    let unit =
        c.pick("mean size of the change, summed over classes", "变化的平均大小（各类相加）").to_owned();
    axis.draw(&mut c, (top, bottom), &unit, false);
    let decimals = number::decimals(largest);
    for (i, (name, parts)) in lines.iter().enumerate() {
        let y = top + line * i as f64;
        c.name((left - 10.0, y + 15.5), left - 10.0, name, Say::new(Ink::Strong).end());
        let mut from = 0.0;
        for (class, (ink, size)) in parts.iter().enumerate() {
            let (a, b) = (axis.at(from), axis.at(from + size));
            from += size;
            if b - a >= 0.3 {
                let words = legend.get(class).map_or("", |l| l.1.as_str());
                let words = format!("{name} · {words}: {}", number::plain(*size, decimals + 1));
                c.tip(&words, |c| c.rect((a, y + 4.0), ((b - a - 0.7).max(0.3), 15.0), *ink, 1.0));
            }
        }
        let end = (axis.at(from) + 7.0, y + 15.5);
        c.text(end, &number::plain(from, decimals), Say::new(Ink::Soft).halo());
    }
    let title = c.pick("What matters, class by class", "哪些因素重要：按类别").to_owned();
    let note = match sheet.language {
        Language::English => format!("Mean over {} of the size of what each player added.", view.counted()),
        Language::Chinese => format!("对 {} 取各项贡献大小的平均值。", view.counted()),
    };
    c.finish(bottom + 38.0, title, note)
}
