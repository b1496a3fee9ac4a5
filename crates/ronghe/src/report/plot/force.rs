//! Force: what raises the prediction pushes from the left, what lowers it from the right, and they meet at it.

use super::axis::Axis;
use super::canvas::{Canvas, Drawing, Say, Sheet, px};
use super::measure;
use super::theme::Ink;
use super::view::{Item, Local, unit};
use crate::report::number;

const TOP: f64 = 34.0;
const HIGH: f64 = 30.0;
/// Lanes for names below the pushes.
const LANES: usize = 3;

/// The chart.
pub(in crate::report) fn draw(local: &Local<'_>, sheet: &Sheet) -> Drawing {
    let (base, prediction) = (local.base(), local.prediction());
    let largest = local.items.iter().map(|i| i.phi.abs()).fold(base.abs().max(prediction.abs()), f64::max);
    let decimals = number::decimals(largest);
    // Outwards from where they meet, largest first.
    let mut pushes: Vec<(&Item, f64, f64)> = Vec::new();
    for up in [true, false] {
        let mut at = prediction;
        for item in local.items.iter().filter(|i| i.phi != 0.0 && (i.phi > 0.0) == up) {
            pushes.push((item, at - item.phi, at));
            at -= item.phi;
        }
    }
    let reached = pushes.iter().flat_map(|p| [p.1, p.2]).chain([base, prediction]);
    let axis = Axis::over(reached, (0.0, sheet.width), 0.02);
    let mut c = Canvas::new(sheet);
    for (item, from, to) in &pushes {
        let words = format!("{}: {}", item.name, number::signed(item.phi, decimals));
        c.tip(&words, |c| c.fill(&arrow(axis.at(*from), axis.at(*to)), Ink::of(item.phi), 1.0, ""));
    }
    let meet = axis.at(prediction);
    c.line((meet, TOP - 7.0), (meet, TOP + HIGH + 7.0), Ink::Strong, 2.0);
    let words = format!("{} {}", local.output(), number::plain(prediction, decimals));
    let room = measure::width(&words, 13.0);
    let place =
        meet.clamp((room / 2.0).min(sheet.width / 2.0), (sheet.width - room / 2.0).max(sheet.width / 2.0));
    c.name((place, 14.0), sheet.width, &words, Say::new(Ink::Strong).size(13.0).bold().middle());

    // Names under the widest pushes; those without room have their tip.
    pushes.sort_by(|a, b| b.0.phi.abs().total_cmp(&a.0.phi.abs()));
    let mut labels = Vec::new();
    let mut taken: [Vec<(f64, f64)>; LANES] = Default::default();
    for (item, from, to) in pushes {
        let words = format!("{} {}", item.name, number::signed(item.phi, decimals));
        let words = measure::fit(&words, 11.5, sheet.width * 0.45);
        let wide = measure::width(&words, 11.5);
        let middle = (axis.at(from) + axis.at(to)) / 2.0;
        let x = middle.clamp(wide / 2.0, (sheet.width - wide / 2.0).max(wide / 2.0));
        let span = (x - wide / 2.0 - 5.0, x + wide / 2.0 + 5.0);
        // A leader must not run through a name in a lane above.
        let lane = (0..LANES).find(|&l| {
            taken[l].iter().all(|t| span.1 <= t.0 || span.0 >= t.1)
                && taken[..l].iter().flatten().all(|t| middle <= t.0 || middle >= t.1)
        });
        let Some(lane) = lane else { continue };
        taken[lane].push(span);
        labels.push((x, middle, lane, words, Ink::of(item.phi)));
    }
    let used = taken.iter().filter(|t| !t.is_empty()).count() as f64;
    let bottom = TOP + HIGH + 17.0 + 17.0 * used;
    let at = axis.at(base);
    c.stroke(
        &format!("M{} {}V{}", px(at), px(TOP - 7.0), px(TOP + HIGH + 7.0)),
        Ink::Soft,
        1.0,
        " stroke-dasharray=\"3 3\"",
    );
    for (x, middle, lane, words, ink) in labels {
        let y = TOP + HIGH + 22.0 + lane as f64 * 17.0;
        c.line((middle, TOP + HIGH + 3.0), (middle, y - 11.0), Ink::Line, 1.0);
        c.text((x, y), &words, Say::new(ink).size(11.5).middle().halo());
    }
    axis.draw(&mut c, (bottom + 6.0, bottom + 10.0), "", false);
    let words = format!("{} {}", c.pick("base", "基准"), number::plain(base, decimals));
    let half = measure::width(&words, 11.5) / 2.0;
    if (at - place).abs() > half + room / 2.0 + 8.0 {
        let x = at.clamp(half, sheet.width - half);
        c.text((x, 14.0), &words, Say::new(Ink::Soft).size(11.5).middle());
    }
    let title = format!("{} · {}", local.output(), local.heading);
    let measured = unit(local.e, local.e.explained, sheet.language);
    let note = match sheet.language {
        crate::report::Language::English => {
            format!(
                "Pushes up (blue) and down (orange) from base {} meet at the prediction; {measured}.",
                number::plain(base, decimals)
            )
        }
        crate::report::Language::Chinese => {
            format!(
                "从基准 {} 起，提高（蓝）与降低（橙）的力量在预测处相遇；{measured}。",
                number::plain(base, decimals)
            )
        }
    };
    c.finish(bottom + 30.0, title, note)
}

/// A push from one place to another, pointed where there is room.
fn arrow(from: f64, to: f64) -> String {
    let point = (5.0_f64).min((to - from).abs() / 2.0).copysign(to - from);
    let gap = (0.6_f64).min((to - from).abs() / 4.0).copysign(to - from);
    let (back, tip) = (from + gap, to - gap);
    let (top, middle, bottom) = (TOP, TOP + HIGH / 2.0, TOP + HIGH);
    format!(
        "M{} {top}L{} {top}L{} {middle}L{} {bottom}L{} {bottom}L{} {middle}Z",
        px(back - point),
        px(tip - point),
        px(tip),
        px(tip - point),
        px(back - point),
        px(back),
    )
}
