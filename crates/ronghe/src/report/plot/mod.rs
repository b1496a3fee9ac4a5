//! Charts of explanations: pure functions from explained rows to SVG.
//!
//! Each is drawn for a [`Sheet`](canvas::Sheet), which says how wide and in which colours: inside the page, where colours
//! are CSS variables and a wide and a narrow drawing take turns, or as a file of its own.
//!
//! | file | chart |
//! |---|---|
//! | `beeswarm` | a dot a row and player |
//! | `classes` | mean sizes stacked by class |
//! | `bars` | mean sizes with intervals; one row |
//! | `waterfall`, `force` | one row, from base to prediction |
//! | `decision` | a line a row |
//! | `scatter` | value against change, coloured by what interacts |
//! | `heatmap` | rows by players |
//! | `overlay`, `words`, `sound` | tints over pictures, texts and spectrograms |
//! | `tree` | modalities, columns, parts |
//! | `shares` | modalities and strongest parts by class; right against wrong |
//! | `view`, `parts` | what the charts look at |
//! | `png` | from SVG to PNG, with the feature of that name |
//! | `canvas`, `axis`, `measure`, `theme`, `raster`, `spectrum` | what they are drawn with |

mod axis;
mod bars;
mod beeswarm;
mod canvas;
mod classes;
mod decision;
mod force;
mod heatmap;
mod measure;
mod overlay;
mod parts;
#[cfg(feature = "png")]
mod png;
mod raster;
mod scatter;
mod shares;
mod sound;
mod spectrum;
pub(super) mod theme;
mod tree;
mod view;
mod waterfall;
mod words;

use super::escape::html as safe;
use super::{ExplainedRow, Language, ReportData};
use canvas::{Drawing, Sheet, figure, panel};
use overlay::Overlay;
#[cfg(feature = "png")]
pub use png::Rasterizer;
use ronghe_data::Modality;
use sound::Heard;
use std::collections::{BTreeMap, BTreeSet};
use theme::Theme;
pub(super) use view::others;
use view::{LISTED, Local, View};
use words::Words;

/// Scatter charts in the page and among the files.
const SCATTERS: usize = 4;

/// What a file is drawn on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Ground {
    /// White.
    #[default]
    Light,
    /// Near-black.
    Dark,
}

/// A chart of all rows.
struct Chart {
    /// Name of the file.
    file: &'static str,
    /// Whether it says anything about these rows.
    fits: fn(&View<'_>, &[ExplainedRow]) -> bool,
    draw: fn(&View<'_>, &[ExplainedRow], &Sheet) -> Drawing,
    /// Whether the page leaves it out when the chart before it is there.
    instead: bool,
}

/// In the order of the page.
static OVER_ROWS: &[Chart] = &[
    Chart {
        file: "summary-beeswarm",
        fits: |v, _| v.rows.len() >= 5 && has_numbers(v),
        draw: |v, _, s| beeswarm::draw(v, s),
        instead: false,
    },
    Chart {
        file: "summary-bars",
        fits: |v, _| v.rows.len() >= 2 && v.players() >= 2,
        draw: |v, _, s| bars::global(v, s),
        instead: true,
    },
    Chart {
        file: "summary-classes",
        fits: |v, _| v.rows.len() >= 2 && v.players() >= 2 && v.outputs.len() >= 3,
        draw: |v, _, s| classes::draw(v, s),
        instead: false,
    },
    Chart {
        file: "modalities-by-class",
        fits: |v, rows| v.rows.len() >= 2 && shares::several(rows),
        draw: |_, rows, s| shares::by_class(rows, s),
        instead: false,
    },
    Chart {
        file: "right-and-wrong",
        fits: |_, rows| shares::both(rows),
        draw: |_, rows, s| shares::right_and_wrong(rows, s),
        instead: false,
    },
    Chart {
        file: "strongest-parts",
        fits: |v, rows| {
            let divided = rows.iter().any(|r| r.explanation.parts.is_some());
            v.rows.len() >= 2 && (divided || (v.outputs.len() >= 2 && v.players() >= 2))
        },
        draw: |v, rows, s| shares::strongest(v, rows, s),
        instead: false,
    },
    Chart {
        file: "decision",
        fits: |v, _| v.rows.len() >= 2 && v.players() >= 2,
        draw: |v, _, s| decision::draw(v, s),
        instead: false,
    },
    Chart {
        file: "heatmap",
        fits: |v, _| v.rows.len() >= 3 && v.players() >= 2,
        draw: |v, _, s| heatmap::draw(v, s),
        instead: false,
    },
];

fn has_numbers(view: &View<'_>) -> bool {
    (0..view.players()).any(|p| view.numbers(p).iter().any(Option::is_some))
}

/// The charts of all rows for the page; empty where none says anything.
pub(super) fn over_rows(data: &ReportData) -> String {
    let Some(view) = View::new(&data.rows, data.language) else { return String::new() };
    let mut out = String::new();
    let mut shown = false;
    for chart in OVER_ROWS {
        let fits = (chart.fits)(&view, &data.rows) && !(chart.instead && shown);
        if fits {
            out += &figure(data.language, |sheet| (chart.draw)(&view, &data.rows, sheet));
        }
        shown = fits;
    }
    let panels: String = scattered(&view)
        .into_iter()
        .map(|player| panel(data.language, |sheet| scatter::draw(&view, player, sheet)))
        .collect();
    if !panels.is_empty() {
        out += &format!("<div class=\"panels\">{panels}</div>");
    }
    out
}

fn scattered(view: &View<'_>) -> Vec<usize> {
    // One pixel says little.
    let pixels = parts::pixels(view.rows[0].0).is_some();
    if view.rows.len() < 8 || pixels { Vec::new() } else { scatter::columns(view, SCATTERS) }
}

/// The charts of one row for its article, and the columns that they show whole.
pub(super) fn of_row(row: &ExplainedRow, language: Language) -> (String, BTreeSet<&str>) {
    let mut shown = BTreeSet::new();
    let mut out = figure(language, |sheet| force::draw(&local(row, language), sheet));
    for words in Words::of(row) {
        out += &words.html(language);
        shown.insert(words.column);
    }
    for overlay in Overlay::of(row) {
        out += &overlay.html(language);
    }
    if parts::pixels(row).is_some() {
        let cells = row.cells.iter().filter(|c| c.modality == Modality::Tabular);
        shown.extend(cells.map(|c| c.column.as_str()));
    }
    for heard in Heard::of(row) {
        out += &heard.html(language);
        shown.insert(heard.column);
    }
    if tree::worthwhile(row) {
        let title = language.pick("From the whole to its parts", "从整体到部分");
        out += &format!("<h4>{}</h4>{}", safe(title), tree::html(row, language));
    }
    (out, shown)
}

/// The row at the level of columns, or of parts where one column is all there is.
fn local(row: &ExplainedRow, language: Language) -> Local<'_> {
    let x = &row.explanation;
    let e = if x.fields.players.len() == 1 { x.finest() } else { &x.fields };
    Local::new(row, e, LISTED, language)
}

/// All charts as SVG files on white: name and content. Names are safe for any file system and differ from each other.
pub fn plots(data: &ReportData) -> Vec<(String, String)> {
    plots_on(data, Ground::Light)
}

/// All charts as SVG files on the ground wanted.
pub fn plots_on(data: &ReportData, ground: Ground) -> Vec<(String, String)> {
    let theme = match ground {
        Ground::Light => Theme::Light,
        Ground::Dark => Theme::Dark,
    };
    let sheet = Sheet::file(theme, data.language);
    let mut out: Vec<(String, Drawing)> = Vec::new();
    if let Some(view) = View::new(&data.rows, data.language) {
        for chart in OVER_ROWS.iter().filter(|c| (c.fits)(&view, &data.rows)) {
            out.push((chart.file.to_owned(), (chart.draw)(&view, &data.rows, &sheet)));
        }
        for player in scattered(&view) {
            let name = format!("scatter-{}", slug(&view.names[player]));
            out.push((name, scatter::draw(&view, player, &sheet)));
        }
    }
    for row in &data.rows {
        let stem = format!("row-{}", row.explanation.row);
        let whole = local(row, data.language);
        out.push((format!("{stem}-waterfall"), waterfall::draw(&whole, &sheet)));
        out.push((format!("{stem}-force"), force::draw(&whole, &sheet)));
        let finest = Local::new(row, row.explanation.finest(), LISTED, data.language);
        out.push((format!("{stem}-bars"), bars::row(&finest, &sheet)));
        if tree::worthwhile(row) {
            out.push((format!("{stem}-tree"), tree::draw(row, &sheet)));
        }
        let pictures = Overlay::of(row);
        out.extend(pictures.iter().map(|o| (format!("{stem}-picture-{}", slug(&o.column)), o.draw(&sheet))));
        let texts = Words::of(row);
        out.extend(texts.iter().map(|w| (format!("{stem}-words-{}", slug(w.column)), w.draw(&sheet))));
        let sounds = Heard::of(row);
        out.extend(sounds.iter().map(|h| (format!("{stem}-sound-{}", slug(h.column)), h.draw(&sheet))));
    }
    let mut taken = BTreeMap::new();
    out.into_iter()
        .map(|(name, drawing)| {
            let count = taken.entry(name.to_lowercase()).or_insert(0_usize);
            *count += 1;
            let name = if *count > 1 { format!("{name}~{count}") } else { name };
            (format!("{name}.svg"), drawing.file())
        })
        .collect()
}

/// A name as part of a file name: letters and digits of any script, the rest hyphens, at most 40 characters.
fn slug(name: &str) -> String {
    let plain: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).take(40).collect();
    match plain.trim_matches('-') {
        "" => "all".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests;
