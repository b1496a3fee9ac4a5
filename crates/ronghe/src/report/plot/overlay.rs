//! Picture overlay: the input in grey, and for each class the same picture under cells tinted by what they added.
//!
//! All classes share one symmetric scale, so that colours may be compared across them.

use super::canvas::{Canvas, Drawing, Say, Sheet, px, safe};
use super::heatmap::scale_key;
use super::parts::{self, Divided};
use super::raster::Grey;
use super::theme::{Ink, Theme};
use super::view::{entry, unit};
use crate::explain::{Explanation, Part};
use crate::report::{Content, ExplainedRow, Language, number};

/// Classes shown.
const MOST_CLASSES: usize = 10;
/// Steps of a tint.
const LEVELS: usize = 24;
/// Opacity of the strongest.
const STRONGEST: f64 = 0.92;

/// A picture and what its cells added.
#[derive(Debug)]
pub(in crate::report) struct Overlay<'a> {
    /// Column.
    pub(in crate::report) column: String,
    heading: &'a str,
    e: &'a Explanation,
    grey: Option<Grey>,
    /// Pixels across and down.
    size: (usize, usize),
    /// Player, and its outline.
    cells: Vec<(usize, String)>,
    /// Classes shown.
    classes: Vec<usize>,
    limit: f64,
}

impl<'a> Overlay<'a> {
    /// The pictures of a row that were divided; columns of pixels count as one.
    pub(in crate::report) fn of(row: &'a ExplainedRow) -> Vec<Overlay<'a>> {
        let mut out: Vec<Overlay<'a>> =
            parts::divided(row).iter().filter_map(|d| Overlay::divided(&row.heading, d)).collect();
        if let Some((start, values)) = parts::pixels(row) {
            let e = &row.explanation.fields;
            let side = (values.len() as f64).sqrt().round() as usize;
            let cells = (0..values.len()).map(|i| (start + i, outline(i % side, i / side, 1, 1))).collect();
            let grey = Grey::from_values(&values, side);
            out.push(Overlay::new(String::new(), &row.heading, e, grey, (side, side), cells));
        }
        out
    }

    fn divided(heading: &'a str, d: &Divided<'a>) -> Option<Overlay<'a>> {
        let grey = match &d.shown.content {
            Content::Media(bytes) => Grey::decode(bytes),
            _ => None,
        };
        let patches = d.members.iter().filter_map(|(_, p)| match p {
            Part::Patch { x, y, width, height } => {
                Some((x.saturating_add(*width), y.saturating_add(*height)))
            }
            _ => None,
        });
        let extent = patches.fold((0, 0), |(w, h), p| (w.max(p.0), h.max(p.1)));
        let size = grey.as_ref().map_or(extent, |g| (g.width, g.height));
        if size.0 == 0 || size.1 == 0 {
            return None;
        }
        let cells: Vec<(usize, String)> = d
            .members
            .iter()
            .filter_map(|&(i, part)| match part {
                Part::Patch { x, y, width, height } => Some((i, outline(*x, *y, *width, *height))),
                Part::Region { runs } => Some((i, region(runs, size))),
                _ => None,
            })
            .collect();
        let made = || Overlay::new(d.shown.column.clone(), heading, d.e, grey, size, cells.clone());
        (!cells.is_empty()).then(made)
    }

    fn new(
        column: String,
        heading: &'a str,
        e: &'a Explanation,
        grey: Option<Grey>,
        size: (usize, usize),
        cells: Vec<(usize, String)>,
    ) -> Overlay<'a> {
        let mut classes: Vec<usize> = (0..e.outputs.len()).collect();
        let value = |k: usize| e.prediction.get(k).copied().unwrap_or(0.0);
        classes.sort_by(|&a, &b| value(b).total_cmp(&value(a)));
        // The two sides of a yes or no mirror each other: one says it all.
        classes.truncate(if classes.len() == 2 { 1 } else { MOST_CLASSES });
        if e.outputs.len() <= MOST_CLASSES {
            classes.sort_unstable();
        }
        let sizes =
            cells.iter().flat_map(|(i, _)| classes.iter().map(|&k| entry(&e.attributions, *i, k).abs()));
        let most = sizes.fold(0.0, f64::max);
        Overlay { column, heading, e, grey, size, cells, classes, limit: if most > 0.0 { most } else { 1.0 } }
    }

    /// The picture in a box of its own pixels: grey, with the tints of a class above.
    fn tile(&self, c: &mut Canvas, class: Option<usize>) {
        let (w, h) = (self.size.0 as f64, self.size.1 as f64);
        c.fill(&format!("M0 0H{w}V{h}H0z"), Ink::Faint, 1.0, "");
        if let Some(grey) = &self.grey {
            let opacity = match (class, grey.cut_out) {
                (None, _) => 1.0,
                (_, true) => 0.55,
                (_, false) => 0.4,
            };
            c.image((0.0, 0.0), (w, h), &grey.uri, opacity);
        }
        let Some(k) = class else { return };
        let mut tints = vec![String::new(); 2 * LEVELS + 1];
        for (player, path) in &self.cells {
            let share = entry(&self.e.attributions, *player, k) / self.limit;
            let level = (share.clamp(-1.0, 1.0) * LEVELS as f64).round() as i64;
            if level != 0 {
                tints[(level + LEVELS as i64) as usize] += path;
            }
        }
        for (at, path) in tints.iter().enumerate().filter(|t| !t.1.is_empty()) {
            let level = at as i64 - LEVELS as i64;
            let share = level.unsigned_abs() as f64 / LEVELS as f64 * STRONGEST;
            c.fill(path, Ink::of(level as f64), share, " shape-rendering=\"crispEdges\"");
        }
    }

    fn sum(&self, class: usize) -> f64 {
        self.cells.iter().map(|(i, _)| entry(&self.e.attributions, *i, class)).sum()
    }

    fn title(&self, language: Language) -> String {
        match self.column.is_empty() {
            true => language.pick("Pixels", "像素").to_owned(),
            false => self.column.clone(),
        }
    }

    fn note(&self, language: Language) -> String {
        let unit = match self.classes[..] {
            [only] => unit(self.e, only, language),
            _ => language.pick("change in the class's value", "该类别数值的变化").to_owned(),
        };
        match language {
            Language::English => format!(
                "{} cells; one scale for all: full colour is {} ({unit}). Below each, the sum of its cells.",
                self.cells.len(),
                number::plain(self.limit, number::decimals(self.limit))
            ),
            Language::Chinese => format!(
                "{} 个单元；同一色标：最深为 {}（{unit}）。各图下方为单元之和。",
                self.cells.len(),
                number::plain(self.limit, number::decimals(self.limit))
            ),
        }
    }

    fn caption(&self, class: usize) -> (String, String, bool) {
        let p = self.e.link.invert(self.e.prediction.get(class).copied().unwrap_or(0.0));
        let sums = self.classes.iter().map(|&k| self.sum(k).abs()).fold(self.limit, f64::max);
        let sum = number::signed(self.sum(class), number::decimals(sums).min(4));
        let name = match self.e.outputs.len() > 1 {
            true => format!("{} {}", self.e.outputs[class], number::plain(p, 2)),
            false => self.e.outputs[class].clone(),
        };
        (name, sum, class == self.e.explained)
    }

    /// The grid as one drawing.
    pub(in crate::report) fn draw(&self, sheet: &Sheet) -> Drawing {
        let mut c = Canvas::new(sheet);
        let tiles = self.classes.len() + 1;
        let most = if sheet.narrow() { 3 } else { 6 };
        let columns = tiles.min(most).max(if sheet.narrow() { 2 } else { 4 });
        let gap = 12.0;
        let across = (sheet.width - gap * (columns - 1) as f64) / columns as f64;
        let scale = (across / self.size.0 as f64).min(1.4 * across / self.size.1 as f64);
        let (w, h) = (self.size.0 as f64 * scale, self.size.1 as f64 * scale);
        let top = scale_key(&mut c, self.limit, STRONGEST) + 14.0;
        for tile in 0..tiles {
            let (column, line) = (tile % columns, tile / columns);
            let x = column as f64 * (across + gap);
            let y = top + line as f64 * (h + 46.0);
            let class = tile.checked_sub(1).map(|t| self.classes[t]);
            c.placed((x, y), (scale, scale), |c| self.tile(c, class));
            let (name, sum, first) = class.map_or_else(
                || (c.pick("input", "输入").to_owned(), String::new(), false),
                |k| self.caption(k),
            );
            if first {
                frame(&mut c, (x, y), (w, h));
            }
            let say = if first { Say::new(Ink::Accent).bold() } else { Say::new(Ink::Strong) };
            c.name((x, y + h + 15.0), across, &name, say);
            let ink = class.map_or(Ink::Soft, |k| Ink::of(self.sum(k)));
            c.text((x, y + h + 30.0), &sum, Say::new(ink).size(11.5));
        }
        let lines = tiles.div_ceil(columns) as f64;
        let title = format!("{} · {}", self.title(sheet.language), self.heading);
        c.finish(top + lines * (h + 46.0) - 12.0, title, self.note(sheet.language))
    }

    /// The grid as page elements, which flow.
    pub(in crate::report) fn html(&self, language: Language) -> String {
        let (w, h) = self.size;
        let sheet = Sheet { width: 350.0, theme: Theme::Page, language };
        let tile = |class: Option<usize>| {
            let mut c = Canvas::new(&sheet);
            self.tile(&mut c, class);
            let (name, sum, first) = class.map_or_else(
                || (language.pick("input", "输入").to_owned(), String::new(), false),
                |k| self.caption(k),
            );
            let drawing = c.finish(h as f64, name.clone(), String::new());
            let tint = class.map_or("", |k| if self.sum(k) < 0.0 { "fell" } else { "rose" });
            format!(
                "<div class=\"tile{}\">{}<span><bdi>{}</bdi></span><span class=\"num {tint}\">{sum}</span></div>",
                if first { " first" } else { "" },
                drawing.boxed(w as f64),
                safe(&name),
            )
        };
        let tiles: String =
            std::iter::once(None).chain(self.classes.iter().map(|k| Some(*k))).map(tile).collect();
        let mut key = Canvas::new(&sheet);
        let high = scale_key(&mut key, self.limit, STRONGEST);
        format!(
            "<figure class=\"chart\"><figcaption><b><bdi>{}</bdi></b><span class=\"note\">{}</span></figcaption>{}\
             <div class=\"tiles\">{tiles}</div></figure>",
            safe(&self.title(language)),
            safe(&self.note(language)),
            key.finish(high + 2.0, language.pick("scale", "色标").to_owned(), String::new())
                .inline("key-scale"),
        )
    }
}

fn frame(c: &mut Canvas, at: (f64, f64), size: (f64, f64)) {
    let path = format!("M{} {}h{}v{}h-{}z", px(at.0), px(at.1), px(size.0), px(size.1), px(size.0));
    c.stroke(&path, Ink::Accent, 2.0, "");
}

fn outline(x: usize, y: usize, width: usize, height: usize) -> String {
    format!("M{x} {y}h{width}v{height}h-{width}z")
}

/// Runs in reading order as strips, cut where a line of pixels ends.
fn region(runs: &[(usize, usize)], (width, height): (usize, usize)) -> String {
    let mut out = String::new();
    for &(first, length) in runs {
        let (mut at, end) = (first, first.saturating_add(length).min(width * height));
        while at < end {
            let stop = end.min((at / width + 1) * width);
            out += &outline(at % width, at / width, stop - at, 1);
            at = stop;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_over_the_end_of_a_line_is_two_strips() {
        assert_eq!(region(&[(2, 3), (7, usize::MAX)], (4, 2)), "M2 0h2v1h-2zM0 1h1v1h-1zM3 1h1v1h-1z");
    }
}
