//! What is known of the values of a column that are numbers.

use super::names;
use super::odd::Words;
use crate::DateUnit;
use crate::value;

/// What is known of the values that are numbers.
#[derive(Debug, Clone)]
pub(super) struct Numbers {
    pub(super) count: u64,
    pub(super) odd: Words,
    pub(super) point: bool,
    pub(super) comma: bool,
    /// Values that are written otherwise than computers write numbers.
    pub(super) styled: u64,
    pub(super) unit: Option<String>,
    pub(super) units_agree: bool,
    pub(super) bare: u64,
    pub(super) whole: bool,
    pub(super) zero_led: bool,
    pub(super) longest: usize,
    /// The next whole number if the column counts up by one; `None` once it does not.
    pub(super) next: Option<f64>,
    pub(super) counts_from: f64,
    pub(super) least: f64,
    pub(super) greatest: f64,
    /// Values whose digits are year, month and day.
    pub(super) digits: u64,
}

impl Default for Numbers {
    fn default() -> Numbers {
        Numbers {
            count: 0,
            odd: Words::default(),
            point: true,
            comma: true,
            styled: 0,
            unit: None,
            units_agree: true,
            bare: 0,
            whole: true,
            zero_led: false,
            longest: 0,
            next: None,
            counts_from: 0.0,
            least: f64::INFINITY,
            greatest: f64::NEG_INFINITY,
            digits: 0,
        }
    }
}

impl Numbers {
    pub(super) fn add(&mut self, found: &value::Quantity<'_>, text: &str) {
        self.point &= found.point.is_some();
        self.comma &= found.comma.is_some();
        self.styled += u64::from(!found.plain);
        self.zero_led |= value::leading_zero(text);
        if found.unit.is_empty() {
            self.bare += 1;
        } else {
            match &self.unit {
                None => self.unit = Some(found.unit.to_string()),
                Some(unit) => self.units_agree &= *unit == found.unit,
            }
        }
        let digits = if found.plain { text.bytes().filter(u8::is_ascii_digit).count() } else { 1 };
        self.value(found.point.or(found.comma).unwrap_or(f64::NAN), digits);
    }

    pub(super) fn value(&mut self, x: f64, digits: usize) {
        let first = self.count == 0;
        self.count += 1;
        if !x.is_finite() {
            self.whole = false;
            return;
        }
        self.whole = self.whole && x.fract() == 0.0;
        if self.whole {
            self.longest = self.longest.max(digits);
        }
        self.least = self.least.min(x);
        self.greatest = self.greatest.max(x);
        self.digits += u64::from(self.whole && value::counted(x, DateUnit::Digits).is_some());
        if first {
            self.counts_from = x;
            self.next = Some(x + 1.0);
        } else {
            self.next = self.next.filter(|&next| next == x).map(|next| next + 1.0);
        }
    }

    /// Whether all values are of one unit: a currency may be left out, other units may not.
    pub(super) fn one_unit(&self) -> bool {
        match &self.unit {
            None => true,
            Some(unit) => self.units_agree && (self.bare == 0 || value::is_currency(unit)),
        }
    }

    /// What whole numbers count if they are dates.
    pub(super) fn date_unit(&self, name: &str) -> Option<DateUnit> {
        let digits = self.digits == self.count && (self.count >= 10 || names::of_times(name));
        // From 1990 to 2100.
        let between =
            |low: f64, high: f64| names::of_times(name) && self.least >= low && self.greatest <= high;
        match () {
            () if !self.whole || self.count == 0 => None,
            () if digits => Some(DateUnit::Digits),
            () if between(631_152_000.0, 4_102_444_800.0) => Some(DateUnit::Seconds),
            () if between(631_152_000_000.0, 4_102_444_800_000.0) => Some(DateUnit::Milliseconds),
            () => None,
        }
    }
}
