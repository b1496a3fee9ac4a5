//! What a question asks for, by its question word, and where a sentence has it.

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
    ("几年", Kind::Time),
    ("多少", Kind::Number),
    ("几个", Kind::Number),
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
        Kind::Number => numbers(sentence).into_iter().next(),
        Kind::Time => time(sentence),
        Kind::Name => name(sentence),
    }
}

fn is_number(c: char) -> bool {
    c.is_ascii_digit() || "零一二两三四五六七八九十百千万亿".contains(c)
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
    }
}
