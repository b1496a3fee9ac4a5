//! Beeswarm: a dot a row and player, placed by what the player added and coloured by the value in its cell.
//!
//! Dots of a player are laid down from left to right, each at the free place nearest to the middle line: no two overlap
//! as long as the line has room. `O(n m)` for n dots of which m lie within two radii.

use super::axis::{Axis, gutter};
use super::canvas::{Canvas, Drawing, Say, Sheet};
use super::measure;
use super::theme::{Ink, VALUES};
use super::view::{self, LISTED, View};
use crate::report::{Language, number};

/// Rows drawn; of more, some evenly spaced.
const MOST_ROWS: usize = 500;

/// Name, mean size, changes and numbers of a player.
type Line = (String, f64, Vec<f64>, Vec<Option<f64>>);

/// The chart.
pub(in crate::report) fn draw(view: &View<'_>, sheet: &Sheet) -> Drawing {
    let k = view.output;
    let sizes = view.sizes(k);
    let (listed, rest) = view::top(&sizes, LISTED);
    let step = view.rows.len().div_ceil(MOST_ROWS).max(1);
    let rows: Vec<usize> = (0..view.rows.len()).step_by(step).collect();
    let radius = if rows.len() > 250 { 2.0 } else { 3.0 };
    let high = (rows.len() as f64 / 12.0).clamp(9.0, 18.0);

    let mut lines: Vec<Line> = listed
        .iter()
        .map(|&p| {
            let phi = rows.iter().map(|&r| view.phi(r, p, k)).collect();
            let numbers = view.numbers(p);
            (view.names[p].clone(), sizes[p], phi, rows.iter().map(|&r| numbers[r]).collect())
        })
        .collect();
    if !rest.is_empty() {
        let phi: Vec<f64> = rows.iter().map(|&r| rest.iter().map(|&p| view.phi(r, p, k)).sum()).collect();
        let size = phi.iter().map(|v| v.abs()).sum::<f64>() / phi.len().max(1) as f64;
        lines.push((view::others(rest.len(), sheet.language), size, phi, vec![None; rows.len()]));
    }

    let mut c = Canvas::new(sheet);
    let top = key(&mut c) + 22.0;
    let left = gutter(lines.iter().map(|l| l.0.as_str()), sheet);
    let right = sheet.width - 58.0;
    let span = |lines: &[Line]| {
        let all = lines.iter().flat_map(|l| l.2.iter().copied()).chain([0.0]);
        all.fold((0.0_f64, 0.0_f64), |(low, high), v| (low.min(v), high.max(v)))
    };
    // The sum of hundreds would press the players that are shown into a line: then it is told in figures.
    let own = span(&lines[..listed.len()]);
    let whole = span(&lines);
    let told = whole.1 - whole.0 > 2.0 * (own.1 - own.0) && own.1 > own.0;
    let ends = if told { own } else { whole };
    let axis = Axis::over([ends.0, ends.1], (left + radius, right - radius), 0.02);
    let line = 2.0 * high + 6.0;
    let bottom = top + line * lines.len() as f64;
    axis.draw(&mut c, (top, bottom), &view.unit(), true);
    let heading = c.pick("mean size", "平均大小").to_owned();
    c.text((sheet.width, top - 5.0), &heading, Say::new(Ink::Soft).size(11.0).end());
    let decimals = number::decimals(sizes.iter().copied().fold(0.0, f64::max));
    for (i, (name, size, phi, numbers)) in lines.iter().enumerate() {
        let y = top + line * (i as f64 + 0.5);
        c.name((left - 10.0, y + 4.0), left - 10.0, name, Say::new(Ink::Strong).end());
        c.text((sheet.width, y + 4.0), &number::plain(*size, decimals), Say::new(Ink::Soft).end());
        if told && i == listed.len() {
            let (low, high) = span(&lines[i..]);
            let ends = [low, high].map(|v| number::signed(v, decimals));
            let words = match sheet.language {
                Language::English => format!("from {} to {}: beyond this scale", ends[0], ends[1]),
                Language::Chinese => format!("{} 至 {}，超出本刻度", ends[0], ends[1]),
            };
            let room = right - left;
            c.name(
                (left + room / 2.0, y + 4.0),
                room,
                &words,
                Say::new(Ink::Soft).size(11.5).middle().halo(),
            );
            continue;
        }
        let places: Vec<f64> = phi.iter().map(|&v| axis.at(v)).collect();
        let shares = shares(numbers);
        for (dot, offset) in swarm(&places, radius, high).into_iter().enumerate() {
            let ink = shares[dot].map_or(Ink::Soft, Ink::value);
            let at = (places[dot], y + offset);
            let heading = &view.rows[rows[dot]].0.heading;
            let value = numbers[dot].map_or(String::new(), |v| format!(" = {v}"));
            let words = format!("{heading}: {name}{value}, {}", number::signed(phi[dot], decimals + 1));
            match rows.len() * lines.len() <= 1_500 {
                true => c.tip(&words, |c| c.dot(at, radius, ink)),
                false => c.dot(at, radius, ink),
            }
        }
    }
    let title = format!("{}{}", c.pick("What moved the predictions", "是什么左右了预测"), view.of());
    let drawn = if step > 1 { rows.len() } else { view.rows.len() };
    let note = match sheet.language {
        Language::English => format!(
            "{}{}. A dot is a row: right of zero the column raised the prediction, left of it it lowered it.",
            view.counted(),
            if step > 1 { format!(", {drawn} of them drawn") } else { String::new() }
        ),
        Language::Chinese => format!(
            "{}{}。每个点是一行：零线右侧表示该列提高了预测，左侧表示降低。",
            view.counted(),
            if step > 1 { format!("，画出 {drawn} 行") } else { String::new() }
        ),
    };
    c.finish(bottom + 38.0, title, note)
}

/// What the colours mean; the height used.
fn key(c: &mut Canvas) -> f64 {
    let (low, high) = (c.pick("low value", "值低").to_owned(), c.pick("high", "值高").to_owned());
    let none = c.pick("no number", "非数值").to_owned();
    let mut x = 0.0;
    c.text((x, 10.0), &low, Say::new(Ink::Soft));
    x += measure::width(&low, 12.0) + 5.0;
    for step in 0..VALUES {
        c.dot((x + 5.0 + step as f64 * 9.0, 6.0), 4.0, Ink::Value(step));
    }
    x += VALUES as f64 * 9.0 + 7.0;
    c.text((x, 10.0), &high, Say::new(Ink::Soft));
    x += measure::width(&high, 12.0) + 20.0;
    c.dot((x, 6.0), 4.0, Ink::Soft);
    c.text((x + 10.0, 10.0), &none, Say::new(Ink::Soft));
    16.0
}

/// Where each number lies between the 5th and the 95th of a hundred, so that one outlier does not bleach the rest.
pub(super) fn shares(numbers: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut sorted: Vec<f64> = numbers.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return vec![None; numbers.len()] };
    let at = |share: f64| sorted[(share * last as f64).round() as usize];
    let (mut low, mut high) = (at(0.05), at(0.95));
    if high <= low {
        (low, high) = (sorted[0], sorted[last]);
    }
    let share = |v: f64| if high > low { ((v - low) / (high - low)).clamp(0.0, 1.0) } else { 0.5 };
    numbers.iter().map(|v| v.map(share)).collect()
}

/// How far from the middle line each dot lies.
fn swarm(places: &[f64], radius: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..places.len()).collect();
    order.sort_by(|&a, &b| places[a].total_cmp(&places[b]));
    let apart = 2.0 * radius + 0.3;
    let step = radius * 0.7;
    let lanes = ((high - radius) / step).floor().max(0.0) as i64;
    let mut laid: Vec<(f64, f64)> = Vec::with_capacity(places.len());
    let mut offsets = vec![0.0; places.len()];
    for (count, &dot) in order.iter().enumerate() {
        let x = places[dot];
        let near = laid.iter().rev().take_while(|d| x - d.0 < apart);
        let near: Vec<(f64, f64)> = near.copied().collect();
        let free = |y: f64| near.iter().all(|d| (d.0 - x).powi(2) + (d.1 - y).powi(2) >= apart * apart);
        let tries = (0..=lanes).flat_map(|l| [l as f64 * step, -(l as f64) * step]);
        // A line without room piles dots up, spread so that the pile looks like one.
        let piled = ((count * 7 % 13) as f64 / 6.0 - 1.0) * lanes as f64 * step;
        let y = tries.into_iter().find(|&y| free(y)).unwrap_or(piled);
        laid.push((x, y));
        offsets[dot] = y;
    }
    offsets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_do_not_overlap_while_there_is_room() {
        let places: Vec<f64> = (0..40).map(|i| f64::from(i % 7) * 4.0).collect();
        let offsets = swarm(&places, 2.0, 40.0);
        for a in 0..40 {
            for b in 0..a {
                let (dx, dy) = (places[a] - places[b], offsets[a] - offsets[b]);
                assert!(dx.hypot(dy) >= 4.0, "{a} and {b}");
            }
        }
        assert!(swarm(&[1.0; 300], 3.0, 10.0).iter().all(|y| y.abs() <= 10.0));
        assert_eq!(shares(&[Some(1.0), None, Some(1.0)]), [Some(0.5), None, Some(0.5)]);
    }
}
