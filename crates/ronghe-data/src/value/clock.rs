//! A time of day, with the zone behind it, taken out of the tokens of a date: `17:06`, `5:06 PM`, `下午5:06`, `17时06分`.

use super::tokens::{Token, Tokens, ZONES};
use chrono::NaiveTime;

/// A time of day and its zone's offset in minutes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Clock {
    pub(super) time: NaiveTime,
    pub(super) offset: i64,
}

impl Tokens<'_> {
    /// Takes a time of day with its zone out of the tokens; `Some(None)` if there is none, `None` if it is wrong.
    pub(super) fn clock(&mut self) -> Option<Option<Clock>> {
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

/// What stands behind a time.
enum Zone {
    None,
    Minutes(i64),
    Wrong,
}

/// The halves of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Half {
    First,
    Second,
}

/// Words for the halves of a day.
pub(super) const HALVES: [(&str, Half); 10] = [
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
