//! Text with coloured words: the ground of each part is tinted by what it added.

use super::canvas::{Canvas, Drawing, Say, Sheet, safe};
use super::heatmap::scale_key;
use super::measure;
use super::parts::{self, Divided};
use super::theme::{Ink, Theme};
use super::view::unit;
use crate::explain::Part;
use crate::report::{Content, ExplainedRow, Language, number};

const SIZE: f64 = 15.0;
const LINE: f64 = 27.0;
/// Characters of a text that a file shows; the page shows all.
const MOST_CHARACTERS: usize = 3_000;

/// A text and what its parts added.
#[derive(Debug)]
pub(in crate::report) struct Words<'a> {
    /// Column.
    pub(in crate::report) column: &'a str,
    heading: &'a str,
    /// Pieces of the text; what a part added, and its standard error.
    pieces: Vec<(&'a str, Option<(f64, f64)>)>,
    limit: f64,
    /// Of what output, in words.
    unit: (String, String),
}

impl<'a> Words<'a> {
    /// The texts of a row that were divided.
    pub(in crate::report) fn of(row: &'a ExplainedRow) -> Vec<Words<'a>> {
        parts::divided(row).into_iter().filter_map(|d| Words::new(&row.heading, &d)).collect()
    }

    fn new(heading: &'a str, d: &Divided<'a>) -> Option<Words<'a>> {
        let Content::Text(text) = &d.shown.content else { return None };
        let k = d.e.explained;
        let mut ranges: Vec<(usize, usize, usize)> = d
            .members
            .iter()
            .enumerate()
            .filter_map(|(m, (_, part))| match part {
                Part::Words { from, to } => text.get(*from..*to).map(|_| (*from, *to, m)),
                _ => None,
            })
            .collect();
        ranges.sort_unstable();
        if ranges.is_empty() {
            return None;
        }
        let mut pieces = Vec::new();
        let mut at = 0;
        for (from, to, member) in ranges {
            if from < at {
                continue;
            }
            if from > at {
                pieces.push((&text[at..from], None));
            }
            pieces.push((&text[from..to], Some((d.phi(member, k), d.error(member, k)))));
            at = to;
        }
        if at < text.len() {
            pieces.push((&text[at..], None));
        }
        let unit = (unit(d.e, k, Language::English), unit(d.e, k, Language::Chinese));
        Some(Words { column: &d.shown.column, heading, pieces, limit: d.limit(&[k]), unit })
    }

    fn note(&self, language: Language) -> String {
        let counted = self.pieces.iter().filter(|p| p.1.is_some()).count();
        let sum: f64 = self.pieces.iter().filter_map(|p| p.1).map(|m| m.0).sum();
        let sum = number::signed(sum, number::decimals(sum.abs().max(self.limit)));
        match language {
            Language::English => format!("{counted} parts add {sum} together; {}.", self.unit.0),
            Language::Chinese => format!("{counted} 个部分合计 {sum}；{}。", self.unit.1),
        }
    }

    /// What a part added, in figures.
    fn figures(&self, (phi, error): (f64, f64)) -> String {
        let decimals = number::decimals(self.limit) + 1;
        match error > 0.0 {
            true => format!("{} ± {}", number::signed(phi, decimals), number::error(error, decimals)),
            false => number::signed(phi, decimals),
        }
    }

    /// The text for the page.
    pub(in crate::report) fn html(&self, language: Language) -> String {
        let piece = |(text, mark): &(&str, Option<(f64, f64)>)| match mark {
            None => safe(text),
            Some(mark) => format!(
                "<span class=\"{}\" style=\"--share:{:.3}\" title=\"{}\">{}</span>",
                if mark.0 < 0.0 { "wd" } else { "wu" },
                mark.0.abs() / self.limit,
                safe(&format!("{text}: {}", self.figures(*mark))),
                safe(text)
            ),
        };
        let text: String = self.pieces.iter().map(piece).collect();
        let mut key = Canvas::new(&Sheet { width: 350.0, theme: Theme::Page, language });
        let high = scale_key(&mut key, self.limit, Theme::Page.tint());
        format!(
            "<figure class=\"chart\"><figcaption><b><bdi>{}</bdi></b><span class=\"note\">{}</span></figcaption>{}\
             <blockquote class=\"words\" dir=\"auto\">{text}</blockquote></figure>",
            safe(self.column),
            safe(&self.note(language)),
            key.finish(high + 2.0, language.pick("scale", "色标").to_owned(), String::new())
                .inline("key-scale"),
        )
    }

    /// The text for a file.
    pub(in crate::report) fn draw(&self, sheet: &Sheet) -> Drawing {
        let mut c = Canvas::new(sheet);
        let mut y = scale_key(&mut c, self.limit, sheet.theme.tint()) + 34.0;
        let (mut x, mut left) = (0.0, MOST_CHARACTERS);
        for (text, mark) in &self.pieces {
            for piece in measure::pieces(text) {
                if left == 0 {
                    break;
                }
                left = left.saturating_sub(piece.chars().count());
                let shown = piece.trim_end();
                let wide = measure::width(shown, SIZE);
                if x + wide > sheet.width && x > 0.0 {
                    (x, y) = (0.0, y + LINE);
                }
                if !shown.is_empty() {
                    self.piece(&mut c, (x, y), shown, wide, *mark);
                }
                x += measure::width(piece, SIZE);
                if piece.contains('\n') {
                    (x, y) = (0.0, y + LINE);
                }
            }
        }
        if left == 0 {
            y += LINE;
            let words = c
                .pick("The text goes on; the page shows all of it.", "文本未完，网页中显示全文。")
                .to_owned();
            c.text((0.0, y), &words, Say::new(Ink::Soft));
        }
        let title = format!("{} · {}", self.column, self.heading);
        c.finish(y + 12.0, title, self.note(sheet.language))
    }

    fn piece(&self, c: &mut Canvas, at: (f64, f64), text: &str, wide: f64, mark: Option<(f64, f64)>) {
        let Some(mark) = mark else { return c.stretched(at, text, SIZE, wide) };
        let tint = mark.0.abs() / self.limit * c.sheet.theme.tint();
        c.tip(&format!("{text}: {}", self.figures(mark)), |c| {
            c.rect((at.0 - 1.0, at.1 - 16.0), (wide + 2.0, 21.0), Ink::of(mark.0), tint);
            c.stretched(at, text, SIZE, wide);
        });
    }
}
