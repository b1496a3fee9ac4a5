//! A number as people write it.
//!
//! ```text
//! quantity = ["("] [sign] [currency] [sign] digits [exponent] [multiplier] [unit] [sign] [")"]
//! digits   = groups of three between `,` `.` `'` or a blank, with decimals after the other of `,` and `.`
//! ```
//! `1.234` is more than a thousand where decimals stand behind a comma: a cell gives both readings, its column decides.
//! `(12)` and `12-` are negative, `45 %` is 0.45, `97.8万` is 978,000. Full-width characters count as the narrow ones.

use super::trim;
use std::borrow::Cow;

/// What a text that is a number is worth.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Quantity<'a> {
    /// Its value if decimals stand behind a point; it may be infinite.
    pub(crate) point: Option<f64>,
    /// Its value if decimals stand behind a comma.
    pub(crate) comma: Option<f64>,
    /// What stands beside the digits, without the multiplier; currencies by one sign each.
    pub(crate) unit: Cow<'a, str>,
    /// Whether it is written as computers write numbers: sign, digits, point, exponent.
    pub(crate) plain: bool,
}

/// Units that change the value: a number without one is not the same quantity.
pub(crate) fn is_share(unit: &str) -> bool {
    matches!(unit, "%" | "‰")
}

/// Whether the unit is a currency, which people often leave out.
pub(crate) fn is_currency(unit: &str) -> bool {
    CURRENCIES.iter().any(|names| names[0] == unit)
}

/// Signs and codes of currencies, those of one currency together.
const CURRENCIES: &[&[&str]] = &[
    &["¥", "元", "CNY", "RMB", "CN¥", "人民币", "圆", "元人民币"],
    &["$", "US$", "USD", "美元"],
    &["€", "EUR", "欧元"],
    &["£", "GBP", "英镑"],
    &["円", "JPY", "JP¥", "日元"],
    &["₹", "INR", "Rs", "Rs."],
    &["₩", "KRW", "원", "韩元"],
    &["HK$", "HKD", "港元", "港币"],
    &["NT$", "TWD", "新台币"],
    &["A$", "AUD"],
    &["C$", "CAD"],
    &["S$", "SGD"],
    &["R$", "BRL"],
    &["CHF", "Fr."],
    &["₽", "RUB"],
    &["₺", "TRY"],
    &["kr", "SEK", "NOK", "DKK"],
    &["zł", "PLN"],
    &["฿", "THB"],
    &["₫", "VND", "đ"],
];

/// Chinese multipliers as powers of ten, the longer ones first.
const MULTIPLIERS: [(&str, i32); 13] = [
    ("万亿", 12),
    ("萬億", 12),
    ("千万", 7),
    ("千萬", 7),
    ("百万", 6),
    ("百萬", 6),
    ("亿", 8),
    ("億", 8),
    ("万", 4),
    ("萬", 4),
    ("千", 3),
    ("百", 2),
    ("兆", 12),
];

/// Reads a number; `None` if the text is none.
pub(crate) fn quantity(text: &str) -> Option<Quantity<'_>> {
    let text = trim(text);
    let first = *text.as_bytes().first()?;
    if first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.') {
        if let Some(found) = plain(text) {
            return Some(found);
        }
    } else if first.is_ascii_alphabetic() {
        let body = text;
        if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") {
            return infinite(f64::INFINITY);
        }
    }
    if text.len() > 64 || !text.chars().any(|c| c.is_ascii_digit() || narrow(c).is_ascii_digit()) {
        let body = text.strip_prefix(['+', '-']).unwrap_or("");
        let infinity = body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity");
        return infinity.then(|| infinite(f64::INFINITY)).flatten();
    }
    if text.is_ascii() || text.chars().all(|c| narrow(c) == c) {
        return written(text);
    }
    let narrowed: String = text.chars().map(narrow).collect();
    let found = written(narrowed.trim())?;
    Some(Quantity { unit: Cow::Owned(found.unit.into_owned()), ..found })
}

fn infinite<'a>(value: f64) -> Option<Quantity<'a>> {
    Some(Quantity { point: Some(value), comma: Some(value), unit: Cow::Borrowed(""), plain: true })
}

/// The narrow form of a full-width character.
pub(crate) fn narrow(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' | '\u{202f}' | '\u{2009}' => ' ',
        '\u{ffe5}' => '¥',
        '\u{fe69}' => '$',
        '\u{2212}' | '\u{2013}' => '-',
        '\u{2019}' => '\'',
        _ => c,
    }
}

/// A number as computers write it.
fn plain(text: &str) -> Option<Quantity<'static>> {
    let bytes = text.as_bytes();
    let simple = |b: &u8| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E');
    if !bytes.iter().all(simple) {
        return None;
    }
    let point: Option<f64> = text.parse().ok();
    let comma = if !bytes.contains(&b'.') {
        point
    } else {
        let (negative, body) = sign(text);
        grouped(body, b'.').map(|x| if negative { -x } else { x })
    };
    // `1.234.567` is none to computers, but groups of thousands to people.
    (point.is_some() || comma.is_some()).then_some(Quantity {
        point,
        comma,
        unit: Cow::Borrowed(""),
        plain: point.is_some(),
    })
}

fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

/// The value of digits in groups of three: `1.234.567`.
fn grouped(text: &str, mark: u8) -> Option<f64> {
    let bytes = text.as_bytes();
    let first = bytes.iter().position(|&b| b == mark).filter(|first| (1..=3).contains(first))?;
    let mut groups = bytes[first..].chunks(4);
    let whole = |g: &[u8]| g.len() == 4 && g[0] == mark && g[1..].iter().all(u8::is_ascii_digit);
    if !groups.all(whole) || !bytes[..first].iter().all(u8::is_ascii_digit) {
        return None;
    }
    bytes.iter().filter(|&&b| b != mark).map(|&b| char::from(b)).collect::<String>().parse().ok()
}

fn written(text: &str) -> Option<Quantity<'_>> {
    let (mut negative, mut body) = (false, text);
    if let Some(inner) = body.strip_prefix('(').and_then(|b| b.strip_suffix(')')) {
        (negative, body) = (true, inner.trim());
    }
    let (minus, rest) = sign(body);
    negative ^= minus;
    let (before, rest) = currency_before(rest.trim_start())?;
    let (minus, rest) = if rest.len() < body.len() && before.is_some() { sign(rest) } else { (false, rest) };
    negative ^= minus;
    let (digits, mut rest) = digits(rest)?;
    let (point, comma) = readings(digits);
    let mut power = exponent(&mut rest)?;
    rest = rest.trim_start();
    for (word, ten) in MULTIPLIERS {
        if let Some(after) = rest.strip_prefix(word) {
            (power, rest) = (power.saturating_add(ten), after.trim_start());
            break;
        }
    }
    if let Some(left) = rest.strip_suffix('-').filter(|left| left.trim().is_empty() && !negative) {
        (negative, rest) = (true, left);
    }
    let unit = unit(before, rest.trim())?;
    power = power.saturating_sub(match unit.as_ref() {
        "%" => 2,
        "‰" => 3,
        _ => 0,
    });
    // Digits and power are read as one: 57 % is 0.57 to the last bit.
    let value = |digits: String| {
        let value: f64 = format!("{digits}e{power}").parse().ok()?;
        Some(if negative { -value } else { value })
    };
    let (point, comma) = (point.and_then(value), comma.and_then(value));
    (point.is_some() || comma.is_some()).then_some(Quantity { point, comma, unit, plain: false })
}

/// A currency before the digits, by its first sign, and what follows it. `None` if something else stands there.
fn currency_before(text: &str) -> Option<(Option<&'static str>, &str)> {
    let starts = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',');
    if text.chars().next().is_some_and(starts) {
        return Some((None, text));
    }
    let all = CURRENCIES.iter().flat_map(|names| names.iter().map(move |name| (names[0], *name)));
    let longest = all.filter(|(_, name)| text.starts_with(name)).max_by_key(|(_, name)| name.len());
    longest.map(|(sign, name)| (Some(sign), text[name.len()..].trim_start()))
}

/// The longest text of digits and marks between them, and what follows.
fn digits(text: &str) -> Option<(&str, &str)> {
    let bytes = text.as_bytes();
    let digit = |i: usize| bytes.get(i).is_some_and(u8::is_ascii_digit);
    let mut end = 0;
    while end < bytes.len() {
        let part = match bytes[end] {
            b'0'..=b'9' => true,
            b'.' | b',' => digit(end + 1),
            b'\'' | b' ' => end > 0 && (1..=3).all(|k| digit(end + k)) && !digit(end + 4),
            _ => false,
        };
        if !part {
            break;
        }
        end += 1;
    }
    // `12.` is a number too.
    if end > 0 && bytes.get(end) == Some(&b'.') {
        end += 1;
    }
    (end > 0 && bytes[..end].iter().any(u8::is_ascii_digit)).then(|| text.split_at(end))
}

/// Digits with a decimal point as computers write them, and those with a decimal comma.
fn readings(digits: &str) -> (Option<String>, Option<String>) {
    if digits.contains(['\'', ' ']) {
        let first = digits.find(['\'', ' ']).unwrap_or(0);
        if first > 3 || digits[..first].contains(['.', ',']) {
            return (None, None);
        }
        let joined: String = digits.chars().filter(|c| !matches!(c, '\'' | ' ')).collect();
        return readings(&joined);
    }
    (reading(digits, b',', b'.'), reading(digits, b'.', b','))
}

fn reading(digits: &str, thousands: u8, decimal: u8) -> Option<String> {
    let at = digits.bytes().position(|b| b == decimal);
    let (whole, decimals) = at.map_or((digits, ""), |i| (&digits[..i], &digits[i + 1..]));
    if !decimals.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut plain: String = if whole.bytes().any(|b| b == thousands) {
        if grouped(whole, thousands).is_none() && !indian(whole, thousands) {
            return None;
        }
        whole.bytes().filter(u8::is_ascii_digit).map(char::from).collect()
    } else {
        whole.to_owned()
    };
    if !plain.bytes().all(|b| b.is_ascii_digit()) || plain.is_empty() && decimals.is_empty() {
        return None;
    }
    plain.push('.');
    plain.push_str(decimals);
    plain.push('0');
    Some(plain)
}

/// Whether digits are grouped as in India: `12,34,567`.
fn indian(text: &str, mark: u8) -> bool {
    let groups: Vec<&[u8]> = text.as_bytes().split(|&b| b == mark).collect();
    let [first, middle @ .., last] = &groups[..] else { return false };
    last.len() == 3
        && (1..=2).contains(&first.len())
        && !middle.is_empty()
        && middle.iter().all(|g| g.len() == 2)
        && groups.iter().all(|g| g.iter().all(u8::is_ascii_digit))
}

/// Takes an exponent from the front of `rest`, as a power of ten; 0 without one.
fn exponent(rest: &mut &str) -> Option<i32> {
    let bytes = rest.as_bytes();
    if !matches!(bytes.first(), Some(b'e' | b'E')) {
        return Some(0);
    }
    let signed = usize::from(matches!(bytes.get(1), Some(b'+' | b'-')));
    let len = bytes[1 + signed..].iter().take_while(|b| b.is_ascii_digit()).count();
    if len == 0 {
        return Some(0);
    }
    let power: i32 = rest[1..1 + signed + len].parse().ok()?;
    *rest = &rest[1 + signed + len..];
    Some(power)
}

/// Words of a unit at most, and characters.
const UNIT_WORDS: usize = 3;
const UNIT_CHARACTERS: usize = 16;

/// What stands beside the digits as one text; `None` if it cannot be a unit.
fn unit<'a>(before: Option<&'static str>, after: &'a str) -> Option<Cow<'a, str>> {
    if after.is_empty() {
        return Some(Cow::Borrowed(before.unwrap_or_default()));
    }
    let known = CURRENCIES.iter().find(|names| names.contains(&after)).map(|names| names[0]);
    match (before, known) {
        (None, Some(sign)) => return Some(Cow::Borrowed(sign)),
        (Some(before), Some(sign)) => return (before == sign).then_some(Cow::Borrowed(sign)),
        _ => {}
    }
    let first = after.chars().next()?;
    let begins =
        first.is_alphabetic() || matches!(first, '%' | '‰' | '°' | '℃' | '㎡' | '/' | 'µ' | 'Ω' | '"' | '″');
    // An exponent of a unit (m2, km3) is its last character.
    let inner = after.char_indices().rev().skip(1).any(|(_, c)| c.is_ascii_digit());
    let odd =
        |c: char| matches!(c, '.' | ',' | ':' | ';' | '-' | '+' | '=' | '(' | ')' | '#' | '&' | '?' | '!');
    let good = begins
        && !inner
        && after.chars().count() <= UNIT_CHARACTERS
        && after.split_whitespace().count() <= UNIT_WORDS
        && !after.trim_end_matches('.').contains(odd);
    if !good {
        return None;
    }
    Some(match before {
        None => Cow::Borrowed(after),
        Some(before) => Cow::Owned(format!("{before}{after}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn both(text: &str) -> (Option<f64>, Option<f64>, String) {
        let found = quantity(text).unwrap_or_else(|| panic!("{text}"));
        (found.point, found.comma, found.unit.into_owned())
    }

    #[test]
    fn as_computers_write_them() {
        for (text, value) in [("-1.5e3", -1500.0), (".5", 0.5), ("1e3", 1000.0), ("12.", 12.0), ("+7", 7.0)] {
            let found = quantity(text).unwrap();
            assert_eq!((found.point, found.plain), (Some(value), true), "{text}");
        }
        assert_eq!(quantity("-Infinity").unwrap().point, Some(f64::INFINITY));
        assert_eq!(quantity("1e999").unwrap().point, Some(f64::INFINITY));
        for text in [
            "",
            "nan",
            "0x10",
            "信",
            "-",
            ".",
            "10:30",
            "192.168.0.1",
            "2024-01-31",
            "12-14",
            "65+",
            "Q1",
            "e5",
        ] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    #[test]
    fn decimal_marks_and_thousands() {
        let none = String::new;
        assert_eq!(both("1.234,56"), (None, Some(1234.56), none()));
        assert_eq!(both("1,234.56"), (Some(1234.56), None, none()));
        assert_eq!(both("1,5"), (None, Some(1.5), none()));
        assert_eq!(both("1.234"), (Some(1.234), Some(1234.0), none()));
        assert_eq!(both("1,234"), (Some(1234.0), Some(1.234), none()));
        assert_eq!(both("1.234.567"), (None, Some(1_234_567.0), none()));
        assert_eq!(both("1 234,5"), (None, Some(1234.5), none()));
        assert_eq!(both("1'234.50"), (Some(1234.5), None, none()));
        assert_eq!(both("12,34,567.8").0, Some(1_234_567.8));
        assert_eq!(both("1\u{202f}234\u{a0}€"), (Some(1234.0), Some(1234.0), "€".into()));
    }

    #[test]
    fn money_shares_and_units() {
        let point = |text: &str| {
            let (value, _, unit) = both(text);
            (value.unwrap(), unit)
        };
        for (text, value, unit) in [
            ("$1,424.07", 1424.07, "$"),
            ("-$5", -5.0, "$"),
            ("$-5", -5.0, "$"),
            ("(1,234)", -1234.0, ""),
            ("12-", -12.0, ""),
            ("USD 12.50", 12.5, "$"),
            ("12.50 EUR", 12.5, "€"),
            ("50.6%", 0.506, "%"),
            ("57 %", 0.57, "%"),
            ("¥978,260", 978_260.0, "¥"),
            ("￥３００", 300.0, "¥"),
            ("978元", 978.0, "¥"),
            ("97.8万", 978_000.0, ""),
            ("1.2亿元", 120_000_000.0, "¥"),
            ("3千", 3000.0, ""),
            ("９７．８", 97.8, ""),
            ("45．1％", 0.451, "%"),
            ("39.9平米", 39.9, "平米"),
            ("39.9㎡", 39.9, "㎡"),
            ("3.2万/㎡", 32_000.0, "/㎡"),
            ("32岁", 32.0, "岁"),
            ("5 kg", 5.0, "kg"),
            ("120 m2", 120.0, "m2"),
            ("1e3 mg", 1000.0, "mg"),
        ] {
            let (found, with) = point(text);
            assert!((found - value).abs() <= value.abs() * 1e-12, "{text}: {found}");
            assert_eq!(with, unit, "{text}");
        }
        for text in ["12 Main Street, 5", "A12", "3万5千", "$5 and more to come", "5 (net)"] {
            assert_eq!(quantity(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_safe(text in "\\PC{0,40}") {
            let _ = quantity(&text);
        }
        #[test]
        fn any_near_number_is_safe(text in "[0-9.,' ()$¥€%万亿e+-]{0,24}") {
            let _ = quantity(&text);
        }
        #[test]
        fn plain_numbers_keep_their_value(value in any::<f64>().prop_filter("finite", |v| v.is_finite())) {
            prop_assert_eq!(quantity(&value.to_string()).and_then(|q| q.point), Some(value));
        }
    }
}
