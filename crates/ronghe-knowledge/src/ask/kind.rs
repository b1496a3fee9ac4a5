//! What a question asks for, by its question word, and where a sentence has it.

use super::units::{Unit, money};
use super::wording::asked_measure;
use crate::numerals::{is_number, spelled, words};
use crate::terms::simplified;
use ronghe_data::segment::is_han;
use std::ops::Range;

/// What a question asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A person or a name: who, 谁.
    Name,
    /// A time: when, which year, 什么时候, 哪年.
    Time,
    /// A number: how many, how much, 多少, 几.
    Number,
    /// How long something takes or lasts: how soon, 多久.
    Duration,
    /// A place: where, 哪里.
    Place,
    /// A reason: why, 为什么.
    Reason,
    /// A way: how, 怎么.
    Way,
    /// Yes or no: may, 能不能, 吗.
    YesNo,
    /// Anything else.
    Any,
}

/// Question words of Chinese, simplified; the first row with one decides.
const CHINESE: &[(&[&str], Kind)] = &[
    (
        &[
            "什么时候",
            "何时",
            "几时",
            "几点",
            "星期几",
            "礼拜几",
            "周几",
            "哪一年",
            "哪年",
            "哪天",
            "哪一天",
            "哪个月",
            "哪一月",
            "哪月",
            "几号",
            "几月",
            "何年",
        ],
        Kind::Time,
    ),
    (&["多久", "多长时间", "多少时间"], Kind::Duration),
    (&["谁", "什么人", "何人", "哪位", "哪个人"], Kind::Name),
    (
        &[
            "多少",
            "百分之几",
            "分之几",
            "多大",
            "多高",
            "多长",
            "多远",
            "多宽",
            "多深",
            "多重",
            "多快",
            "多贵",
            "多厚",
        ],
        Kind::Number,
    ),
    (&["哪里", "哪儿", "什么地方", "何处", "哪个地方", "何地"], Kind::Place),
    (&["为什么", "为何", "为啥", "凭什么", "什么原因"], Kind::Reason),
    (&["怎么", "怎样", "如何", "咋"], Kind::Way),
];
/// What yes or no is asked by.
const YES_NO: &[&str] = &["吗", "是否", "能否", "可否", "有无"];
/// What follows `how` where a number is asked for.
const MEASURED: &[&str] = &[
    "much", "long", "old", "far", "tall", "high", "deep", "wide", "large", "big", "heavy", "fast", "often",
    "thick", "hot", "cold",
];
/// What an English question that wants yes or no begins with.
const VERBS: &[&str] = &[
    "do", "does", "did", "is", "are", "was", "were", "can", "could", "may", "must", "should", "will",
    "would", "has", "have", "am", "shall",
];

/// What a question asks for, and in what unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) kind: Kind,
    unit: Option<Unit>,
    money: bool,
}

impl Wanted {
    /// What the question asks for.
    pub(crate) fn of(question: &str) -> Wanted {
        let wanted = |kind| Wanted { kind, unit: None, money: false };
        if question.contains(is_han) {
            let simple = simplified(question);
            let has = |words: &[&str]| words.iter().any(|w| simple.contains(w));
            let found = CHINESE.iter().find(|(words, _)| has(words)).map(|(_, kind)| *kind);
            let unit = asked_measure(&simple);
            // 几 and 哪 with a measure word: a number or a choice.
            let counted = unit.is_some() && simple.contains(['几', '多']);
            let kind = match found {
                Some(kind @ (Kind::Time | Kind::Duration | Kind::Name | Kind::Number)) => kind,
                _ if counted => Kind::Number,
                Some(kind) => kind,
                None if has(YES_NO) || denied(&simple) => Kind::YesNo,
                None => Kind::Any,
            };
            let unit = unit.filter(|_| kind == Kind::Number);
            return Wanted { kind, unit, money: simple.contains("多少钱") || simple.contains("多贵") };
        }
        let lower = question.to_lowercase().replace('’', "'");
        let said: Vec<&str> =
            lower.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()).collect();
        let at = |word: &str| said.iter().position(|w| *w == word || w.strip_suffix("'s") == Some(word));
        let next = |i: usize| said.get(i + 1).copied().unwrap_or_default();
        if let Some(how) = at("how") {
            return match next(how) {
                "many" => {
                    Wanted { unit: said.get(how + 2).map(|noun| Unit::english(noun)), ..wanted(Kind::Number) }
                }
                "soon" => wanted(Kind::Duration),
                word if MEASURED.contains(&word) => {
                    Wanted { money: word == "much" && said.contains(&"cost"), ..wanted(Kind::Number) }
                }
                _ => wanted(Kind::Way),
            };
        }
        let timed = |i: usize| ["year", "date", "time", "day", "month", "days"].contains(&next(i));
        let counted = |i: usize| ["percentage", "temperature", "percent"].contains(&next(i));
        for asks in ["what", "which"] {
            match at(asks) {
                Some(i) if timed(i) => return wanted(Kind::Time),
                Some(i) if counted(i) => return wanted(Kind::Number),
                _ => {}
            }
        }
        // "when" may join clauses: "What do I do when ..." asks for no time.
        let leads = |word: &str| at(word).is_some_and(|i| i <= 2);
        let kind = [
            ("who", Kind::Name),
            ("whom", Kind::Name),
            ("whose", Kind::Name),
            ("when", Kind::Time),
            ("where", Kind::Place),
            ("why", Kind::Reason),
        ];
        match kind.into_iter().find(|(word, _)| leads(word)) {
            Some((_, kind)) => wanted(kind),
            None if said.first().is_some_and(|w| VERBS.contains(w)) => wanted(Kind::YesNo),
            None => wanted(Kind::Any),
        }
    }

    /// How far a sentence has what is asked for: 1 it has, 0 it has not, between them where only a hint could be looked for.
    pub(crate) fn met(&self, sentence: &str) -> f64 {
        let hinted = |hints: &[&str]| {
            let lower = sentence.to_lowercase();
            if hints.iter().any(|h| lower.contains(h)) { 1.0 } else { 0.5 }
        };
        let found = |range: Option<Range<usize>>| if range.is_some() { 1.0 } else { 0.0 };
        match self.kind {
            Kind::Number if self.unit.is_some() || self.money => {
                let counted = if self.money {
                    money(sentence)
                } else {
                    self.unit.as_ref().and_then(|u| u.found(sentence))
                };
                if counted.is_some() { 1.0 } else { 0.4 * found(short(sentence, Kind::Number)) }
            }
            Kind::Duration => {
                found(short(sentence, Kind::Duration)).max(0.2 * found(short(sentence, Kind::Number)))
            }
            Kind::Name if sentence.contains(is_han) => hinted(&["由", "任", "者", "人", "员", "为", "是"]),
            Kind::Number | Kind::Time | Kind::Name => found(short(sentence, self.kind)),
            Kind::Place => hinted(&["在", "于", "楼", "室", " in ", " at ", " on ", "http", "/"]),
            Kind::Reason => hinted(&[
                "因",
                "由于",
                "为了",
                "以便",
                "便于",
                "because",
                "since ",
                "due to",
                "so that",
                "in order",
                "therefore",
            ]),
            Kind::Way => hinted(&[
                "用", "通过", "须", "应", "请", "可以", "凭", "按", " by ", "use ", "using", "must ",
                "should ", " run ", "can ",
            ]),
            Kind::YesNo => hinted(&[
                "不", "可", "能", "应", "须", "禁", "允许", "免", "无", "must", "may ", "can", "not ",
                "only", "allow", "never", "all ",
            ]),
            Kind::Any => ANY,
        }
    }

    /// The first part of a sentence that has what is asked for.
    pub(crate) fn short(&self, sentence: &str) -> Option<Range<usize>> {
        let counted =
            if self.money { money(sentence) } else { self.unit.as_ref().and_then(|u| u.found(sentence)) };
        counted.or_else(|| short(sentence, self.kind))
    }
}

/// [`Wanted::met`] where nothing special is asked for.
const ANY: f64 = 0.7;

/// Whether a word stands with its own denial: 能不能, 收不收费.
fn denied(simple: &str) -> bool {
    let chars: Vec<char> = simple.chars().collect();
    chars.windows(3).any(|w| w[0] == w[2] && is_han(w[0]) && matches!(w[1], '不' | '没'))
}

/// The first part of a sentence that is of a kind.
fn short(sentence: &str, kind: Kind) -> Option<Range<usize>> {
    match kind {
        Kind::Number => numbers(sentence).into_iter().next().or_else(|| spelled(sentence).into_iter().next()),
        Kind::Duration => durations(sentence).into_iter().next(),
        Kind::Time => {
            time(sentence).or_else(|| calendar(sentence)).or_else(|| durations(sentence).into_iter().next())
        }
        Kind::Name => name(sentence),
        Kind::Place | Kind::Reason | Kind::Way | Kind::YesNo | Kind::Any => None,
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
    if let Some(day) = weekday(sentence) {
        return Some(day);
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

/// The first day of the week in Chinese: 周一, 星期日.
fn weekday(sentence: &str) -> Option<Range<usize>> {
    ["星期", "礼拜", "周"].into_iter().find_map(|lead| {
        sentence.match_indices(lead).find_map(|(at, _)| {
            let end = at + lead.len();
            let day = sentence[end..].chars().next().filter(|c| "一二三四五六日天末".contains(*c))?;
            Some(at..end + day.len_utf8())
        })
    })
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
            ("誰付運費？", Kind::Name),
            ("年假有幾天？", Kind::Number),
            ("退款多久到账", Kind::Duration),
            ("在哪裡辦證？", Kind::Place),
            ("为什么设在一楼？", Kind::Reason),
            ("怎樣續借？", Kind::Way),
            ("馆内可以吸烟吗？", Kind::YesNo),
            ("有没有咖啡厅？", Kind::YesNo),
            ("May I smoke?", Kind::YesNo),
            ("How do I renew a book?", Kind::Way),
            ("On which day is it closed?", Kind::Time),
            ("What do I do when it rains?", Kind::Any),
        ];
        cases.iter().for_each(|(question, kind)| assert_eq!(Wanted::of(question).kind, *kind, "{question}"));
    }

    #[test]
    fn a_number_of_the_unit_is_worth_more_than_another() {
        let met = |question: &str, sentence: &str| Wanted::of(question).met(sentence);
        assert_eq!(met("年假有几天？", "工作满一年的员工每年有十天年假。"), 1.0);
        assert!(met("年假有几天？", "年假须提前一周在系统里申请。") < 0.5);
        assert_eq!(met("How many days is it?", "It is two weeks, or 14 days."), 1.0);
        assert_eq!(met("复印多少钱？", "复印每页两角。"), 1.0);
        assert!(met("复印多少钱？", "复印最多十页。") < 0.5);
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
