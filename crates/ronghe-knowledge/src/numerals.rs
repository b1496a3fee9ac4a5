//! Numbers in words and in Chinese characters.

use std::ops::Range;

/// Numbers in words; "one" is too often none.
const NUMBERS: &[&str] = &[
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "sixty",
    "seventy",
    "eighty",
    "ninety",
    "hundred",
    "thousand",
    "million",
    "billion",
    "dozen",
    "half",
];
/// What a Chinese number in characters counts, of which the first is enough. After 一 alone only the latter ones are meant as a
/// number.
const COUNTED: &str = "个元块角人岁米公里斤克点折层间台件位名吨升毫平章条页次";
const COUNTED_ONE: &str = "年月天日周秒倍度";
/// Words of Latin letters, digits and apostrophes.
pub(crate) fn words(sentence: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let of_word = |c: char| c.is_ascii_alphanumeric() || c == '\'';
    for (i, c) in sentence.char_indices().filter(|(_, c)| of_word(*c)) {
        match found.last_mut() {
            Some(last) if last.end == i => last.end += c.len_utf8(),
            _ => found.push(i..i + c.len_utf8()),
        }
    }
    found
}

/// Numbers in words and in Chinese characters; with what they count, for the latter.
pub(crate) fn spelled(sentence: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for range in words(sentence) {
        if NUMBERS.contains(&sentence[range.clone()].to_lowercase().as_str()) {
            match found.last_mut() {
                Some(last) if matches!(&sentence[last.end..range.start], " " | "-") => last.end = range.end,
                _ => found.push(range),
            }
        }
    }
    let numeral = |c: char| is_number(c) && !c.is_ascii_digit() || c == '半';
    let mut rest = 0;
    while let Some(from) = sentence[rest..].find(numeral).map(|at| rest + at) {
        let length = sentence[from..].find(|c| !numeral(c)).unwrap_or(sentence.len() - from);
        let end = from + length;
        let counted = sentence[end..].chars().next();
        let alone = &sentence[from..end] == "一";
        // 十分 is "very".
        let minutes = sentence[end..].starts_with("分钟") || sentence[end..].starts_with("分之");
        let counts = |c: char| {
            minutes || COUNTED_ONE.contains(c) || (!alone && COUNTED.contains(c)) || (!alone && c == '小')
        };
        if let Some(c) = counted.filter(|c| counts(*c)) {
            found.push(from..end + c.len_utf8());
        }
        rest = end;
    }
    found.sort_by_key(|r| r.start);
    found
}

/// A digit, or a Chinese character for one or for a power of ten.
pub(crate) fn is_number(c: char) -> bool {
    c.is_ascii_digit() || "零一二两三四五六七八九十百千万亿".contains(c)
}

/// What a number of [`spelled`] is: "twenty-eight", "三十天". None: it is too large, or no number.
pub(crate) fn value(text: &str) -> Option<f64> {
    let powers = |c: char| match c {
        '十' => Some(10.0),
        '百' => Some(100.0),
        '千' => Some(1000.0),
        _ => None,
    };
    // The sum below ten thousand, all of it, and the digit that waits for its power.
    let (mut part, mut sum, mut digit, mut any) = (0.0, 0.0, None, false);
    if text.starts_with(|c: char| !c.is_ascii()) {
        for c in text.chars() {
            if let Some(d) = "零一二三四五六七八九".chars().position(|n| n == c).or((c == '两').then_some(2))
            {
                digit = Some(digit.map_or(0.0, |d: f64| d * 10.0) + d as f64);
            } else if let Some(power) = powers(c) {
                part += digit.take().unwrap_or(1.0) * power;
            } else if c == '万' || c == '亿' {
                sum = (sum + part + digit.take().unwrap_or(0.0)) * if c == '万' { 1e4 } else { 1e8 };
                part = 0.0;
            } else if c == '半' {
                part += 0.5;
            } else {
                break;
            }
            any = true;
        }
        return any.then_some(sum + part + digit.unwrap_or(0.0));
    }
    for word in text.to_lowercase().split([' ', '-']) {
        let at = NUMBERS.iter().position(|n| *n == word)?;
        match at {
            0..=18 => part += at as f64 + 2.0,
            19..=25 => part += (at - 16) as f64 * 10.0,
            26 => part = f64::max(part, 1.0) * 100.0,
            27..=29 => {
                sum += f64::max(part, 1.0) * [1e3, 1e6, 1e9][at - 27];
                part = 0.0;
            }
            30 => part = f64::max(part, 1.0) * 12.0,
            _ => part += 0.5,
        }
    }
    Some(sum + part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words_have_values() {
        for (text, want) in [
            ("two", 2.0),
            ("twelve", 12.0),
            ("twenty", 20.0),
            ("ninety", 90.0),
            ("twenty-eight", 28.0),
            ("three hundred", 300.0),
            ("two thousand five hundred", 2500.0),
            ("half", 0.5),
            ("dozen", 12.0),
            ("三十天", 30.0),
            ("十五个", 15.0),
            ("一百五十八天", 158.0),
            ("四千五百元", 4500.0),
            ("两万三千人", 23_000.0),
            ("二零二六年", 2026.0),
            ("半年", 0.5),
        ] {
            assert_eq!(value(text), Some(want), "{text}");
        }
        assert_eq!(value("many"), None);
        let found = |text: &'static str| spelled(text).into_iter().map(|r| &text[r]).collect::<Vec<_>>();
        assert_eq!(found("Twenty-eight of two hundred; a one-off."), ["Twenty-eight", "two hundred"]);
        assert_eq!(found("十分好的三个月，一般一年，一个也没有。"), ["三个", "一年"]);
    }
}
