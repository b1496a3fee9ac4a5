//! The whole view: how much each modality matters for each class, the strongest parts of each class, and what rows that
//! went right leaned on against rows that went wrong.
//!
//! The share of modality m in class k over rows r is `sum_r |phi_rmk| / sum_m sum_r |phi_rmk|`.

use super::axis::gutter;
use super::canvas::{Canvas, Drawing, Say, Sheet};
use super::decision::right;
use super::measure;
use super::theme::Ink;
use super::view::{self, View, entry, names};
use crate::explain::Explanation;
use crate::report::{ExplainedRow, Language, number};
use ronghe_data::Modality;
use std::collections::BTreeMap;

const LINE: f64 = 28.0;
/// Classes shown.
const MOST_CLASSES: usize = 12;
/// Parts of a class.
const STRONGEST: usize = 5;

fn ink(modality: Modality) -> Ink {
    Ink::Class(match modality {
        Modality::Tabular => 5,
        Modality::Text => 0,
        Modality::Image => 1,
        Modality::Audio => 4,
    })
}

/// What is read on that colour.
fn words_on(modality: Modality) -> Ink {
    if matches!(modality, Modality::Tabular | Modality::Image) { Ink::Night } else { Ink::Paper }
}

/// Modalities of the rows that share outputs with the first; fewer than two are not worth a chart.
fn modalities(rows: &[ExplainedRow]) -> Option<(Vec<&Explanation>, Vec<Modality>)> {
    let first = &rows.first()?.explanation.modalities;
    let all: Vec<&Explanation> = rows.iter().map(|r| &r.explanation.modalities).collect();
    let same = all.into_iter().filter(|e| e.outputs == first.outputs && e.players == first.players);
    let found: Vec<Modality> = first.players.iter().map(|p| p.modality).collect();
    (found.len() >= 2).then(|| (same.collect(), found))
}

/// Whether rows have several modalities.
pub(in crate::report) fn several(rows: &[ExplainedRow]) -> bool {
    modalities(rows).is_some()
}

/// Shares of the modalities, a bar a class.
pub(in crate::report) fn by_class(rows: &[ExplainedRow], sheet: &Sheet) -> Drawing {
    let mut c = Canvas::new(sheet);
    let (found, kinds) = modalities(rows).unwrap_or_default();
    let outputs: &[String] = found.first().map_or(&[], |e| &e.outputs);
    let size = |m: usize, k: usize| found.iter().map(|e| entry(&e.attributions, m, k).abs()).sum::<f64>();
    let weights: Vec<f64> = (0..outputs.len()).map(|k| (0..kinds.len()).map(|m| size(m, k)).sum()).collect();
    let (mut classes, left_out) = view::top(&weights, MOST_CLASSES);
    classes.sort_unstable();
    let legend: Vec<(Ink, String)> =
        kinds.iter().map(|m| (ink(*m), sheet.language.modality(*m).to_owned())).collect();
    let top = c.legend((0.0, 0.0), &legend) + 4.0;
    let left = gutter(classes.iter().map(|&k| outputs[k].as_str()), sheet);
    for (i, &k) in classes.iter().enumerate() {
        let y = top + LINE * i as f64;
        c.name((left - 10.0, y + 17.0), left - 10.0, &outputs[k], Say::new(Ink::Strong).end());
        let shares: Vec<f64> = (0..kinds.len()).map(|m| size(m, k) / weights[k]).collect();
        if weights[k] > 0.0 {
            stack(&mut c, (left, y + 3.0), &kinds, &shares);
        } else {
            c.text((left, y + 17.0), "–", Say::new(Ink::Soft));
        }
    }
    let bottom = top + LINE * classes.len() as f64;
    let title = c.pick("Share of each modality, class by class", "各类别中各模态的份额").to_owned();
    let mut note = match sheet.language {
        Language::English => format!("Of the summed size of all changes, over {} rows.", found.len()),
        Language::Chinese => format!("占全部变化大小之和的比例，共 {} 行。", found.len()),
    };
    if !left_out.is_empty() {
        note += &match sheet.language {
            Language::English => format!(" {} classes with smaller changes are left out.", left_out.len()),
            Language::Chinese => format!("略去变化较小的 {} 类。", left_out.len()),
        };
    }
    c.finish(bottom, title, note)
}

/// A bar of shares from `at` to the right edge, each with its figure where there is room.
fn stack(c: &mut Canvas, at: (f64, f64), kinds: &[Modality], shares: &[f64]) {
    let across = c.sheet.width - at.0;
    let mut x = at.0;
    for (kind, share) in kinds.iter().zip(shares) {
        let wide = share * across;
        if wide > 0.3 {
            let words = format!("{} {:.0} %", c.sheet.language.modality(*kind), share * 100.0);
            c.tip(&words, |c| {
                c.rect((x, at.1), ((wide - 1.0).max(0.3), 21.0), ink(*kind), 1.0);
                let shown = format!("{:.0} %", share * 100.0);
                if wide > measure::width(&shown, 11.5) + 8.0 {
                    c.text((x + 6.0, at.1 + 14.5), &shown, Say::new(words_on(*kind)).size(11.5).bold());
                }
            });
        }
        x += wide;
    }
}

/// Names of the strongest parts or columns, and the mean of what each added to the class.
type Strongest = Vec<(String, f64)>;

/// The strongest parts of each class, over all rows.
pub(in crate::report) fn strongest(view: &View<'_>, rows: &[ExplainedRow], sheet: &Sheet) -> Drawing {
    let mut c = Canvas::new(sheet);
    let classes: Vec<usize> = match view.outputs.len() {
        // The two sides of a yes or no mirror each other.
        2 => vec![view.output],
        n => (0..n.min(MOST_CLASSES)).collect(),
    };
    let found: Vec<Strongest> = classes.iter().map(|&k| of_class(view, rows, k)).collect();
    let columns = if sheet.narrow() { 1 } else { 2.min(classes.len()) }.max(1);
    let gap = 36.0;
    let across = (sheet.width - gap * (columns - 1) as f64) / columns as f64;
    let most = found.iter().flatten().map(|s| s.1.abs()).fold(0.0, f64::max);
    let decimals = number::decimals(most);
    let line = 20.0;
    let block = 26.0 + line * STRONGEST as f64 + 14.0;
    let names = found.iter().flatten().map(|s| s.0.as_str());
    let left = gutter(names, &Sheet { width: across * 1.4, ..*sheet });
    for (i, (k, list)) in classes.iter().zip(&found).enumerate() {
        let x = (i % columns) as f64 * (across + gap);
        let y = (i / columns) as f64 * block;
        c.name((x, y + 13.0), across, &view.outputs[*k], Say::new(Ink::Strong).size(13.0).bold());
        let room = (across - left - 72.0).max(10.0);
        let low = list.iter().map(|s| s.1).fold(0.0, f64::min).abs();
        let high = list.iter().map(|s| s.1).fold(0.0, f64::max);
        let zero = x + left + if low > 0.0 { room * low / (low + high) } else { 0.0 };
        // One scale for all classes would shrink some to nothing; the figures say how large they are.
        let scale = if low + high > 0.0 { room / (low + high) } else { 0.0 };
        for (n, (name, phi)) in list.iter().enumerate() {
            let at = y + 24.0 + line * n as f64;
            c.name((x + left - 8.0, at + 13.0), left - 8.0, name, Say::new(Ink::Strong).end());
            c.bar((zero, zero + phi * scale), at + 3.0, 12.0, Ink::of(*phi));
            let shown = number::signed(*phi, decimals);
            c.text((x + across, at + 13.0), &shown, Say::new(Ink::of(*phi)).end());
        }
        let foot = y + 26.0 + line * list.len() as f64;
        c.line((zero, y + 22.0), (zero, foot), Ink::Soft, 1.0);
    }
    let bottom = classes.len().div_ceil(columns) as f64 * block - 14.0;
    let title = match view.outputs.len() {
        1 => c.pick("The strongest parts", "最重要的部分"),
        _ => c.pick("The strongest parts of each class", "各类别最重要的部分"),
    };
    let title = title.to_owned();
    let note = match sheet.language {
        Language::English => {
            format!(
                "Mean over {}, 0 where a row lacks the part; each class on its own scale.",
                view.counted()
            )
        }
        Language::Chinese => format!("对 {} 取平均，没有该部分的行计为 0；各类别刻度不同。", view.counted()),
    };
    c.finish(bottom, title, note)
}

/// Parts by column and name, so that the same word in several rows counts as one.
fn of_class(view: &View<'_>, rows: &[ExplainedRow], k: usize) -> Strongest {
    let mut sums: BTreeMap<(String, String), f64> = BTreeMap::new();
    let whole: Vec<&ExplainedRow> =
        rows.iter().filter(|r| r.explanation.fields.outputs == view.outputs).collect();
    for row in &whole {
        let e = row.explanation.finest();
        for (i, (player, name)) in e.players.iter().zip(names(e)).enumerate() {
            let column = player.columns.first().cloned().unwrap_or_default();
            *sums.entry((column, name)).or_default() += entry(&e.attributions, i, k);
        }
    }
    let count = whole.len().max(1) as f64;
    let means: Strongest = sums.into_iter().map(|((_, name), sum)| (name, sum / count)).collect();
    let sizes: Vec<f64> = means.iter().map(|m| m.1.abs()).collect();
    let (mut order, _) = view::top(&sizes, STRONGEST);
    order.truncate(STRONGEST);
    order.into_iter().map(|i| means[i].clone()).collect()
}

/// Whether some predictions are known to be right and some to be wrong.
pub(in crate::report) fn both(rows: &[ExplainedRow]) -> bool {
    let is = |wanted: bool| rows.iter().any(|r| right(r) == Some(wanted));
    is(true) && is(false) && several(rows)
}

/// Mean shares of the modalities in the predicted class: rows that went right above rows that went wrong.
pub(in crate::report) fn right_and_wrong(rows: &[ExplainedRow], sheet: &Sheet) -> Drawing {
    let mut c = Canvas::new(sheet);
    let kinds = modalities(rows).map(|m| m.1).unwrap_or_default();
    let legend: Vec<(Ink, String)> =
        kinds.iter().map(|m| (ink(*m), sheet.language.modality(*m).to_owned())).collect();
    let top = c.legend((0.0, 0.0), &legend) + 4.0;
    let mut lines = Vec::new();
    for (wanted, english, chinese) in [(true, "right", "正确"), (false, "wrong", "错误")] {
        let mut sums = vec![0.0; kinds.len()];
        let mut count = 0_usize;
        for row in rows.iter().filter(|r| right(r) == Some(wanted)) {
            let e = &row.explanation.modalities;
            let sizes: Vec<f64> =
                (0..kinds.len()).map(|m| entry(&e.attributions, m, e.explained).abs()).collect();
            let total: f64 = sizes.iter().sum();
            if total > 0.0 && e.players.len() == kinds.len() {
                sums.iter_mut().zip(&sizes).for_each(|(s, v)| *s += v / total);
                count += 1;
            }
        }
        let shares: Vec<f64> = sums.iter().map(|s| s / count.max(1) as f64).collect();
        let name = match sheet.language {
            Language::English => format!("{english} ({count} rows)"),
            Language::Chinese => format!("{chinese}（{count} 行）"),
        };
        lines.push((name, shares));
    }
    let left = gutter(lines.iter().map(|l| l.0.as_str()), sheet);
    for (i, (name, shares)) in lines.iter().enumerate() {
        let y = top + LINE * i as f64;
        c.name((left - 10.0, y + 17.0), left - 10.0, name, Say::new(Ink::Strong).end());
        stack(&mut c, (left, y + 3.0), &kinds, shares);
    }
    let title = c.pick("What right and wrong predictions lean on", "正确与错误的预测各依赖什么").to_owned();
    let note = c.pick(
        "Mean share of each modality in the change of the predicted class.",
        "各模态在预测类别变化中的平均份额。",
    );
    let note = note.to_owned();
    c.finish(top + LINE * 2.0, title, note)
}
