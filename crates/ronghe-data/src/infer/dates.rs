//! What is known of the values of a column that are dates.

use super::odd::Words;
use crate::value;

/// What is known of the values that are dates.
#[derive(Debug, Clone)]
pub(super) struct Dates {
    pub(super) count: u64,
    pub(super) odd: Words,
    pub(super) forms: u16,
    pub(super) month_first: bool,
    pub(super) day_first: bool,
}

impl Default for Dates {
    fn default() -> Dates {
        Dates { count: 0, odd: Words::default(), forms: 0, month_first: true, day_first: true }
    }
}

impl Dates {
    pub(super) fn add(&mut self, found: value::Written) {
        self.count += 1;
        self.forms |= found.form;
        self.month_first &= found.month_first.is_some();
        self.day_first &= found.day_first.is_some();
    }
}
