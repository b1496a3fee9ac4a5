//! Spectrogram overlay: the waveform and the spectrogram in grey, stretches of time by bands of frequency tinted by what
//! they added.

use super::axis::Axis;
use super::canvas::{Canvas, Drawing, Say, Sheet, figure, px};
use super::heatmap::scale_key;
use super::parts::{self, Divided};
use super::raster;
use super::spectrum::{mel, spectrogram};
use super::theme::Ink;
use super::view::unit;
use crate::explain::Part;
use crate::report::media::{self, Media};
use crate::report::{Content, ExplainedRow, Language, number};
use ronghe_data::Cell;
use ronghe_data::decode::{Limits, decode_sound};

const WAVE: f64 = 46.0;
const HIGH: f64 = 170.0;
const LEFT: f64 = 46.0;
/// Places of the waveform.
const STEPS: usize = 600;
/// Opacity of the strongest tint: the spectrogram must shine through.
const STRONGEST: f64 = 0.58;

/// A sound and what its stretches added.
#[derive(Debug)]
pub(in crate::report) struct Heard<'a> {
    /// Column.
    pub(in crate::report) column: &'a str,
    heading: &'a str,
    bytes: &'a [u8],
    d: Divided<'a>,
    seconds: f64,
    /// Highest frequency, hertz.
    top: f64,
    /// Lowest and highest sample at each place.
    wave: Vec<(f32, f32)>,
    /// Data URI.
    picture: Option<String>,
}

impl<'a> Heard<'a> {
    /// The sounds of a row that were divided.
    pub(in crate::report) fn of(row: &'a ExplainedRow) -> Vec<Heard<'a>> {
        parts::divided(row).into_iter().filter_map(|d| Heard::new(&row.heading, d)).collect()
    }

    fn new(heading: &'a str, d: Divided<'a>) -> Option<Heard<'a>> {
        let spans = d.members.iter().filter_map(|(_, p)| match p {
            Part::Span { to, high, .. } => Some((*to, *high)),
            _ => None,
        });
        let (end, edge) = spans.fold((0.0, 0.0), |(t, f): (f64, f64), s| (t.max(s.0), f.max(s.1)));
        let bytes: &[u8] = match &d.shown.content {
            Content::Media(bytes) => bytes,
            _ => &[],
        };
        let sound = decode_sound(&Cell::Bytes(bytes), &Limits::default()).ok();
        let (seconds, top) = match &sound {
            Some(s) => (s.seconds(), f64::from(s.rate) / 2.0),
            None => (end, edge),
        };
        if !(seconds > 0.0 && seconds.is_finite() && top > 0.0 && top.is_finite()) || end <= 0.0 {
            return None;
        }
        let wave = sound.as_ref().map_or(Vec::new(), |s| wave(&s.samples));
        let picture = sound.map(|s| {
            let (width, height, levels) = spectrogram(&s.samples, s.rate);
            raster::levels(width, height, &levels)
        });
        Some(Heard { column: &d.shown.column, heading, bytes, d, seconds, top, wave, picture })
    }

    /// The drawing.
    pub(in crate::report) fn draw(&self, sheet: &Sheet) -> Drawing {
        let k = self.d.e.explained;
        let limit = self.d.limit(&[k]);
        let mut c = Canvas::new(sheet);
        let mut top = scale_key(&mut c, limit, STRONGEST) + 12.0;
        let axis = Axis::over([0.0, self.seconds], (LEFT, sheet.width), 0.0);
        if !self.wave.is_empty() {
            self.waveform(&mut c, top);
            top += WAVE + 6.0;
        }
        let bottom = top + HIGH;
        let y = |hertz: f64| bottom - (mel(hertz) / mel(self.top)).clamp(0.0, 1.0) * HIGH;
        let seconds = c.pick("seconds", "秒").to_owned();
        axis.draw(&mut c, (bottom, bottom + 4.0), &seconds, false);
        c.rect((LEFT, top), (sheet.width - LEFT, HIGH), Ink::Faint, 1.0);
        if let Some(uri) = &self.picture {
            c.image((LEFT, top), (sheet.width - LEFT, HIGH), uri, 1.0);
        }
        let decimals = number::decimals(limit) + 1;
        for (m, (_, part)) in self.d.members.iter().enumerate() {
            let Part::Span { from, to, low, high } = part else { continue };
            let (phi, error) = (self.d.phi(m, k), self.d.error(m, k));
            let (a, b) = (axis.at(*from), axis.at(*to));
            let (above, below) = (y(*high), y(*low));
            let mut words = format!(
                "{from:.2}\u{2013}{to:.2} s, {low:.0}\u{2013}{high:.0} Hz: {}",
                number::signed(phi, decimals)
            );
            if error > 0.0 {
                words += &format!(" ± {}", number::error(error, decimals));
            }
            let path = format!("M{} {}H{}V{}H{}z", px(a), px(above), px(b), px(below), px(a));
            let paper = format!(" stroke=\"{}\" stroke-width=\"1\"", sheet.theme.color(Ink::Paper));
            c.tip(&words, |c| c.fill(&path, Ink::of(phi), (phi.abs() / limit).min(1.0) * STRONGEST, &paper));
        }
        let mut last = f64::INFINITY;
        for hertz in [125.0, 250.0, 500.0, 1000.0, 2000.0, 4000.0, 8000.0, 16_000.0] {
            let at = y(hertz);
            if hertz <= self.top && last - at >= 15.0 && bottom - at >= 8.0 {
                last = at;
                let shown = if hertz < 1000.0 { format!("{hertz}") } else { format!("{}k", hertz / 1000.0) };
                c.text((LEFT - 7.0, at + 4.0), &shown, Say::new(Ink::Soft).size(11.0).end());
            }
        }
        c.text((LEFT - 7.0, bottom + 15.0), "Hz", Say::new(Ink::Soft).size(11.0).end());
        let title = format!("{} · {}", self.column, self.heading);
        c.finish(bottom + 42.0, title, self.note(sheet.language))
    }

    fn waveform(&self, c: &mut Canvas, top: f64) {
        let loudest = self.wave.iter().map(|w| w.1.max(-w.0)).fold(1e-9, f32::max);
        let middle = top + WAVE / 2.0;
        let across = (c.sheet.width - LEFT) / self.wave.len() as f64;
        let mut path = String::new();
        for (i, (low, high)) in self.wave.iter().enumerate() {
            let x = LEFT + across * (i as f64 + 0.5);
            let reach = |v: f32| f64::from(v / loudest) * (WAVE / 2.0 - 1.0);
            let (a, b) = (middle - reach(*high), middle - reach(*low));
            path += &format!("M{x:.1} {a:.1}V{:.1}", b.max(a + 0.6));
        }
        c.stroke(&path, Ink::Soft, (across * 0.8).max(0.6), "");
    }

    fn note(&self, language: Language) -> String {
        let k = self.d.e.explained;
        match language {
            Language::English => format!(
                "{} stretches; the stronger the grey, the louder (70 dB), frequency on the mel scale; {}.",
                self.d.members.len(),
                unit(self.d.e, k, language)
            ),
            Language::Chinese => format!(
                "{} 个片段；灰色越明显越响（70 dB），频率为梅尔刻度；{}。",
                self.d.members.len(),
                unit(self.d.e, k, language)
            ),
        }
    }

    /// The figure for the page, with a player below.
    pub(in crate::report) fn html(&self, language: Language) -> String {
        let drawn = figure(language, |sheet| self.draw(sheet));
        let player = match media::show(self.bytes) {
            Media::Sound(uri) => format!("<audio controls src=\"{uri}\"></audio>"),
            _ => String::new(),
        };
        let inner = drawn.strip_suffix("</figure>").unwrap_or(&drawn);
        format!("{inner}{player}</figure>")
    }
}

/// Lowest and highest sample in each of so many stretches.
fn wave(samples: &[f32]) -> Vec<(f32, f32)> {
    if samples.is_empty() {
        return Vec::new();
    }
    let size = samples.len().div_ceil(STEPS);
    let ends = |chunk: &[f32]| {
        chunk.iter().filter(|v| v.is_finite()).fold((0.0_f32, 0.0_f32), |(l, h), v| (l.min(*v), h.max(*v)))
    };
    samples.chunks(size).map(ends).collect()
}
