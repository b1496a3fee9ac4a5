//! Dates and times of day as people write them.
//!
//! A text is cut into tokens (numbers, words, signs). A time of day is taken out (`17:06`, `5:06 PM`, `下午5:06`, `17时06分`), with
//! the zone behind it; weekdays are passed over; what is left is one of the [`FORMS`]. Without a zone a time is UTC.
//! A month alone is its first day, a time of day alone is that of 1 January 1970.

use super::quantity::narrow;
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

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Zones and their offsets in minutes; the American ones as in RFC 822.
const ZONES: [(&str, i64); 22] = [
    ("z", 0),
    ("utc", 0),
    ("gmt", 0),
    ("wet", 0),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("akst", -540),
    ("hst", -600),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("jst", 540),
    ("kst", 540),
];

/// Reads a date, a time of day or both; `None` if the text is neither.
pub(crate) fn date(text: &str) -> Option<Written> {
    let text = text.trim();
    if !(4..=64).contains(&text.len()) || !text.bytes().any(|b| b.is_ascii_digit() || b >= 0x80) {
        return None;
    }
    let tokens = Tokens::of(text)?;
    tokens.read()
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

/// A time of day and its zone's offset in minutes.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    time: NaiveTime,
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    /// Value and number of digits.
    Number(u32, usize),
    /// Digits behind the point of a second, as nanoseconds.
    Word(&'a str),
    Sign(char),
}

struct Tokens<'a> {
    list: Vec<Token<'a>>,
}

const MOST_TOKENS: usize = 24;

/// `text` in narrow characters with Chinese numerals as digits, if that changes it.
fn plain(text: &str) -> Option<String> {
    if text.is_ascii() {
        return None;
    }
    let dated = text.contains(['年', '月', '日', '号', '號', '时', '時', '点', '點', '分']);
    let mut out = String::with_capacity(text.len());
    let mut numeral = String::new();
    for c in text.chars().chain(['\0']) {
        if dated && "〇零○一二三四五六七八九十廿卅两".contains(c) && !after_weekday(&out) {
            numeral.push(c);
            continue;
        }
        if !numeral.is_empty() {
            out.push_str(&chinese_digits(&numeral)?);
            numeral.clear();
        }
        match narrow(c) {
            '\0' => {}
            '號' | '号' => out.push('日'),
            '時' | '點' | '点' => out.push('时'),
            '년' => out.push('年'),
            '월' => out.push('月'),
            '일' => out.push('日'),
            other => out.push(other),
        }
    }
    Some(out)
}

/// Whether the text ends with a word that a weekday's number follows.
fn after_weekday(text: &str) -> bool {
    ["星期", "礼拜", "禮拜", "周", "週"].iter().any(|w| text.ends_with(w))
}

/// Chinese numerals of years (digit by digit) and of months, days, hours (with 十) as digits.
fn chinese_digits(numeral: &str) -> Option<String> {
    let digit = |c: char| match c {
        '〇' | '零' | '○' => Some(0),
        '两' => Some(2),
        _ => "一二三四五六七八九".chars().position(|d| d == c).map(|i| i as u32 + 1),
    };
    let Some(ten) = numeral.find(['十', '廿', '卅']) else {
        return numeral.chars().map(|c| digit(c).and_then(|d| char::from_digit(d, 10))).collect();
    };
    let sign = numeral[ten..].chars().next()?;
    let before = &numeral[..ten];
    let after = &numeral[ten + sign.len_utf8()..];
    let one = |text: &str, none| match text.chars().count() {
        0 => Some(none),
        1 => digit(text.chars().next()?),
        _ => None,
    };
    let tens = match sign {
        '十' => one(before, 1)?,
        '廿' => 2,
        _ => 3,
    };
    Some((tens * 10 + one(after, 0)?).to_string())
}

impl Tokens<'_> {
    fn of(text: &str) -> Option<Tokens<'static>> {
        // Words are looked up at once, so that no token borrows from a text made here.
        let made = plain(text);
        let text = made.as_deref().unwrap_or(text);
        let text = match (text.find('['), text.ends_with(']')) {
            // The name of a zone after its offset: 2024-01-31T08:00+01:00[Europe/Berlin].
            (Some(at), true) if at > 8 => &text[..at],
            _ => text,
        };
        let mut list = Vec::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if list.len() == MOST_TOKENS {
                return None;
            }
            if c.is_ascii_digit() {
                let len = rest.bytes().take_while(u8::is_ascii_digit).count();
                // Fractions of a second may be long; all else is short.
                let value: u32 = rest[..len.min(9)].parse().ok()?;
                list.push(Token::Number(value, len));
                rest = &rest[len..];
            } else if c.is_ascii_alphabetic() {
                let len = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
                list.push(Token::Word(known(&rest[..len])?));
                rest = &rest[len..];
            } else if let Some(word) = CHINESE.iter().find(|w| rest.starts_with(**w)) {
                rest = &rest[word.len()..];
                if word.starts_with(['星', '礼', '禮', '周', '週']) {
                    let day = rest.chars().next().filter(|c| "一二三四五六日天123456７".contains(*c))?;
                    rest = &rest[day.len_utf8()..];
                } else {
                    list.push(Token::Word(word));
                }
            } else {
                list.push(Token::Sign(c));
                rest = &rest[c.len_utf8()..];
            }
        }
        Some(Tokens { list })
    }

    fn read(mut self) -> Option<Written> {
        let clock = self.clock()?;
        // Commas, blanks and brackets around what was taken out separate nothing.
        self.trim();
        let date = self.list;
        if date.is_empty() {
            let clock = clock?;
            let at = instant(1970, 1, 1, Clock { offset: 0, ..clock });
            return at.map(|at| Written { form: TIME_ALONE, month_first: Some(at), day_first: Some(at) });
        }
        day(&date, clock.unwrap_or_default())
    }

    fn trim(&mut self) {
        let empty = |t: &Token<'_>| matches!(t, Token::Sign(' ' | ',' | '(' | ')' | 'T'));
        while self.list.last().is_some_and(empty) {
            self.list.pop();
        }
        let first = self.list.iter().position(|t| !empty(t)).unwrap_or(self.list.len());
        self.list.drain(..first);
        // Brackets that held a weekday, and doubled blanks.
        self.list.retain(|t| !matches!(t, Token::Sign('(' | ')')));
        self.list.dedup_by(|a, b| *a == *b && *a == Token::Sign(' '));
    }

    /// Takes a time of day with its zone out of the tokens; `Some(None)` if there is none, `None` if it is wrong.
    fn clock(&mut self) -> Option<Option<Clock>> {
        let list = &self.list;
        let number = |i: usize, most: u32| match list.get(i) {
            Some(&Token::Number(value, 1 | 2)) if value <= most => Some(value),
            _ => None,
        };
        let sign = |i: usize, c: char| list.get(i) == Some(&Token::Sign(c));
        let colon = (1..list.len()).find(|&i| sign(i, ':'));
        let hour_sign = (1..list.len()).find(|&i| list[i] == Token::Word("时"));
        let (start, mut at, hour, mut minute, mut second, mut nanos) = match (colon, hour_sign) {
            (Some(c), _) => {
                let (hour, minute) = (number(c - 1, 24)?, number(c + 1, 59)?);
                let (mut second, mut nanos, mut at) = (0, 0, c + 2);
                if sign(at, ':') {
                    second = number(at + 1, 60)?;
                    at += 2;
                    if let (true, Some(&Token::Number(value, len))) =
                        (sign(at, '.') || sign(at, ','), list.get(at + 1))
                    {
                        nanos = value * 10u32.pow(9 - len.min(9) as u32);
                        at += 2;
                    }
                }
                (c - 1, at, hour, minute, second, nanos)
            }
            (None, Some(h)) => (h - 1, h + 1, number(h - 1, 24)?, 0, 0, 0),
            (None, None) => return Some(None),
        };
        if colon.is_none() {
            let blank = |at: usize| at + usize::from(sign(at, ' '));
            for (word, part) in [("分", &mut minute), ("秒", &mut second)] {
                let from = blank(at);
                if let (Some(value), Some(Token::Word(found))) = (number(from, 59), list.get(blank(from + 1)))
                    && *found == word
                {
                    *part = value;
                    at = blank(from + 1) + 1;
                }
            }
            nanos = 0;
            if sign(at, '整') {
                at += 1;
            }
        }
        let mut start = start;
        let half = |i: usize| match list.get(i) {
            Some(&Token::Word(word)) => HALVES.iter().find(|(name, _)| *name == word).map(|(_, half)| *half),
            _ => None,
        };
        let mut part = None;
        let before = start.checked_sub(1).map(|i| if sign(i, ' ') { i.saturating_sub(1) } else { i });
        if let Some((i, found)) = before.and_then(|i| Some((i, half(i)?))) {
            (part, start) = (Some(found), i);
        }
        let after = at + usize::from(sign(at, ' '));
        if let (None, Some(found)) = (part, half(after)) {
            (part, at) = (Some(found), after + 1);
        }
        let hour = match (part, hour) {
            (Some(Half::Second), 1..=11) => hour + 12,
            (Some(Half::First), 12) => 0,
            (_, 24) if minute == 0 && second == 0 => return None,
            _ => hour,
        };
        let offset = match self.zone(&mut at) {
            Zone::None => 0,
            Zone::Minutes(minutes) => minutes,
            Zone::Wrong => return None,
        };
        let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos)?;
        // The sign between date and time goes with the time.
        if start > 0 && self.list.get(start - 1) == Some(&Token::Word("t")) {
            start -= 1;
        }
        self.list.splice(start..at, [Token::Sign(' ')]);
        Some(Some(Clock { time, offset }))
    }

    /// The zone that begins at `at`, which moves behind it.
    fn zone(&self, at: &mut usize) -> Zone {
        let from = *at + usize::from(self.list.get(*at) == Some(&Token::Sign(' ')));
        if let Some(&Token::Word(word)) = self.list.get(from) {
            let Some((_, minutes)) = ZONES.iter().find(|(name, _)| *name == word) else { return Zone::None };
            *at = from + 1;
            // GMT+0800
            let Zone::Minutes(more) = self.zone_offset(at, *at) else { return Zone::Minutes(*minutes) };
            return Zone::Minutes(minutes + more);
        }
        self.zone_offset(at, from)
    }

    fn zone_offset(&self, at: &mut usize, from: usize) -> Zone {
        let sign = match self.list.get(from) {
            Some(Token::Sign('+')) => 1,
            Some(Token::Sign('-')) => -1,
            _ => return Zone::None,
        };
        let (hours, minutes, next) =
            match (self.list.get(from + 1), self.list.get(from + 2), self.list.get(from + 3)) {
                (Some(&Token::Number(value, 4)), ..) => (value / 100, value % 100, from + 2),
                (
                    Some(&Token::Number(hours, 1 | 2)),
                    Some(Token::Sign(':')),
                    Some(&Token::Number(minutes, 2)),
                ) => (hours, minutes, from + 4),
                (Some(&Token::Number(hours, 1 | 2)), ..) => (hours, 0, from + 2),
                _ => return Zone::Wrong,
            };
        if hours > 23 || minutes > 59 {
            return Zone::Wrong;
        }
        *at = next;
        Zone::Minutes(sign * i64::from(hours * 60 + minutes))
    }
}

enum Zone {
    None,
    Minutes(i64),
    Wrong,
}

/// The halves of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Half {
    First,
    Second,
}

const HALVES: [(&str, Half); 10] = [
    ("am", Half::First),
    ("pm", Half::Second),
    ("上午", Half::First),
    ("早上", Half::First),
    ("凌晨", Half::First),
    ("清晨", Half::First),
    ("下午", Half::Second),
    ("晚上", Half::Second),
    ("傍晚", Half::Second),
    ("中午", Half::Second),
];

/// Chinese words of dates and times, the longer ones first.
const CHINESE: [&str; 19] = [
    "上午", "早上", "凌晨", "清晨", "下午", "晚上", "傍晚", "中午", "星期", "礼拜", "禮拜", "年", "月", "日",
    "时", "分", "秒", "周", "週",
];

/// The lower-case form of a word that a date may hold.
fn known(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let month = MONTHS.iter().find(|m| {
        **m == lower || lower.len() == 3 && m.starts_with(&lower) || lower == "sept" && m.starts_with("sept")
    });
    let day = || WEEKDAYS.iter().find(|d| lower.len() >= 3 && d.starts_with(&lower));
    let zone = || ZONES.iter().map(|(name, _)| name).find(|name| **name == lower);
    let half = || HALVES.iter().map(|(name, _)| name).find(|name| **name == lower);
    let other = || ["t", "st", "nd", "rd", "th", "of"].iter().find(|w| **w == lower);
    month.or_else(day).or_else(half).or_else(zone).or_else(other).copied()
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
