//! A sheet to draw on, in pixels, and what becomes of it: a file of its own, or a figure in the page.
//!
//! A chart is drawn for a width. The page holds it twice, wide and narrow, and shows what fits its column, so that
//! words keep their size from 400 to 1,280 pixels; a file is drawn once.

use super::measure;
use super::theme::{Ink, Theme};
use crate::report::Language;
use crate::report::escape;
use std::fmt::Write;

/// Faces, the system's own first.
const FONT: &str = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif";

/// Width of a file, and the margin within, pixels.
const FILE: f64 = 900.0;
const MARGIN: f64 = 28.0;

/// Widths that the page holds.
const WIDE: f64 = FILE - 2.0 * MARGIN;
const NARROW: f64 = 350.0;

/// What a chart is drawn for.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Sheet {
    /// Pixels across.
    pub(in crate::report) width: f64,
    /// Where it will lie.
    pub(in crate::report) theme: Theme,
    /// Language of the chart's own words.
    pub(in crate::report) language: Language,
}

impl Sheet {
    /// For a file.
    pub(in crate::report) fn file(theme: Theme, language: Language) -> Sheet {
        Sheet { width: WIDE, theme, language }
    }

    /// Whether words must be brief.
    pub(in crate::report) fn narrow(&self) -> bool {
        self.width < 520.0
    }
}

/// A chart.
#[derive(Debug, Clone)]
pub(in crate::report) struct Drawing {
    /// What is shown.
    pub(in crate::report) title: String,
    /// How to read it.
    pub(in crate::report) note: String,
    sheet: Sheet,
    height: f64,
    body: String,
}

impl Drawing {
    /// A file: title and note above the chart, on the ground of the theme.
    pub(in crate::report) fn file(&self) -> String {
        let mut head = Canvas::new(&self.sheet);
        let mut y = 16.0;
        for line in measure::wrap(&self.title, 18.0, self.sheet.width) {
            head.text((0.0, y), &line, Say::new(Ink::Strong).size(18.0).bold());
            y += 23.0;
        }
        for line in measure::wrap(&self.note, 12.5, self.sheet.width) {
            head.text((0.0, y), &line, Say::new(Ink::Soft).size(12.5));
            y += 18.0;
        }
        let (top, height) = (MARGIN + y, MARGIN + y + self.height + MARGIN);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{FILE}\" height=\"{height:.0}\" viewBox=\"0 0 {FILE} {height:.0}\" \
             role=\"img\" font-family=\"{FONT}\"><title>{}</title><rect width=\"{FILE}\" height=\"{height:.0}\" fill=\"{}\"/>\
             <g transform=\"translate({MARGIN} {MARGIN})\">{}</g><g transform=\"translate({MARGIN} {top:.0})\">{}</g></svg>\n",
            safe(&self.title),
            self.sheet.theme.color(Ink::Paper),
            head.body,
            self.body,
        )
    }

    /// The chart alone, in units of its own `width` by its height.
    pub(in crate::report) fn boxed(&self, width: f64) -> String {
        format!(
            "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            px(width),
            px(self.height),
            safe(&self.title),
            self.body,
        )
    }

    /// The chart alone, for the page.
    pub(in crate::report) fn inline(&self, class: &str) -> String {
        format!(
            "<svg class=\"plot {class}\" viewBox=\"0 0 {} {:.0}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            self.sheet.width,
            self.height,
            safe(&self.title),
            self.body,
        )
    }
}

/// A figure of the page: the chart wide and narrow under its title and note.
pub(in crate::report) fn figure(language: Language, draw: impl Fn(&Sheet) -> Drawing) -> String {
    let at = |width| draw(&Sheet { width, theme: Theme::Page, language });
    let wide = at(WIDE);
    format!("{}{}{}</figure>", open(&wide), wide.inline("wide"), at(NARROW).inline("narrow"))
}

/// A figure for half a column of the page, drawn once.
pub(in crate::report) fn panel(language: Language, draw: impl Fn(&Sheet) -> Drawing) -> String {
    let drawing = draw(&Sheet { width: 390.0, theme: Theme::Page, language });
    format!("{}{}</figure>", open(&drawing), drawing.inline("panel"))
}

fn open(drawing: &Drawing) -> String {
    let note = match drawing.note.is_empty() {
        true => String::new(),
        false => format!("<span class=\"note\">{}</span>", safe(&drawing.note)),
    };
    format!("<figure class=\"chart\"><figcaption><b>{}</b>{note}</figcaption>", safe(&drawing.title))
}

/// How words are written.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Say {
    ink: Ink,
    size: f64,
    anchor: &'static str,
    bold: bool,
    halo: bool,
}

impl Say {
    /// From the left, 12 pixels.
    pub(in crate::report) fn new(ink: Ink) -> Say {
        Say { ink, size: 12.0, anchor: "start", bold: false, halo: false }
    }
    /// Of another size.
    pub(in crate::report) fn size(self, size: f64) -> Say {
        Say { size, ..self }
    }
    /// Ending at the place.
    pub(in crate::report) fn end(self) -> Say {
        Say { anchor: "end", ..self }
    }
    /// Around the place.
    pub(in crate::report) fn middle(self) -> Say {
        Say { anchor: "middle", ..self }
    }
    /// Heavier.
    pub(in crate::report) fn bold(self) -> Say {
        Say { bold: true, ..self }
    }
    /// With a rim in the colour of the paper, over lines.
    pub(in crate::report) fn halo(self) -> Say {
        Say { halo: true, ..self }
    }
}

/// A drawing in the making.
#[derive(Debug)]
pub(in crate::report) struct Canvas {
    /// What it is drawn for.
    pub(in crate::report) sheet: Sheet,
    body: String,
}

impl Canvas {
    /// Empty.
    pub(in crate::report) fn new(sheet: &Sheet) -> Canvas {
        Canvas { sheet: *sheet, body: String::new() }
    }

    /// One of two wordings.
    pub(in crate::report) fn pick<'a>(&self, english: &'a str, chinese: &'a str) -> &'a str {
        self.sheet.language.pick(english, chinese)
    }

    /// Words on the line `at`.
    pub(in crate::report) fn text(&mut self, at: (f64, f64), text: &str, say: Say) {
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\"",
            px(at.0),
            px(at.1),
            px(say.size),
            self.sheet.theme.color(say.ink)
        );
        if say.anchor != "start" {
            let _ = write!(self.body, " text-anchor=\"{}\"", say.anchor);
        }
        if say.bold {
            self.body.push_str(" font-weight=\"600\"");
        }
        if say.halo {
            let paper = self.sheet.theme.color(Ink::Paper);
            let _ = write!(
                self.body,
                " stroke=\"{paper}\" stroke-width=\"3\" stroke-linejoin=\"round\" paint-order=\"stroke\""
            );
        }
        let _ = write!(self.body, ">{}</text>", safe(text));
    }

    /// Words of exactly this width.
    pub(in crate::report) fn stretched(&mut self, at: (f64, f64), text: &str, size: f64, width: f64) {
        let _ = write!(
            self.body,
            "<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" \
             xml:space=\"preserve\">{}</text>",
            px(at.0),
            px(at.1),
            px(size),
            self.sheet.theme.color(Ink::Strong),
            px(width),
            safe(text)
        );
    }

    /// Words before `at`, cut to `room`; the whole is in the tip.
    pub(in crate::report) fn name(&mut self, at: (f64, f64), room: f64, text: &str, say: Say) {
        let shown = measure::fit(text, say.size, room);
        match shown == text {
            true => self.text(at, text, say),
            false => self.tip(text, |c| c.text(at, &shown, say)),
        }
    }

    /// A box from its corner, width and height.
    pub(in crate::report) fn rect(&mut self, at: (f64, f64), size: (f64, f64), ink: Ink, opacity: f64) {
        let radius = (size.0.min(size.1) / 2.0).clamp(0.0, 2.0);
        let faded = if opacity < 1.0 { format!(" opacity=\"{opacity:.2}\"") } else { String::new() };
        let _ = write!(
            self.body,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\" fill=\"{}\"{faded}/>",
            px(at.0),
            px(at.1),
            px(size.0.max(0.0)),
            px(size.1.max(0.0)),
            px(radius),
            self.sheet.theme.color(ink)
        );
    }

    /// A bar between two places on a row.
    pub(in crate::report) fn bar(&mut self, x: (f64, f64), y: f64, height: f64, ink: Ink) {
        let (left, wide) = (x.0.min(x.1), (x.1 - x.0).abs());
        self.rect((left, y), (wide.max(0.75), height), ink, 1.0);
    }

    /// A line.
    pub(in crate::report) fn line(&mut self, from: (f64, f64), to: (f64, f64), ink: Ink, width: f64) {
        self.stroke(&format!("M{} {}L{} {}", px(from.0), px(from.1), px(to.0), px(to.1)), ink, width, "");
    }

    /// An interval: a line with ends.
    pub(in crate::report) fn whisker(&mut self, x: (f64, f64), y: f64) {
        let (a, b) = (px(x.0), px(x.1));
        let (low, high, y) = (px(y - 3.0), px(y + 3.0), px(y));
        self.stroke(&format!("M{a} {y}H{b}M{a} {low}V{high}M{b} {low}V{high}"), Ink::Strong, 1.25, "");
    }

    /// A path that is not filled; `more` are further attributes.
    pub(in crate::report) fn stroke(&mut self, path: &str, ink: Ink, width: f64, more: &str) {
        let _ = write!(
            self.body,
            "<path d=\"{path}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{}\"{more}/>",
            self.sheet.theme.color(ink),
            px(width)
        );
    }

    /// A filled path.
    pub(in crate::report) fn fill(&mut self, path: &str, ink: Ink, opacity: f64, more: &str) {
        let faded = if opacity < 1.0 { format!(" fill-opacity=\"{opacity:.3}\"") } else { String::new() };
        let color = self.sheet.theme.color(ink);
        let _ = write!(self.body, "<path d=\"{path}\" fill=\"{color}\"{faded}{more}/>");
    }

    /// A dot.
    pub(in crate::report) fn dot(&mut self, at: (f64, f64), radius: f64, ink: Ink) {
        let _ = write!(
            self.body,
            "<circle cx=\"{}\" cy=\"{}\" r=\"{}\" fill=\"{}\"/>",
            px(at.0),
            px(at.1),
            px(radius),
            self.sheet.theme.color(ink)
        );
    }

    /// What `draw` draws, with words that appear when it is pointed at.
    pub(in crate::report) fn tip(&mut self, words: &str, draw: impl FnOnce(&mut Canvas)) {
        let _ = write!(self.body, "<g><title>{}</title>", safe(words));
        draw(self);
        self.body.push_str("</g>");
    }

    /// What `draw` draws, moved and made larger.
    pub(in crate::report) fn placed(
        &mut self,
        at: (f64, f64),
        scale: (f64, f64),
        draw: impl FnOnce(&mut Canvas),
    ) {
        let _ = write!(
            self.body,
            "<g transform=\"translate({} {}) scale({:.5} {:.5})\">",
            px(at.0),
            px(at.1),
            scale.0,
            scale.1
        );
        draw(self);
        self.body.push_str("</g>");
    }

    /// A picture in a box, its pixels kept apart when enlarged.
    pub(in crate::report) fn image(&mut self, at: (f64, f64), size: (f64, f64), uri: &str, opacity: f64) {
        let _ = write!(
            self.body,
            "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" preserveAspectRatio=\"none\" opacity=\"{opacity:.2}\" \
             style=\"image-rendering:pixelated\" href=\"{uri}\"/>",
            px(at.0),
            px(at.1),
            px(size.0),
            px(size.1)
        );
    }

    /// Coloured squares and what they stand for, in lines; the height used.
    pub(in crate::report) fn legend(&mut self, at: (f64, f64), items: &[(Ink, String)]) -> f64 {
        let (mut x, mut y) = at;
        for (ink, words) in items {
            let words = measure::fit(words, 12.0, self.sheet.width - 24.0);
            let wide = 18.0 + measure::width(&words, 12.0) + 14.0;
            if x + wide - 14.0 > self.sheet.width && x > at.0 {
                (x, y) = (at.0, y + 19.0);
            }
            self.rect((x, y), (11.0, 11.0), *ink, 1.0);
            self.text((x + 17.0, y + 10.0), &words, Say::new(Ink::Soft));
            x += wide;
        }
        y + 19.0 - at.1
    }

    /// The finished chart.
    pub(in crate::report) fn finish(self, height: f64, title: String, note: String) -> Drawing {
        Drawing { title, note, sheet: self.sheet, height, body: self.body }
    }
}

/// Text for an attribute or an element; what XML cannot hold is replaced.
pub(in crate::report) fn safe(text: &str) -> String {
    escape::html(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

/// A length with one digit after the point, if it has any.
pub(in crate::report) fn px(value: f64) -> String {
    let rounded = if value.is_finite() { (value * 10.0).round() / 10.0 } else { 0.0 };
    // Minus zero is zero.
    format!("{}", rounded + 0.0)
}
