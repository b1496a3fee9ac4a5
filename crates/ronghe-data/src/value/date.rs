//! Dates and times of day as people write them.
//!
//! A text is cut into tokens (numbers, words, signs). A time of day is taken out (`17:06`, `5:06 PM`, `下午5:06`, `17时06分`), with
//! the zone behind it; weekdays are passed over; what is left is one of the [`FORMS`]. Without a zone a time is UTC.
//! A month alone is its first day, a time of day alone is that of 1 January 1970.

use super::clock::Clock;
use super::tokens::{MONTHS, Token, Tokens, WEEKDAYS};
use crate::{DateOrder, DateUnit};
use chrono::{NaiveDate, NaiveTime, TimeDelta};

/// A date as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Written {
    /// How it is written: one bit of [`FORMS`].
    pub(crate) form: u16,
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
pub(crate) const FORMS: [&str; 9] = [
    "2024-01-31",
    "2024/01/31",
    "2024.01.31",
    "2024年1月31日",
    "01/31/2024",
    "31-Jan-2024",
    "Jan 31, 2024",
    "2024-01",
    "17:06",
];

/// The form in which day and month may be taken for each other.
pub(crate) const OPEN_ORDER: u16 = 1 << 4;

/// The form of a time of day alone, which has no date beside it.
pub(crate) const TIME_ALONE: u16 = 1 << 8;

/// Reads a date, a time of day or both; `None` if the text is neither.
pub(crate) fn date(text: &str) -> Option<Written> {
    let text = text.trim();
    if !(4..=64).contains(&text.len()) || !text.bytes().any(|b| b.is_ascii_digit() || b >= 0x80) {
        return None;
    }
    iso(text.as_bytes()).or_else(|| read(Tokens::of(text)?))
}

/// The first of the [`FORMS`] as programs write it, with a time or without: what is most of all files, without tokens.
fn iso(text: &[u8]) -> Option<Written> {
    let number = |from: usize, len: usize| {
        let digits = text.get(from..from + len)?;
        digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
    };
    let sign = |i: usize, of: &[u8]| text.get(i).is_some_and(|b| of.contains(b));
    if !(sign(4, b"-") && sign(7, b"-")) {
        return None;
    }
    let mut time = NaiveTime::MIN;
    if text.len() > 10 {
        if !(sign(10, b"T ") && sign(13, b":") && sign(16, b":")) {
            return None;
        }
        let end = text.len() - usize::from(text.ends_with(b"Z"));
        let nanos = match end {
            19 => 0,
            21..=29 if sign(19, b".") => number(20, end - 20)? * 10u32.pow(29 - end as u32),
            _ => return None,
        };
        let second = number(17, 2).filter(|&s| s < 60)?;
        time = NaiveTime::from_hms_nano_opt(number(11, 2)?, number(14, 2)?, second, nanos)?;
    }
    let at = instant(number(0, 4)?, number(5, 2)?, number(8, 2)?, Clock { time, offset: 0 })?;
    Some(Written { form: 1, month_first: Some(at), day_first: Some(at) })
}

/// A date that is a whole number, by what it counts.
pub(crate) fn counted(number: f64, unit: DateUnit) -> Option<i64> {
    let whole = (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64);
    match unit {
        // Fractions of a second are kept to the millisecond.
        DateUnit::Seconds => (number.abs() < 9e12).then(|| (number * 1000.0).round() as i64),
        DateUnit::Milliseconds => (number.abs() < 9e15).then(|| number.round() as i64),
        DateUnit::Digits => {
            let digits = u32::try_from(whole?).ok()?;
            let (year, month, day) = (digits / 10_000, digits / 100 % 100, digits % 100);
            (1900..=2100).contains(&year).then(|| instant(year, month, day, Clock::default()))?
        }
    }
}

fn instant(year: u32, month: u32, day: u32, clock: Clock) -> Option<i64> {
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
    let at = date.and_time(clock.time).checked_sub_signed(TimeDelta::minutes(clock.offset))?;
    Some(at.and_utc().timestamp_millis())
}

/// The date that the tokens say.
fn read(mut tokens: Tokens<'_>) -> Option<Written> {
    let clock = tokens.clock()?;
    // Commas, blanks and brackets around what was taken out separate nothing.
    trim(&mut tokens);
    let date = tokens.list;
    if date.is_empty() {
        let clock = clock?;
        let at = instant(1970, 1, 1, Clock { offset: 0, ..clock });
        return at.map(|at| Written { form: TIME_ALONE, month_first: Some(at), day_first: Some(at) });
    }
    day(&date, clock.unwrap_or_default())
}

/// Drops signs that separate nothing any more.
fn trim(tokens: &mut Tokens<'_>) {
    let empty = |t: &Token<'_>| matches!(t, Token::Sign(' ' | ',' | '(' | ')' | 'T'));
    while tokens.list.last().is_some_and(empty) {
        tokens.list.pop();
    }
    let first = tokens.list.iter().position(|t| !empty(t)).unwrap_or(tokens.list.len());
    tokens.list.drain(..first);
    // Brackets that held a weekday, and doubled blanks.
    tokens.list.retain(|t| !matches!(t, Token::Sign('(' | ')')));
    tokens.list.dedup_by(|a, b| *a == *b && *a == Token::Sign(' '));
}

fn month_of(token: Option<&Token<'_>>) -> Option<u32> {
    let Some(Token::Word(word)) = token else { return None };
    MONTHS.iter().position(|m| m == word).map(|i| i as u32 + 1)
}

/// A year of four digits, or of two from 1969 to 2068.
fn year(value: u32, digits: usize) -> Option<u32> {
    match digits {
        4 if value > 0 => Some(value),
        2 => Some(if value < 69 { 2000 + value } else { 1900 + value }),
        _ => None,
    }
}

/// The date that is left when time and weekdays are gone.
fn day(tokens: &[Token<'_>], clock: Clock) -> Option<Written> {
    use Token::{Number, Sign, Word};
    let one = |form: usize, at: Option<i64>| {
        at.map(|at| Written { form: 1 << form, month_first: Some(at), day_first: Some(at) })
    };
    // Weekdays, blanks beside Chinese words and the like say nothing.
    let chinese = tokens.iter().any(|t| matches!(t, Word("年" | "月")));
    let mut list: Vec<Token<'_>> = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token {
            Word(word) if WEEKDAYS.contains(word) || matches!(*word, "st" | "nd" | "rd" | "th" | "of") => {}
            Sign(' ') if chinese => {}
            Sign('.') if matches!(list.last(), Some(Word(_))) => {}
            other => list.push(*other),
        }
    }
    let words = list.iter().any(|t| matches!(t, Word(w) if MONTHS.contains(w)));
    if words {
        let separator = list.iter().find_map(|t| if let Sign(c) = t { Some(*c) } else { None });
        list.retain(|t| !matches!(t, Sign(' ' | ',' | '-' | '/' | '.')));
        let form = if separator == Some('-') { 5 } else { 6 };
        return match list[..] {
            [Number(day, 1 | 2), m, Number(y, digits @ (2 | 4))] => {
                one(form, instant(year(y, digits)?, month_of(Some(&m))?, day, clock))
            }
            [m @ Word(_), Number(day, 1 | 2), Number(y, 4)] => {
                one(form, instant(y, month_of(Some(&m))?, day, clock))
            }
            [Number(y, 4), m, Number(day, 1 | 2)] => one(form, instant(y, month_of(Some(&m))?, day, clock)),
            [m @ Word(_), Number(y, 4)] | [Number(y, 4), m @ Word(_)] => {
                one(7, instant(y, month_of(Some(&m))?, 1, clock))
            }
            _ => None,
        };
    }
    while list.first() == Some(&Sign(' ')) || list.first() == Some(&Sign(',')) {
        list.remove(0);
    }
    while matches!(list.last(), Some(Sign(' ' | ','))) {
        list.pop();
    }
    match list[..] {
        [
            Number(y, digits @ (2 | 4)),
            Word("年"),
            Number(m, 1 | 2),
            Word("月"),
            Number(d, 1 | 2),
            Word("日"),
        ]
        | [Number(y, digits @ (2 | 4)), Word("年"), Number(m, 1 | 2), Word("月"), Number(d, 1 | 2)] => {
            one(3, instant(year(y, digits)?, m, d, clock))
        }
        [Number(y, 4), Word("年"), Number(m, 1 | 2), Word("月")] => one(7, instant(y, m, 1, clock)),
        [Number(y, 4), Sign(a @ ('-' | '/' | '.')), Number(m, 1 | 2), Sign(b), Number(d, 1 | 2)]
            if a == b =>
        {
            let form = "-/.".find(a)?;
            one(form, instant(y, m, d, clock))
        }
        [Number(y, 4), Sign('-' | '/'), Number(m, 1 | 2)] => one(7, instant(y, m, 1, clock)),
        [Number(digits, 8)] if clock.time != NaiveTime::MIN || clock.offset != 0 => {
            one(0, instant(digits / 10_000, digits / 100 % 100, digits % 100, clock))
        }
        [
            Number(a, 1 | 2),
            Sign(s @ ('/' | '-' | '.' | ' ')),
            Number(b, 1 | 2),
            Sign(t),
            Number(y, digits @ (2 | 4)),
        ] if s == t => {
            let y = year(y, digits)?;
            let (month_first, day_first) = (instant(y, a, b, clock), instant(y, b, a, clock));
            let some = month_first.is_some() || day_first.is_some();
            some.then_some(Written { form: OPEN_ORDER, month_first, day_first })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 2024-01-31
    const DAY: i64 = 1_706_659_200_000;
    const HOUR: i64 = 3_600_000;

    #[test]
    fn days_in_the_usual_forms() {
        for text in [
            "2024-01-31",
            "2024/1/31",
            "2024.01.31",
            "2024年1月31日",
            "2024年 1月 31日",
            "2024年1月31日 星期三",
            "2024年1月31日（周三）",
            "二〇二四年一月三十一日",
            "24年1月31日",
            "２０２４－０１－３１",
            "01/31/2024",
            "1/31/24",
            "31-Jan-2024",
            "31-Jan-24",
            "31 JAN 2024",
            "Jan 31, 2024",
            "January 31st, 2024",
            "31 January 2024",
            "Wed, 31 Jan 2024",
            "Wednesday, January 31, 2024",
            "2024 Jan 31",
            "2024年1月31号",
        ] {
            assert_eq!(date(text).and_then(|d| d.month_first), Some(DAY), "{text}");
        }
        assert_eq!(date("31/01/2024").and_then(|d| d.millis(DateOrder::DayFirst)), Some(DAY));
        assert_eq!(date("31/01/2024").and_then(|d| d.millis(DateOrder::MonthFirst)), None);
        let first = Some(DAY - 30 * 24 * HOUR);
        for text in ["2024-01", "2024年1月", "Jan 2024", "January 2024", "2024/01"] {
            assert_eq!(date(text).and_then(|d| d.month_first), first, "{text}");
        }
    }

    #[test]
    fn times_and_zones() {
        for text in [
            "2024-01-31T12:00:00Z",
            "2024-01-31 12:00",
            "2024-01-31T20:00:00.000+08:00",
            "2024-01-31 12:00:00 UTC",
            "2024-01-31T20:00+08:00[Asia/Shanghai]",
            "1/31/2024 12:00:00 PM",
            "01/31/2024 12:00 pm",
            "Wed Jan 31 12:00:00 +0000 2024",
            "Wed, 31 Jan 2024 12:00:00 GMT",
            "Wed Jan 31 07:00:00 EST 2024",
            "2024年1月31日12时00分00秒",
            "2024年1月31日 12时",
            "2024年1月31日 中午12:00",
            "2024年1月31日12点",
            "20240131 12:00",
            "Wed Jan 31 2024 20:00:00 GMT+0800",
        ] {
            assert_eq!(date(text).and_then(|d| d.month_first), Some(DAY + 12 * HOUR), "{text}");
        }
        let five = Some(DAY + 17 * HOUR + 6 * 60_000);
        for text in
            ["2024年1月31日 下午5:06", "2024年1月31日下午5时6分", "2024/1/31 17:06", "1/31/2024 5:06 PM"]
        {
            assert_eq!(date(text).and_then(|d| d.month_first), five, "{text}");
        }
        for (text, minutes) in [
            ("17:06", 1026),
            ("下午5:06", 1026),
            ("17时06分", 1026),
            ("4时18分", 258),
            ("5:06 PM", 1026),
            ("12:06 AM", 6),
        ] {
            let found = date(text).unwrap();
            assert_eq!((found.form, found.month_first), (TIME_ALONE, Some(minutes * 60_000)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "2024-02-30",
            "2024-13-01",
            "20240131",
            "2024-01-31x",
            "1-Foo-2024",
            "2024-01-31T25:00:00",
            "12",
            "1.5",
            "may",
            "march on",
            "10:99",
            "a:b",
            "192.168.0.1",
            "2月30日x",
            "12-14",
            "1/2",
            "5 kg",
            "1.2.3.4",
            "十二",
            "三月的雨",
        ] {
            assert_eq!(date(text), None, "{text}");
        }
    }

    #[test]
    fn dates_as_numbers() {
        assert_eq!(counted(1_706_659_200.0, DateUnit::Seconds), Some(DAY));
        assert_eq!(counted(1_706_659_200_000.0, DateUnit::Milliseconds), Some(DAY));
        assert_eq!(counted(20_240_131.0, DateUnit::Digits), Some(DAY));
        assert_eq!(counted(20_241_331.0, DateUnit::Digits), None);
    }

    proptest! {
        #[test]
        fn the_short_way_agrees(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.][0-9]{1,9})?Z?)?") {
            if let Some(found) = iso(text.as_bytes()) {
                prop_assert_eq!(Some(found), Tokens::of(&text).and_then(read), "{}", text);
            }
        }

        #[test]
        fn any_text_is_safe(text in "\\PC{0,40}") {
            let _ = date(&text);
        }
        #[test]
        fn any_near_date_is_safe(text in "[0-9年月日时分秒上下午星期一二十〇TZ:+./ -]{4,30}") {
            let _ = date(&text);
        }
        #[test]
        fn every_day_is_read_back(days in -20_000i64..40_000, form in 0usize..5) {
            let at = chrono::DateTime::from_timestamp_millis(days * 86_400_000).unwrap();
            let text = at.format(["%Y-%m-%d", "%Y年%-m月%-d日", "%d/%m/%Y", "%B %-d, %Y", "%a %b %d 00:00:00 +0000 %Y"][form]).to_string();
            let found = date(&text).unwrap();
            prop_assert_eq!(found.millis(DateOrder::DayFirst), Some(days * 86_400_000));
        }
    }
}
