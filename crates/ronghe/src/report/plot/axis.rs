//! The axis of values, from left to right, and the room that names take beside it.

use super::canvas::{Canvas, Say, Sheet};
use super::measure;
use super::theme::Ink;
use crate::report::number;
use crate::report::svg::Scale;

/// Values laid out between two places.
#[derive(Debug, Clone, Copy)]
pub(in crate::report) struct Axis {
    scale: Scale,
    left: f64,
    right: f64,
}

impl Axis {
    /// Over all the values, with a margin as a share of their range.
    pub(in crate::report) fn over(
        values: impl IntoIterator<Item = f64>,
        (left, right): (f64, f64),
        margin: f64,
    ) -> Axis {
        Axis { scale: Scale::over(values, margin), left, right: right.max(left + 1.0) }
    }

    /// From zero to the largest value: for lengths.
    pub(in crate::report) fn lengths(values: impl IntoIterator<Item = f64>, ends: (f64, f64)) -> Axis {
        let largest = values.into_iter().filter(|v| v.is_finite()).fold(0.0, f64::max);
        Axis::over([0.0, if largest > 0.0 { largest } else { 1.0 }], ends, 0.0)
    }

    /// Where a value lies.
    pub(in crate::report) fn at(&self, value: f64) -> f64 {
        self.left + self.scale.percent(value) / 100.0 * (self.right - self.left)
    }

    /// Guides from `top` to `bottom`, figures below them, and what they measure below those; a stronger line at zero.
    /// `signed` figures are changes. Takes 38 pixels below `bottom`.
    pub(in crate::report) fn draw(
        &self,
        c: &mut Canvas,
        (top, bottom): (f64, f64),
        unit: &str,
        signed: bool,
    ) {
        // Round steps may be few: three figures at least.
        let wanted = ((self.right - self.left) / 95.0).floor().max(2.0) as usize;
        let ticks = (wanted..wanted + 8).map(|n| self.scale.ticks(n)).find(|t| t.len() >= 3);
        let ticks = ticks.unwrap_or_else(|| self.scale.ticks(wanted));
        let decimals = number::step_decimals(&ticks);
        for &tick in &ticks {
            let x = self.at(tick);
            let zero = tick.abs() < 1e-12;
            c.line((x, top), (x, bottom), if zero { Ink::Soft } else { Ink::Line }, 1.0);
            let shown = if signed { number::signed(tick, decimals) } else { number::plain(tick, decimals) };
            let shown = if zero { "0".to_owned() } else { shown };
            c.text((x, bottom + 15.0), &shown, Say::new(Ink::Soft).size(11.0).middle());
        }
        let middle = (self.left + self.right) / 2.0;
        let half = measure::width(unit, 11.5) / 2.0;
        // Words wider than the axis go as far left as they need.
        let x = middle.min(c.sheet.width - half).max(half.min(c.sheet.width / 2.0));
        c.name((x, bottom + 33.0), c.sheet.width, unit, Say::new(Ink::Soft).size(11.5).middle());
    }
}

/// Room for names at the left, up to a share of the sheet.
pub(in crate::report) fn gutter<'a>(names: impl IntoIterator<Item = &'a str>, sheet: &Sheet) -> f64 {
    let widest = names.into_iter().map(|n| measure::width(n, 12.0)).fold(24.0, f64::max);
    (widest + 12.0).min(sheet.width * if sheet.narrow() { 0.36 } else { 0.30 })
}
