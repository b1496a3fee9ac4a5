//! Dates to network inputs: what time of the year, week and day it is, and how long ago.
//!
//! `[year, elapsed days]` standardised, then `sin` and `cos` of month / 12, weekday / 7 and hour / 24 turns. UTC,
//! proleptic Gregorian calendar; the calendar arithmetic counts in eras of 400 years that begin on 1 March.

use super::number::{Numbers, Scale};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// A fitted date column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Dates {
    year: Scale,
    days: Scale,
}

const MILLIS_A_DAY: f64 = 86_400_000.0;

impl Dates {
    /// Inputs a date takes.
    pub(super) const WIDTH: usize = 8;

    /// Learns from milliseconds since 1970.
    pub(super) fn fit(millis: &[f64]) -> Dates {
        let days = millis.iter().map(|m| m / MILLIS_A_DAY).collect();
        let years = millis.iter().map(|&m| civil(day_number(m)).0 as f64).collect();
        Dates { year: Scale::fit(years, Numbers::Standard, 0), days: Scale::fit(days, Numbers::Standard, 0) }
    }

    /// Writes the inputs of a date in milliseconds since 1970.
    pub(super) fn write(&self, millis: f64, out: &mut [f32]) {
        let day = day_number(millis);
        let (year, month) = civil(day);
        self.year.write(year as f64, &mut out[..1]);
        self.days.write(millis / MILLIS_A_DAY, &mut out[1..2]);
        // 1 January 1970 was a Thursday, day 3 of a week that begins on Monday.
        let weekday = (day + 3).rem_euclid(7) as f64 / 7.0;
        let hour = millis.rem_euclid(MILLIS_A_DAY) / MILLIS_A_DAY;
        for (out, turn) in out[2..].chunks_exact_mut(2).zip([f64::from(month - 1) / 12.0, weekday, hour]) {
            let (sin, cos) = (turn * TAU).sin_cos();
            out[0] = sin as f32;
            out[1] = cos as f32;
        }
    }
}

fn day_number(millis: f64) -> i64 {
    // Saturates; a date beyond the calendar is as good as its end.
    (millis / MILLIS_A_DAY).floor().clamp(-1e11, 1e11) as i64
}

/// Year and month (1 to 12) of a day counted from 1 January 1970.
fn civil(day: i64) -> (i64, u8) {
    // Days since 1 March of year 0: leap days then stand at the end of a year.
    let day = day + 719_468;
    let (era, in_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (in_era - in_era / 1_460 + in_era / 36_524 - in_era / 146_096) / 365;
    let in_year = in_era - (365 * year + year / 4 - year / 100);
    // Months from March have 31, 30, 31, 30, 31, 31, 30, ... days: 153 in five.
    let from_march = (5 * in_year + 2) / 153;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year + i64::from(month <= 2), month as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calendar_is_gregorian() {
        for (day, expected) in [
            (0, (1970, 1)),
            (58, (1970, 2)),
            (59, (1970, 3)),
            (11_016, (2000, 2)),
            (11_017, (2000, 3)),
            (-1, (1969, 12)),
            (-719_468, (0, 3)),
            (20_778, (2026, 11)),
        ] {
            assert_eq!(civil(day), expected, "day {day}");
        }
    }

    #[test]
    fn the_clock_turns() {
        let dates = Dates::fit(&[0.0, 86_400_000.0 * 365.0]);
        let mut out = [9.0; Dates::WIDTH];
        // Friday 2 January 1970, 06:00.
        dates.write(86_400_000.0 * 1.25, &mut out);
        let friday = (TAU * 4.0 / 7.0).sin() as f32;
        assert!((out[2]).abs() < 1e-6 && (out[3] - 1.0).abs() < 1e-6);
        assert!((out[4] - friday).abs() < 1e-6);
        assert!((out[6] - 1.0).abs() < 1e-6 && out[7].abs() < 1e-6);
        dates.write(f64::MAX, &mut out);
        assert!(out.iter().all(|v| v.is_finite()));
    }
}
