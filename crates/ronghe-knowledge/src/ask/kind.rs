//! What a question asks for, by its question word, and where a sentence has it.

use crate::numerals::{is_number, spelled, words};
use ronghe_data::segment::is_han;
use std::ops::Range;

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A person or a name: who, 谁.
    Name,
    /// A time: when, which year, 什么时候, 哪年.
    Time,
    /// A number: how many, how much, 多少, 几.
    Number,
    /// How long something takes or lasts: how soon, 多久.
    Duration,
    /// Anything else.
    Any,
}

/// Question words, the first that occurs decides.
const WORDS: &[(&str, Kind)] = &[
    ("how many", Kind::Number),
    ("how much", Kind::Number),
    ("how long", Kind::Number),
    ("how old", Kind::Number),
    ("how far", Kind::Number),
    ("how tall", Kind::Number),
    ("how high", Kind::Number),
    ("how deep", Kind::Number),
    ("how wide", Kind::Number),
    ("how large", Kind::Number),
    ("how big", Kind::Number),
    ("how heavy", Kind::Number),
    ("how fast", Kind::Number),
    ("what temperature", Kind::Number),
    ("what percentage", Kind::Number),
    ("how soon", Kind::Duration),
    ("how often", Kind::Number),
    ("what year", Kind::Time),
    ("which year", Kind::Time),
    ("what date", Kind::Time),
    ("what time", Kind::Time),
    ("when ", Kind::Time),
    ("who ", Kind::Name),
    ("whom ", Kind::Name),
    ("whose ", Kind::Name),
    ("什么时候", Kind::Time),
    ("何时", Kind::Time),
    ("哪一年", Kind::Time),
    ("哪年", Kind::Time),
    ("几点", Kind::Time),
    ("几号", Kind::Time),
    ("哪天", Kind::Time),
    ("多久", Kind::Duration),
    ("多少", Kind::Number),
    ("百分之几", Kind::Number),
    ("几个", Kind::Number),
    ("几年", Kind::Number),
    ("几天", Kind::Number),
    ("几次", Kind::Number),
    ("几倍", Kind::Number),
    ("多大", Kind::Number),
    ("多长", Kind::Number),
    ("多高", Kind::Number),
    ("谁", Kind::Name),
    ("什么人", Kind::Name),
];

impl Kind {
    /// What the question asks for.
    pub fn of(question: &str) -> Kind {
        let lower = question.to_lowercase();
        WORDS.iter().find(|(word, _)| lower.contains(word)).map_or(Kind::Any, |(_, kind)| *kind)
    }
}

/// The first part of a sentence that has what is asked for.
pub(crate) fn short(sentence: &str, kind: Kind) -> Option<Range<usize>> {
    match kind {
        Kind::Any => None,
        Kind::Number => numbers(sentence).into_iter().next().or_else(|| spelled(sentence).into_iter().next()),
        Kind::Duration => durations(sentence).into_iter().next(),
        Kind::Time => {
            time(sentence).or_else(|| calendar(sentence)).or_else(|| durations(sentence).into_iter().next())
        }
        Kind::Name => name(sentence),
    }
}

/// Units of time.
const LASTING: &[&str] =
    &["second", "minute", "hour", "day", "night", "week", "month", "quarter", "year", "decade"];
const LASTING_ZH: &[&str] =
    &["秒", "分钟", "小时", "天", "个工作日", "工作日", "日内", "周", "个星期", "星期", "个月", "月", "年"];
/// Parts of the calendar and of the day.
const CALENDAR: &[&str] = &[
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
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "mondays",
    "tuesdays",
    "wednesdays",
    "thursdays",
    "fridays",
    "saturdays",
    "sundays",
];
const CLOCK: &[&str] =
    &["noon", "midnight", "o'clock", "morning", "evening", "afternoon", "weekdays", "weekends"];

/// Numbers with a unit of time.
fn durations(sentence: &str) -> Vec<Range<usize>> {
    let mut all = numbers(sentence);
    all.extend(spelled(sentence));
    all.extend(words(sentence).into_iter().filter(|r| sentence[r.clone()].eq_ignore_ascii_case("one")));
    all.sort_by_key(|r| r.start);
    let unit = |range: Range<usize>| {
        // A Chinese unit may be the number's last character.
        let digits = sentence[range.clone()].trim_end_matches(|c: char| is_han(c) && !is_number(c)).len();
        let rest = &sentence[range.start + digits..];
        if let Some(unit) = LASTING_ZH.iter().find(|unit| rest.starts_with(**unit)) {
            return Some(range.start..range.start + digits + unit.len());
        }
        let word = rest.trim_start_matches([' ', '-']);
        let long = word.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(word.len());
        let named = word[..long].to_lowercase();
        let named = named.strip_suffix('s').unwrap_or(&named);
        LASTING.contains(&named).then(|| range.start..sentence.len() - word.len() + long)
    };
    all.into_iter().filter_map(unit).collect()
}

/// The first month, day of the week or hour that is named, with the numbers beside it.
fn calendar(sentence: &str) -> Option<Range<usize>> {
    let words = words(sentence);
    let named = |range: &Range<usize>| {
        let word = &sentence[range.clone()];
        let lower = word.to_lowercase();
        // "may" and "march" begin with a capital as months.
        (CALENDAR.contains(&lower.as_str()) && word.starts_with(char::is_uppercase))
            || CLOCK.contains(&lower.as_str())
    };
    if let Some(i) = words.iter().position(named) {
        let beside = |k: usize| {
            words
                .get(k)
                .is_some_and(|r| sentence[r.clone()].starts_with(|c: char| c.is_ascii_digit()) || named(r))
        };
        let (mut from, mut to) = (i, i);
        while from > 0 && beside(from - 1) {
            from -= 1;
        }
        while beside(to + 1) {
            to += 1;
        }
        return Some(words[from].start..words[to].end);
    }
    let ends = |r: &Range<usize>| sentence[..r.end].ends_with(['月', '日', '号', '点']);
    let mut all = numbers(sentence);
    all.extend(spelled(sentence));
    all.sort_by_key(|r| r.start);
    let first = all.iter().position(ends)?;
    let mut range = all[first].clone();
    all[first + 1..].iter().take_while(|r| ends(r)).for_each(|r| {
        if r.start == range.end {
            range.end = r.end;
        }
    });
    Some(range)
}

/// Runs of digits with points and commas inside, and the unit behind where it is Chinese or a percent sign.
fn numbers(sentence: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let chars: Vec<(usize, char)> = sentence.char_indices().collect();
    let mut i = 0;
    while i < chars.len() {
        if !chars[i].1.is_ascii_digit() {
            i += 1;
            continue;
        }
        let from = i;
        let inner =
            |k: usize| ".,:".contains(chars[k].1) && chars.get(k + 1).is_some_and(|c| c.1.is_ascii_digit());
        while i < chars.len() && (is_number(chars[i].1) || inner(i)) {
            i += 1;
        }
        if chars.get(i).is_some_and(|c| c.1 == '%' || is_han(c.1)) {
            i += 1;
        }
        found.push(chars[from].0..chars.get(i).map_or(sentence.len(), |c| c.0));
    }
    found
}

/// The first number that may be a year, with the month and day beside it where they are written in digits.
fn time(sentence: &str) -> Option<Range<usize>> {
    let year = |r: &Range<usize>| {
        let digits: String = sentence[r.clone()].chars().take_while(char::is_ascii_digit).collect();
        digits.len() == 4 && digits.parse::<u32>().is_ok_and(|y| (1000..2200).contains(&y))
    };
    let found = numbers(sentence);
    let at = found.iter().position(year)?;
    let mut range = found[at].clone();
    for next in &found[at + 1..] {
        let between = &sentence[range.end..next.start];
        if !between.is_empty() && !matches!(between, "-" | "/" | "." | " ") {
            break;
        }
        range.end = next.end;
    }
    Some(range)
}

/// The first run of words with capitals that does not open the sentence; in Chinese nothing tells names.
fn name(sentence: &str) -> Option<Range<usize>> {
    let mut run: Option<Range<usize>> = None;
    let mut at = 0;
    for (i, word) in sentence.split_inclusive(' ').enumerate() {
        let trimmed = word.trim_end_matches(|c: char| !c.is_alphanumeric());
        let capital = trimmed.chars().next().is_some_and(char::is_uppercase) && (i > 0 || run.is_some());
        match (&mut run, capital) {
            (Some(range), true) => range.end = at + trimmed.len(),
            (None, true) => run = Some(at..at + trimmed.len()),
            (Some(_), false) => break,
            (None, false) => {}
        }
        at += word.len();
        // A comma or point ends a name.
        if run.is_some() && word.trim_end().len() > trimmed.len() {
            break;
        }
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_words_tell_what_is_asked() {
        let cases = [
            ("When was the tower built?", Kind::Time),
            ("长城有多少公里？", Kind::Number),
            ("Who wrote it?", Kind::Name),
            ("哪一年建成的", Kind::Time),
            ("What is copper?", Kind::Any),
        ];
        cases.iter().for_each(|(question, kind)| assert_eq!(Kind::of(question), *kind, "{question}"));
    }

    #[test]
    fn short_answers_are_in_the_sentence() {
        let cut = |sentence: &'static str, kind| short(sentence, kind).map(|r| &sentence[r]);
        assert_eq!(cut("The tower, finished in 1889, is 330 m high.", Kind::Time), Some("1889"));
        assert_eq!(cut("它有1,200米高。", Kind::Number), Some("1,200米"));
        assert_eq!(cut("它建于1998年3月5日。", Kind::Time), Some("1998年3月5日"));
        assert_eq!(cut("It was written by Jane Austen, a novelist.", Kind::Name), Some("Jane Austen"));
        assert_eq!(cut("Nothing here.", Kind::Time), None);
        assert_eq!(cut("Give three months' notice, in writing.", Kind::Duration), Some("three months"));
        assert_eq!(cut("Report it within 48 hours; nobody pays.", Kind::Duration), Some("48 hours"));
        assert_eq!(cut("One of them calls within one hour.", Kind::Duration), Some("one hour"));
        assert_eq!(cut("应当提前三十天书面通知房东。", Kind::Duration), Some("三十天"));
        assert_eq!(cut("退租后十个工作日内退还。", Kind::Duration), Some("十个工作日"));
        assert_eq!(cut("他在那里住了12年。", Kind::Duration), Some("12年"));
        assert_eq!(cut("It has twenty-eight rooms.", Kind::Number), Some("twenty-eight"));
        assert_eq!(cut("周末加班按双倍工资计算，法定节假日按三倍。", Kind::Number), Some("三倍"));
        assert_eq!(cut("这十分重要，一般如此。", Kind::Number), None);
        assert_eq!(cut("The office moves on Friday 12 June.", Kind::Time), Some("Friday 12 June"));
        assert_eq!(cut("You may march on.", Kind::Time), None);
        assert_eq!(cut("每月五日前支付。", Kind::Time), Some("五日"));
        assert_eq!(cut("早上八点到晚上十点。", Kind::Time), Some("八点"));
        assert_eq!(cut("It opens at noon.", Kind::Time), Some("noon"));
    }
}
