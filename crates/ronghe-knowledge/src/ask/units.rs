//! What a number counts: the measure word of a question and the unit of a sentence, Chinese and English as one.

use crate::numerals::{is_number, spelled};
use std::ops::Range;

/// Ways to write one unit: Chinese, as it stands behind a number, and English (without the `s` of the plural).
struct Group {
    chinese: &'static [&'static str],
    english: &'static [&'static str],
}

/// What is counted by more than one word.
const GROUPS: &[Group] = &[
    Group {
        chinese: &["工作日", "个工作日", "自然日", "天", "日"],
        english: &["day", "working day", "workday"],
    },
    Group { chinese: &["周年", "年度", "年"], english: &["year"] },
    Group { chinese: &["个月", "月份", "月"], english: &["month"] },
    Group { chinese: &["个星期", "星期", "个礼拜", "礼拜", "周"], english: &["week"] },
    Group { chinese: &["个小时", "小时", "个钟头", "钟头"], english: &["hour"] },
    Group { chinese: &["分钟"], english: &["minute"] },
    Group { chinese: &["秒钟", "秒"], english: &["second"] },
    Group {
        chinese: &["块钱", "元钱", "角钱", "元", "块", "角", "分钱", "钱", "美元", "欧元"],
        english: &["yuan", "euro", "dollar", "pound", "cent", "usd", "rmb", "eur", "cny"],
    },
    Group {
        chinese: &["人次", "个人", "人", "名", "位"],
        english: &["people", "person", "member", "visit", "user"],
    },
    Group { chinese: &["倍"], english: &["time", "fold"] },
    Group { chinese: &["次", "回", "遍"], english: &["time"] },
    Group { chinese: &["层楼", "层", "楼"], english: &["floor", "storey"] },
    Group { chinese: &["册", "本", "卷"], english: &["volume", "book", "copy", "copie"] },
    Group { chinese: &["岁", "周岁"], english: &["year"] },
    Group { chinese: &["平方米", "平米", "公顷", "亩"], english: &["square", "hectare", "acre"] },
    Group {
        chinese: &["公里", "千米", "厘米", "毫米", "米", "里"],
        english: &[
            "metre",
            "meter",
            "kilometre",
            "kilometer",
            "km",
            "m",
            "cm",
            "mm",
            "mile",
            "foot",
            "feet",
            "inch",
        ],
    },
    Group {
        chinese: &["公斤", "千克", "克", "吨", "斤"],
        english: &["kg", "gram", "kilogram", "ton", "tonne", "pound", "g"],
    },
    Group { chinese: &["摄氏度", "度"], english: &["degree"] },
    Group { chinese: &["点钟", "点"], english: &["o'clock", "am", "pm", "a.m", "p.m"] },
    Group { chinese: &["个字符", "字符"], english: &["character"] },
    Group { chinese: &["个单词", "单词", "个词", "个字", "词", "字"], english: &["word"] },
];
/// Signs of money before a number.
const MONEY: &[char] = &['¥', '￥', '$', '€', '£'];
/// Measure words of Chinese that stand in no group; after 几 or 哪 they belong to the question word.
const MEASURES: &str = "个只条张台辆件间家所座种类项章节页份支把位届期级款场门套双对笔篇步号栋排行列片颗粒瓶杯袋盒箱批组队班车路站口头匹棵成折部样边面";
/// Measure words of two characters that are in no group.
const MEASURES_TWO: &[&str] = &["时间", "地方", "季度", "种类", "个人"];

/// What a number counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unit {
    /// One of [`GROUPS`].
    Group(usize),
    /// Another word, as it is written, or the stem of an English one.
    Word(String),
}

/// The measure word that some characters begin with, and how many they are. 个 alone says nothing of what is counted.
pub(crate) fn measure(chars: &[char]) -> Option<(Unit, usize)> {
    let starts = |word: &str| word.chars().enumerate().all(|(k, c)| chars.get(k) == Some(&c));
    let mut best: Option<(Unit, usize)> = None;
    for (g, group) in GROUPS.iter().enumerate() {
        for word in group.chinese.iter().filter(|w| starts(w)) {
            let long = word.chars().count();
            if best.as_ref().is_none_or(|(_, most)| long > *most) {
                best = Some((Unit::Group(g), long));
            }
        }
    }
    if best.is_some() {
        return best;
    }
    if let Some(word) = MEASURES_TWO.iter().find(|w| starts(w)) {
        return Some((Unit::Word(String::new()), word.chars().count()));
    }
    let first = *chars.first()?;
    let word = if matches!(first, '个' | '样' | '边' | '面') { String::new() } else { first.to_string() };
    MEASURES.contains(first).then_some((Unit::Word(word), 1))
}

impl Unit {
    /// Of the English noun that is counted: "days", "computers".
    pub(crate) fn english(noun: &str) -> Unit {
        let noun = noun.to_lowercase();
        let stem = singular(&noun);
        match GROUPS.iter().position(|g| g.english.contains(&stem)) {
            Some(group) => Unit::Group(group),
            None => Unit::Word(stem.to_owned()),
        }
    }

    /// The first number of a sentence that counts in this unit.
    pub(crate) fn found(&self, sentence: &str) -> Option<Range<usize>> {
        all_numbers(sentence).into_iter().find_map(|number| self.counted(sentence, &number))
    }

    /// The number with its unit, if it counts in this one.
    fn counted(&self, sentence: &str, number: &Range<usize>) -> Option<Range<usize>> {
        let rest = &sentence[number.end..];
        let blank = rest.len() - rest.trim_start_matches([' ', '-', '多', '余']).len();
        let rest = &rest[blank..];
        let whole = |long: usize| number.start..number.end + blank + long;
        match self {
            Unit::Word(word) if word.is_empty() => Some(number.clone()),
            Unit::Word(word) if word.is_ascii() => {
                let end = following(rest, 3).find(|(w, _)| singular(&w.to_lowercase()) == word)?.1;
                Some(whole(end))
            }
            Unit::Word(word) => rest.starts_with(word.as_str()).then(|| whole(word.len())),
            Unit::Group(group) => {
                let group = &GROUPS[*group];
                if let Some(word) = group.chinese.iter().find(|w| rest.starts_with(**w)) {
                    return Some(whole(word.len()));
                }
                if group.english.contains(&"euro") && sentence[..number.start].trim_end().ends_with(MONEY) {
                    return Some(number.clone());
                }
                // "working days", "square metres", "24,000 square metres": the unit may be the second word.
                let (_, end) = following(rest, 2).find(|(w, _)| {
                    let lower = w.to_lowercase();
                    group.english.contains(&singular(&lower)) || group.english.contains(&lower.as_str())
                })?;
                Some(whole(end))
            }
        }
    }
}

/// Whether a sentence has any number of money.
pub(crate) fn money(sentence: &str) -> Option<Range<usize>> {
    let group = GROUPS.iter().position(|g| g.english.contains(&"euro"))?;
    Unit::Group(group).found(sentence)
}

/// The first words of a text and where each ends.
fn following(text: &str, most: usize) -> impl Iterator<Item = (&str, usize)> {
    let mut at = 0;
    text.split_inclusive(|c: char| !c.is_ascii_alphabetic() && c != '\'')
        .filter_map(move |part| {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphabetic() && c != '\'');
            at += part.len();
            (!word.is_empty()).then_some((word, at - (part.len() - word.len())))
        })
        .take(most)
}

fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|w| w.len() > 2).unwrap_or(word)
}

/// Numbers in digits, in words and in Chinese characters, without what they count.
fn all_numbers(sentence: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let digit = |c: char| c.is_ascii_digit() || ('０'..='９').contains(&c);
    let chars: Vec<(usize, char)> = sentence.char_indices().collect();
    let mut i = 0;
    while i < chars.len() {
        let numeral = digit(chars[i].1) || is_number(chars[i].1) || chars[i].1 == '半';
        if !numeral {
            i += 1;
            continue;
        }
        let from = i;
        let inner = |k: usize| ".,:．，".contains(chars[k].1) && chars.get(k + 1).is_some_and(|c| digit(c.1));
        while i < chars.len()
            && (digit(chars[i].1) || is_number(chars[i].1) || chars[i].1 == '半' || inner(i))
        {
            i += 1;
        }
        found.push(chars[from].0..chars.get(i).map_or(sentence.len(), |c| c.0));
    }
    let words = spelled(sentence).into_iter().filter(|r| sentence[r.clone()].is_ascii());
    found.extend(words);
    found.extend(
        crate::numerals::words(sentence)
            .into_iter()
            .filter(|r| sentence[r.clone()].eq_ignore_ascii_case("one")),
    );
    found.sort_by_key(|r| r.start);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_with_what_they_count() {
        let cut =
            |noun: &str, sentence: &'static str| Unit::english(noun).found(sentence).map(|r| &sentence[r]);
        assert_eq!(cut("days", "A loan lasts thirty days, two weeks more."), Some("thirty days"));
        assert_eq!(cut("days", "退租后十个工作日内退还。"), Some("十个工作日"));
        assert_eq!(cut("computers", "It has forty-two new computers."), Some("forty-two new computers"));
        assert_eq!(cut("computers", "It is on the third floor."), None);
        assert_eq!(cut("euros", "It costs €50."), Some("50"));
        assert_eq!(cut("words", "at most 5 words"), Some("5 words"));
    }
}
