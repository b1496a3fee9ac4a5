//! One cell of text as a number, a boolean or a date.

use crate::DateOrder;
use chrono::{NaiveDate, NaiveTime, TimeDelta};

/// What a text that looks like a number is worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Numeral {
    /// A finite number.
    Finite(f64),
    /// `inf`, or a number too large for 64 bits.
    Infinite,
}

/// Reads a number as computers write it: optional sign, digits, point, exponent. `None` if it is not one.
pub(crate) fn number(text: &str) -> Option<Numeral> {
    let text = text.trim();
    let body = text.strip_prefix(['+', '-']).unwrap_or(text);
    match body.as_bytes().first()? {
        b'0'..=b'9' | b'.' => {}
        b'i' | b'I' if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") => {
            return Some(Numeral::Infinite);
        }
        _ => return None,
    }
    let value: f64 = text.parse().ok()?;
    Some(if value.is_finite() { Numeral::Finite(value) } else { Numeral::Infinite })
}

/// Whether a number is written with a leading zero (`00123`), as codes are and quantities are not.
pub(crate) fn leading_zero(text: &str) -> bool {
    let bytes = text.trim().as_bytes();
    bytes.len() > 1 && bytes[0] == b'0' && bytes[1].is_ascii_digit()
}

/// Pairs of words for no and yes. A boolean column uses one pair throughout.
const PAIRS: [(&str, &str); 7] =
    [("false", "true"), ("no", "yes"), ("否", "是"), ("假", "真"), ("f", "t"), ("n", "y"), ("0", "1")];

/// The pairs whose words say yes or no even where only one of the two occurs.
pub(crate) const PLAIN_PAIRS: u8 = 0b1111;

/// Reads yes or no: the position of the pair of words as a bit, and the value.
pub(crate) fn boolean(text: &str) -> Option<(u8, bool)> {
    let text = text.trim();
    if text.len() > 5 {
        return None;
    }
    PAIRS.iter().enumerate().find_map(|(i, (no, yes))| {
        let said = if text.eq_ignore_ascii_case(no) {
            false
        } else {
            text.eq_ignore_ascii_case(yes).then_some(true)?
        };
        Some((1 << i, said))
    })
}

/// A date as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// How it is written: one bit of [`FORMS`].
    pub(crate) form: u8,
    /// Milliseconds since 1970 in UTC, the month read first where that is open.
    pub(crate) month_first: Option<i64>,
    /// The same, the day read first.
    pub(crate) day_first: Option<i64>,
}

impl Written {
    /// The instant, under the order of its column.
    pub(crate) fn millis(self, order: DateOrder) -> Option<i64> {
        match order {
            DateOrder::MonthFirst => self.month_first,
            DateOrder::DayFirst => self.day_first,
        }
    }
}

/// Names of the forms of dates, for messages.
pub(crate) const FORMS: [&str; 6] =
    ["2024-01-31", "2024/01/31", "2024.01.31", "2024年1月31日", "01/31/2024", "31-Jan-2024"];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// Reads a date, alone or followed by a time of day (`T` or a space before it, `Z` or an offset after it).
/// Without an offset it is UTC.
pub(crate) fn date(text: &str) -> Option<Written> {
    let text = text.trim();
    if !(8..=40).contains(&text.len()) {
        return None;
    }
    let (first, rest) = digits(text, 4)?;
    if text.len() - rest.len() == 4 {
        let separator = rest.chars().next()?;
        let (form, between, after) = match separator {
            '-' => (0, "-", ""),
            '/' => (1, "/", ""),
            '.' => (2, ".", ""),
            '年' => (3, "月", "日"),
            _ => return None,
        };
        let (month, rest) = digits(&rest[separator.len_utf8()..], 2)?;
        let (day, rest) = digits(rest.strip_prefix(between)?, 2)?;
        let at = instant(first, month, day, rest.strip_prefix(after)?);
        return at.map(|at| Written { form: 1 << form, month_first: Some(at), day_first: Some(at) });
    }
    if text.len() - rest.len() > 2 {
        return None;
    }
    let separator = rest.chars().next().filter(|c| matches!(c, '/' | '-' | '.' | ' '))?;
    if let Some(month) = rest.get(1..4).and_then(month) {
        let (year, after) = digits(rest[4..].strip_prefix(separator)?, 4)?;
        let at = (year > 999).then(|| instant(year, month, first, after))?;
        return at.map(|at| Written { form: 1 << 5, month_first: Some(at), day_first: Some(at) });
    }
    let (second, rest) = digits(&rest[1..], 2)?;
    let rest = rest.strip_prefix(separator)?;
    let (year, after) = digits(rest, 4)?;
    if rest.len() - after.len() != 4 {
        return None;
    }
    let month_first = instant(year, first, second, after);
    let day_first = instant(year, second, first, after);
    (month_first.is_some() || day_first.is_some()).then_some(Written { form: 1 << 4, month_first, day_first })
}

/// The month that an English name of three letters names.
fn month(name: &str) -> Option<u32> {
    let at = MONTHS.iter().position(|m| m.eq_ignore_ascii_case(name))?;
    u32::try_from(at + 1).ok()
}

/// At most `most` leading digits as a number, and what follows; `None` without a digit.
fn digits(text: &str, most: usize) -> Option<(u32, &str)> {
    let len = text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    Some((text[..len].parse().ok()?, &text[len..]))
}

fn instant(year: u32, month: u32, day: u32, time: &str) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let (time, offset) = clock(time)?;
    let at = date.and_time(time).checked_sub_signed(TimeDelta::minutes(offset))?;
    Some(at.and_utc().timestamp_millis())
}

/// Time of day and offset from UTC in minutes of `T12:34:56.789+08:00`; midnight for an empty text.
fn clock(text: &str) -> Option<(NaiveTime, i64)> {
    let Some(text) = text.strip_prefix(['T', ' ']) else {
        return text.is_empty().then_some((NaiveTime::MIN, 0));
    };
    let (hour, text) = digits(text, 2)?;
    let (minute, mut text) = digits(text.strip_prefix(':')?, 2)?;
    let (mut second, mut nanos) = (0, 0);
    if let Some(rest) = text.strip_prefix(':') {
        (second, text) = digits(rest, 2)?;
        if let Some(rest) = text.strip_prefix(['.', ',']) {
            let len = rest.bytes().take_while(u8::is_ascii_digit).count();
            nanos = format!("{:0<9}", &rest[..len.min(9)]).parse().ok()?;
            text = &rest[len..];
        }
    }
    let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?;
    let text = text.trim_start();
    let sign = match text.as_bytes().first() {
        None => return Some((time, 0)),
        Some(b'Z' | b'z') if text.len() == 1 => return Some((time, 0)),
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return None,
    };
    let (hours, text) = digits(&text[1..], 2)?;
    let text = text.strip_prefix(':').unwrap_or(text);
    let (minutes, text) = if text.is_empty() { (0, text) } else { digits(text, 2)? };
    (text.is_empty() && hours < 24 && minutes < 60).then_some((time, sign * i64::from(hours * 60 + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_what_computers_write() {
        assert_eq!(number(" -1.5e3 "), Some(Numeral::Finite(-1500.0)));
        assert_eq!(number(".5"), Some(Numeral::Finite(0.5)));
        assert_eq!(number("-Infinity"), Some(Numeral::Infinite));
        assert_eq!(number("1e999"), Some(Numeral::Infinite));
        for text in ["", "nan", "1,234", "0x10", "5 kg", "信", "-", "."] {
            assert_eq!(number(text), None, "{text}");
        }
        assert!(leading_zero("00501") && !leading_zero("0.5") && !leading_zero("0"));
    }

    #[test]
    fn booleans_in_both_languages() {
        for (text, value) in [("TRUE", true), ("no", false), ("是", true), ("假", false), ("1", true)] {
            assert_eq!(boolean(text).map(|(_, v)| v), Some(value), "{text}");
        }
        assert_eq!(boolean("maybe"), None);
    }

    #[test]
    fn dates_in_the_usual_forms() {
        let day = 1_706_659_200_000; // 2024-01-31
        for text in [
            "2024-01-31",
            "2024/1/31",
            "2024.01.31",
            "2024年1月31日",
            "01/31/2024",
            "31-Jan-2024",
            "31 JAN 2024",
        ] {
            assert_eq!(date(text).and_then(|d| d.month_first), Some(day), "{text}");
        }
        assert_eq!(date("31/01/2024").and_then(|d| d.millis(DateOrder::DayFirst)), Some(day));
        assert_eq!(date("31/01/2024").and_then(|d| d.millis(DateOrder::MonthFirst)), None);
        let noon = Some(day + 12 * 3_600_000);
        for text in ["2024-01-31T12:00:00Z", "2024-01-31 12:00", "2024-01-31T20:00:00.000+08:00"] {
            assert_eq!(date(text).and_then(|d| d.month_first), noon, "{text}");
        }
        for text in [
            "2024-02-30",
            "2024-13-01",
            "20240131",
            "2024-01-31x",
            "1/2/24",
            "31-Jan-24",
            "1-Foo-2024",
            "2024-01-31T25:00:00",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_safe(text in "\\PC{0,40}") {
            let _ = (number(&text), boolean(&text), date(&text));
        }
        #[test]
        fn any_near_date_is_safe(text in "[0-9年月日TZ:+./ -]{8,30}") {
            let _ = date(&text);
        }
    }
}
