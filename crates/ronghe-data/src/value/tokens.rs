//! A date cut into numbers, words and signs.
//!
//! Words are looked up as they are met: a text with any other word is no date. Chinese numerals become digits, full-width
//! characters narrow ones.

use super::quantity::narrow;

pub(super) const MONTHS: [&str; 12] = [
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

pub(super) const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Zones and their offsets in minutes; the American ones as in RFC 822.
pub(super) const ZONES: [(&str, i64); 22] = [
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

/// A number, a word or a sign.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    /// Value and number of digits.
    Number(u32, usize),
    /// A word that a date may hold, in lower case.
    Word(&'a str),
    /// Anything else.
    Sign(char),
}

/// A text in tokens.
pub(super) struct Tokens<'a> {
    pub(super) list: Vec<Token<'a>>,
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
    /// The tokens of a text; `None` if it has a word that no date has.
    pub(super) fn of(text: &str) -> Option<Tokens<'static>> {
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
}

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
    let half = || super::clock::HALVES.iter().map(|(name, _)| name).find(|name| **name == lower);
    let other = || ["t", "st", "nd", "rd", "th", "of"].iter().find(|w| **w == lower);
    month.or_else(day).or_else(half).or_else(zone).or_else(other).copied()
}
