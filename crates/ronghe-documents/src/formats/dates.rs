//! Days and times by a section of a format.

use super::parse::{Script, Section, Token};
use crate::numerals;

/// Last day that there is: 9999-12-31.
const LAST: f64 = 2_958_466.0;
/// Days from 1900 to 1904.
const TO_1904: f64 = 1462.0;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const CHINESE_MONTHS: [&str; 12] =
    ["一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月", "十一月", "十二月"];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const CHINESE_DAYS: [&str; 7] = ["日", "一", "二", "三", "四", "五", "六"];

/// Year, month from 1, day from 1 and day of the week from Sunday of a day number. Day 60 is 29 February 1900, which never was.
fn civil(day: i64) -> (i64, usize, i64, usize) {
    if day == 60 {
        return (1900, 2, 29, 3);
    }
    // Days since 1970-01-01.
    let days = day - if day < 60 { 25_568 } else { 25_569 };
    let from_march = days + 719_468;
    let era = from_march.div_euclid(146_097);
    let of_era = from_march.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let date = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (year, month as usize, date, (days + 4).rem_euclid(7) as usize)
}

/// A day and time as shown. None for a number that is none.
pub(super) fn show(section: &Section, value: f64, from_1904: bool) -> Option<String> {
    let elapsed = section.tokens.iter().any(|t| matches!(t, Token::Elapsed(..)));
    let minus = elapsed && value < 0.0;
    let value = if elapsed { value.abs() } else { value };
    let value = if from_1904 && !elapsed { value + TO_1904 } else { value };
    if !(0.0..LAST).contains(&value) {
        return None;
    }
    let decimals = section.tokens.iter().find_map(|t| match t {
        Token::Fraction(many) => Some((*many).min(3) as u32),
        _ => None,
    });
    // In units of the last place that is shown.
    let unit = 10_i64.pow(decimals.unwrap_or(0));
    let seconds_shown =
        section.tokens.iter().any(|t| matches!(t, Token::Date('s', _) | Token::Elapsed('s', _)));
    let exact = value * 86_400.0 * unit as f64;
    // Minutes are cut and not rounded, but for what gets lost in a day's fraction.
    let all = if seconds_shown { exact.round() } else { (exact + 0.01).floor() } as i64;
    let (seconds, fraction) = (all / unit, all % unit);
    let (day, of_day) = (seconds / 86_400, seconds % 86_400);
    let (year, month, date, week) = civil(day);
    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let halves = section.tokens.iter().any(|t| matches!(t, Token::Halves(..)));
    let hour_shown = if halves { (hour + 11) % 12 + 1 } else { hour };
    let plain = |n: i64, many: usize| match section.script {
        Script::Digits => format!("{n:0many$}", many = many.min(2)),
        script => numerals::chinese(n, script == Script::Legal),
    };
    let mut shown = String::from(if minus { "-" } else { "" });
    for token in &section.tokens {
        match token {
            Token::Word(word) => shown += word,
            Token::Date('y', many) => {
                let written = if *many <= 2 { format!("{:02}", year % 100) } else { format!("{year:04}") };
                match section.script {
                    Script::Digits => shown += &written,
                    Script::Chinese => {
                        shown += &numerals::digits(written.parse().ok()?, "〇一二三四五六七八九");
                    }
                    Script::Legal => {
                        shown += &numerals::digits(written.parse().ok()?, "零壹贰叁肆伍陆柒捌玖");
                    }
                }
            }
            Token::Date('m', many @ 3..) => {
                let names = if section.chinese { &CHINESE_MONTHS } else { &MONTHS };
                let name = *names.get(month - 1)?;
                match many {
                    5.. => shown.extend(name.chars().next()),
                    3 if !section.chinese => shown += name.get(..3)?,
                    _ => shown += name,
                }
            }
            Token::Date('d', many @ 3..) if !section.chinese => {
                let name = DAYS.get(week)?;
                shown += if *many == 3 { name.get(..3)? } else { name };
            }
            Token::Date('a' | 'd', many @ 3..) => {
                shown += if *many == 3 { "周" } else { "星期" };
                shown += CHINESE_DAYS.get(week)?;
            }
            Token::Date('m', many) => shown += &plain(month as i64, *many),
            Token::Date('d', many) => shown += &plain(date, *many),
            Token::Date('h', many) => shown += &plain(hour_shown, *many),
            Token::Date('n', many) => shown += &plain(minute, *many),
            Token::Date('s', many) => shown += &plain(second, *many),
            Token::Elapsed(unit, many) => {
                let n = match unit {
                    'h' => seconds / 3600,
                    'm' => seconds / 60,
                    _ => seconds,
                };
                shown += &format!("{n:0many$}", many = (*many).min(9));
            }
            Token::Fraction(_) => {
                if let Some(places @ 1..) = decimals {
                    shown += &format!(".{fraction:0places$}", places = places as usize);
                }
            }
            Token::Halves(morning, afternoon) => shown += if hour < 12 { morning } else { afternoon },
            _ => {}
        }
    }
    Some(shown)
}
