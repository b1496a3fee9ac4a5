//! Numbers by a section of a format.

use super::parse::{Script, Section, Token};
use crate::numerals;

/// Places of a number, at most.
const PLACES: usize = 40;
/// Digits of a number that are true.
const TRUE: usize = 15;

/// The digits of a positive number without a point, and how many of them stand before it.
fn decimal(value: f64) -> (Vec<u8>, i32) {
    let text = format!("{value:.*e}", TRUE - 1);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.bytes().filter(u8::is_ascii_digit).map(|d| d - b'0').collect();
    (digits, exponent.parse().unwrap_or(0) + 1)
}

/// Digits before and behind the point, rounded half away from zero to so many places; no zeros in front.
fn rounded(value: f64, places: usize) -> (Vec<u8>, Vec<u8>) {
    let (digits, before) = decimal(value.abs());
    let digit = |at: i32| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
    let kept = before.saturating_add(places as i32);
    let mut all: Vec<u8> = (0..kept).map(digit).collect();
    if kept >= 0 && digit(kept) >= 5 {
        let nines = all.iter().rev().take_while(|d| **d == 9).count();
        let at = all.len() - nines;
        all[at..].fill(0);
        match at.checked_sub(1) {
            Some(at) => all[at] += 1,
            None => all.insert(0, 1),
        }
    }
    let missing = places.saturating_sub(all.len());
    all.splice(0..0, std::iter::repeat_n(0, missing));
    let behind = all.split_off(all.len() - places);
    let zeros = all.iter().take_while(|d| **d == 0).count();
    (all.split_off(zeros), behind)
}

/// As many digits as are needed: whole numbers up to 15, others as a cell of usual width has room for.
pub(super) fn general(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return if value == 0.0 { "0".into() } else { String::new() };
    }
    let minus = if value < 0.0 { "-" } else { "" };
    let size = value.abs();
    if !(1e-9..1e15).contains(&size) {
        let text = format!("{size:.5E}");
        let (digits, exponent) = text.split_once('E').unwrap_or((&text, "0"));
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        let sign = if exponent.starts_with('-') { "-" } else { "+" };
        return format!("{minus}{digits}E{sign}{:0>2}", exponent.trim_start_matches('-'));
    }
    let (_, before) = decimal(size);
    let places = if size.fract() == 0.0 { 0 } else { (10 - before.max(1)).clamp(2, 9) as usize };
    // A small number has its digits further behind.
    let places = if before < 0 { (places + before.unsigned_abs() as usize).min(14) } else { places };
    let (whole, part) = rounded(size, places);
    let mut text = plain(&whole);
    if text.is_empty() {
        text.push('0');
    }
    let part = plain(&part);
    let part = part.trim_end_matches('0');
    if !part.is_empty() {
        text = format!("{text}.{part}");
    }
    format!("{minus}{text}")
}

fn plain(digits: &[u8]) -> String {
    digits.iter().map(|d| char::from(b'0' + d)).collect()
}

/// A number as shown.
pub(super) fn show(section: &Section, value: f64) -> String {
    let tokens = &section.tokens;
    if section.script != Script::Digits && value.fract() == 0.0 && value.abs() < 1e15 {
        return words(tokens, &numerals::chinese(value as i64, section.script == Script::Legal));
    }
    if tokens.iter().any(|t| matches!(t, Token::General | Token::Text)) {
        return words(tokens, &general(value));
    }
    if !tokens.iter().any(|t| matches!(t, Token::Digit(_))) {
        let minus = if value < 0.0 { "-" } else { "" };
        return minus.to_owned() + &words(tokens, "");
    }
    if let Some(at) = tokens.iter().position(|t| matches!(t, Token::Exponent(_))) {
        return scientific(tokens, at, value);
    }
    if let Some(at) = tokens.iter().position(|t| *t == Token::Slash)
        && let Some(shown) = fraction(tokens, at, value)
    {
        return shown;
    }
    let is_percent = tokens.contains(&Token::Percent);
    let percents = tokens.iter().filter(|t| **t == Token::Percent).count().min(4);
    let point = tokens.iter().position(|t| *t == Token::Point).unwrap_or(tokens.len());
    let last = tokens[..point].iter().rposition(|t| matches!(t, Token::Digit(_))).unwrap_or(0);
    let first = tokens.iter().position(|t| matches!(t, Token::Digit(_))).unwrap_or(0);
    let is_comma = |t: &&Token| **t == Token::Comma;
    let grouped = tokens.get(first..last).unwrap_or_default().iter().any(|t| is_comma(&t));
    let end = tokens.iter().rposition(|t| matches!(t, Token::Digit(_))).unwrap_or(0);
    let behind = |from: usize| tokens[from + 1..].iter().take_while(is_comma).count();
    let thousands = if end > last { behind(last) + behind(end) } else { behind(last) };
    let scaled = value * 100_f64.powi(percents as i32) / 1000_f64.powi(thousands.min(9) as i32);
    let places = tokens[point..].iter().filter(|t| matches!(t, Token::Digit(_))).count().min(PLACES);
    let (whole, mut part) = rounded(scaled, places);
    if is_percent {
        let kept = part.iter().rposition(|d| *d != 0).map_or(0, |at| at + 1);
        part.truncate(kept);
    }
    let nothing = whole.is_empty() && part.iter().all(|d| *d == 0);
    let mut shown = String::from(if value < 0.0 && !nothing { "-" } else { "" });
    let room = tokens[..point].iter().filter(|t| matches!(t, Token::Digit(_))).count();
    let mut left = room;
    let mut places = part.iter();
    // How many digits of the end of the fraction may be left out: those of `#`.
    let optional = part.iter().rev().take_while(|d| **d == 0).count();
    let mut put = 0;
    for (i, token) in tokens.iter().enumerate() {
        match token {
            Token::Word(word) => shown += word,
            Token::Digit(kind) if i < point => {
                // The first place takes all digits that have none of their own.
                let from = if left == room { 0 } else { whole.len().saturating_sub(left) };
                let to = (whole.len() + 1).saturating_sub(left);
                for at in from..to {
                    shown.push(char::from(b'0' + whole[at]));
                    separate(&mut shown, grouped, whole.len() - at - 1);
                }
                left -= 1;
                if to == 0 && *kind == '0' {
                    shown.push('0');
                    separate(&mut shown, grouped, left);
                } else if to == 0 && *kind == '?' {
                    shown.push(' ');
                }
            }
            Token::Digit(kind) => {
                let Some(digit) = places.next() else { continue };
                let needed = put + optional < part.len();
                put += 1;
                match kind {
                    _ if needed => shown.push(char::from(b'0' + digit)),
                    '0' => shown.push(char::from(b'0' + digit)),
                    _ => {}
                }
            }
            Token::Point if !part.is_empty() => {
                let digits = tokens[i..].iter().filter(|t| matches!(t, Token::Digit(_)));
                let forced = digits.clone().any(|t| *t == Token::Digit('0'));
                if forced || optional < part.len() {
                    shown.push('.');
                }
            }
            Token::Percent => {
                let trimmed = shown.trim_end().len();
                shown.truncate(trimmed);
                shown += " %";
            }
            _ => {}
        }
    }
    shown
}

/// Puts a comma where so many digits are left.
fn separate(shown: &mut String, grouped: bool, left: usize) {
    if grouped && left > 0 && left.is_multiple_of(3) {
        shown.push(',');
    }
}

/// Words around a number.
fn words(tokens: &[Token], number: &str) -> String {
    let mut shown = String::new();
    let mut done = false;
    for token in tokens {
        match token {
            Token::Word(word) => shown += word,
            Token::General | Token::Text | Token::Digit(_) if !done => {
                shown += number;
                done = true;
            }
            Token::Percent => shown += "%",
            _ => {}
        }
    }
    shown
}

fn scientific(tokens: &[Token], at: usize, value: f64) -> String {
    let places_of = |of: &[Token]| of.iter().filter(|t| matches!(t, Token::Digit(_))).count();
    let point = tokens[..at].iter().position(|t| *t == Token::Point).unwrap_or(at);
    let (before, places) =
        (places_of(&tokens[..point]).clamp(1, 9), places_of(&tokens[point..at]).min(PLACES));
    let mut exponent = if value == 0.0 { 0 } else { decimal(value.abs()).1 - 1 };
    // With several places before the point the exponent is a multiple of their number.
    exponent = exponent.div_euclid(before as i32) * before as i32;
    let scale = |exponent: i32| value.abs() / 10_f64.powi(exponent);
    let mut mantissa = rounded(scale(exponent), places);
    if mantissa.0.len() > before {
        exponent += before as i32;
        mantissa = rounded(scale(exponent), places);
    }
    let (whole, part) = (plain(&mantissa.0), plain(&mantissa.1));
    let whole = if whole.is_empty() { "0".to_owned() } else { whole };
    let point = if part.is_empty() { "" } else { "." };
    let sign = match tokens.get(at) {
        _ if exponent < 0 => "-",
        Some(Token::Exponent(true)) => "+",
        _ => "",
    };
    let width = places_of(&tokens[at..]).min(4);
    let minus = if value < 0.0 { "-" } else { "" };
    let word = |of: &[Token]| {
        words(&of.iter().filter(|t| matches!(t, Token::Word(_))).cloned().collect::<Vec<_>>(), "")
    };
    let number = format!("{minus}{whole}{point}{part}E{sign}{:0width$}", exponent.abs());
    format!("{}{number}{}", word(&tokens[..at]), word(&tokens[at..]))
}

/// A fraction: with the denominator that is asked for, or the nearest one of as many digits. None if it is no format of one.
fn fraction(tokens: &[Token], at: usize, value: f64) -> Option<String> {
    let digits = |t: &&Token| matches!(t, Token::Digit(_));
    let above = tokens[..at].iter().rev().take_while(digits).count();
    let below: Vec<&Token> = tokens[at + 1..].iter().take_while(digits).collect();
    let fixed: String = tokens[at + 1..]
        .iter()
        .find_map(|t| match t {
            Token::Word(word) => Some(word.chars().take_while(char::is_ascii_digit).collect()),
            _ => None,
        })
        .unwrap_or_default();
    let fixed: i64 = if below.is_empty() { fixed.parse().ok().filter(|d| *d > 0)? } else { 0 };
    if above == 0 || value.abs() >= 1e12 {
        return None;
    }
    let mixed = tokens[..at - above].iter().any(|t| matches!(t, Token::Digit(_)));
    let size = value.abs();
    let (mut whole, rest) = if mixed { (size.floor() as i64, size.fract()) } else { (0, size) };
    let most = 10_i64.pow(below.len().min(4) as u32) - 1;
    let (mut n, d) =
        if fixed > 0 { ((rest * fixed as f64).round() as i64, fixed) } else { nearest(rest, most) };
    if mixed && n == d {
        (whole, n) = (whole + 1, 0);
    }
    let minus = if value < 0.0 { "-" } else { "" };
    Some(match (whole, n) {
        (whole, 0) if mixed => format!("{minus}{whole}"),
        (0, n) => format!("{minus}{n}/{d}"),
        (whole, n) => format!("{minus}{whole} {n}/{d}"),
    })
}

/// The fraction nearest to a number, of a denominator up to a limit: the last of its continued fraction, or one between.
fn nearest(value: f64, most: i64) -> (i64, i64) {
    let most = most.max(1);
    let ((mut n0, mut d0), (mut n1, mut d1)) = ((0_i64, 1_i64), (1_i64, 0_i64));
    let mut rest = value;
    loop {
        let whole = rest.floor() as i64;
        let next = (whole.saturating_mul(n1).saturating_add(n0), whole.saturating_mul(d1).saturating_add(d0));
        if next.1 > most {
            break;
        }
        ((n0, d0), (n1, d1)) = ((n1, d1), next);
        let part = rest - rest.floor();
        if part < 1e-9 {
            return (n1, d1);
        }
        rest = 1.0 / part;
    }
    let times = (most - d0) / d1.max(1);
    let between = (n0.saturating_add(times.saturating_mul(n1)), d0 + times * d1);
    let off = |(n, d): (i64, i64)| (value - n as f64 / d.max(1) as f64).abs();
    if off(between) < off((n1, d1)) { between } else { (n1, d1) }
}
