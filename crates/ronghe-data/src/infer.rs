//! What a column holds, from all its values, in bounded memory.
//!
//! The rules, in this order, over the values that are not missing:
//! 1. none at all: category;
//! 2. 95 % name picture (or sound) files and one of the first hundred is there: image (audio);
//! 3. one pair of yes/no words, or 0 and 1: boolean;
//! 4. all numbers, none with a leading zero: number. Whole numbers are an identifier if all differ and the name says
//!    so (`id`, `key`, `编号` ...) or they count up from 0 or 1; they are a category if they repeat and the name says
//!    `id`, `code` or `zip`;
//! 5. all dates: date;
//! 6. all different, and either the name says so or all are UUIDs: identifier;
//! 7. more than three words a value on average (eight Chinese characters count as three words) and mostly different:
//!    text;
//! 8. else category.

use crate::DateOrder;
use crate::Kind;
use crate::distinct::{Distinct, DistinctCounter, hash};
use crate::value::{self, Numeral};
use std::path::{Component, Path};

/// What the columns of a file were found to be, beyond their kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    /// What the cells are.
    pub(crate) kind: Kind,
    /// Order of day and month in dates.
    pub(crate) order: DateOrder,
    /// Forms in which dates are written, one bit each.
    pub(crate) forms: u8,
    /// Whether day and month could be told apart.
    pub(crate) ambiguous: bool,
}

/// What is known so far of one column.
#[derive(Debug, Clone)]
pub(crate) struct Guess {
    values: u64,
    distinct: DistinctCounter,
    numbers: u64,
    whole: bool,
    zero_led: bool,
    /// The next whole number if the column counts up by one; `None` once it does not.
    next: Option<f64>,
    counts_from: f64,
    pairs: u8,
    said: [bool; 2],
    dates: u64,
    forms: u8,
    month_first: bool,
    day_first: bool,
    pictures: u64,
    sounds: u64,
    looked: u32,
    there: bool,
    uuids: bool,
    words: f64,
}

/// How many files are looked for before a column of file names is believed.
const LOOKS: u32 = 100;

impl Default for Guess {
    fn default() -> Guess {
        Guess {
            values: 0,
            distinct: DistinctCounter::default(),
            numbers: 0,
            whole: true,
            zero_led: false,
            next: None,
            counts_from: 0.0,
            pairs: u8::MAX,
            said: [false; 2],
            dates: 0,
            forms: 0,
            month_first: true,
            day_first: true,
            pictures: 0,
            sounds: 0,
            looked: 0,
            there: false,
            uuids: true,
            words: 0.0,
        }
    }
}

impl Guess {
    /// Sees a value that is not missing. `quoted`: the file says that it is a string, so it is no number and no
    /// boolean whatever it looks like. Files are looked for under `base`.
    pub(crate) fn observe(&mut self, text: &str, quoted: bool, base: &Path) {
        let first = self.values == 0;
        self.values += 1;
        self.distinct.insert(hash(text.as_bytes()));
        let mut numeric = false;
        if !quoted
            && self.numbers + 1 == self.values
            && let Some(found) = value::number(text)
        {
            numeric = true;
            self.number(found, value::leading_zero(text), first);
        }
        if self.pairs != 0 {
            match value::boolean(text) {
                Some((pair, said)) if !quoted => {
                    self.pairs &= pair;
                    self.said[usize::from(said)] = true;
                }
                _ => self.pairs = 0,
            }
        }
        if numeric {
            return;
        }
        self.uuids &= is_uuid(text);
        self.words += words(text);
        if self.dates + 1 == self.values
            && let Some(found) = value::date(text)
        {
            self.dates += 1;
            self.forms |= found.form;
            self.month_first &= found.month_first.is_some();
            self.day_first &= found.day_first.is_some();
        }
        match file_kind(text) {
            Some(Kind::Image) => self.pictures += 1,
            Some(_) => self.sounds += 1,
            None => return,
        }
        if !self.there && self.looked < LOOKS {
            self.looked += 1;
            self.there = base.join(text.trim()).is_file();
        }
    }

    /// Sees a number that is not missing.
    pub(crate) fn observe_number(&mut self, number: f64) {
        let first = self.values == 0;
        self.values += 1;
        self.pairs = match number {
            0.0 => self.pairs & 1 << 6,
            1.0 => self.pairs & 1 << 6,
            _ => 0,
        };
        self.said[usize::from(number == 1.0)] = true;
        self.distinct.insert(hash(&number.to_bits().to_le_bytes()));
        self.number(Numeral::Finite(number), false, first);
    }

    fn number(&mut self, found: Numeral, zero_led: bool, first: bool) {
        self.numbers += 1;
        self.zero_led |= zero_led;
        let Numeral::Finite(x) = found else {
            self.whole = false;
            return;
        };
        self.whole &= x.fract() == 0.0;
        if first {
            self.counts_from = x;
            self.next = Some(x + 1.0);
        } else {
            self.next = self.next.filter(|&next| next == x).map(|next| next + 1.0);
        }
    }

    /// Whether no value was seen.
    pub(crate) fn is_empty(&self) -> bool {
        self.values == 0
    }

    /// Number of different values, roughly where there are many.
    pub(crate) fn distinct(&self) -> usize {
        self.distinct.count().count
    }

    /// The kind of the column called `name`.
    pub(crate) fn found(&self, name: &str) -> Found {
        let order = if self.month_first { DateOrder::MonthFirst } else { DateOrder::DayFirst };
        let ambiguous = self.forms & 1 << 4 != 0 && self.month_first && self.day_first;
        Found { kind: self.kind(name), order, forms: self.forms, ambiguous }
    }

    fn kind(&self, name: &str) -> Kind {
        let n = self.values;
        if n == 0 {
            return Kind::Category;
        }
        if self.there && self.pictures * 20 >= n * 19 {
            return Kind::Image;
        }
        if self.there && self.sounds * 20 >= n * 19 {
            return Kind::Audio;
        }
        let both = self.said == [true; 2];
        if self.pairs != 0 && (both || self.pairs & value::PLAIN_PAIRS != 0) {
            return Kind::Boolean;
        }
        let distinct = self.distinct.count();
        let unique = all_differ(distinct, n);
        if self.numbers == n && !self.zero_led {
            return self.number_kind(name, unique);
        }
        if self.dates == n && (self.month_first || self.day_first) {
            return Kind::Date;
        }
        if unique && n > 1 && (says(name, ROW_NAMES) || (self.uuids && self.numbers == 0)) {
            return Kind::Identifier;
        }
        let varied = distinct.count as u64 * 5 >= n.min(50_000);
        if self.words > 3.0 * n as f64 && varied { Kind::Text } else { Kind::Category }
    }

    fn number_kind(&self, name: &str, unique: bool) -> Kind {
        let counting = self.next.is_some() && (self.counts_from == 0.0 || self.counts_from == 1.0);
        match (self.whole, unique) {
            (true, true) if self.values > 1 && says(name, ROW_NAMES) => Kind::Identifier,
            (true, true) if self.values >= 20 && counting => Kind::Identifier,
            (true, false) if says(name, CODE_NAMES) => Kind::Category,
            _ => Kind::Number,
        }
    }
}

fn all_differ(distinct: Distinct, values: u64) -> bool {
    if distinct.exact {
        distinct.count as u64 == values
    } else {
        distinct.count as f64 > 0.95 * values as f64
    }
}

/// Words that say a column names the row.
const ROW_NAMES: &[&str] =
    &["id", "ids", "uuid", "guid", "key", "index", "idx", "unnamed", "编号", "序号", "标识", "主键"];

/// Words that say whole numbers are names, not quantities.
const CODE_NAMES: &[&str] = &["id", "code", "zip", "zipcode", "postcode", "postal", "编号", "代码", "邮编"];

/// Whether one of the words of `name` is in `words`: `user_id`, `userId` and `User ID` all say `id`.
fn says(name: &str, words: &[&str]) -> bool {
    let mut word = String::new();
    let mut last_lower = false;
    let mut said = false;
    for c in name.chars().chain([' ']) {
        let boundary = !c.is_alphanumeric() || (c.is_uppercase() && last_lower);
        if boundary && !word.is_empty() {
            said |= words.iter().any(|w| *w == word || (!w.is_ascii() && word.ends_with(w)));
            word.clear();
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        last_lower = c.is_lowercase();
    }
    said
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(i, b)| match i {
            8 | 13 | 18 | 23 => b == b'-',
            _ => b.is_ascii_hexdigit(),
        })
}

/// Number of words; eight Chinese characters count as three.
fn words(text: &str) -> f64 {
    let (mut count, mut inside) = (0.0, false);
    for c in text.chars() {
        if is_chinese(c) {
            count += 0.375;
            inside = false;
        } else if c.is_whitespace() {
            inside = false;
        } else if !inside && c.is_alphanumeric() {
            count += 1.0;
            inside = true;
        }
    }
    count
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3134f}')
}

/// File name endings of pictures.
pub(crate) const PICTURES: &[&str] = &["png", "jpg", "jpeg", "webp", "bmp", "gif", "pgm", "ppm", "pnm"];

/// File name endings of sound.
pub(crate) const SOUNDS: &[&str] = &["wav", "flac", "mp3", "ogg", "oga"];

/// Image or audio for the name of such a file.
pub(crate) fn file_kind(name: &str) -> Option<Kind> {
    let name = name.trim();
    if name.len() > 4096 || name.contains("://") {
        return None;
    }
    let (_, ending) = name.rsplit_once('.').filter(|(_, e)| e.len() <= 4)?;
    let among = |endings: &[&str]| endings.iter().any(|e| e.eq_ignore_ascii_case(ending));
    if among(PICTURES) { Some(Kind::Image) } else { among(SOUNDS).then_some(Kind::Audio) }
}

/// Whether a path stays in its folder: relative, without `..`.
pub(crate) fn stays_inside(path: &str) -> bool {
    Path::new(path).components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of<S: AsRef<str>>(name: &str, values: impl IntoIterator<Item = S>) -> Kind {
        let mut guess = Guess::default();
        for text in values {
            guess.observe(text.as_ref(), false, Path::new("/nowhere"));
        }
        guess.found(name).kind
    }

    #[test]
    fn kinds_of_columns() {
        let counting = || (0..30).map(|i| i.to_string());
        let cases: [(&str, Kind, Vec<String>); 22] = [
            ("price", Kind::Number, (0..30).map(|i| format!("{}.5", i % 7)).collect()),
            ("rating", Kind::Number, (0..30).map(|i| (i % 5 + 1).to_string()).collect()),
            ("clicked", Kind::Boolean, vec!["0".into(), "1".into(), "1".into()]),
            ("ones", Kind::Number, vec!["1".into(), "1".into()]),
            ("会员", Kind::Boolean, vec!["是".into(), "否".into()]),
            ("mixed", Kind::Category, vec!["yes".into(), "0".into()]),
            ("all_true", Kind::Boolean, vec!["true".into(), "True".into()]),
            ("sex", Kind::Category, vec!["f".into(), "f".into()]),
            ("zip", Kind::Category, vec!["00501".into(), "90210".into()]),
            ("zip", Kind::Category, vec!["10501".into(), "90210".into(), "90210".into()]),
            ("anything", Kind::Identifier, counting().collect()),
            ("year", Kind::Number, (0..30).map(|i| (1990 + i).to_string()).collect()),
            ("userId", Kind::Identifier, vec!["70".into(), "12".into(), "5".into()]),
            ("user_id", Kind::Category, vec!["70".into(), "12".into(), "12".into()]),
            ("订单编号", Kind::Identifier, vec!["A7".into(), "B1".into()]),
            ("width", Kind::Number, vec!["3".into(), "4".into()]),
            ("day", Kind::Date, vec!["2024-01-31".into(), "2024-02-01 10:00".into()]),
            ("day", Kind::Date, vec!["31/01/2024".into(), "01/02/2024".into()]),
            ("review", Kind::Text, vec!["a very nice coat".into(), "it does not fit me".into()]),
            ("评论", Kind::Text, vec!["衣服很好看，质量也不错".into(), "颜色和图片完全不一样".into()]),
            ("city", Kind::Category, vec!["北京".into(), "上海".into()]),
            (
                "schooling",
                Kind::Category,
                (0..100).map(|i| format!("some college but no degree {}", i % 2)).collect(),
            ),
        ];
        for (name, kind, values) in cases {
            assert_eq!(kind_of(name, &values), kind, "{name}: {values:?}");
        }
        assert_eq!(kind_of("empty", Vec::<String>::new()), Kind::Category);
    }

    #[test]
    fn uuids_are_identifiers_and_strings_are_no_numbers() {
        let uuids = (0..5).map(|i| format!("123e4567-e89b-12d3-a456-42661417400{i}"));
        assert_eq!(kind_of("row", uuids), Kind::Identifier);
        let mut guess = Guess::default();
        for text in ["1", "2", "2"] {
            guess.observe(text, true, Path::new("."));
        }
        assert_eq!(guess.found("size").kind, Kind::Category);
    }

    #[test]
    fn day_and_month_are_told_apart_by_all_values() {
        let mut guess = Guess::default();
        guess.observe("03/04/2024", false, Path::new("."));
        assert!(guess.found("d").ambiguous);
        guess.observe("13/04/2024", false, Path::new("."));
        let found = guess.found("d");
        assert_eq!((found.kind, found.order, found.ambiguous), (Kind::Date, DateOrder::DayFirst, false));
        guess.observe("04/13/2024", false, Path::new("."));
        assert_eq!(guess.found("d").kind, Kind::Category);
    }

    #[test]
    fn file_names_count_only_if_a_file_is_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("a.PNG"), b"x").unwrap();
        let mut guess = Guess::default();
        guess.observe("a.PNG", true, folder.path());
        guess.observe("b.jpg", true, folder.path());
        assert_eq!(guess.found("picture").kind, Kind::Image);
        assert_eq!(kind_of("picture", ["a.png", "b.png"]), Kind::Category);
        assert!(stays_inside("a/./b.png") && !stays_inside("../a.png") && !stays_inside("/a.png"));
    }
}
