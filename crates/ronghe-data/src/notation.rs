//! How the cells of a column are written.
//!
//! A cell alone does not say whether `03/07/2023` is in March or in July, or whether `1.234` is more than a thousand. A whole
//! column does: what was read off the rows of training is kept as its notation, and with it a cell has one value
//! whatever stands beside it.

use serde::{Deserialize, Serialize};

/// How the cells of one column are written, where that is not seen from a cell alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notation {
    /// Order of day and month in dates such as `03/04/2024`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
    /// What a date that is written as a whole number counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date_unit: Option<DateUnit>,
    /// What stands before the decimals of numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decimal: Option<DecimalMark>,
    /// What stands beside every number: `kg`, `%`, `$`, `元/㎡`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether names are whole numbers, so that `3.0` is the name `3`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub whole_names: bool,
    /// How many numbers a vector has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub width: Option<usize>,
    /// Cells that count as missing in this column, beside those that do everywhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
}

impl Notation {
    /// Whether there is nothing to say.
    pub fn is_plain(&self) -> bool {
        *self == Notation::default()
    }
}

/// The order of day and month in dates such as `03/04/2024`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// `month/day/year`.
    #[default]
    MonthFirst,
    /// `day/month/year`.
    DayFirst,
}

/// What stands before the decimals of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1,234.56`
    #[default]
    Point,
    /// `1.234,56`
    Comma,
}

/// What a date that is written as a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// Its digits are year, month and day: `20240131`.
    Digits,
}
