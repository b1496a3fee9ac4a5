//! The words of a question that only ask: how they are put together, in Chinese and English.
//!
//! No document has to have them, so they are never looked for and never lower a confidence. In Chinese, a question word is a
//! core (几, 哪, 多 + how a thing is measured, 什么, 怎么, 谁 ...) with the measure word that it asks in (几天, 哪一年, 多少册), or a word with its own
//! denial (有没有, 可不可以), or a particle at the end. In English, `how` takes the word behind it along, `what` and `which` the
//! noun of a kind (`what kind of`, `which year`). Traditional characters are read as simplified ones.

use super::units::{Unit, measure};
use crate::terms::simplified;
use crate::{Term, terms};
use ronghe_data::segment::is_han;
use std::ops::Range;

/// What asks by itself, longest first where one begins another.
const WORDS: &[&str] = &[
    "什么时候",
    "什么地方",
    "什么意思",
    "什么样的",
    "什么样",
    "什么人",
    "为什么",
    "凭什么",
    "干什么",
    "做什么",
    "写的是什么",
    "写了什么",
    "写着什么",
    "写什么",
    "说的是什么",
    "说了什么",
    "说什么",
    "讲的是什么",
    "讲了什么",
    "讲什么",
    "规定的是什么",
    "规定了什么",
    "规定什么",
    "什么",
    "怎么样",
    "怎么办",
    "怎么",
    "怎样",
    "如何",
    "为何",
    "为啥",
    "何时",
    "何地",
    "何处",
    "何人",
    "何种",
    "何以",
    "哪里",
    "哪儿",
    "哪些",
    "哪边",
    "多久",
    "是否",
    "能否",
    "可否",
    "有无",
    "与否",
    "谁",
    "啥",
    "咋",
];
/// Said around a question.
const FRAMES: &[&str] = &[
    "我想知道",
    "我想问",
    "想问一下",
    "请问一下",
    "请问",
    "请教",
    "告诉我",
    "一下",
    "必须",
    "需要",
    "能够",
    "应当",
];
/// At the end of a question.
const PARTICLES: &str = "吗呢吧么嘛啊呀";
/// After 多.
const HOW: &str = "少长久大高远宽深重快贵厚早晚粗";
/// Before 多 where it asks nothing, and before 几 where it means some.
const NOT_BEFORE: &str = "最很许更太至好差这那前后近";
/// After 几 where it is part of another word.
const NOT_AFTER: &str = "乎何率内丁";
/// Words that stand for themselves where they are said again after 不 or 没.
const SAYING: &str = "有是能会要可对行好在应";

/// English words that say no more than that something is asked.
const ENGLISH: &[&str] = &[
    "may", "might", "should", "could", "shall", "must", "am", "any", "please", "there", "us", "one",
    "someone", "anyone", "anybody", "somebody", "what's", "who's", "where's", "when's", "how's", "i'm",
    "don't", "doesn't", "didn't", "can't", "isn't", "aren't", "tell",
];
/// What `how` asks for.
const AFTER_HOW: &[&str] = &[
    "many",
    "much",
    "long",
    "often",
    "far",
    "old",
    "tall",
    "high",
    "deep",
    "wide",
    "large",
    "big",
    "heavy",
    "fast",
    "soon",
    "late",
    "early",
    "small",
    "thick",
    "hot",
    "cold",
    "expensive",
    "frequently",
    "quickly",
    "do",
    "come",
    "about",
];
/// What `what` and `which` ask for.
const AFTER_WHAT: &[&str] = &[
    "kind",
    "kinds",
    "sort",
    "sorts",
    "type",
    "types",
    "time",
    "year",
    "date",
    "day",
    "month",
    "percentage",
    "happens",
    "else",
    "exactly",
];

/// A question with the words that only ask made blanks: the places of all others are as they were.
pub(crate) fn without_question_words(question: &str) -> String {
    let mut masked = question.as_bytes().to_vec();
    let mut spans = chinese(question);
    spans.extend(english(question));
    spans.into_iter().for_each(|span| masked[span].fill(b' '));
    // Whole characters were made blanks.
    String::from_utf8(masked).unwrap_or_else(|_| question.to_owned())
}

/// The terms of a question that are looked for; all of them where it has nothing but question words.
pub(crate) fn asked_terms(question: &str) -> Vec<Term> {
    let found = terms(&without_question_words(question));
    if found.is_empty() { terms(question) } else { found }
}

/// The measure word behind 几, 多少 or 哪, if the question has one, and the unit that it asks in.
pub(crate) fn asked_measure(question: &str) -> Option<Unit> {
    let simple = simplified(question);
    let chars: Vec<char> = simple.chars().collect();
    (0..chars.len()).find_map(|i| {
        let core = core(&chars, i)?;
        measure(&chars[core..]).map(|(unit, _)| unit)
    })
}

/// Where a core that takes a measure word ends, if one begins at `i`.
fn core(chars: &[char], i: usize) -> Option<usize> {
    let before = i.checked_sub(1).map(|k| chars[k]);
    let next = chars.get(i + 1).copied();
    let free = before.is_none_or(|c| !NOT_BEFORE.contains(c));
    match chars[i] {
        '几' if free && next.is_none_or(|c| !NOT_AFTER.contains(c)) => Some(i + 1),
        '多' if free && next == Some('少') => Some(i + 2),
        '哪' => Some(i + 1 + usize::from(matches!(next, Some('一' | '几')))),
        _ => None,
    }
}

/// The question words of Chinese, as bytes.
fn chinese(question: &str) -> Vec<Range<usize>> {
    if !question.contains(is_han) {
        return Vec::new();
    }
    let simple = simplified(question);
    let chars: Vec<char> = simple.chars().collect();
    let mut places: Vec<usize> = question.char_indices().map(|(at, _)| at).collect();
    places.push(question.len());
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut i = 0;
    while i < chars.len() {
        let end = question_word(&chars, i).unwrap_or(i);
        if end > i {
            found.push(places[i]..places[end]);
        }
        i = end.max(i + 1);
    }
    found
}

/// Where the question word that begins at `i` ends.
fn question_word(chars: &[char], i: usize) -> Option<usize> {
    let starts = |word: &&str| word.chars().enumerate().all(|(k, c)| chars.get(i + k) == Some(&c));
    if let Some(word) = FRAMES.iter().chain(WORDS).find(|w| starts(w)) {
        return Some(i + word.chars().count());
    }
    for lead in ["百分之", "星期", "礼拜", "周", "第"] {
        let core_at = i + lead.chars().count();
        if starts(&lead) && chars.get(core_at) == Some(&'几') {
            let end = measure(&chars[core_at + 1..]).map_or(0, |(_, long)| long);
            return Some(core_at + 1 + end);
        }
    }
    if let Some(end) = core(chars, i) {
        let long = measure(&chars[end..]).map_or(0, |(_, long)| long);
        // 几分之几.
        let of = chars[end..].starts_with(&['分', '之', '几']);
        return Some(end + if of { 3 } else { long });
    }
    let free = i == 0 || !NOT_BEFORE.contains(chars[i - 1]);
    if chars[i] == '多' && free && chars.get(i + 1).is_some_and(|c| HOW.contains(*c)) {
        // 多长时间.
        let time = chars[i + 2..].starts_with(&['时', '间']);
        return Some(i + if time { 4 } else { 2 });
    }
    // 有没有, 能不能, 收不收费; 可不可以.
    if is_han(chars[i])
        && matches!(chars.get(i + 1), Some('不' | '没'))
        && chars.get(i + 2) == Some(&chars[i])
    {
        let whole = SAYING.contains(chars[i]);
        let longer = whole && matches!(chars.get(i + 3), Some('以' | '该'));
        return Some(i + 2 + usize::from(whole) + usize::from(longer));
    }
    let ends = chars[i + 1..].iter().all(|c| !c.is_alphanumeric());
    let clause = matches!(chars.get(i + 1), Some('，' | ',' | '？' | '?'));
    (PARTICLES.contains(chars[i]) && i > 0 && (ends || clause)).then_some(i + 1)
}

/// The question words of English, as bytes.
fn english(question: &str) -> Vec<Range<usize>> {
    let mut words: Vec<Range<usize>> = Vec::new();
    for (at, c) in
        question.char_indices().filter(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '\'' | '’'))
    {
        match words.last_mut() {
            Some(last) if last.end == at => last.end += c.len_utf8(),
            _ => words.push(at..at + c.len_utf8()),
        }
    }
    let lower: Vec<String> =
        words.iter().map(|r| question[r.clone()].to_lowercase().replace('’', "'")).collect();
    let after = |i: usize, asks: &[&str], list: &[&str]| {
        i > 0 && asks.contains(&lower[i - 1].as_str()) && list.contains(&lower[i].as_str())
    };
    let asks = |i: usize| {
        ENGLISH.contains(&lower[i].as_str())
            || after(i, &["how"], AFTER_HOW)
            || after(i, &["what", "which"], AFTER_WHAT)
    };
    (0..words.len()).filter(|&i| asks(i)).map(|i| words[i].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(question: &str) -> String {
        without_question_words(question).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn question_words_are_blanks_and_the_rest_stays() {
        for (question, want) in [
            ("借期是几天？", "借期是 ？"),
            ("电子阅览室在几楼？", "电子阅览室在 ？"),
            ("电子阅览室有几台电脑？", "电子阅览室有 电脑？"),
            ("新馆是哪一年建成的？", "新馆是 建成的？"),
            ("哪些图书不能外借？", "图书不能外借？"),
            ("座位离开多长时间算放弃？", "座位离开 算放弃？"),
            ("比上年增长百分之几？", "比上年增长 ？"),
            ("古籍占藏书的几分之几？", "古籍占藏书的 ？"),
            ("图书馆有没有咖啡厅？", "图书馆 咖啡厅？"),
            ("外地人可不可以办证？", "外地人 办证？"),
            ("停车收不收费？", "停车 收费？"),
            ("請問館長是誰？", "館長是 ？"),
            ("押金在哪裡退？", "押金在 退？"),
            ("年假有幾天？", "年假有 ？"),
            ("星期几闭馆？", "闭馆？"),
            ("第几章讲许可证？", "讲许可证？"),
            ("要交多少钱押金？", "要交 押金？"),
            ("那房东呢？", "那房东 ？"),
            ("几乎没有茶几", "几乎没有茶"),
            ("最多能借多少册", "最多能借"),
            ("How many days is the loan period?", "How days is the loan period?"),
            ("What kind of card is it?", "What of card is it?"),
            ("The year of the rat", "The year of the rat"),
        ] {
            assert_eq!(left(question), want, "{question}");
        }
    }

    #[test]
    fn the_measure_says_the_unit() {
        let unit = |q| asked_measure(q).map(|u| u.found("他休三十天，六册，在三楼。").is_some());
        assert_eq!(unit("年假有幾天？"), Some(true));
        assert_eq!(unit("能借几册？"), Some(true));
        assert_eq!(unit("在几楼？"), Some(true));
        assert_eq!(unit("有几台？"), Some(false));
        assert_eq!(unit("馆长是谁？"), None);
    }

    #[test]
    fn a_question_of_question_words_is_taken_as_it_is() {
        assert!(!asked_terms("为什么？").is_empty());
        assert!(asked_terms("？").is_empty());
    }
}
